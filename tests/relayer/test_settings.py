# SPDX-License-Identifier: Apache-2.0
"""Settings come from four places in order, and every mistake is named."""

import json
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
from eth_account import Account

from electro_relayer.errors import KeyFileError, SettingError
from electro_relayer.paying.key import Key, read_key
from electro_relayer.settings import Settings

NEEDED = {"rpc_url": "http://127.0.0.1:8545", "contract": "0x" + "11" * 20, "key_file": "/run/key"}
SECRET = bytes(range(1, 33))


def load(file=None, environ=None, **more):
    return Settings.load(file, environ or {}, **{**NEEDED, **more})


def test_text_from_a_shell_becomes_typed_values():
    settings = load(environ={"ELECTRO_RELAYER_PORT": "0", "ELECTRO_RELAYER_FEE_CAP_GWEI": "1.5", "HOME": "/"})
    assert (settings.port, settings.fee_cap_wei) == (0, 1_500_000_000)
    assert (settings.contract, settings.key_file) == (b"\x11" * 20, Path("/run/key"))


def test_an_argument_beats_the_environment_beats_the_file(tmp_path):
    file = tmp_path / "relayer.toml"
    file.write_text('[relayer]\nport = 1\nhost = "file"\nbatch_ms = 7\n')
    environ = {"ELECTRO_RELAYER_PORT": "2", "ELECTRO_RELAYER_HOST": "environment"}
    settings = load(file, environ, port=3)
    assert (settings.port, settings.host, settings.batch_ms) == (3, "environment", 7)


def test_an_argument_of_none_is_not_given():
    assert load(environ={"ELECTRO_RELAYER_PORT": "2"}, port=None).port == 2


ODD_URLS = (
    "http://[::1",
    "http://",
    "https:///path",
    "http://h:99999",
    "http://h:x",
    "http://h:0",
    "http://a b/",
)


@pytest.mark.parametrize(
    ("environ", "more", "named"),
    [
        ({}, {"port": 70_000}, "port"),
        ({}, {"port": True}, "port"),
        ({}, {"prot": 1}, "prot"),
        ({"ELECTRO_RELAYER_PORT": "many"}, {}, "ELECTRO_RELAYER_PORT"),
        ({"ELECTRO_RELAYER_PROT": "1"}, {}, "ELECTRO_RELAYER_PROT"),
        ({}, {"contract": "0x1234"}, "contract"),
        ({}, {"contract": "here"}, "contract"),
        ({}, {"rpc_url": "ws://node"}, "rpc_url"),
        *(({}, {"rpc_url": url}, "rpc_url") for url in ODD_URLS),
        ({}, {"key_file": "~nobody-of-this-name/key"}, "key_file"),
        ({}, {"key_file": 5}, "key_file"),
        ({"ELECTRO_RELAYER_HOST": ""}, {}, "host"),
        ({}, {"metrics_port": 8645}, "metrics_port"),
        ({}, {"connections": 10**30}, "connections"),
        ({}, {"finality": "soon"}, "finality"),
        ({}, {"finality": "²"}, "finality"),
        ({}, {"fees": "none"}, "fees"),
        ({}, {"batch_size": 51}, "batch_size"),
        ({}, {"fee_cap_gwei": "nan"}, "fee_cap_gwei"),
        ({}, {"fee_cap_gwei": float("nan")}, "fee_cap_gwei"),
        ({"ELECTRO_RELAYER_HEAL_S": "inf"}, {}, "ELECTRO_RELAYER_HEAL_S"),
        ({}, {"fee_cap_gwei": True}, "fee_cap_gwei"),
        ({}, {"contract": "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeD".replace("5aA", "5AA")}, "contract"),
        ({}, {"trusted_proxies": "10.0.0.0/33"}, "trusted_proxies"),
        ({"ELECTRO_RELAYER_RPC_URL_FILE": "/nowhere"}, {}, "rpc_url_file"),
    ],
)
def test_every_error_names_the_setting(environ, more, named):
    with pytest.raises(SettingError) as caught:
        load(environ=environ, **more)
    assert caught.value.name == named
    assert named in str(caught.value)


@pytest.mark.parametrize("missing", sorted(NEEDED))
def test_a_missing_setting_is_named(missing):
    with pytest.raises(SettingError, match=f"Setting {missing}: is missing"):
        Settings.load(environ={}, **{name: value for name, value in NEEDED.items() if name != missing})


def test_a_missing_setting_is_told_with_every_place_where_it_can_be_given():
    with pytest.raises(SettingError) as caught:
        Settings.load(environ={}, contract="0x" + "11" * 20)
    told = str(caught.value)
    assert all(name in told for name in ("--rpc", "ELECTRO_RELAYER_RPC_URL", "ELECTRO_RPC", "settings file"))


