# SPDX-License-Identifier: Apache-2.0
"""`electro chain new besu` writes a network whole or not at all, and `chain check` finds what was spoilt since."""

from __future__ import annotations

import base64
import json
import os
import shutil
import stat
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
import yaml
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from eth_account import Account
from tests.tools.agreements import electro

from electro_contracts.deployment import FACTORY
from electro_relayer import Settings
from electro_tools.besu import writing
from electro_tools.besu.genesis import extra_data, validators_of
from electro_tools.besu.settings import PER_ACCOUNT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RELAYER, PERSON = Account.from_key("0x" + "1a" * 32).address, Account.from_key("0x" + "2b" * 32).address
# Besu's documentation, "Configure QBFT consensus": the genesis files of a network of four, and of a validator contract
PUBLISHED = (
    "f87aa00000000000000000000000000000000000000000000000000000000000000000f854"
    "9464a702e6263b7297a96638cac6ae65e6541f416994"
    "3923390ad55e90c237593b3b0e401f3b08a0318594aefdb9a738c9f433e5b6b212a6d62f6370c2f69294"
    "c7eeb9a4e00ce683cf93039b212648e01c6c6b78c080c0"
)
PUBLISHED_VALIDATORS = (
    "64a702e6263b7297a96638cac6ae65e6541f4169",
    "3923390ad55e90c237593b3b0e401f3b08a03185",
    "aefdb9a738c9f433e5b6b212a6d62f6370c2f692",
    "c7eeb9a4e00ce683cf93039b212648e01c6c6b78",
)
PUBLISHED_NONE = "e5a00000000000000000000000000000000000000000000000000000000000000000c0c080c0"


@pytest.fixture
def network(tmp_path: Path) -> Path:
    folder = tmp_path / "net"
    done = electro(
        "chain", "new", "besu", folder, "--relayer", RELAYER, "--account", PERSON, "--chain-id", 2018
    )
    assert done.code == 0, done.err
    return folder


def test_extra_data_is_byte_for_byte_what_besu_publishes() -> None:
    validators = [bytes.fromhex(each) for each in PUBLISHED_VALIDATORS]
    assert extra_data(validators).hex() == PUBLISHED
    assert validators_of(bytes.fromhex(PUBLISHED)) == validators
    assert extra_data([]).hex() == PUBLISHED_NONE


def test_the_genesis_block_names_the_keys_that_were_made(network: Path) -> None:
    block = json.loads((network / "genesis.json").read_text())
    keys = [file.read_text().strip() for file in sorted(network.glob("nodes/*/key"))]
    accounts = sorted(Account.from_key(key).address.lower() for key in keys)
    named = validators_of(bytes.fromhex(block["extraData"][2:]))
    assert ["0x" + each.hex() for each in named] == accounts
    assert len(set(keys)) == 4
    assert block["config"]["chainId"] == 2018
    assert block["config"]["zeroBaseFee"] is True
    assert not {"emptyblockperiodseconds", "xemptyblockperiodseconds"} & set(block["config"]["qbft"])
    listed = json.loads((network / "static-nodes.json").read_text())
    assert [each[8:136] for each in listed] == [
        Account.from_key(key)._key_obj.public_key.to_bytes().hex() for key in keys
    ]


def test_secrets_are_their_owners_alone(network: Path) -> None:
    secret = [*network.glob("nodes/*/key"), network / "jwt-private.pem", network / "relayer.token"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in secret} == {0o600}
    assert len(secret) == 6
    for file in network.rglob("*"):
        if file.is_file() and file not in secret:
            text = file.read_text()
            assert "PRIVATE" not in text
            assert not any(key.read_text().strip()[2:] in text for key in network.glob("nodes/*/key"))


def test_nothing_is_written_over_what_is_there(network: Path, tmp_path: Path) -> None:
    before = {file: file.read_bytes() for file in network.rglob("*") if file.is_file()}
    again = electro("chain", "new", "besu", network, "--relayer", RELAYER)
    assert again.code == 1
    assert "is there already" in again.err
    assert {file: file.read_bytes() for file in network.rglob("*") if file.is_file()} == before
    empty = tmp_path / "empty"
    empty.mkdir()
    assert electro("chain", "new", "besu", empty, "--relayer", RELAYER).code == 1


