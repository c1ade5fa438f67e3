# SPDX-License-Identifier: Apache-2.0
"""Reports: who is believed, in which order, when; and that a bad one in a batch costs the others nothing."""

from __future__ import annotations

import contextlib
import itertools

import pytest

from electro_contracts import calldata, errors, events
from electro_protocol.eip712 import Domain
from electro_protocol.keccak import keccak256
from electro_protocol.messages import EnergyReport
from electro_protocol.readings import INTERRUPTED, NO_DATA, pack
from electro_protocol.signed import SignedMessage

from .conftest import Site
from .engines import Reverted, refused
from .world import DAY, START, World, day, inside, key

SELECTORS = {name: selector for selector, name in errors.REASONS.items()}


def reasons(world: World, items: list[SignedMessage]) -> list[str]:
    answer = calldata.decode_reasons(world.ask(calldata.check(items)))
    return [errors.REASONS.get(reason, "") for reason in answer]


def test_a_compliant_report_moves_no_money_and_is_in_the_log_as_signed(site: Site) -> None:
    item = site.world.report(site.meter, site.agreement_id, 0, inside(0, 96), register=123_456)
    site.world.submit(item)
    assert site.world.events == [
        events.EnergyReported(site.agreement_id, site.meter.address, 0, 123_456, pack(inside(0, 96)))
    ]
    assert site.bill() == (96, 960, 0, 0, 0)
    assert site.accrued == 0


def test_a_replay_and_a_gap_are_refused_with_both_numbers(site: Site) -> None:
    item = site.report(0, 4)
    site.world.submit(item)
    assert site.refusal(item) == ("WrongSequence", (4, 0))
    assert site.refusal(site.report(5, 1)) == ("WrongSequence", (4, 5))
    site.world.submit(site.report(4, 1))


def test_a_report_for_another_chain_contract_agreement_or_by_another_key_finds_no_meter(site: Site) -> None:
    other = key("stranger")
    message = EnergyReport(site.agreement_id, *site.believed, 0, 0, pack(inside(0, 1)))
    contract = site.world.contract
    for item in (
        site.report(0, 1, by=other),
        site.report(0, 1, at=site.agreement_id + 1),
        site.meter.sign(message, Domain(site.world.engine.chain_id + 1, contract)),
        site.meter.sign(message, Domain(site.world.engine.chain_id, contract[:-1] + b"\x00")),
    ):
        assert site.refusal(item)[0] == "UnknownDevice"
    site.world.submit(site.meter.sign(message, site.world.domain))


def test_a_signature_of_another_struct_is_no_report(site: Site) -> None:
    outage = site.outage(60, 120)
    item = SignedMessage(site.report(0, 1).message, outage.signature)
    assert site.refusal(item)[0] == "UnknownDevice"


def test_every_byte_of_a_report_is_signed(site: Site) -> None:
    item = site.world.report(site.meter, site.agreement_id, 0, inside(0, 20), register=77)
    good = calldata.check([item])
    start = good.index(item.message.agreement_id.to_bytes(32, "big"), 100)
    unread = 0
    for at in range(start, len(good)):
        data = bytearray(good)
        data[at] ^= 1
        unread += calldata.decode_reasons(site.world.ask(bytes(data))) == [bytes(4)]
    assert unread == 24  # the padding behind 40 bytes of readings


def test_readings_of_no_or_half_or_too_many_intervals_are_refused(site: Site) -> None:
    """Even if their own meter has signed them."""
    for length in (0, 1, 3, 191, 1345, 1346, 2048, 4000):
        message = site.report(0, 1).message
        message.readings = bytes(length)  # which the class would not take
        item = site.meter.sign(message, site.world.domain)
        assert site.refusal(item) == ("BadLength", (length, 1344))
    assert site.point().next == 0


def test_a_length_of_which_the_low_bits_are_a_good_report_is_refused(site: Site) -> None:
    item = site.report(0, 1)
    item.message.readings += bytes(2048)
    assert site.refusal(item) == ("BadLength", (2050, 1344))


