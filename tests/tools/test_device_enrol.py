# SPDX-License-Identifier: Apache-2.0
"""`electro device enrol` against a real node: what it sends, and what it looks up before it pays."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from eth_account import Account
from tests.toolchain.running_anvil import FUNDED_PRIVATE_KEY
from web3.types import RPCEndpoint

from electro_contracts.calldata import compact
from electro_contracts.deployment import LEAST
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import DeviceEnrollment
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.contract.deploy import at, deploy
from electro_tools.device import enrolment
from electro_tools.device.enrolment import Enrolment
from electro_tools.transact import connect

if TYPE_CHECKING:
    from pathlib import Path

    from tests.toolchain.running_anvil import Anvil

DEVICE_KEY = bytes.fromhex("45" * 32)
STRANGER_KEY = "0x" + "67" * 32


class World:
    """A contract on an anvil, the operator's key file, and enrolments of one device for it."""

    def __init__(self, anvil: Anvil, folder: Path) -> None:
        self.url, self.chain_id, self.folder = anvil.url, anvil.chain_id, folder
        self.web3 = connect(anvil.url)
        operator = Account.from_key(FUNDED_PRIVATE_KEY)
        self.contract = deploy(
            self.web3,
            operator,
            admin=operator.address,
            operator=operator.address,
            admin_delay_s=0,
            least=LEAST,
        ).address
        self.key_file = self.keep("operator.key", FUNDED_PRIVATE_KEY)

    def keep(self, name: str, key: str) -> Path:
        file = self.folder / name
        file.write_text(key)
        file.chmod(0o600)
        return file

    def enrolment(
        self, *, contract: str | None = None, chain_id: int | None = None, deadline: int = 0
    ) -> Path:
        place, chain = address.parse(contract or self.contract), chain_id or self.chain_id
        message = DeviceEnrollment(b"hall 3".ljust(32, b"\0"), 300, deadline or int(time.time()) + 86_400)
        signed = SignedMessage.make(message, Domain(chain, place), DEVICE_KEY)
        made = Enrolment(address.parse(Account.from_key(DEVICE_KEY).address), chain, place, signed)
        file = self.folder / f"enrolment-{len(list(self.folder.iterdir()))}.json"
        papers.write(file, made)
        return file

    def enrol(self, file: Path, *more: str, key_file: Path | None = None) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "electro_tools.cli",
            "device",
            "enrol",
            str(file),
            "--rpc",
            self.url,
        ]
        return subprocess.run(
            [*command, "--key-file", str(key_file or self.key_file), *more],
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def world(anvil: Anvil, tmp_path: Path) -> World:
    return World(anvil, tmp_path)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert FUNDED_PRIVATE_KEY.removeprefix("0x") not in done.stderr
    return done.stderr


def test_a_device_is_enrolled_once(world: World) -> None:
    device = Account.from_key(DEVICE_KEY).address
    electro = at(world.web3, world.contract)
    assert not electro.functions.isEnrolled(device).call()
    file = world.enrolment()

    done = world.enrol(file, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["device"] == device
    assert electro.functions.isEnrolled(device).call()

    assert f"{device} is enrolled already" in refused(world.enrol(file))


def test_another_chain_is_refused(world: World) -> None:
    assert "serves chain 31337, not 5" in refused(world.enrol(world.enrolment(chain_id=5)))
    assert "the enrolment is for chain 31337, not 5" in refused(
        world.enrol(world.enrolment(), "--chain-id", "5")
    )


def test_an_address_without_a_contract_is_refused(world: World) -> None:
    nowhere = address.checksum(b"\x11" * 20)
    assert f"there is no contract at {nowhere}" in refused(world.enrol(world.enrolment(contract=nowhere)))


def test_another_contract_than_electro_is_refused(world: World) -> None:
    elsewhere = address.checksum(b"\x22" * 20)
    file = world.enrolment(contract=elsewhere)
    for code in ("0x60206000f3", "0x60006000fd", "0x00"):  # returns 32 zero bytes, reverts, returns nothing
        world.web3.provider.make_request(RPCEndpoint("anvil_setCode"), [elsewhere, code])
        assert f"the contract at {elsewhere} is not Electro" in refused(world.enrol(file)), code


def test_a_consent_that_has_ended_is_refused(world: World) -> None:
    assert "consent ended on 2001-09-09" in refused(world.enrol(world.enrolment(deadline=1_000_000_000)))


def test_who_is_not_the_operator_is_refused_in_the_contracts_words(world: World) -> None:
    stranger = world.keep("stranger.key", STRANGER_KEY)
    sentence = refused(world.enrol(world.enrolment(), key_file=stranger))
    assert "the contract refuses" in sentence


def test_an_enrolment_signed_by_another_key_is_refused_before_anything_is_asked(world: World) -> None:
    file = world.enrolment()
    record = json.loads(file.read_text())
    record["device"] = Account.from_key(STRANGER_KEY).address
    file.write_text(json.dumps(record))
    assert "its signature is not of" in refused(world.enrol(file))


def test_no_node_and_no_key_file_are_one_sentence_each(world: World) -> None:
    file = world.enrolment()
    assert "does not answer: connection refused" in refused(world.enrol(file, "--rpc", "http://127.0.0.1:9"))
    assert "missing.key" in refused(world.enrol(file, key_file=world.folder / "missing.key"))


def test_what_is_sent_is_what_the_device_signed(world: World) -> None:
    made = enrolment.read(world.enrolment())
    signature = compact(made.signed.signature)
    call = at(world.web3, world.contract).functions.enrol(
        *made.message.values(), signature[:32], signature[32:]
    )
    operator = Account.from_key(FUNDED_PRIVATE_KEY).address
    assert call.call({"from": operator}) == Account.from_key(DEVICE_KEY).address
