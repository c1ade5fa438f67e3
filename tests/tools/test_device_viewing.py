# SPDX-License-Identifier: Apache-2.0
"""`electro device viewing-key` with a meter in real MicroPython: it takes the key, and says so under its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from eth_account import Account
from tests.tools.meters import CONFIG, electro, provisioned, put

from electro_protocol import address, sealing
from electro_protocol.eip712 import Domain
from electro_protocol.messages import DeviceEnrollment, ViewingKeyReady
from electro_protocol.signed import SignedMessage
from electro_tools import viewing
from electro_tools.device import enrolment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.toolchain.running_chip import Chip

DOMAIN = Domain(31337, address.parse(str(CONFIG["contract"])))
ADDRESS = Account.from_key("0x" + "07" * 32).address


def test_a_meter_takes_the_key_and_gives_its_signed_word(chip: Chip, tmp_path: Path) -> None:
    put(chip.flash)
    provisioned(chip.flash)
    key_file, out = tmp_path / "plant.viewing", tmp_path / "ready.json"
    key = viewing.make(key_file)
    done = electro("viewing-key", str(key_file), "--port", chip.port, "--out", str(out))
    assert (done.returncode, done.stderr) == (0, ""), done
    assert f"0x{sealing.key_hash(key).hex()}" in done.stdout
    assert key.hex() not in done.stdout + out.read_text()
    word = SignedMessage.from_json(json.loads(out.read_text()))
    assert word.message == ViewingKeyReady(sealing.key_hash(key))
    assert address.checksum(word.signer(DOMAIN)) == ADDRESS
    assert (chip.flash / "viewing.keys").read_bytes() == key
    again = electro("viewing-key", str(key_file), "--port", chip.port, "--out", str(out))
    assert again.returncode == 1
    assert f"{out} exists already" in again.stderr
    out.unlink()
    assert electro("viewing-key", str(key_file), "--port", chip.port, "--out", str(out)).returncode == 0
    assert (chip.flash / "viewing.keys").read_bytes() == key  # kept once


def test_a_file_that_is_no_key_and_a_chip_without_settings_are_refused(chip: Chip, tmp_path: Path) -> None:
    key_file, out = tmp_path / "plant.viewing", tmp_path / "ready.json"
    key_file.write_text("0x1234\n")
    done = electro("viewing-key", str(key_file), "--port", chip.port, "--out", str(out))
    assert done.returncode == 1
    assert "is no viewing key: it has 2 bytes, not 32" in done.stderr
    key_file.unlink()
    viewing.make(key_file)
    put(chip.flash)
    done = electro("viewing-key", str(key_file), "--port", chip.port, "--out", str(out))
    assert done.returncode == 1
    assert "config.json is missing: run `electro device provision`" in done.stderr
    assert not out.exists()
    assert not (chip.flash / "viewing.keys").exists()


def test_who_brings_a_wrapped_key_never_has_it(chip: Chip, tmp_path: Path) -> None:
    put(chip.flash)
    provisioned(chip.flash)
    key_file, wrapped, out = (tmp_path / name for name in ("plant.viewing", "one.wrapped", "ready.json"))
    key = viewing.make(key_file)
    paper = tmp_path / "enrolment.json"
    signed = SignedMessage.make(DeviceEnrollment(bytes(32), 300, 2_000_000_000), DOMAIN, b"\7" * 32)
    enrolment.write(
        paper, enrolment.Enrolment(address.parse(ADDRESS), DOMAIN.chain_id, DOMAIN.contract, signed)
    )
    command = [sys.executable, "-m", "electro_tools.cli", "key", "wrap", str(key_file), str(paper)]
    command += ["--out", str(wrapped)]
    made = subprocess.run(command, capture_output=True, text=True, check=True)
    assert f"0x{sealing.key_hash(key).hex()}" in made.stdout
    assert ADDRESS in made.stdout
    assert key.hex() not in made.stdout + wrapped.read_text()
    assert subprocess.run(command, capture_output=True, text=True, check=False).returncode == 1  # it exists
    done = electro("viewing-key", str(wrapped), "--port", chip.port, "--out", str(out))
    assert (done.returncode, done.stderr) == (0, ""), done
    assert f"0x{sealing.key_hash(key).hex()}" in done.stdout
    assert (chip.flash / "viewing.keys").read_bytes() == key
