# SPDX-License-Identifier: Apache-2.0
"""The same bytecode lives a whole life on every chain from London on: no opcode of it is younger."""

from __future__ import annotations

import pytest

from electro_contracts import calldata
from electro_protocol.keccak import keccak256
from electro_protocol.messages import DiscountRedemption

from .engines import Reverted, Revm
from .world import CONSUMER, DAY, START, World, inside, key


@pytest.mark.parametrize("spec", ["LONDON", "MERGE", "SHANGHAI", "CANCUN", "PRAGUE", "LATEST"])
def test_from_deployment_to_redemption(spec: str) -> None:
    world, meter = World(Revm(spec=spec)), key("meter")
    agreement_id = world.agree([meter])
    world.set_time(START + 5 * 86_400)
    world.submit(world.report(meter, agreement_id, 0, inside(0, 96)))
    items = [world.report(meter, agreement_id, 96, [5000, *inside(97, 94), 0xFFFE])]
    assert calldata.decode_reasons(world.ask(calldata.check(items))) == [bytes(4)]
    world.send(calldata.submit_batch(items))
    world.submit(world.outage(meter, agreement_id, START + 191 * 900, START + 192 * 900))
    (state,) = calldata.decode_meter_state(world.ask(calldata.meter_state(meter.address, 96)))
    assert (state.next_interval, len(state.bounds)) == (192, 96)
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    redemption = DiscountRedemption(agreement_id, keccak256(b"invoice"), 7, world.now)
    signature = CONSUMER.sign(redemption, world.domain).signature
    world.call("redeemBySignature", *redemption.values(), signature)
    assert world.call("agreement", agreement_id)[14] == 7


def test_the_engine_tells_the_forks_apart() -> None:
    """PUSH0, PUSH0, RETURN: what London does not know and Shanghai does."""
    code = bytes.fromhex("5f5ff3")
    Revm(spec="SHANGHAI").deploy(code)
    with pytest.raises(Reverted):
        Revm(spec="LONDON").deploy(code)
