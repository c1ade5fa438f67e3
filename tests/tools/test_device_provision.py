# SPDX-License-Identifier: Apache-2.0
"""`electro device provision`: the key is made in real MicroPython, its signature is verified, nothing secret shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account
from tests.tools.meters import electro, put

from electro_meter.updating.state import unpack
from electro_protocol import address
from electro_tools import papers
from electro_tools.device import enrolment, wifi
from electro_tools.device.enrolment import Enrolment
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.toolchain.running_chip import Chip as RunningChip

PASSWORD = 'it\'s a "secret" für alle \\ 日'
CONTRACT = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
ARGUMENTS = [
    "--wifi",
    "Works net",
    "--relayer",
    "http://relayer:8080",
    "--chain-id",
    "31337",
    "--contract",
    CONTRACT,
]


@pytest.fixture
def meter(chip: RunningChip) -> RunningChip:
    """A chip with the meter's files on it."""
    put(chip.flash)
    return chip


def provision(meter: RunningChip, folder: Path, *more: str, password: str | None = PASSWORD) -> Any:
    environment = {name: value for name, value in os.environ.items() if name != wifi.ENVIRONMENT}
    if password is not None:
        environment[wifi.ENVIRONMENT] = password
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "electro_tools.cli",
            "device",
            "provision",
            "--port",
            meter.port,
            *ARGUMENTS,
            *more,
        ],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
        check=False,
    )


def private_key(meter: RunningChip) -> bytes:
    """Read what on a real chip only the chip can read."""
    return bytes.fromhex(json.loads((meter.flash.parent / "nvs.json").read_text())["key"])


def test_the_chip_makes_a_key_and_signs_its_enrolment(meter: RunningChip, tmp_path: Path) -> None:
    done = provision(meter, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    (file,) = tmp_path.glob("enrolment-*.json")
    made = enrolment.read(file)
    # The address is checked by a foreign implementation, from the key that never left the chip.
    key = private_key(meter)
    assert Account.from_key(key).address == address.checksum(made.device)
    assert done.stdout == f"device     {address.checksum(made.device)}\nenrolment  {file.name}\n"
    assert made.contract == address.parse(CONTRACT)
    assert made.message.hardware_id == bytes.fromhex("240ac4000102").ljust(32, b"\0")
    assert 29 * 86_400 < made.message.deadline - time.time() <= 30 * 86_400
    config = json.loads((meter.flash / "config.json").read_text())
    assert config["wifi_password"] == PASSWORD
    assert config["relayers"] == ["http://relayer:8080"]
    for text in (done.stdout, done.stderr, file.read_text()):
        assert key.hex() not in text
        assert PASSWORD not in text


def test_a_second_run_keeps_the_key_and_changes_the_settings(meter: RunningChip, tmp_path: Path) -> None:
    assert provision(meter, tmp_path, "--out", "first.json").returncode == 0
    key = private_key(meter)
    settings = tmp_path / "settings.json"
    settings.write_text('{"rated_ma": 5000}')
    again = provision(
        meter, tmp_path, "--out", "second.json", "--settings", "settings.json", "--hardware-id", "hall 3"
    )
    assert (again.returncode, again.stderr) == (0, "")
    assert private_key(meter) == key
    assert json.loads((meter.flash / "config.json").read_text())["rated_ma"] == 5000
    assert enrolment.read(tmp_path / "second.json").message.hardware_id == b"hall 3".ljust(32, b"\0")


def test_validators_are_pinned_and_replaced_by_a_higher_version_only(
    meter: RunningChip, tmp_path: Path
) -> None:
    first, other = "0x" + "02" * 20 + ",0x" + "01" * 20, tmp_path / "others.txt"
    other.write_text("# of the new network\n0x" + "03" * 20 + "  # hall 3\n")
    assert provision(meter, tmp_path, "--validators", first).returncode == 0
    assert provision(meter, tmp_path, "--out", "2.json").returncode == 0  # says nothing of them
    config = json.loads((meter.flash / "config.json").read_text())
    assert config["validators"] == ["0x" + "01" * 20, "0x" + "02" * 20]
    assert config["validators_version"] == 1
    again = provision(meter, tmp_path, "--out", "3.json", "--validators", other.name)
    assert again.returncode == 1
    assert "only a higher version replaces them" in again.stderr
    more = ("--out", "4.json", "--validators", other.name, "--validators-version", "2")
    assert provision(meter, tmp_path, *more).returncode == 0
    assert json.loads((meter.flash / "config.json").read_text())["validators"] == ["0x" + "03" * 20]


def test_the_chips_refusal_comes_back_in_its_words(meter: RunningChip, tmp_path: Path) -> None:
    settings = tmp_path / "settings.json"
    settings.write_text('{"mains_hz": 55}')
    done = provision(meter, tmp_path, "--settings", "settings.json")
    assert done.returncode == 1
    assert "the chip refuses: mains_hz must be 50 or 60" in done.stderr
    assert not list(tmp_path.glob("enrolment-*"))
    assert not (meter.flash.parent / "nvs.json").exists()
    assert not (meter.flash / "config.json").exists()


def test_a_second_run_needs_no_file_of_the_first_and_writes_over_its_enrolment(
    meter: RunningChip, tmp_path: Path
) -> None:
    first = provision(meter, tmp_path)
    key = private_key(meter)
    again = provision(meter, tmp_path)
    assert (again.returncode, again.stderr, again.stdout) == (0, "", first.stdout)
    assert private_key(meter) == key
    (file,) = tmp_path.glob("enrolment-*.json")
    file.write_text("{}")
    refused = provision(meter, tmp_path)
    assert refused.returncode == 1
    assert "is no enrolment" in refused.stderr


def test_release_keys_are_pinned_and_another_network_changes_nothing_else(
    meter: RunningChip, tmp_path: Path
) -> None:
    keys = ["--operator-release-key", CONTRACT, "--consumer-release-key", "0x" + "22" * 20]
    assert provision(meter, tmp_path, *keys).returncode == 0
    blob = bytes.fromhex(json.loads((meter.flash.parent / "nvs.json").read_text())["update"])
    assert unpack(blob).operator == address.parse(CONTRACT)
    before = json.loads((meter.flash / "config.json").read_text())
    (tmp_path / "password").write_text("another one")
    done = electro("wifi", "Hall", "--port", meter.port, "--wifi-password-file", str(tmp_path / "password"))
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "WiFi  Hall\n")
    after = json.loads((meter.flash / "config.json").read_text())
    assert {**after, "wifi_ssid": "Works net", "wifi_password": PASSWORD} == {
        **before,
        "version": 2,
        "channels": [{}],
    }