def test_nothing_of_a_report_shows_in_the_next_of_a_batch(site: Site) -> None:
    """Neither its readings, in the padding of fewer, nor who signed it, where nobody has."""
    long, short = site.report(0, 96), site.report(96, 3)
    nobodys = SignedMessage(site.report(99, 1).message, bytes(64) + b"\x1b")
    outcome = site.world.engine.send(
        site.world.anyone, site.world.address, calldata.submit_batch([long, short, nobodys])
    )
    padded = pack(inside(96, 3)) + bytes(26)
    assert [data[-32:] == padded for _, data in outcome.logs] == [False, True, False]
    assert errors.REASONS[outcome.logs[2][1][-32:-28]] == "BadSignature"
    assert site.point().next == 99


def test_an_interval_must_be_over(site: Site) -> None:
    site.world.set_time(START + 900 - 1)
    assert site.refusal(site.report(0, 1)) == ("FromTheFuture", (START + 900, START + 899))
    site.world.set_time(START + 900)
    site.world.submit(site.report(0, 1))


def test_a_report_stays_within_one_pass_of_the_schedule(site: Site) -> None:
    site.world.submit(site.report(0, 90))
    assert site.refusal(site.report(90, 7)) == ("BeyondSchedule", (6, 7))
    site.world.submit(site.report(90, 6))
    site.world.submit(site.report(96, 96))


def test_a_report_beyond_the_term_is_taken_up_to_its_end(world: World) -> None:
    meter = key("meter")
    terms = day(intervals=100)
    agreement_id = world.agree([meter], terms)
    world.set_time(terms.instant(101))
    site = Site(world, meter, agreement_id)
    world.submit(site.report(0, 96))
    item = site.report(96, [*inside(96, 4), 5000])
    assert reasons(world, [item, site.report(100, 1)]) == ["", "OutsideTerm"]
    world.submit(item)
    assert site.bill() == (100, 100, 0, 0, 0)
    assert site.refusal(site.report(100, 1)) == ("OutsideTerm", (100, 101))


def test_what_the_meter_believed_is_signed(site: Site) -> None:
    """Another start, interval or unit would make readings that are wrong by ten."""
    start, half = site.believed
    other = bytes([half[0] ^ 1]) + half[1:]
    for believed, says in (
        ((start + 900, half), ("OtherStart", (start, start + 900))),
        ((start, other), ("OtherTerms", (half, other))),
    ):
        message = EnergyReport(site.agreement_id, *believed, 0, 0, pack(inside(0, 1)))
        item = site.meter.sign(message, site.world.domain)
        assert reasons(site.world, [item]) == [says[0]]
        assert site.refusal(item) == says


def test_reports_are_taken_until_the_last_second_of_the_grace(site: Site) -> None:
    site.world.set_time(DAY.reports_until)
    site.world.submit(site.report(0, 1))
    site.world.set_time(DAY.reports_until + 1)
    assert site.refusal(site.report(1, 1)) == ("TooLate", (DAY.reports_until, DAY.reports_until + 1))


