# SPDX-License-Identifier: Apache-2.0
"""The formula that bounds a batch's gas covers what the contract takes, and is not far above it."""

import pytest

from electro_contracts import calldata
from electro_relayer.incoming.intake import verify
from electro_relayer.paying import gas
from tests.relayer.world import World

SIZES = (1, 2, 7, 50)
SPARE = 1.1  # the least
LOOSE = 2.6  # the most: reports that violate nothing cost half of those that do
LOOSE_SEALED = 3.0  # the formula allows for another schedule's account in each, which is not asked for here
LANES = {
    "violations": (100,),
    "no data": (0xFFFF,),
    "interrupted": (0xFFFE,),
    "everything at once": (0xFFFE, 0xFFFF, 0, 0x7FFF, 0x8001, 5),
    "inside the band": (5,),
}


def ratio(world, meters, intervals, lanes):
    """Submit a batch with the gas of the formula, undo it, and return the formula's gas per gas used."""
    verified = [verify(meter.report(0, intervals, lanes), world.domain) for meter in meters]
    limit = gas.of_batch(verified)
    before = world.rpc("evm_snapshot")
    submit = calldata.submit_sealed_batch if meters[0].viewing_key else calldata.submit_batch
    data = "0x" + submit([each.signed for each in verified]).hex()
    call = {"from": world.operator.address, "to": world.contract.address, "data": data, "gas": limit}
    receipt = world.web3.eth.wait_for_transaction_receipt(
        world.web3.eth.send_transaction(call), poll_latency=0.01
    )
    assert receipt["status"] == 1
    assert all(world.next_interval(meter) == intervals for meter in meters)  # none was left out
    world.rpc("evm_revert", before)
    return limit / receipt["gasUsed"]


@pytest.fixture(scope="module")
def one_agreement(start_anvil):
    made = World(start_anvil().url)
    made.agree(50, tight=True)
    return made


@pytest.mark.parametrize("lanes", LANES.values(), ids=LANES)
def test_one_agreements_reports(one_agreement, lanes):
    for size in SIZES:
        for intervals in (1, 2, 17, 96) if size == SIZES[-1] else (2, 96):
            found = ratio(one_agreement, one_agreement.meters[:size], intervals, lanes)
            assert SPARE < found < LOOSE, (size, intervals, found)


@pytest.fixture(scope="module")
def one_sealed_agreement(start_anvil):
    made = World(start_anvil().url)
    made.agree(50, tight=True, viewing_key=bytes(range(32)))
    return made


@pytest.mark.parametrize("lanes", LANES.values(), ids=LANES)
def test_one_sealed_agreements_reports(one_sealed_agreement, lanes):
    for size in SIZES:
        for intervals in (1, 2, 17, 96) if size == SIZES[-1] else (2, 96):
            found = ratio(one_sealed_agreement, one_sealed_agreement.meters[:size], intervals, lanes)
            assert SPARE < found < LOOSE_SEALED, (size, intervals, found)


def test_reports_of_as_many_agreements(start_anvil):
    world = World(start_anvil().url)
    meters = []
    for number in range(8):
        world.agree(1, tight=True, seed=number + 1)
        meters += world.meters
    for lanes in LANES.values():
        for intervals in (1, 2, 17, 96):
            found = ratio(world, meters, intervals, lanes)
            assert SPARE < found < LOOSE, (lanes, intervals, found)