def test_a_chip_without_the_meters_files_is_one_sentence(chip: RunningChip, tmp_path: Path) -> None:
    done = provision(chip, tmp_path)
    assert done.returncode == 1
    assert "the meter's files are not on the chip" in done.stderr
    assert PASSWORD not in done.stderr


def test_an_https_relayer_needs_a_certificate(meter: RunningChip, tmp_path: Path) -> None:
    done = provision(meter, tmp_path, "--relayer", "https://relayer.example")
    assert done.returncode == 1
    assert "--ca" in done.stderr
    (tmp_path / "ca.pem").write_text("-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n")
    again = provision(meter, tmp_path, "--relayer", "https://relayer.example", "--ca", "ca.pem")
    assert (again.returncode, again.stderr) == (0, "")
    assert (meter.flash / "ca.der").read_bytes() == b"\x30\x03\x02\x01\x01"


def test_without_a_password_nothing_is_asked_of_the_chip(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="no password for the WiFi network Works net") as caught:
        wifi.network("Works net", None)
    assert "--wifi-password-file" in str(caught.value.hint)
    file = tmp_path / "password"
    file.write_text("12345678\n")
    assert wifi.network("Works net", file).password == "12345678"
    file.write_text("short")
    with pytest.raises(ToolError, match="8 to 63") as refused:
        wifi.network("Works net", file)
    assert "short" not in str(refused.value)


def test_a_network_shows_no_password() -> None:
    assert PASSWORD not in repr(wifi.Network("Works net", PASSWORD))


def test_no_option_takes_the_password_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "electro_tools.cli", "device", "provision", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "--wifi-password-file" in done.stdout
    assert "--wifi-password " not in done.stdout


def enrolment_of(private: bytes, **changes: Any) -> dict[str, Any]:
    from electro_protocol.eip712 import Domain
    from electro_protocol.messages import DeviceEnrollment
    from electro_protocol.signed import SignedMessage

    signed = SignedMessage.make(
        DeviceEnrollment(b"hall 3".ljust(32, b"\0"), 300, 2_000_000_000),
        Domain(31337, address.parse(CONTRACT)),
        private,
    )
    record = {
        "device": Account.from_key(private).address,
        "chain_id": 31337,
        "contract": CONTRACT,
        "enrollment": signed.to_json(),
    }
    return {**record, **changes}


def test_an_enrolment_survives_its_file(tmp_path: Path) -> None:
    made = Enrolment.from_json(enrolment_of(b"\x01" * 32))
    papers.write(tmp_path / "enrolment.json", made)
    assert enrolment.read(tmp_path / "enrolment.json").to_json() == made.to_json()
    with pytest.raises(ToolError, match="exists already"):
        papers.write(tmp_path / "enrolment.json", made)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"chain_id": 1}, "not of 0x"),
        ({"device": CONTRACT}, "not of 0x"),
        ({"contract": "0x" + "11" * 20}, "not of 0x"),
        ({"chain_id": True}, "chain_id must be a positive number"),
        ({"device": "0x12"}, "an address is 0x and 40 hex digits"),
        ({"enrollment": {"type": "DeviceEnrollment"}}, "message is missing"),
    ],
)
def test_a_changed_enrolment_is_refused(changes: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "enrolment.json"
    file.write_text(json.dumps(enrolment_of(b"\x01" * 32, **changes)))
    with pytest.raises(ToolError, match=sentence):
        enrolment.read(file)


def test_no_enrolment_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="there is no file"):
        enrolment.read(tmp_path / "nothing.json")
    for text, sentence in (("hello", "is no JSON"), ("[" * 100_000, "is no JSON"), ("{}", "is no enrolment")):
        (tmp_path / "text").write_text(text)
        with pytest.raises(ToolError, match=sentence):
            enrolment.read(tmp_path / "text")