def test_an_agreement_that_is_not_accepted_takes_nothing(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    world.set_time(START + 900)
    assert (
        Site(world, meter, agreement_id).refusal(world.report(meter, agreement_id, 0, [500]))[0]
        == "UnknownDevice"
    )


def test_under_and_over_have_their_own_rates_and_the_flat_penalty(site: Site) -> None:
    least, greatest = DAY.bands[0]
    site.world.submit(site.report(0, [least - 2]))
    assert site.accrued == 101 + 2 * 3
    least, greatest = DAY.bands[1]
    site.world.submit(site.report(1, [greatest + 5]))
    assert site.accrued == 101 + 2 * 3 + 101 + 5 * 7
    assert site.world.events[1] == events.Violations(
        site.agreement_id, site.meter.address, 1, 0, 1, 0, 0, 5, 101 + 35
    )
    site.world.submit(site.report(2, [DAY.bands[2][0], DAY.bands[3][1]]))
    assert site.accrued == 101 + 6 + 101 + 35


def test_of_an_interrupted_interval_an_excess_is_charged_and_a_shortfall_is_not(site: Site) -> None:
    _, greatest = DAY.bands[2]
    lanes = [INTERRUPTED, INTERRUPTED | (DAY.bands[1][1] + 1), INTERRUPTED | greatest, INTERRUPTED | 0x7FFE]
    site.world.submit(site.report(0, lanes))
    violations = site.world.events[1]
    assert (violations.under, violations.over, violations.no_data) == (0, 2, 0)
    excess = 0x7FFE - DAY.bands[3][1]
    assert site.bill() == (4, 960, 2 * 101 + (1 + excess) * 7, 0, 4)


def test_no_data_costs_the_missing_penalty_and_an_interruption_nothing_yet(site: Site) -> None:
    site.world.submit(site.report(0, [NO_DATA, INTERRUPTED | 500, 500]))
    assert site.bill() == (3, 960, 30_000, 0, 1)


def test_intervals_never_reported_are_charged_when_the_grace_is_over(site: Site) -> None:
    site.world.submit(site.report(0, 96))
    site.world.set_time(DAY.reports_until)
    assert site.accrued == 0
    site.after_grace()
    assert site.accrued == (960 - 96) * 30_000


def test_who_sends_changes_nothing_but_who_pays(site: Site) -> None:
    site.world.submit(site.report(0, 1), caller="0x" + "77" * 20)
    site.world.submit(site.report(1, 1), caller=site.world.operator)
    assert site.point().next == 2


def test_a_bad_item_is_skipped_and_costs_the_others_nothing(site: Site) -> None:
    other = key("other meter")
    other_id = site.world.agree([other], day(start=site.world.now + 900))
    site.world.set_time(site.world.now + 1800)
    items = [
        site.report(0, 2),
        site.report(0, 2),  # again
        site.report(3, 1),  # a gap
        site.report(2, 1, by=key("stranger")),
        site.world.report(other, other_id, 0, [50]),
        site.report(2, 1),
        site.world.report(other, other_id, 1, [500]),  # not yet over
    ]
    expected = ["", "WrongSequence", "WrongSequence", "UnknownDevice", "", "", "FromTheFuture"]
    assert reasons(site.world, items) == expected
    site.world.send(calldata.submit_batch(items))
    skipped = [each for each in site.world.events if isinstance(each, events.ReportSkipped)]
    assert [(each.index, errors.REASONS[each.reason]) for each in skipped] == [
        (i, reason) for i, reason in enumerate(expected) if reason
    ]
    assert site.point().next == 3
    assert site.world.accrued(other_id) == 101 + 50 * 3


def test_a_batch_of_one_bad_item_and_an_empty_batch_do_nothing(site: Site) -> None:
    site.world.send(calldata.submit_batch([site.report(1, 1)]))
    site.world.send(calldata.submit_batch([]))
    assert site.point().next == 0
    assert reasons(site.world, []) == []


def test_a_batch_equals_its_reports_one_by_one(world: World) -> None:
    one, many = key("one"), key("many")
    ids = {meter: world.agree([meter]) for meter in (one, many)}
    world.set_time(START + 86_400)
    parts = [
        (0, [50] * 5),
        (5, [2000] * 20),
        (25, [NO_DATA] * 3),
        (28, inside(28, 40)),
        (68, [INTERRUPTED | 2000] * 28),
    ]
    for first, lanes in parts:
        world.submit(world.report(one, ids[one], first, lanes))
    world.send(calldata.submit_batch([world.report(many, ids[many], first, lanes) for first, lanes in parts]))
    assert world.point(ids[one], one) == world.point(ids[many], many)


@pytest.mark.parametrize("word", range(5))
def test_excess_bits_in_one_item_of_a_batch_have_it_skipped_and_cost_the_others_nothing(
    site: Site, word: int
) -> None:
    data = bytearray(calldata.submit_batch([site.report(0, 1)] * 2))
    at = 4 + 64 + 2 * 32 + 32 * word  # behind the offsets of two items: a word of the first
    data[at + (16 if word == 2 else 0)] = 1  # bytes16 are at the left, numbers at the right
    site.world.send(bytes(data))
    assert site.world.events == [
        events.ReportSkipped(0, SELECTORS["UnknownDevice" if word in (1, 2, 3) else "BadSignature"]),
        events.EnergyReported(site.agreement_id, site.meter.address, 0, 0, pack(inside(0, 1))),
    ]


@pytest.mark.parametrize(
    ("word", "refusal"),
    list(enumerate(["BadSignature", "OtherStart", "OtherTerms", "WrongSequence", "BadSignature"])),
)
def test_excess_bits_are_not_taken_though_the_meter_itself_has_signed_them(
    site: Site, word: int, refusal: str
) -> None:
    """So that no event has a number that its type has not."""
    message = site.report(0, 1).message
    words = [
        *(message.agreement_id.to_bytes(32, "big"), message.start.to_bytes(32, "big")),
        *(message.terms.ljust(32, b"\0"), bytes(32), message.register_wh.to_bytes(32, "big")),
    ]
    dirty = bytearray(words[word])
    dirty[16 if word == 2 else 0] = 1
    words[word] = bytes(dirty)
    struct = keccak256(keccak256(message.TYPE.encode()) + b"".join(words) + keccak256(message.readings))
    digest = keccak256(b"\x19\x01" + site.world.domain.separator + struct)
    item = SignedMessage(message, site.meter.sign_digest(digest))
    alone, batch = bytearray(calldata.submit(item)), bytearray(calldata.submit_batch([item]))
    alone[36:196] = batch[100:260] = b"".join(words)
    with refused(refusal):
        site.world.send(bytes(alone))
    site.world.send(bytes(batch))
    assert site.world.events == [events.ReportSkipped(0, SELECTORS[refusal])]


@pytest.mark.parametrize("offset", [2**256 - 1, 2**255, 2**64])
def test_an_offset_to_nowhere_in_a_batch_is_skipped(site: Site, offset: int) -> None:
    good = calldata.submit_batch([site.report(0, 1), site.report(0, 1)])
    data = bytearray(good)
    data[4 + 64 : 4 + 96] = offset.to_bytes(32, "big")
    site.world.send(bytes(data))
    assert site.point().next == 1


def test_the_usual_way_takes_just_what_is_admitted(world: World) -> None:
    """A submission asks without a branch, a check in prose: they agree, at every edge of each thing that is asked."""
    meter = key("meter")
    terms = day(intervals=194)
    site = Site(world, meter, world.agree([meter], terms))
    start, half = site.believed
    heard = set()
    for next_ in (0, 1, 94, 95, 96, 97, 191, 192, 193, 194):
        world.set_time(terms.end)
        for first in (each for each in (0, 96, 192) if each < next_):
            begin = max(first, site.point().next)
            if begin < min(first + 96, next_):
                world.submit(site.report(begin, min(first + 96, next_) - begin))
        firsts, counts = {max(0, next_ - 1), next_, next_ + 1}, (0, 1, 2, 3, 96, 97)
        beliefs = ((start, half), (start + 1, half), (start, bytes(16)))
        for first, count, odd, believed in itertools.product(firsts, counts, (0, 1), beliefs):
            ended = terms.instant(first + count)
            for now in (ended - 1, ended, terms.reports_until, terms.reports_until + 1):
                world.set_time(now)
                message = site.report(0, 1).message
                message.start, message.terms = believed
                message.first_interval, message.readings = first, pack([500] * count) + bytes(odd)
                item = meter.sign(message, world.domain)
                (foretold,) = reasons(world, [item])
                before = world.engine.evm.snapshot()
                taken = False
                with contextlib.suppress(Reverted):
                    world.submit(item)
                    taken = True
                world.engine.evm.revert(before)
                assert taken == (foretold == "")
                heard.add(foretold)
    assert heard == {
        "", "BadLength", "OtherStart", "OtherTerms", "WrongSequence", "BeyondSchedule", "OutsideTerm",
        "FromTheFuture", "TooLate",
    }  # fmt: skip
