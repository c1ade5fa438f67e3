# SPDX-License-Identifier: Apache-2.0
"""The same bytecode lives a whole life on every chain from London on, up to the newest fork that each engine knows.

No opcode of it is younger than London; what later forks add is a dearer price of calldata (EIP-7623, Prague) and a
limit of 2^24 gas for a transaction (EIP-7825, Osaka).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eth.vm import forks
from eth.vm.forks import LondonVM, PragueVM, ShanghaiVM
from eth_tester.exceptions import TransactionFailed

from electro_contracts import calldata
from electro_protocol.keccak import keccak256
from electro_protocol.messages import DiscountRedemption

from .engines import PyEvm
from .node import GAS_LIMIT, Node
from .world import CONSUMER, DAY, START, World, inside, key

if TYPE_CHECKING:
    from collections.abc import Callable

    from eth.abc import VirtualMachineAPI

    from tests.toolchain.running_anvil import Anvil

    from .engines import Engine

# Each fork of py-evm is a class on top of the one before it.
PY_EVM = sorted(
    {each for each in vars(forks).values() if isinstance(each, type) and issubclass(each, LondonVM)},
    key=lambda fork: len(fork.__mro__),
)
# Anvil tells no list of its forks: these are those of the release that the tests fetch.
ANVIL = ("london", "paris", "shanghai", "cancun", "prague", "osaka", "bpo1", "bpo2")


def _live(engine: Engine) -> None:
    """From deployment to redemption."""
    world, meter = World(engine), key("meter")
    agreement_id = world.agree([meter])
    world.set_time(START + 5 * 86_400)
    world.submit(world.report(meter, agreement_id, 0, inside(0, 96)))
    items = [world.report(meter, agreement_id, 96, [5000, *inside(97, 94), 0x8000])]
    assert calldata.decode_reasons(world.ask(calldata.check(items))) == [bytes(4)]
    world.send(calldata.submit_batch(items))
    world.submit(world.outage(meter, agreement_id, 0, START + 191 * 900, START + 192 * 900))
    world.call("widen", agreement_id, 0, 5 * 96 + 1, b"\0\0\x04\xb0", caller=world.operator)
    (state,) = calldata.decode_meter_state(world.ask(calldata.meter_state(meter.address, 96)))
    assert (state.next_interval, len(state.bounds)) == (192, 96)
    world.set_time(DAY.settles_at + 60)
    world.call("settle", agreement_id)
    redemption = DiscountRedemption(agreement_id, keccak256(b"invoice"), 7, 2**40 - 1)
    signature = CONSUMER.sign(redemption, world.domain).signature
    world.call("redeemBySignature", *redemption.values(), signature)
    assert world.agreement(agreement_id).redeemed == 7


@pytest.mark.parametrize("fork", PY_EVM, ids=lambda fork: fork.__name__)
def test_a_life_on_py_evm(fork: type[VirtualMachineAPI]) -> None:
    _live(PyEvm(fork))


@pytest.mark.parametrize("fork", ANVIL)
def test_a_life_on_anvil(fork: str, start_anvil: Callable[..., Anvil]) -> None:
    with start_anvil("--hardfork", fork, "--enable-tx-gas-limit") as node:
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


def test_anvil_holds_transactions_to_the_limit_of_osaka(start_anvil: Callable[..., Anvil]) -> None:
    """So that a life within it says something: one gas more is refused."""
    with start_anvil("--hardfork", "osaka", "--enable-tx-gas-limit") as limited:
        node = Node(limited)
        fields = {"from": node.accounts[0], "to": node.accounts[1], "data": "0x"}
        node.transact(fields)
        with pytest.raises(AssertionError, match="gas"):
            node.ask("eth_sendTransaction", {**fields, "gas": hex(GAS_LIMIT + 1)})