def test_a_folder_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = []

    def full(file: Path, text: str, mode: int) -> None:
        if len(written) == 5:
            raise OSError(28, "No space left on device")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        written.append(file)

    monkeypatch.setattr(writing, "_write", full)
    done = electro("chain", "new", "besu", tmp_path / "net", "--relayer", RELAYER)
    assert (done.code, "no space left on device" in done.err) == (1, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("--relayer", RELAYER, "--host", "10.0.0.1"), "1 hosts are named for 4 validators"),
        (("--relayer", RELAYER, "--validators", "1", "--host", "node.example"), "is no address of IP"),
    ],
)
def test_what_can_not_be_a_network_is_refused(tmp_path: Path, line: tuple[str, ...], said: str) -> None:
    done = electro("chain", "new", "besu", tmp_path / "net", *line)
    assert done.code == 1
    assert said in done.err
    assert not (tmp_path / "net").exists()


def test_who_names_nobody_gets_the_keys_of_a_relayer_and_an_operator(tmp_path: Path) -> None:
    folder = tmp_path / "net"
    done = electro("chain", "new", "besu", "--validators", 4, folder)
    assert (done.code, done.err) == (0, "")
    keys = [folder / "accounts/relayer.key", folder / "accounts/operator.key"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in keys} == {0o600}
    made = {electro("key", "address", "--key-file", key).out.split()[-1].lower() for key in keys}
    allowed = tomllib.loads((folder / "permissions.toml").read_text())["accounts-allowlist"]
    assert len(made) == 2
    assert set(allowed) == made
    for file in folder.rglob("*"):
        if file.is_file() and file not in keys:
            assert not any(key.read_text().strip() in file.read_text() for key in keys)
    looked = electro("chain", "check", folder)
    assert looked.code == 0
    assert "operator.key of an account lies beside the nodes' files" in looked.out
    keys[0].chmod(0o640)
    assert electro("chain", "check", folder).code == 3
    (line,) = [line for line in (folder / "README.md").read_text().splitlines() if "contract deploy" in line]
    assert line.endswith("--key-file accounts/operator.key")


def test_whoever_is_named_is_all_who_may_send(network: Path) -> None:
    assert not (network / "accounts").exists()
    assert "accounts/" not in (network / "README.md").read_text() + (network / "relayer.toml").read_text()


@pytest.mark.parametrize(
    ("validators", "away", "note"), [(1, 0, True), (2, 0, True), (3, 1, True), (4, 1, False), (7, 2, False)]
)
def test_how_many_may_be_away_and_lie_is_said(tmp_path: Path, validators: int, away: int, note: bool) -> None:
    done = electro("chain", "new", "besu", tmp_path / "net", "--relayer", RELAYER, "--validators", validators)
    assert f"{away} of {validators}" in done.out
    assert ("none of them may lie" in done.out) is note


