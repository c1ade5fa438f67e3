# SPDX-License-Identifier: Apache-2.0
"""Other bands for one pass at one place: by whom, how far ahead, how wide; and what readings cost by them."""

from __future__ import annotations

import itertools

import pytest

from electro_contracts import calldata, events
from electro_protocol.messages import Renomination
from electro_protocol.readings import pack

from .conftest import Site
from .engines import PyEvm, Reverted, refused
from .world import BONUS, CONSUMER, DAY, START, Key, World, day, inside, key

FIRST = 6 * 96  # a day from now, of which the first half is used
LEAD = DAY.lead_seconds


def renominate(
    site: Site, bands: list[tuple[int, int]], first: int = FIRST, sequence: int = 1, *, by: str = "consumer",
    signer: Key = CONSUMER, place: int = 0, deadline: int = 2**40 - 1,
) -> None:  # fmt: skip
    """By the consumer's signature; or by `operator` alone, or by `both`."""
    world = site.world
    packed = pack([least for least, _ in bands] + [greatest for _, greatest in bands])
    if by == "operator":
        world.call("widen", site.agreement_id, place, first, packed, caller=world.operator)
        return
    message = Renomination(site.agreement_id, place, first, sequence, packed, deadline)
    signature = signer.sign(message, world.domain).signature
    if by == "both":
        world.call("renominateTogether", message.values(), signature, caller=world.operator)
    else:
        world.call("renominate", message.values(), signature)


def base(i: int) -> tuple[int, int]:
    return DAY.bands[i % 96]


def told(site: Site, count: int) -> tuple[tuple[int, int], ...]:
    """The bounds that the meter is told from the running interval on."""
    (state,) = calldata.decode_meter_state(site.world.ask(calldata.meter_state(site.meter.address, count)))
    return state.bounds


def report_until(site: Site, end: int) -> None:
    """Days that break no band, up to an interval."""
    for first in range(site.point().next, end, 96):
        site.world.submit(site.report(first, min(96, end - first)))


def test_a_consumer_shifts_a_pass_and_is_judged_by_it(site: Site) -> None:
    world = site.world
    renominate(site, [(300, 1100)] * 4)
    assert world.events == [
        events.Renominated(site.agreement_id, 0, FIRST, 1, 0, pack([300] * 4 + [1100] * 4))
    ]
    world.set_time(START + (FIRST + 96) * 900)
    report_until(site, FIRST)
    lanes = [299, 300, 1100, 1101, *inside(FIRST + 4, 92)]
    world.submit(site.report(FIRST, lanes))
    assert site.accrued == 2 * DAY.violation_penalty + DAY.under_rate + DAY.over_rate
    world.set_time(START + (FIRST + 100) * 900)
    world.submit(site.report(FIRST + 96, [299, 1000, base(2)[1], 300]))  # the next day has the agreed bands
    assert site.accrued == 2 * DAY.violation_penalty + DAY.under_rate + DAY.over_rate


def test_a_pass_may_be_delivered_in_parts_and_in_a_batch(site: Site) -> None:
    world = site.world
    renominate(site, [(200, 1080)] * 10, FIRST + 40)
    world.set_time(START + (FIRST + 192) * 900)
    items = [site.report(first, 96) for first in range(0, FIRST, 96)]
    lanes = [500] * 40 + [200, 1080] * 5 + [500] * 46
    cuts = [0, 1, 39, 40, 41, 50, 95, 96]
    items += [site.report(FIRST + a, lanes[a:b]) for a, b in itertools.pairwise(cuts)]
    items.append(site.report(FIRST + 96, 96))
    world.send(calldata.submit_batch(items))
    assert site.bill() == (FIRST + 192, 960, 0, 0, 0)


def test_the_lead_is_counted_to_the_second_and_others_need_none(site: Site) -> None:
    world = site.world
    begins = START + FIRST * 900
    world.set_time(begins - LEAD + 1)
    with pytest.raises(Reverted, match="TooLate"):
        renominate(site, [(300, 1000)])
    renominate(site, [(300, 1000)], by="both")
    world.set_time(begins - 1)
    renominate(site, [(299, 1000)], by="operator")
    world.set_time(begins)
    for by in ("both", "operator"):
        with refused("AlreadyStarted"):
            renominate(site, [(0, 1200)], sequence=2, by=by)


