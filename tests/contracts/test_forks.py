# SPDX-License-Identifier: Apache-2.0
"""The same bytecode lives a whole life on every chain from London on, up to the newest fork that each engine knows.

No opcode of it is younger than London; what later forks add is a dearer price of calldata (EIP-7623, Prague) and a
limit of 2^24 gas for a transaction (EIP-7825, Osaka).
"""

from __future__ import annotations

import itertools
import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
from eth.vm import forks
from eth.vm.forks import LondonVM, PragueVM, ShanghaiVM
from eth_tester.exceptions import TransactionFailed

from electro_contracts import calldata
from electro_protocol.keccak import keccak256
from electro_protocol.messages import DiscountRedemption
from tests.toolchain.fetch import ToolchainError
from tests.toolchain.running_anvil import Anvil

from .engines import Outcome, PyEvm
from .world import CONSUMER, DAY, START, World, inside, key

if TYPE_CHECKING:
    from eth.abc import VirtualMachineAPI

    from .engines import Engine

GAS_LIMIT = 2**24  # of a transaction: EIP-7825

# Each fork of py-evm is a class on top of the one before it.
PY_EVM = sorted(
    {each for each in vars(forks).values() if isinstance(each, type) and issubclass(each, LondonVM)},
    key=lambda fork: len(fork.__mro__),
)
# Anvil tells no list of its forks; it ends at once when asked for one that it does not know, or knows by name only.
ANVIL = ("london", "paris", "shanghai", "cancun", "prague", "osaka", "bpo1", "bpo2", "bpo3", "amsterdam")
# What the anvil of these tests must know; a newer one may know more.
ANVIL_KNOWS = ANVIL[:8]


class Node:
    """An anvil as an engine, with accounts of its own; its transactions keep to the limit of EIP-7825."""

    def __init__(self, anvil: Anvil) -> None:
        self.chain_id = anvil.chain_id
        self._url = anvil.url
        self._ids = itertools.count()
        self.accounts = self._ask("eth_accounts")[:3]

    def set_time(self, now: int) -> None:
        self._ask("evm_setNextBlockTimestamp", now)
        self._ask("evm_mine")

    def deploy(self, code: bytes) -> str:
        return str(self._transact({"from": self.accounts[2], "data": "0x" + code.hex()})["contractAddress"])

    def call(self, caller: str, to: str, data: bytes) -> bytes:
        answer = self._ask("eth_call", {"from": caller, "to": to, "data": "0x" + data.hex()}, "latest")
        return bytes.fromhex(answer[2:])

    def send(self, caller: str, to: str, data: bytes) -> Outcome:
        receipt = self._transact({"from": caller, "to": to, "data": "0x" + data.hex()})
        logs = [
            ([bytes.fromhex(topic[2:]) for topic in log["topics"]], bytes.fromhex(log["data"][2:]))
            for log in receipt["logs"]
        ]
        return Outcome(b"", int(receipt["gasUsed"], 16), logs)

    def _transact(self, fields: dict[str, str]) -> dict[str, Any]:
        sent = self._ask("eth_sendTransaction", {**fields, "gas": hex(GAS_LIMIT)})
        for _ in range(500):  # anvil mines at once, and has the receipt a moment later
            receipt: dict[str, Any] | None = self._ask("eth_getTransactionReceipt", sent)
            if receipt is not None:
                assert receipt["status"] == "0x1"
                return receipt
            time.sleep(0.01)
        raise AssertionError("the transaction is not mined")

    def _ask(self, method: str, *parameters: object) -> Any:
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": parameters}
        request = urllib.request.Request(
            self._url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answered:
            answer = json.load(answered)
        assert "result" in answer, answer
        return answer["result"]


def _live(engine: Engine) -> None:
    """From deployment to redemption."""
    world, meter = World(engine), key("meter")
    agreement_id = world.agree([meter])
    world.set_time(START + 5 * 86_400)
    world.submit(world.report(meter, agreement_id, 0, inside(0, 96)))
    items = [world.report(meter, agreement_id, 96, [5000, *inside(97, 94), 0xFFFE])]
    assert calldata.decode_reasons(world.ask(calldata.check(items))) == [bytes(4)]
    world.send(calldata.submit_batch(items))
    world.submit(world.outage(meter, agreement_id, START + 191 * 900, START + 192 * 900))
    (state,) = calldata.decode_meter_state(world.ask(calldata.meter_state(meter.address, 96)))
    assert (state.next_interval, len(state.bounds)) == (192, 96)
    world.set_time(DAY.settles_at + 60)
    world.call("settle", agreement_id)
    redemption = DiscountRedemption(agreement_id, keccak256(b"invoice"), 7, 2**40 - 1)
    signature = CONSUMER.sign(redemption, world.domain).signature
    world.call("redeemBySignature", *redemption.values(), signature)
    assert world.call("agreement", agreement_id)[14] == 7


@pytest.mark.parametrize("fork", PY_EVM, ids=lambda fork: fork.__name__)
def test_a_life_on_py_evm(fork: type[VirtualMachineAPI]) -> None:
    _live(PyEvm(fork))


@pytest.mark.parametrize("fork", ANVIL)
def test_a_life_on_anvil(fork: str, anvil: Anvil) -> None:
    """The fixture, which runs by the newest rules, is there to skip where there is no anvil."""
    try:
        node = Anvil("--hardfork", fork, "--enable-tx-gas-limit", chain_id=anvil.chain_id)
    except ToolchainError:
        if fork in ANVIL_KNOWS:
            raise
        pytest.skip(f"this anvil does not run {fork}")
    with node:
        _live(Node(node))


def test_a_life_by_the_rules_that_anvil_takes_for_the_newest(anvil: Anvil) -> None:
    _live(Node(anvil))


def test_pyevms_forks_are_listed_from_london_to_its_newest() -> None:
    names = [fork.__name__ for fork in PY_EVM]
    assert names[0] == "LondonVM"
    assert {"ParisVM", "ShanghaiVM", "CancunVM", "PragueVM"} <= set(names)
    assert forks.LATEST_VM in PY_EVM
    assert issubclass(forks.LATEST_VM, PragueVM)


def test_the_engine_tells_the_forks_apart() -> None:
    """PUSH0, PUSH0, RETURN: what London does not know and Shanghai does."""
    code = bytes.fromhex("5f5ff3")
    PyEvm(ShanghaiVM).deploy(code)
    with pytest.raises((AssertionError, TransactionFailed)):
        PyEvm(LondonVM).deploy(code)


def test_anvil_holds_transactions_to_the_limit_of_osaka(anvil: Anvil) -> None:
    """So that a life within it says something: one gas more is refused."""
    with Anvil("--hardfork", "osaka", "--enable-tx-gas-limit", chain_id=anvil.chain_id) as limited:
        node = Node(limited)
        fields = {"from": node.accounts[0], "to": node.accounts[1], "data": "0x"}
        node._transact(fields)
        with pytest.raises(AssertionError, match="gas"):
            node._ask("eth_sendTransaction", {**fields, "gas": hex(GAS_LIMIT + 1)})