def test_a_node_is_told_what_electro_needs(network: Path) -> None:
    for ordinal in range(1, 5):
        told = tomllib.loads((network / f"nodes/validator-{ordinal}/config.toml").read_text())
        assert (told["min-gas-price"], told["tx-pool"]) == (0, "SEQUENCED")
        assert -(-told["tx-pool-limit-by-account-percentage"] * told["tx-pool-max-size"] // 1) == PER_ACCOUNT
        assert told["permissions-accounts-config-file-enabled"] is True
        assert told["rpc-http-authentication-jwt-public-key-file"].endswith("jwt-public.pem")
        assert told["discovery-enabled"] is False
    allowed = tomllib.loads((network / "permissions.toml").read_text())["accounts-allowlist"]
    assert set(allowed) == {RELAYER.lower(), PERSON.lower()}


def test_the_relayers_settings_are_settings(network: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(network)
    settings = Settings.load("relayer.toml", environ={}, contract="0x" + "11" * 20, key_file="key")
    assert settings.unmined_transactions == PER_ACCOUNT
    assert len(settings.rpc_urls) == 4
    assert (settings.chain_id, settings.chain_profile) == (2018, "besu-qbft")


def test_tokens_are_what_the_public_key_proves(network: Path) -> None:
    public = serialization.load_pem_public_key((network / "jwt-public.pem").read_bytes())

    def proved(token: str) -> Any:
        signed, _, signature = token.strip().rpartition(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        public.verify(raw, signed.encode(), padding.PKCS1v15(), hashes.SHA256())  # type: ignore[union-attr,call-arg]
        header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in signed.split("."))
        assert header["alg"] == "RS256"
        return claims

    written = proved((network / "relayer.token").read_text())
    assert "eth:*" in written["permissions"]
    assert written["exp"] - written["iat"] == 90 * 86_400
    made = electro("chain", "token", network / "jwt-private.pem", "--days", 1, "--all").out
    assert proved(made)["permissions"] == ["*:*"]
    with pytest.raises(InvalidSignature):
        proved(made.replace(".", ".e30", 1))
    assert "no private RSA key" in electro("chain", "token", network / "jwt-public.pem").err


def test_somebody_elses_key_may_sign_tokens(network: Path, tmp_path: Path) -> None:
    given = network / "jwt-public.pem"
    other = tmp_path / "other"
    line = ("chain", "new", "besu", other, "--relayer", RELAYER, "--jwt-public-key")
    assert "holds a private key" in electro(*line, network / "jwt-private.pem").err
    assert electro(*line, given).code == 0
    assert (other / "jwt-public.pem").read_text() == given.read_text()
    assert not (other / "jwt-private.pem").exists()
    assert not (other / "relayer.token").exists()


def test_kubernetes_takes_the_manifests(network: Path) -> None:
    kinds = []
    for file in ("kubernetes/validators.yaml", "kubernetes/network.yaml"):
        for document in yaml.safe_load_all((network / file).read_text()):
            kubernetes_validate.validate(document, "1.31", strict=True)
            kinds.append(document["kind"])
    assert (kinds.count("StatefulSet"), kinds.count("Service"), kinds.count("NetworkPolicy")) == (4, 4, 1)
    custom = yaml.safe_load((network / "kustomization.yaml").read_text())
    sources = [f for each in custom["configMapGenerator"] + custom["secretGenerator"] for f in each["files"]]
    for source in [*custom["resources"], *(each.rpartition("=")[2] for each in sources)]:
        assert (network / source).is_file(), source
    made = {each["name"] for each in custom["configMapGenerator"]}
    assert made == {"besu", *(f"validator-{i}" for i in range(1, 5))}


def test_compose_mounts_what_is_there_at_the_addresses_that_peers_know(network: Path) -> None:
    compose = yaml.safe_load((network / "compose.yaml").read_text())
    listed = json.loads((network / "compose-static-nodes.json").read_text())
    assert len(compose["services"]) == 4
    for service, enode in zip(compose["services"].values(), listed, strict=True):
        assert service["networks"]["besu"]["ipv4_address"] == enode.partition("@")[2].partition(":")[0]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
        for volume in service["volumes"]:
            source = volume.partition(":")[0]
            assert (network / source).is_file() or source in compose["volumes"], source


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_the_unit_is_understood(network: Path, tmp_path: Path) -> None:
    unit = tmp_path / "besu.service"
    text = (network / "systemd/besu.service").read_text()
    unit.write_text(text.replace("/opt/besu/bin/besu", shutil.which("true") or "").replace("User=besu\n", ""))
    verified = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert "besu.service" not in verified.stderr


def _edit(name: str, change: Callable[[Any], None]) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = folder / name
        block = json.loads(file.read_text())
        change(block)
        file.write_text(json.dumps(block))

    return spoil


def _replace(name: str, old: str, new: str) -> Callable[[Path], None]:
    def spoil(folder: Path) -> None:
        file = folder / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))

    return spoil


def _config(**changes: Any) -> Callable[[Path], None]:
    return _edit("genesis.json", lambda block: block["config"].update(changes))


SPOILT: list[tuple[str, Callable[[Path], None], int, str]] = [
    ("clique", _config(clique={}), 3, "is clique: Electro's networks use qbft"),
    (
        "pauses",
        _config(qbft={"blockperiodseconds": 2, "xemptyblockperiodseconds": 60}),
        3,
        "reported to freeze",
    ),
    ("contract", _config(qbft={"validatorcontractaddress": "0x7"}), 0, "validators stand in a contract"),
    ("old", _config(londonBlock=5, shanghaiTime=9), 3, "Electro needs London"),
    ("prague", _config(pragueTime=0), 0, "its system contracts must be in genesis"),
    ("dear", _config(zeroBaseFee=False), 0, "need the chain's coin"),
    ("code", _config(contractSizeLimit=20_000), 3, "24576 is needed"),
    ("gas", _edit("genesis.json", lambda b: b.update(gasLimit="0x47b760")), 3, "16,777,216 are needed"),
    ("factory", _edit("genesis.json", lambda b: b.update(alloc={})), 0, "the contract's address will differ"),
    (
        "other factory",
        _edit("genesis.json", lambda b: b.update(alloc={FACTORY.hex(): {"code": "0x00"}})),
        3,
        "in genesis with other code",
    ),
    (
        "transitions",
        _config(transitions={"qbft": [{"block": 9, "validators": ["0x1"]}]}),
        0,
        "replace the validators",
    ),
    ("strangers", _edit("genesis.json", lambda b: b.update(extraData="0x" + PUBLISHED)), 3, "does not name"),
    ("no seals", _edit("genesis.json", lambda b: b.update(extraData="0x00")), 3, "is no QBFT extraData"),
    ("peers", _edit("static-nodes.json", lambda nodes: nodes.pop()), 3, "does not list validator-4"),
    ("nobody", _replace("permissions.toml", "=[", "=("), 1, "is no TOML"),
    (
        "none",
        lambda folder: (folder / "permissions.toml").write_text("accounts-allowlist=[]"),  # type: ignore[list-item]
        3,
        "nobody can send",
    ),
    (
        "price",
        _replace("nodes/validator-2/config.toml", "min-gas-price=0", "min-gas-price=1"),
        3,
        "min-gas-price",
    ),
    (
        "pool",
        _replace("nodes/validator-3/config.toml", "percentage=0.0155", "percentage=0.00"),
        0,
        "its pool holds",
    ),
    ("list", _edit("genesis.json", lambda b: b.update(alloc=["0x1"])), 3, "alloc is no object"),
    (
        "number",
        lambda folder: (folder / "static-nodes.json").write_text("7"),  # type: ignore[list-item]
        3,
        "static-nodes.json is no list",
    ),
    (
        "no account",
        lambda folder: (folder / "permissions.toml").write_text('accounts-allowlist=["0x12"]'),  # type: ignore[list-item]
        3,
        "allows what is no account",
    ),
    (
        "one account",
        lambda folder: (folder / "permissions.toml").write_text("accounts-allowlist=7"),  # type: ignore[list-item]
        3,
        "nobody can send",
    ),
    (
        "no pool",
        _replace("nodes/validator-3/config.toml", "percentage=0.0155", "percentage=nan #"),
        3,
        "what its pool holds is no number",
    ),
    ("read", lambda folder: (folder / "nodes/validator-1/key").chmod(0o644), 3, "others may read its key"),
]