def test_a_consumer_alone_is_no_wider_and_no_higher_than_agreed(site: Site) -> None:
    (least, greatest), most = base(FIRST), base(FIRST)[1] + DAY.raise_units
    width = greatest - least
    for bands, error in (
        ([(most - width - 1, most)], "BandTooWide"),
        ([(most - width + 1, most + 1)], "BandTooHigh"),
        ([(600, 599)], "UnsoundBand"),
    ):
        with refused(error):
            renominate(site, bands)
    renominate(site, [(most - width, most)])
    renominate(site, [(0, 0)], sequence=2)  # it may plan nothing at all
    with refused("UnsoundBand"):
        renominate(site, [(0, DAY.capacity_units + 1)], sequence=3, by="both")
    renominate(site, [(0, DAY.capacity_units)], sequence=3, by="both")


def test_the_operator_alone_only_widens_what_holds(site: Site) -> None:
    least, greatest = base(FIRST)
    with refused("AccessControlUnauthorizedAccount"):
        site.world.call("widen", 1, 0, FIRST, pack([0, 1200]), caller=CONSUMER.text)
    for bands in ([(least + 1, greatest)], [(least, greatest - 1)]):
        with refused("BandNarrowed"):
            renominate(site, bands, by="operator")
    renominate(site, [(least - 1, greatest + 1)], by="operator")
    with refused("BandNarrowed"):
        renominate(site, [(least, greatest + 1)], by="operator")
    renominate(
        site, [(0, 900)], sequence=1
    )  # after the operator's generous one the consumer is judged by the agreed
    renominate(site, [(0, 1000)], by="operator")
    assert site.world.events[0].sequence == 1  # it consumes none


def test_a_sequence_rises_and_nothing_is_replayed(site: Site) -> None:
    renominate(site, [(300, 1000)], sequence=7)
    for sequence in (7, 6, 1):
        with refused("StaleRenomination"):
            renominate(site, [(300, 1000)], sequence=sequence)
    renominate(site, [(301, 1000)], sequence=8)
    with refused("StaleRenomination"):
        renominate(site, [(300, 1000)], sequence=8, by="both")


def test_a_renomination_is_the_consumers_until_its_deadline(site: Site) -> None:
    for by in ("consumer", "both"):
        with refused("BadSignature"):
            renominate(site, [(300, 1000)], signer=key("stranger"), by=by)
        with refused("Expired"):
            renominate(site, [(300, 1000)], deadline=site.world.now - 1, by=by)
    message = Renomination(site.agreement_id, 0, FIRST, 1, pack([300, 1000]), site.world.now)
    with refused("NotConsumer"):
        site.world.call("renominate", message.values(), b"")
    with refused("AccessControlUnauthorizedAccount"):
        signature = CONSUMER.sign(message, site.world.domain).signature
        site.world.call("renominateTogether", message.values(), signature)
    site.world.call("renominate", message.values(), b"", caller=CONSUMER.text)


def test_it_stays_in_one_pass_and_in_the_term_and_at_a_place(site: Site) -> None:
    with refused("BeyondSchedule"):
        renominate(site, [(300, 1000)] * 2, FIRST + 95)
    with refused("OutsideTerm"):
        renominate(site, [(300, 1000)], 960)
    with refused("NoSuchPlace"):
        renominate(site, [(300, 1000)], place=1)
    for bands in (b"", b"\0\1\0", b"\0\1" * 3, b"\0\1" * 194):
        with refused("BadLength"):
            site.world.call("widen", 1, 0, FIRST, bands, caller=site.world.operator)
    site.world.call("terminate", 1, caller=site.world.operator)
    with refused("OutsideTerm"):
        renominate(site, [(300, 1000)], FIRST + 1)


def test_over_a_begun_pass_the_begun_intervals_keep_their_bands(site: Site) -> None:
    world = site.world
    running = START + (FIRST + 10) * 900
    renominate(site, [(200, 900)] * 96)
    world.set_time(running)
    renominate(site, [(400, 800)] * 4, FIRST + 20, sequence=2)
    expected = [(200, 900)] * 10 + [(400, 800)] * 4 + [(200, 900)] * 2
    assert list(told(site, 16)) == expected
    world.set_time(START + (FIRST + 96) * 900)
    report_until(site, FIRST)
    lanes = [200] * 20 + [400, 800] * 2 + [900] * 72
    world.submit(site.report(FIRST, lanes))
    assert site.accrued == 0


def test_quote_and_bounds_know_overrides_of_their_place(world: World) -> None:
    one, two = key("one"), key("two")
    agreement_id = world.agree([one, two])
    site = Site(world, two, agreement_id)
    renominate(site, [(300, 400)], 96, place=1)
    for place, penalty in ((0, 0), (1, DAY.violation_penalty + DAY.over_rate)):
        answer = calldata.decode_quote(world.ask(calldata.quote(agreement_id, place, 96, pack([401]))))
        assert answer.penalty == penalty
    world.set_time(START + 95 * 900)
    for meter, band in ((one, base(0)), (two, (300, 400))):
        (state,) = calldata.decode_meter_state(world.ask(calldata.meter_state(meter.address, 2)))
        assert state.bounds == (base(95), band)
        assert state.stop == (960 if meter is one else 96)