def test_node_and_contract_may_come_from_what_all_commands_read(tmp_path):
    shared = {"ELECTRO_RPC": "http://shared", "ELECTRO_CONTRACT": "0x" + "22" * 20}
    settings = Settings.load(environ=shared, key_file="key")
    assert (settings.rpc_url, settings.contract) == ("http://shared", b"\x22" * 20)
    file = tmp_path / "relayer.toml"
    file.write_text('rpc_url = "http://file"\n')
    assert Settings.load(file, shared, key_file="key").rpc_url == "http://file"  # made for the relayer alone
    own = {**shared, "ELECTRO_RELAYER_CONTRACT": "0x" + "33" * 20}
    assert Settings.load(environ=own, key_file="key").contract == b"\x33" * 20


def test_the_nodes_addresses_may_be_a_secret_in_a_file(tmp_path):
    file = tmp_path / "rpc_url"
    file.write_text("https://one/secret\nhttps://two/secret\n")
    needed = {name: value for name, value in NEEDED.items() if name != "rpc_url"}
    environ = {"ELECTRO_RELAYER_RPC_URL_FILE": str(file)}
    assert Settings.load(environ=environ, **needed).rpc_urls == ("https://one/secret", "https://two/secret")
    assert (
        Settings.load(environ={**environ, "ELECTRO_RPC": "http://x"}, **needed).rpc_urls[0]
        == "https://one/secret"
    )
    with pytest.raises(SettingError, match="both given"):
        load(environ=environ)
    file.write_text("\n")
    with pytest.raises(SettingError, match="is empty"):
        Settings.load(environ=environ, **needed)


def test_what_kubernetes_tells_of_a_service_called_electro_relayer_is_no_setting():
    told = {
        "ELECTRO_RELAYER_SERVICE_HOST": "10.0.0.1",
        "ELECTRO_RELAYER_SERVICE_PORT": "8645",
        "ELECTRO_RELAYER_SERVICE_PORT_METERS": "8645",
        "ELECTRO_RELAYER_PORT": "tcp://10.0.0.1:8645",
        "ELECTRO_RELAYER_PORT_8645_TCP": "tcp://10.0.0.1:8645",
        "ELECTRO_RELAYER_PORT_8645_TCP_PROTO": "tcp",
        "ELECTRO_RELAYER_PORT_8645_TCP_PORT": "8645",
        "ELECTRO_RELAYER_PORT_8645_TCP_ADDR": "10.0.0.1",
        # and of one called electro-relayer-metrics
        "ELECTRO_RELAYER_METRICS_SERVICE_HOST": "10.0.0.2",
        "ELECTRO_RELAYER_METRICS_PORT": "tcp://10.0.0.2:9645",
        "ELECTRO_RELAYER_METRICS_PORT_9645_TCP_ADDR": "10.0.0.2",
    }
    assert (load(environ=told).port, load(environ=told).metrics_port) == (8645, None)
    with pytest.raises(SettingError, match="ELECTRO_RELAYER_PORTS"):
        load(environ={**told, "ELECTRO_RELAYER_PORTS": "1"})


@pytest.mark.parametrize("text", ["port = ", "relayer = 1", "\xff"])
def test_a_broken_file_is_one_sentence(tmp_path, text):
    file = tmp_path / "relayer.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingError, match="settings file"):
        load(file)


def test_settings_are_frozen():
    with pytest.raises(AttributeError):
        load().port = 1


def write(file, text, mode=0o600):
    file.write_text(text)
    file.chmod(mode)
    return file


def test_a_private_hex_file_is_a_key(tmp_path):
    assert read_key(write(tmp_path / "key", f"0x{SECRET.hex()}\n")).address == Key(SECRET).address


def test_a_keystore_opens_with_its_password(tmp_path):
    store = write(tmp_path / "store", json.dumps(Account.encrypt(SECRET, "secret", iterations=2)), 0o644)
    password = write(tmp_path / "password", "secret\n")
    assert read_key(store, password).address == Key(SECRET).address
    with pytest.raises(KeyFileError, match="does not open"):
        read_key(store, write(tmp_path / "wrong", "guess"))
    with pytest.raises(KeyFileError, match="key_password_file"):
        read_key(store)


@pytest.mark.parametrize(
    ("text", "mode", "sentence"),
    [
        (SECRET.hex(), 0o644, "chmod 600"),
        ("abcd", 0o600, "64 hex digits"),
        ("zz" * 32, 0o600, "64 hex digits"),
        ("00" * 32, 0o600, "no secp256k1 key"),
        ("{}", 0o600, "key_password_file"),
        (None, 0, "There is no key file"),
    ],
)
def test_a_key_file_that_is_none_is_one_sentence_without_the_secret(tmp_path, text, mode, sentence):
    file = tmp_path / "key"
    if text is not None:
        write(file, text, mode)
    with pytest.raises(KeyFileError, match=sentence) as caught:
        read_key(file)
    assert not text or len(text) < 10 or text not in str(caught.value)


def test_the_readme_lists_every_setting_with_its_default():
    readme = (Path(__file__).parents[2] / "relayer" / "README.md").read_text("utf-8")
    for item in fields(Settings):
        default = "required" if item.default is MISSING else item.default
        shown = f"{default:g}" if isinstance(default, float) else "–" if default is None else default
        assert f"| `{item.name}` | {shown} | {item.metadata['meaning']} |" in readme