@pytest.mark.parametrize(("spoil", "code", "said"), [each[1:] for each in SPOILT], ids=[e[0] for e in SPOILT])
def test_check_finds_what_was_spoilt(network: Path, spoil: Any, code: int, said: str) -> None:
    sound = electro("chain", "check", network)
    assert (sound.code, sound.err) == (0, "")
    assert said not in sound.out
    spoil(network)
    done = electro("chain", "check", network)
    assert (done.code, said in done.out + done.err) == (code, True), done


def test_what_is_no_network_is_said_to_be_none(tmp_path: Path) -> None:
    assert "neither a folder nor an address" in electro("chain", "check", tmp_path / "nowhere").err
    assert "genesis.json can't be read" in electro("chain", "check", tmp_path).err


def test_the_contract_comes_to_its_planned_address_from_that_genesis(
    network: Path, start_anvil: Callable[..., Any]
) -> None:
    """On anvil, which reads the genesis block but seals by itself; gas free, by an account that owns nothing."""
    free = ("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee")
    chain = start_anvil("--init", str(network / "genesis.json"), *free, chain_id=2018)
    told = electro("chain", "check", chain.url, "--profile", "besu-qbft", "--json").json
    assert {what for what, found in told.items() if found["verdict"] == "fail"} == set()
    assert told["factory"]["verdict"] == told["price"]["verdict"] == "ok"
    key = network / "key"
    key.touch(mode=0o600)
    key.write_text("1a" * 32)
    line = ("contract", "deploy", "--deterministic", "--rpc", chain.url, "--key-file", key)
    planned = electro(*line, "--dry-run", "--json").json["contract"]
    assert electro(*line, "--json").json["contract"] == planned


BESU = os.environ.get("ELECTRO_BESU")


@pytest.mark.skipif(not BESU, reason="no Besu here: ELECTRO_BESU=/path/to/besu runs this against a real one")
def test_a_real_besu_runs_the_network(tmp_path: Path) -> None:
    from tests.tools.running_besu import Besu

    folder = tmp_path / "net"
    done = electro("chain", "new", "besu", folder, "--relayer", RELAYER, "--validators", 1, "--block-time", 1)
    assert done.code == 0, done.err
    with Besu(str(BESU), folder) as node:
        line = ("--rpc-token-file", folder / "relayer.token")
        told = electro("chain", "check", node.url, *line, "--json").json
        assert {what for what, found in told.items() if found["verdict"] == "fail"} == set()
        assert "HTTP 401" in electro("chain", "check", node.url).err
        key = tmp_path / "key"
        key.touch(mode=0o600)
        key.write_text("1a" * 32)
        deployed = electro(
            "contract", "deploy", "--deterministic", "--rpc", node.url, *line, "--key-file", key
        )
        assert deployed.code == 0, deployed.err
        key.write_text("2b" * 32)
        refused = electro("contract", "deploy", "--rpc", node.url, *line, "--key-file", key)
        assert "not authorized" in refused.err