def test_an_override_outlives_a_rotation_a_fault_and_notice(site: Site) -> None:
    world, new = site.world, key("new")
    world.enrol(new)
    renominate(site, [(300, 400)] * 96)
    account, sequence = world.call("overrideOf", 1, 0, FIRST // 96)
    assert (int(account, 16) != 0, sequence) == (True, 1)
    assert int(world.call("overrideOf", 1, 0, 5)[0], 16) == 0
    world.call("fault", 1, 0, caller=CONSUMER.text)
    world.call("terminate", 1, caller=CONSUMER.text)
    world.call("proposeRotation", 1, site.meter.text, new.text, caller=world.operator)
    world.call("acceptRotation", 1, site.meter.text, new.text, caller=CONSUMER.text)
    first = 5 * 96 + 1
    assert (world.point(1, new).stop, world.point(1, new).end) == (FIRST, FIRST + 1)
    world.set_time(START + (FIRST + 1) * 900)
    world.submit(world.report(new, 1, first, inside(first, 95)))
    world.submit(world.report(new, 1, FIRST, [401]))
    assert world.point(1, new).accrued == DAY.violation_penalty + DAY.over_rate


def test_silence_stays_dear_enough_in_an_override(site: Site) -> None:
    """Planning nothing makes an excess dear; with a low price of silence it is refused, with slot and sum."""
    world, meter = site.world, key("cheap")
    terms = day(missing_penalty=2705, start=START + 30 * 86_400)
    cheap = Site(world, meter, world.agree([meter], terms))
    with pytest.raises(Reverted) as caught:
        renominate(cheap, [(100, 1000), (99, 999)], 96)
    assert (caught.value.error.name, caught.value.error.args) == ("SilenceTooCheap", (1, 2712, 2705))
    renominate(cheap, [(100, 1000), (100, 1000)], 96)


def test_eleven_days_nominated_and_then_silence_leave_nothing_uncounted(world: World) -> None:
    meter = key("meter")
    agreement_id = world.agree([meter])
    site = Site(world, meter, agreement_id)
    for i in range(1, 10):
        renominate(site, [(200 + i, 900)] * 96, 96 * i, sequence=i)
    world.set_time(DAY.end)
    world.submit(site.report(0, 96))
    world.submit(site.report(96, [500] * 96))
    world.set_time(DAY.settles_at)
    assert world.accrued(agreement_id) == (960 - 192) * DAY.missing_penalty
    world.call("settle", agreement_id)
    assert world.events[0].remaining == BONUS - (960 - 192) * DAY.missing_penalty


def test_a_day_without_an_override_costs_the_same_beside_one_that_has_one() -> None:
    """Before it, behind it, and between two."""
    costs = []
    for days in ((), (2, 4)):
        world, meter = World(PyEvm()), key("meter")
        site = Site(world, meter, world.agree([meter]))
        for i, each in enumerate(days):
            renominate(site, [(300, 1000)] * 96, 96 * each, sequence=i + 1)
        world.set_time(START + 7 * 86_400)
        costs.append([])
        for each in range(7):
            world.submit(site.report(96 * each, [500] * 96))
            costs[-1].append(world.gas_used)
    plain, overridden = costs
    assert [a - b for i, (a, b) in enumerate(zip(overridden, plain, strict=True)) if i not in (2, 4)] == [
        0
    ] * 5
    assert max(overridden[2], overridden[4]) < 60_000


def test_a_message_of_many_passes_is_found_again_beyond_256_of_them(world: World) -> None:
    meter = key("meter")
    terms = day(bands=((100, 1000),), intervals=1000, interval_seconds=60, lead_seconds=0)
    agreement_id = world.agree([meter], terms)
    site = Site(world, meter, agreement_id)
    overridden = (0, 255, 256, 257, 511, 768, 999)
    for i, each in enumerate(overridden):
        renominate(site, [(300, 400)], each, sequence=i + 1)
    world.set_time(terms.end)
    charged = []
    for first in range(1000):
        before = world.point(agreement_id, meter).accrued
        world.submit(world.report(meter, agreement_id, first, [500]))
        if world.point(agreement_id, meter).accrued != before:
            charged.append(first)
    assert tuple(charged) == overridden
