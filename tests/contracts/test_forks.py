# SPDX-License-Identifier: Apache-2.0
"""The same bytecode lives a whole life on every chain from London on: no opcode of it is younger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from eth.vm.forks import CancunVM, LondonVM, ParisVM, PragueVM, ShanghaiVM
from eth_tester.exceptions import TransactionFailed

from electro_contracts import calldata
from electro_protocol.keccak import keccak256
from electro_protocol.messages import DiscountRedemption

from .engines import PyEvm
from .world import CONSUMER, DAY, START, World, inside, key

if TYPE_CHECKING:
    from eth.abc import VirtualMachineAPI


@pytest.mark.parametrize("fork", [LondonVM, ParisVM, ShanghaiVM, CancunVM, PragueVM])
def test_from_deployment_to_redemption(fork: type[VirtualMachineAPI]) -> None:
    world, meter = World(PyEvm(fork)), key("meter")
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


def test_the_engine_tells_the_forks_apart() -> None:
    """PUSH0, PUSH0, RETURN: what London does not know and Shanghai does."""
    code = bytes.fromhex("5f5ff3")
    PyEvm(ShanghaiVM).deploy(code)
    with pytest.raises((AssertionError, TransactionFailed)):
        PyEvm(LondonVM).deploy(code)
