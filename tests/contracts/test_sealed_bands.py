# SPDX-License-Identifier: Apache-2.0
"""Sealed bands of a pass: replaced by both parties before it begins, and only so; and which reports are taken then."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata, events, sealed
from electro_contracts.model import Agreement, By, Refused
from electro_contracts.terms import pack_bands
from electro_protocol.keccak import keccak256
from electro_protocol.messages import EnergyReport, Renomination, SealedReport
from electro_protocol.readings import pack

from .engines import Reverted, refused
from .twins import METER, SHORT, SPARE, VIEWING
from .world import BONUS, CONSUMER, START, Key, World, key

if TYPE_CHECKING:
    from electro_contracts.terms import Bands, Terms
    from electro_protocol.signed import SignedMessage

SLOTS = len(SHORT.bands)
PASS = SLOTS * SHORT.interval_seconds  # seconds
OTHER: Bands = tuple((300 + i, 800 + i) for i in range(SLOTS))
LOW, HIGH = 150, 900  # in the agreed band of any slot; under and over the other one
LENGTH = 4 * SLOTS + 16


@dataclass
class Site:
    """A sealed agreement of five passes and a meter a place, before its start."""

    world: World
    meters: list[Key]
    terms: Terms
    agreement_id: int

    def wish(
        self, pass_: int, bands: Bands | bytes = OTHER, place: int = 0, sequence: int = 1
    ) -> Renomination:
        packed = bands
        if not isinstance(packed, bytes):
            packed = sealed.seal_pass(packed, VIEWING, self.agreement_id, place, pass_)
        return self.from_interval(pass_ * SLOTS, packed, place, sequence)

    def from_interval(self, first: int, packed: bytes, place: int = 0, sequence: int = 1) -> Renomination:
        message = Renomination(self.agreement_id, place, first, sequence, bytes(4), 2**40 - 1)
        message.bands = packed  # of any length
        return message

    def together(self, wish: Renomination, signer: Key = CONSUMER, caller: str = "") -> None:
        signature = signer.sign(wish, self.world.domain).signature
        self.world.call("renominateTogether", wish.values(), signature, caller=caller or self.world.operator)

    def report(
        self, first: int, lanes: list[int], bands: Bands = OTHER, by: Key | None = None, place: int = 0
    ) -> SignedMessage:
        """What a meter signs that has judged by these bands, and names what holds."""
        meter = by or self.meters[place]
        return self.world.sealed_report(meter, self.agreement_id, first, lanes, VIEWING, bands, place)

    def point(self, meter: Key | None = None) -> tuple[int, int]:
        """The next interval, and what its readings have cost."""
        point = self.world.point(self.agreement_id, meter or self.meters[0])
        return point.next, point.accrued

    def catch_up(
        self, until: int, meter: Key | None = None, place: int = 0, bands: Bands = SHORT.bands
    ) -> None:
        """Report without a fault up to an interval."""
        meter = meter or self.meters[place]
        for first in range(self.point(meter)[0], until, SLOTS):
            count = min(SLOTS - first % SLOTS, until - first)
            self.world.submit(self.report(first, [500] * count, bands, meter, place))


def agreed(meters: list[Key], terms: Terms = SHORT) -> Site:
    world = World()
    return Site(world, meters, terms, world.agree_sealed(meters, terms, VIEWING))


@pytest.fixture
def site() -> Site:
    return agreed([METER])


def cost(bands: Bands, slot: int, lane: int) -> int:
    least, greatest = bands[slot]
    if lane > greatest:
        return SHORT.violation_penalty + SHORT.over_rate * (lane - greatest)
    return SHORT.violation_penalty + SHORT.under_rate * (least - lane) if lane < least else 0


def schedule(site: Site, place: int, interval: int) -> bytes:
    code_hash: bytes = site.world.call("scheduleOf", site.agreement_id, place, interval)[1]
    return code_hash


def refusal(site: Site, item: SignedMessage) -> str:
    """Why a report is refused: alone, in a batch and by what foretells it."""
    world = site.world
    with pytest.raises(Reverted) as caught:
        world.submit(item)
    (foretold,) = calldata.decode_reasons(world.ask(calldata.check_sealed([item])))
    world.send(calldata.submit_sealed_batch([item]))
    assert world.events == [events.ReportSkipped(0, foretold)]
    assert foretold == keccak256(signature_of(caught.value.error.name).encode())[:4]
    return caught.value.error.name


def signature_of(name: str) -> str:
    kinds = {"OtherTerms": "bytes16,bytes16", "OtherForm": "uint256,bool"}
    return f"{name}({kinds.get(name, 'uint256,uint256')})"


def test_both_replace_a_pass_and_its_reports_are_judged_by_it(site: Site) -> None:
    world = site.world
    wish = site.wish(1)
    site.together(wish)
    assert world.events == [
        events.Renominated(site.agreement_id, 0, SLOTS, 1, By.BOTH, wish.bands),
    ]
    account, sequence = world.call("overrideOf", site.agreement_id, 0, 1)
    code = sealed.seal(SHORT, VIEWING).override_code(wish.bands, 1)
    assert world.call("scheduleOf", site.agreement_id, 0, SLOTS) == (account, keccak256(code))
    assert sequence == 1
    assert world.point(site.agreement_id, METER).stop == 0
    world.set_time(START + 5 * PASS)
    site.catch_up(SLOTS)
    world.submit(site.report(SLOTS, [LOW, HIGH, 500]))
    assert site.point() == (SLOTS + 3, cost(OTHER, 0, LOW) + cost(OTHER, 1, HIGH))
    site.catch_up(2 * SLOTS, bands=OTHER)
    before = site.point()[1]
    world.submit(site.report(2 * SLOTS, [LOW, HIGH, 500], SHORT.bands))  # the next pass has the agreed ones
    assert site.point() == (2 * SLOTS + 3, before)


def test_neither_party_alone_replaces_what_is_sealed(site: Site) -> None:
    world, id_ = site.world, site.agreement_id
    wish = site.wish(2)
    for packed in (wish.bands, pack_bands(SHORT.bands)):
        with refused("OtherForm"):
            world.call("widen", id_, 0, 2 * SLOTS, packed, caller=world.operator)
        message = site.from_interval(2 * SLOTS, packed)
        signature = CONSUMER.sign(message, world.domain).signature
        for signed, caller in ((signature, world.anyone), (signature, world.operator), (b"", CONSUMER.text)):
            with refused("OtherForm"):
                world.call("renominate", message.values(), signed, caller=caller)
    with refused("AccessControlUnauthorizedAccount"):
        site.together(wish, caller=CONSUMER.text)
    with refused("BadSignature"):
        site.together(wish, signer=key("stranger"))
    with refused("BadSignature"):
        world.call("renominateTogether", wish.values(), b"", caller=world.operator)
    assert schedule(site, 0, 2 * SLOTS) == schedule(site, 0, 0)
    site.together(wish)
    assert schedule(site, 0, 2 * SLOTS) != schedule(site, 0, 0)
    with refused("StaleRenomination"):
        site.together(wish)


def test_a_report_by_the_bands_before_is_refused_and_one_by_the_new_ones_taken(site: Site) -> None:
    world = site.world
    early = site.report(SLOTS, [LOW, 500], SHORT.bands)
    site.together(site.wish(1))
    between = site.report(SLOTS, [LOW, 500])
    site.together(site.wish(1, tuple((200, 900) for _ in OTHER), sequence=2))
    world.set_time(START + 5 * PASS)
    site.catch_up(SLOTS)
    good = site.report(SLOTS, [LOW, 500], tuple((200, 900) for _ in OTHER))
    for stale in (early, between):
        assert refusal(site, stale) == "OtherTerms"
    items = [early, good, between]
    foretold = calldata.decode_reasons(world.ask(calldata.check_sealed(items)))
    assert [reason == bytes(4) for reason in foretold] == [False, True, False]
    world.send(calldata.submit_sealed_batch(items))
    skipped = [each for each in world.events if isinstance(each, events.ReportSkipped)]
    assert [(each.index, each.reason) for each in skipped] == [(0, foretold[0]), (2, foretold[2])]
    assert site.point() == (SLOTS + 2, cost(((200, 900),), 0, LOW))
    with pytest.raises(Reverted) as caught:
        world.submit(early)
    held = schedule(site, 0, SLOTS)[:16]
    assert caught.value.error.args == (held, schedule(site, 0, 0)[:16])


def test_a_report_of_a_pass_that_is_over_is_told_that_it_is_there(site: Site) -> None:
    """Whatever holds in the pass that is expected next."""
    world = site.world
    site.together(site.wish(1))
    world.set_time(START + 5 * PASS)
    site.catch_up(SLOTS)
    replaced = site.report(SLOTS, [500] * SLOTS)
    world.submit(replaced)
    assert refusal(site, replaced) == "WrongSequence"
    assert refusal(site, site.report(0, [500], SHORT.bands)) == "WrongSequence"
    ahead = site.report(3 * SLOTS, [500], SHORT.bands)
    assert refusal(site, ahead) == "WrongSequence"


def test_passes_are_foreseen_each_by_its_own_bands(site: Site) -> None:
    """One batch of three passes, of which the second was replaced."""
    world = site.world
    site.together(site.wish(1))
    world.set_time(START + 5 * PASS)
    items = [
        site.report(pass_ * SLOTS, [LOW] * SLOTS, OTHER if pass_ == 1 else SHORT.bands) for pass_ in range(3)
    ]
    assert calldata.decode_reasons(world.ask(calldata.check_sealed(items))) == [bytes(4)] * 3
    world.send(calldata.submit_sealed_batch(items))
    assert site.point() == (3 * SLOTS, sum(cost(OTHER, slot, LOW) for slot in range(SLOTS)))


def test_bands_are_those_of_a_place(site: Site) -> None:
    site = agreed([METER, SPARE])
    world = site.world
    site.together(site.wish(1, place=1))
    world.set_time(START + 5 * PASS)
    for place, bands in enumerate((SHORT.bands, OTHER)):
        site.catch_up(SLOTS, place=place)
        world.submit(site.report(SLOTS, [LOW], bands, place=place))
    assert site.point(METER) == (SLOTS + 1, 0)
    assert site.point(SPARE) == (SLOTS + 1, cost(OTHER, 0, LOW))


def test_only_a_whole_pass_is_replaced(site: Site) -> None:
    good = site.wish(2).bands
    for length in (0, 16, LENGTH - 16, LENGTH - 4, LENGTH - 1, LENGTH + 1, LENGTH + 4):
        with pytest.raises(Reverted, match="BadLength") as caught:
            site.together(site.wish(2, (good * 2)[:length]))
        assert caught.value.error.args == (length, LENGTH)
    for slot in (1, SLOTS - 1):
        with pytest.raises(Reverted, match="BeyondSchedule") as caught:
            site.together(site.from_interval(2 * SLOTS + slot, good))
        assert caught.value.error.args == (SLOTS - slot, SLOTS)
    with refused("NoSuchPlace"):
        site.together(site.wish(2, good, place=1))
    site.together(site.wish(2, good))


@pytest.mark.parametrize("pass_", [0, 2])
def test_a_pass_is_replaced_up_to_the_second_before_it_begins(site: Site, pass_: int) -> None:
    world = site.world
    begins = START + pass_ * PASS
    world.set_time(begins)
    with pytest.raises(Reverted, match="AlreadyStarted") as caught:
        site.together(site.wish(pass_))
    assert caught.value.error.args == (begins, begins)
    world.set_time(begins - 1)
    site.together(site.wish(pass_))
    world.set_time(begins)
    with refused("AlreadyStarted"):
        site.together(site.wish(pass_, SHORT.bands, sequence=2))


def test_the_last_pass_is_replaced_even_if_the_term_ends_in_it_and_none_beyond() -> None:
    site = agreed([METER], replace(SHORT, intervals=4 * SLOTS + 2))
    world = site.world
    site.together(site.wish(4))
    for pass_ in (5, 6, 2**32 // SLOTS):
        with refused("OutsideTerm"):
            site.together(site.wish(pass_, bytes(LENGTH), sequence=2))
    world.set_time(START + 4 * PASS + 3 * 900)
    site.catch_up(4 * SLOTS)
    world.submit(site.report(4 * SLOTS, [HIGH, HIGH, HIGH]))  # the third lies beyond the term
    assert site.point() == (4 * SLOTS + 2, cost(OTHER, 0, HIGH) + cost(OTHER, 1, HIGH))
    whole = agreed([METER])
    with refused("OutsideTerm"):  # where the term ends with a pass, the next one is none
        whole.together(whole.wish(5, bytes(LENGTH)))


def test_after_notice_the_pass_in_which_it_ends_is_the_last_to_be_replaced() -> None:
    site = agreed([METER], replace(SHORT, notice=PASS))
    world = site.world
    world.set_time(START + 900)
    world.call("terminate", site.agreement_id, caller=CONSUMER.text)
    with refused("OutsideTerm"):
        site.together(site.wish(2))
    site.together(site.wish(1))
    world.set_time(START + 5 * PASS)
    site.catch_up(SLOTS)
    world.submit(site.report(SLOTS, [LOW] * SLOTS))
    kept = 2 + SLOTS  # the running interval included
    assert site.point() == (kept, sum(cost(OTHER, slot, LOW) for slot in range(kept - SLOTS)))


@pytest.mark.parametrize("before", [True, False])
def test_a_meter_that_takes_over_judges_by_what_both_agreed(site: Site, before: bool) -> None:
    """Whether the bands were replaced before it came or after; the other meter keeps to those of its own intervals."""
    world = site.world
    world.enrol(SPARE)
    world.hand_key(VIEWING, SPARE)
    if before:
        site.together(site.wish(1))
    world.set_time(START + PASS + 900 if before else START + PASS - 1000)
    world.call("proposeRotation", site.agreement_id, METER.text, SPARE.text, caller=world.operator)
    world.call("acceptRotation", site.agreement_id, METER.text, SPARE.text, caller=CONSUMER.text)
    first = world.point(site.agreement_id, SPARE).next
    assert first == (SLOTS + 2 if before else SLOTS - 1)
    if not before:
        site.together(site.wish(1))
    world.set_time(START + 5 * PASS)
    site.catch_up(min(first, SLOTS))
    if before:
        assert refusal(site, misjudged(site, METER, SLOTS)) == "OtherTerms"
        world.submit(site.report(SLOTS, [LOW, LOW]))
        assert site.point() == (SLOTS + 2, cost(OTHER, 0, LOW) + cost(OTHER, 1, LOW))
    else:
        world.submit(site.report(SLOTS - 1, [LOW], SHORT.bands, SPARE))
    first = max(first, SLOTS)
    assert refusal(site, misjudged(site, SPARE, first)) == "OtherTerms"
    world.submit(site.report(first, [LOW], by=SPARE))
    assert site.point(SPARE) == (first + 1, cost(OTHER, first % SLOTS, LOW))
    world.submit(site.report(first + 1, [500] * (2 * SLOTS - first - 1), by=SPARE))
    world.submit(site.report(2 * SLOTS, [LOW], SHORT.bands, SPARE))


def misjudged(site: Site, meter: Key, first: int) -> SignedMessage:
    """What a meter signs that has judged by the agreed bands, and says so."""
    good = site.report(first, [LOW], SHORT.bands, meter).message
    assert isinstance(good, SealedReport)
    told = (good.sealed, good.deviations)
    message = SealedReport(good.agreement_id, good.start, schedule(site, 0, 0)[:16], first, *told)
    return meter.sign(message, site.world.domain)


def test_what_a_replaced_meter_has_begun_keeps_the_agreed_bands(site: Site) -> None:
    """It says nothing of later passes, and nothing of what comes later changes what it has measured."""
    world = site.world
    world.enrol(SPARE)
    world.hand_key(VIEWING, SPARE)
    world.set_time(START + PASS + 2000)
    world.call("proposeRotation", site.agreement_id, METER.text, SPARE.text, caller=world.operator)
    world.call("acceptRotation", site.agreement_id, METER.text, SPARE.text, caller=CONSUMER.text)
    with refused("AlreadyStarted"):
        site.together(site.wish(1))
    site.together(site.wish(2))
    world.set_time(START + 5 * PASS)
    site.catch_up(SLOTS)
    world.submit(site.report(SLOTS, [LOW] * 3, SHORT.bands))
    assert site.point() == (SLOTS + 3, 0)


def test_a_plain_report_is_refused_in_a_replaced_pass_too(site: Site) -> None:
    world = site.world
    site.together(site.wish(0))
    world.set_time(START + 5 * PASS)
    for first, terms in (
        (0, schedule(site, 0, 0)),
        (0, schedule(site, 0, SLOTS)),
        (SLOTS, schedule(site, 0, SLOTS)),
    ):
        message = EnergyReport(site.agreement_id, START, terms[:16], first, 0, pack([500]))
        item = METER.sign(message, world.domain)
        with refused("OtherForm"):
            world.submit(item)
        assert calldata.decode_reasons(world.ask(calldata.check([item]))) != [bytes(4)]
    world.submit(site.report(0, [500]))


def test_a_renewal_shares_no_replaced_bands(site: Site) -> None:
    world = site.world
    site.together(site.wish(1))
    start = SHORT.end + 900 * 400
    world.call("renew", site.agreement_id, start, 5000, 0, b"", caller=world.operator)
    again = replace(sealed.seal(SHORT, VIEWING), start=start)
    world.accept(world.acceptance(site.agreement_id + 1, [METER], again, 5000))
    renewed = Site(world, [METER], again, site.agreement_id + 1)
    assert schedule(renewed, 0, SLOTS) == schedule(site, 0, 0)
    world.set_time(again.end)
    renewed.catch_up(SLOTS)
    world.submit(renewed.report(SLOTS, [LOW], SHORT.bands))
    assert renewed.point() == (SLOTS + 1, 0)


def test_bands_sealed_about_one_pass_open_for_no_other() -> None:
    terms = sealed.seal(SHORT, VIEWING)
    packed = sealed.seal_pass(OTHER, VIEWING, 7, 2, 3)
    assert sealed.opened_pass(packed, VIEWING, terms, 7, 2, 3) == OTHER
    for whose in ((8, 2, 3), (7, 1, 3), (7, 2, 4), (0, 0, 0)):
        with pytest.raises(sealed.SealError, match="does not open"):
            sealed.opened_pass(packed, VIEWING, terms, *whose)
        assert sealed.seal_pass(OTHER, VIEWING, *whose)[:-16] != packed[:-16]
    with pytest.raises(sealed.SealError, match="does not open"):
        sealed.opened_pass(packed, bytes(32), terms, 7, 2, 3)
    with pytest.raises(sealed.SealError, match="does not open"):  # the agreed ones are about no pass
        sealed.opened_pass(terms.packed_bands, VIEWING, terms, 7, 2, 3)
    with pytest.raises(sealed.SealError, match="whole pass"):
        sealed.opened_pass(sealed.seal_pass(OTHER[:-1], VIEWING, 7, 2, 3), VIEWING, terms, 7, 2, 3)
    with pytest.raises(sealed.SealError, match="connection"):
        sealed.opened_pass(sealed.seal_pass(((0, 1201),) * SLOTS, VIEWING, 7, 2, 3), VIEWING, terms, 7, 2, 3)


def test_the_paper_refuses_what_the_contract_does() -> None:
    """The twins hold the two equal in what both parties do; here what they don't."""
    plain, hidden = (
        Agreement(1, terms, [METER.address], BONUS, bytes(32))
        for terms in (SHORT, sealed.seal(SHORT, VIEWING))
    )
    packed = sealed.seal_pass(OTHER, VIEWING, 1, 0, 1)
    with pytest.raises(Refused, match="OtherForm"):
        plain.renominate_sealed(0, SLOTS, packed, START, 1)
    for by in By:
        with pytest.raises(Refused, match="OtherForm"):
            hidden.renominate(0, SLOTS, SHORT.bands, by, START, 1)
    for first, bands, reason in (
        (SLOTS, packed[:-1], "BadLength"),
        (SLOTS + 1, packed, "BeyondSchedule"),
        (5 * SLOTS, packed, "OutsideTerm"),
        (0, packed, "AlreadyStarted"),
    ):
        with pytest.raises(Refused, match=reason):
            hidden.renominate_sealed(0, first, bands, START, 1)
    hidden.renominate_sealed(0, SLOTS, packed, START, 1)
    with pytest.raises(Refused, match="StaleRenomination"):
        hidden.renominate_sealed(0, SLOTS, packed, START, 1)
