# SPDX-License-Identifier: Apache-2.0
"""`electro device validators` and `sign-validators`: of a real Besu network, to a chip in real MicroPython."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from tests.tools.agreements import Done, electro, refused
from tests.tools.test_device_provision import CONTRACT, meter, provision

from electro_meter.life.settings import Settings
from electro_meter.updating.state import State
from electro_meter.updating.validators import take
from electro_protocol import address, header, qbft
from electro_protocol.eip712 import Domain
from electro_protocol.rlp import item
from electro_tools.chain.info import _validators

if TYPE_CHECKING:
    from tests.toolchain.running_chip import Chip as RunningChip

__all__ = ["meter"]  # the fixture

BESU = Path(__file__).parents[1] / "device" / "vectors" / "besu.json"
KEYS = {"operator": "0x" + "11" * 32, "consumer": "0x" + "22" * 32}
FOR = ("--chain-id", "31337", "--contract", CONTRACT)


def real_header() -> bytes:
    """A header of four validators, with the seals that a node has kept."""
    row = next(row for row in json.loads(BESU.read_text()) if row.get("kind") == "header")
    return bytes.fromhex(row["header"].removeprefix("0x"))


@pytest.fixture
def network(tmp_path: Path) -> list[str]:
    """The validators as `electro chain info --json` tells them of the real network, in network.json."""
    whole = real_header()
    fields = header.fields_of(whole, item(whole, 0, len(whole)))
    _, start, end = fields[header.EXTRA_DATA]
    listed = _validators({"extraData": "0x" + whole[start:end].hex()})
    (tmp_path / "network.json").write_text(json.dumps({"chain_id": 1337, "validators": listed}))
    return listed


def written(folder: Path, version: int, what: str = "network.json") -> Path:
    file = folder / f"{version}.json"
    what = str(folder / what) if what.endswith(".json") else what
    done = electro("device", "validators", what, "--version", version, *FOR, "--out", file)
    assert (done.code, done.err) == (0, ""), done
    return file


def sign(file: Path, role: str) -> Done:
    key = file.parent / f"{role}.key"
    key.touch(mode=0o600)
    key.write_text(KEYS[role])
    return electro("device", "sign-validators", file, "--as", role, "--key-file", key, "--yes")


def sign_by_wallet(file: Path, role: str) -> None:
    account = Account.from_key(KEYS[role])
    line = ["device", "sign-validators", file, "--as", role, "--from", account.address]
    assert electro(*line).code == 0
    typed = json.loads(file.with_name(f"{file.stem}.{role}.typed-data.json").read_text())
    signature = Account.sign_message(encode_typed_data(full_message=typed), account.key).signature.hex()
    done = electro(*line, "--signature", "0x" + signature)
    assert (done.code, done.err) == (0, ""), done
    assert "both parties have signed" in done.out


def kept(meter: RunningChip) -> tuple[tuple[bytes, ...], int]:
    config = json.loads((meter.flash / "config.json").read_text())
    return tuple(sorted(address.parse(one) for one in config["validators"])), config["validators_version"]


def test_a_real_networks_set_is_believed_once_both_parties_have_signed_it(
    meter: RunningChip, tmp_path: Path, network: list[str]
) -> None:
    pinned = [
        part
        for role, key in KEYS.items()
        for part in (f"--{role}-release-key", Account.from_key(key).address)
    ]
    assert provision(meter, tmp_path, "--out", "a.json", *pinned).returncode == 0
    first = written(tmp_path, 1)
    assert sign(first, "operator").code == 0
    half = provision(meter, tmp_path, "--out", "b.json", "--validators", str(first))
    assert "consumer's release key has not signed" in half.stderr
    sign_by_wallet(first, "consumer")
    done = provision(meter, tmp_path, "--out", "b.json", "--validators", str(first))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    form, _ = qbft.signed_form(real_header())
    assert kept(meter) == (tuple(header.Header(form, item(form, 0, len(form))).validators), 1)

    fewer = written(tmp_path, 2, ",".join(network[:3]))
    for role in KEYS:
        assert sign(fewer, role).code == 0
    assert provision(meter, tmp_path, "--out", "c.json", "--validators", str(fewer)).returncode == 0
    assert kept(meter) == (tuple(sorted(address.parse(one) for one in network[:3])), 2)
    old = provision(meter, tmp_path, "--out", "d.json", "--validators", str(first))
    assert "only a higher version replaces them" in old.stderr


def test_the_signed_file_is_what_a_meter_takes_from_a_relayers_releases(
    tmp_path: Path, network: list[str]
) -> None:
    file = written(tmp_path, 2)
    for role in KEYS:
        assert sign(file, role).code == 0
    state = State()
    state.operator, state.consumer = (address.parse(Account.from_key(key).address) for key in KEYS.values())
    settings = Settings()
    settings.validators, settings.validators_version = (bytes(20),), 1
    (tmp_path / "config.json").write_text("{}")
    domain = Domain(31337, address.parse(CONTRACT))
    paper = json.loads(file.read_text())
    assert take(paper, domain, state, settings, str(tmp_path), int(time.time())) is True
    assert settings.validators == tuple(sorted(address.parse(one) for one in network))
    assert not take(paper, domain, state, settings, str(tmp_path), int(time.time()))  # the same again


def test_what_is_signed_is_for_the_meters_of_one_contract(
    meter: RunningChip, tmp_path: Path, network: list[str]
) -> None:
    content = json.loads(written(tmp_path, 1).read_text())
    (tmp_path / "other.json").write_text(json.dumps({**content, "chain_id": 1}))
    done = provision(meter, tmp_path, "--validators", "other.json")
    assert done.returncode == 1
    assert f"for the meters of {CONTRACT} on chain 1" in done.stderr
    assert not (meter.flash / "config.json").exists()
    assert len(network) == 4


def test_what_people_sign_is_what_they_are_shown(tmp_path: Path, network: list[str]) -> None:
    file = written(tmp_path, 3)
    shown = sign(file, "operator").out
    assert all(one in shown for one in network)
    assert "3 of 4" in shown
    line = ("device", "validators", tmp_path / "network.json", "--version", 4, *FOR, "--out", file)
    assert "exists already" in refused(*line)
    content = json.loads(file.read_text())
    spoiled_file = tmp_path / "spoiled.json"
    line = ("device", "sign-validators", spoiled_file, "--as", "consumer", "--from", CONTRACT)
    for spoiled in ({**content, "version": 0}, {**content, "validators": []}, {"validators": network}, []):
        spoiled_file.write_text(json.dumps(spoiled))
        assert "is no set of validators" in refused(*line)
    spoiled_file.write_text(json.dumps({**content, "validators": ["0x" + "07" * 20, *network[1:]]}))
    assert address.checksum(b"\x07" * 20) in sign(spoiled_file, "consumer").out
