# SPDX-License-Identifier: Apache-2.0
"""Bands that both parties put in place of sealed ones: the relayer tells which hold, and real meters judge by them."""

import pytest
from eth_account.messages import encode_typed_data

from electro_contracts import sealed
from electro_meter.account.sealing import keep
from electro_protocol import judging, sealing
from electro_protocol.keccak import keccak256
from electro_protocol.messages import Renomination
from electro_protocol.readings import unpack
from tests.relayer.real_meters import RealMeter
from tests.relayer.world import CONSUMER, INTERVAL_S, SLOTS

VIEWING = bytes(range(32))
BAND = (10, 200)  # the world's
OTHER = (100, 120)  # in which few readings are


def typed(message, domain):
    """What a wallet signs of a renomination."""
    types, names = type(message).TYPE.split("(")[1].rstrip(")"), []
    for each in types.split(","):
        kind, name = each.split(" ")
        names.append({"name": name, "type": kind})
    return {
        "primaryType": "Renomination",
        "domain": {
            "name": "Electro", "version": "1", "chainId": domain.chain_id,
            "verifyingContract": "0x" + domain.contract.hex(),
        },
        "types": {"Renomination": names},
        "message": dict(zip([one["name"] for one in names], message.values(), strict=True)),
    }  # fmt: skip


def replace(world, pass_, band=OTHER, sequence=1):
    """Let both parties replace the bands of a pass."""
    agreement_id = world.meters[0].agreement_id
    bands = sealed.seal_pass((band,) * SLOTS, VIEWING, agreement_id, 0, pass_)
    wish = Renomination(agreement_id, 0, pass_ * SLOTS, sequence, bands, 2**40 - 1)
    signed = CONSUMER.sign_message(encode_typed_data(full_message=typed(wish, world.domain)))
    world.transact(world.contract.functions.renominateTogether(wish.values(), bytes(signed.signature)))


def pass_time(world, intervals):
    world.rpc("evm_setNextBlockTimestamp", world.start + intervals * INTERVAL_S)
    world.rpc("evm_mine")


@pytest.fixture
def agreed(world):
    """An agreement of three passes, of which the first has begun."""
    world.agree(1, 3 * SLOTS, passed=0, viewing_key=VIEWING)
    return world


async def told(client, meter, interval, agreement_id=None):
    number = meter.agreement_id if agreement_id is None else agreement_id
    return await client.get(f"/v1/meters/0x{meter.device.hex()}/schedules/{number}/{interval}")


async def test_it_tells_by_which_bands_a_pass_is_judged(agreed, settings_for, relay):
    client = await relay(settings_for(agreed))
    [meter] = agreed.meters
    replace(agreed, 1)
    hashes = set()
    for interval in (0, SLOTS - 1, SLOTS, 2 * SLOTS - 1, 2 * SLOTS):
        status, body = await told(client, meter, interval)
        assert status == 200
        assert body["place"] == 0
        async with client.session.get(client.url + "/v1/terms/" + body["account"]) as answer:
            assert "0x" + keccak256(await answer.read()).hex() == body["code_hash"]
        hashes.add((interval // SLOTS == 1, body["code_hash"]))
    assert len(hashes) == 2
    assert (False, "0x" + keccak_of_terms(agreed).hex()) in hashes


def keccak_of_terms(world):
    return keccak256(bytes(world.web3.eth.get_code(world.terms_account)))


async def test_it_tells_nobody_else_s(agreed, settings_for, relay):
    client = await relay(settings_for(agreed))
    [meter] = agreed.meters
    for interval, agreement_id, status in (
        (0, 99, 409),
        (3 * SLOTS, None, 409),
        ("x", None, 400),
        (1 << 16, None, 400),
        (0, 1 << 64, 400),
        (0, "x", 400),
    ):
        assert (await told(client, meter, interval, agreement_id))[0] == status
    assert (await client.get(f"/v1/meters/0x{'77' * 20}/schedules/1/0"))[0] == 404


async def test_a_real_meter_judges_each_pass_by_its_bands(agreed, settings_for, relay, eventually, tmp_path):
    """The relayer is the operator's, the node the consumer's: what both say of a pass the meter believes."""
    [meter] = agreed.meters
    replace(agreed, 1)
    pass_time(agreed, 3 * SLOTS)
    agreed.block_time(1)
    client = await relay(settings_for(agreed))
    keep(str(tmp_path), VIEWING)
    sources = [{"url": client.url, "by": "operator"}], [{"url": agreed.url, "by": "consumer"}]
    real = RealMeter(agreed, meter, tmp_path, *sources)
    real.power_on()
    real.reports.sealed_as = str(tmp_path), agreed.domain.separator, meter.device
    try:
        for _ in range(2 * SLOTS + 3):
            real.measure()
        await eventually(lambda: agreed.next_interval(meter) == 2 * SLOTS + 3)
    finally:
        await real.power_off()
    agreement_id, contract = meter.agreement_id, agreed.contract.functions
    lanes = []
    for entry in agreed.report_events(meter):
        first, said = entry["args"]["firstInterval"], entry["args"]
        count = (len(said["sealedReadings"]) - sealing.AROUND) // 2
        schedule = contract.scheduleOf(agreement_id, 0, first).call()[1][:16]
        about = sealing.report(agreed.domain.separator, meter.device, agreement_id, first, schedule, count)
        band = OTHER if first // SLOTS == 1 else BAND
        bands = b"".join(bound.to_bytes(2, "big") * SLOTS for bound in band)
        _, readings = sealing.open_report(VIEWING, about, said["sealedReadings"], said["deviations"])
        assert judging.deviations(readings, bands, first % SLOTS) == said["deviations"]
        lanes += unpack(readings)
    assert lanes == [reading for reading, _ in real.journalled()]
    deviating = [lane for lane in lanes[SLOTS : 2 * SLOTS] if not OTHER[0] <= lane <= OTHER[1]]
    assert deviating  # else the test would show nothing
    assert len(agreed.contract.events.Violations().get_logs(from_block=0)) > 0
