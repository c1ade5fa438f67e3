# SPDX-License-Identifier: Apache-2.0
"""Sealed agreements: the same money as open ones, what is refused, and what those with the key see."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata, events, sealed
from electro_contracts.terms import TermsError
from electro_protocol import sealing
from electro_protocol.keccak import keccak256
from electro_protocol.messages import SealedReport
from electro_protocol.readings import pack

from .engines import Reverted
from .twins import METER, SHORT, SPARE, TWIN, VIEWING, life
from .world import CONSUMER, START, World, inside, key, selector_of

if TYPE_CHECKING:
    from electro_protocol.signed import SignedMessage

    from .world import Key

OTHER = bytes(range(32))


@pytest.fixture
def world() -> World:
    return World()


def reason(world: World, item: SignedMessage) -> str:
    with pytest.raises(Reverted) as refused:
        world.submit(item)
    return refused.value.error.name


def changed(world: World, item: SignedMessage, meter: Key = METER, **fields: object) -> SignedMessage:
    """A message with other fields, signed again, whatever its class would say of them."""
    message = SealedReport.__new__(SealedReport)
    message.__dict__.update(item.message.__dict__ | fields)
    return meter.sign(message, world.domain)


def first_report(world: World, agreement_id: int, lanes: list[int] | None = None) -> SignedMessage:
    return world.sealed_report(METER, agreement_id, 0, lanes or inside(0, 4, SHORT), VIEWING, SHORT.bands)


def test_a_sealed_agreement_is_kept_told_and_hashed_as_the_package_does(world: World) -> None:
    terms = sealed.seal(SHORT, VIEWING)
    agreement_id = world.agree_sealed([METER, SPARE], SHORT, VIEWING)
    assert world.call("termsOf", agreement_id) == terms.to_tuple()
    assert world.call("hashesOf", agreement_id)[0] == terms.hash
    state = calldata.decode_meter_state(world.ask(calldata.meter_state(METER.address, 96)))[0]
    code = terms.code(CONSUMER.address, [METER.address, SPARE.address])
    assert state.code_hash == world.call("scheduleOf", agreement_id, 1, 5)[1] == keccak256(code)
    assert state.bounds == ()
    assert state.stop == 0
    assert sealed.opened(terms, VIEWING) == SHORT
    with pytest.raises(sealed.SealError, match="another agreement"):
        sealed.opened(terms, OTHER)


def test_the_readings_are_in_the_log_for_those_with_the_key(world: World) -> None:
    agreement_id = world.agree_sealed([METER], SHORT, VIEWING)
    world.set_time(START + 50_000)
    lanes = [50, 1003, 0x8000 | 2000, 0xFFFF, 500, 0x8000]
    item = first_report(world, agreement_id, lanes)
    world.submit(item)
    assert isinstance(item.message, SealedReport)
    told, costs = world.events
    assert told == events.SealedReported(
        agreement_id, METER.address, 0, item.message.sealed, item.message.deviations
    )
    about = sealing.report(
        world.domain.separator, METER.address, agreement_id, 0, item.message.schedule, len(lanes)
    )
    read = sealed.judged(VIEWING, about, told.sealed, told.deviations, SHORT.bands, 0)
    assert read.lanes == lanes
    assert read.is_told(told.deviations)
    assert isinstance(costs, events.Violations)
    assert (costs.under, costs.over, costs.no_data) == (1, 2, 1)
    assert (costs.under_units, costs.over_units) == (50, 2 + 998)
    assert world.point(agreement_id, METER).unexplained == 2


@pytest.mark.parametrize("seed", range(12))
def test_sealed_and_open_lives_end_with_the_same_money(seed: int) -> None:
    """Many more of them: `python -m tests.contracts.twins`."""
    assert life(seed).calls > 60


def test_the_lives_have_reports_that_replaced_bands_judge() -> None:
    assert sum(life(seed).by_replaced for seed in range(8, 12)) > 30


def test_a_meter_that_seals_under_one_keystream_twice_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "_iv", lambda *_: bytes(16))
    with pytest.raises(AssertionError, match="one keystream covers two plaintexts"):
        life(0)


def test_neither_form_of_report_is_taken_for_the_other(world: World) -> None:
    agreement_id = world.agree_sealed([METER], SHORT, VIEWING)
    open_id = world.agree([TWIN], SHORT)
    world.set_time(START + 50_000)
    assert reason(world, world.report(METER, agreement_id, 0, inside(0, 4))) == "OtherForm"
    hidden = world.sealed_report(TWIN, open_id, 0, inside(0, 4), VIEWING, SHORT.bands)
    assert reason(world, hidden) == "OtherForm"
    batch = [world.report(METER, agreement_id, 0, inside(0, 4)), world.report(TWIN, open_id, 0, inside(0, 4))]
    world.send(calldata.submit_batch(batch))
    assert world.point(open_id, TWIN).next == 4
    assert world.point(agreement_id, METER).next == 0


def test_what_is_refused_of_a_sealed_report(world: World) -> None:
    agreement_id = world.agree_sealed([METER], SHORT, VIEWING)
    good = first_report(world, agreement_id)
    assert reason(world, good) == "FromTheFuture"
    world.set_time(START + 50_000)
    other_terms = changed(world, good, schedule=bytes(16))
    cases = {
        "UnknownDevice": [
            changed(world, good, SPARE),
            changed(world, good, agreement_id=agreement_id + 1),
            changed(world, good, deviations=bytes(5000)),  # of which only a part is looked at
        ],
        "OtherStart": [changed(world, good, start=START + 1)],
        "OtherTerms": [other_terms],
        "WrongSequence": [changed(world, good, first_interval=1)],
        "BeyondSchedule": [changed(world, good, sealed=bytes(24 + 2 * 13))],
        "BadLength": [
            changed(world, good, sealed=bytes(length)) for length in (0, 1, 23, 24, 25, 27, 24 + 1346, 4096)
        ]
        + [changed(world, good, deviations=bytes(length)) for length in (1, 3, 20, 2688)],
        "BadDeviation": [
            changed(world, good, deviations=bytes.fromhex(words))
            for words in (
                "00040001", "00000000", "10000000", "00008000", "10008000", "20007fff", "30000001",
                "40000000", "f0000001", "0001000100010001", "0001000100000001", "0fff0001",
            )
        ],
    }  # fmt: skip
    for name, items in cases.items():
        for item in items:
            assert reason(world, item) == name
            assert calldata.decode_reasons(world.ask(calldata.check_sealed([item, good])))[1] == bytes(4)
    for length in (0, 22, 23, 24):  # not more than what is around readings, of which there are none
        with pytest.raises(Reverted) as refused:
            world.submit(changed(world, good, sealed=bytes(length)))
        assert refused.value.error.args == (0, 1344)
    world.send(calldata.submit_sealed_batch([other_terms, good, good]))
    skipped = [each for each in world.events if isinstance(each, events.ReportSkipped)]
    assert [each.index for each in skipped] == [0, 2]
    assert world.point(agreement_id, METER).next == 4


def test_a_sealed_report_is_taken_from_its_end_to_the_last_second_of_the_grace(world: World) -> None:
    agreement_id = world.agree_sealed([METER], SHORT, VIEWING)
    first, last = (
        world.sealed_report(METER, agreement_id, at, inside(at, 4, SHORT), VIEWING, SHORT.bands)
        for at in (0, 4)
    )
    world.set_time(START + 4 * SHORT.interval_seconds - 1)
    assert reason(world, first) == "FromTheFuture"
    world.set_time(START + 4 * SHORT.interval_seconds)
    world.submit(first)
    world.set_time(SHORT.reports_until + 1)
    assert reason(world, last) == "TooLate"
    world.set_time(SHORT.reports_until)
    world.submit(last)


def test_a_foresight_of_a_damaged_sealed_batch_is_what_becomes_of_it(world: World) -> None:
    """Whatever the calldata: nothing is taken but what a meter signed, and each item's fate is told before."""
    agreement_id = world.agree_sealed([METER, SPARE], SHORT, VIEWING)
    world.set_time(START + 50_000)
    chance, fates = random.Random(1), Counter[str]()
    for _ in range(150):
        items, at = [], {meter: world.point(agreement_id, meter).next for meter in (METER, SPARE)}
        if min(at.values()) > 40:
            break
        for meter in chance.choices((METER, SPARE), k=3):
            first = at[meter]
            at[meter] += 1
            lanes = [chance.choice((0xFFFF, 0x8000 | 1100, 50, 500, 2000))]
            items.append(
                world.sealed_report(
                    meter, agreement_id, first, lanes, VIEWING, SHORT.bands, place=[METER, SPARE].index(meter)
                )
            )
        data = bytearray(calldata.submit_sealed_batch(items))
        for _ in range(chance.randrange(3)):
            word = 68 + 32 * chance.randrange((len(data) - 68) // 32)  # not the list's place nor its length
            good = int.from_bytes(data[word : word + 32], "big")
            bad = chance.choice(
                (
                    good ^ 1 << chance.randrange(256),
                    good | 1 << 255,
                    0,
                    2**256 - 32,
                    32 * chance.randrange(50),
                )
            )
            data[word : word + 32] = bad.to_bytes(32, "big")
        if chance.random() < 0.2:
            del data[chance.randrange(68, len(data)) :]
        foretold = calldata.decode_reasons(world.ask(selector_of("checkSealed") + data[4:]))
        world.send(bytes(data))
        skipped = {each.index: each.reason for each in world.events if isinstance(each, events.ReportSkipped)}
        assert [skipped.get(index, bytes(4)) for index in range(len(items))] == foretold
        taken = [each for each in world.events if isinstance(each, events.SealedReported)]
        assert len(taken) == foretold.count(bytes(4))
        signed = [item.message.values()[3:] for item in items]
        assert all((each.first_interval, each.sealed, each.deviations) in signed for each in taken)
        fates.update("taken" if reason == bytes(4) else "skipped" for reason in foretold)
    assert min(fates["taken"], fates["skipped"]) > 40


def test_every_deviation_that_a_meter_may_tell_is_priced(world: World) -> None:
    agreement_id = world.agree_sealed([METER], SHORT, VIEWING)
    world.set_time(START + 50_000)
    good = first_report(world, agreement_id, inside(0, 6, SHORT))
    words = bytes.fromhex("00007fff10017fff20027ffe2003000030040000")
    world.submit(changed(world, good, deviations=words))
    units = (0x7FFF + 0x7FFE) * SHORT.over_rate + 0x7FFF * SHORT.under_rate
    expected = 3 * SHORT.violation_penalty + units + SHORT.missing_penalty
    assert world.point(agreement_id, METER).accrued == expected
    assert world.point(agreement_id, METER).unexplained == 2


def test_no_meter_begins_or_takes_over_without_the_key(world: World) -> None:
    terms = sealed.seal(SHORT, VIEWING)
    world.enrol(METER, SPARE)
    agreement_id = world.propose([METER], terms)
    acceptance = world.acceptance(agreement_id, [METER], terms)
    with pytest.raises(Reverted, match="NoViewingKey"):
        world.accept(acceptance)
    world.hand_key(OTHER, METER)
    with pytest.raises(Reverted, match="NoViewingKey"):
        world.accept(acceptance)
    with pytest.raises(Reverted, match="NotEnrolled"):
        world.hand_key(VIEWING, key("stranger"))
    world.hand_key(VIEWING, METER)
    assert world.events == [events.ViewingKeyHeld(METER.address, sealing.key_hash(VIEWING))]
    world.accept(acceptance)
    world.call("proposeRotation", agreement_id, METER.text, SPARE.text, caller=world.operator)
    with pytest.raises(Reverted, match="NoViewingKey"):
        world.call("acceptRotation", agreement_id, METER.text, SPARE.text, caller=CONSUMER.text)
    world.hand_key(VIEWING, SPARE)
    world.call("acceptRotation", agreement_id, METER.text, SPARE.text, caller=CONSUMER.text)


def test_silence_has_a_price_that_fits_any_band(world: World) -> None:
    world.enrol(METER)
    cheap = replace(sealed.seal(SHORT, VIEWING), missing_penalty=SHORT.missing_penalty - 1)
    with pytest.raises(Reverted, match="SilenceTooCheap"):
        world.propose([METER], cheap)
    world.propose([METER], replace(cheap, missing_penalty=SHORT.missing_penalty))
    short = list(cheap.to_tuple())
    for bands in (bytes(16), bytes(4), bytes(21), bytes(4 * 673 + 16)):
        with pytest.raises(Reverted, match="InvalidTerms"):
            world.call("propose", CONSUMER.text, (*short[:-1], bands), [METER.text], 1, caller=world.operator)


def test_nobody_quotes_what_is_sealed(world: World) -> None:
    agreement_id = world.agree_sealed([METER], SHORT, VIEWING)
    with pytest.raises(Reverted, match="OtherForm"):
        world.call("quote", agreement_id, 0, 0, pack([1]))


def test_a_report_is_taken_up_to_a_cut(world: World) -> None:
    agreement_id = world.agree_sealed([METER], SHORT, VIEWING)
    world.set_time(START + 900 + 10)
    world.call("revoke", METER.text, caller=world.operator)
    world.set_time(START + 50_000)
    item = world.sealed_report(
        METER, agreement_id, 0, [2000, 2000, 2000, 0xFFFF, 0x8000], VIEWING, SHORT.bands
    )
    world.submit(item)
    point = world.point(agreement_id, METER)
    assert (point.next, point.unexplained) == (2, 0)
    over = 2000 - SHORT.bands[0][1] + 2000 - SHORT.bands[1][1]
    assert point.accrued == 2 * SHORT.violation_penalty + over * SHORT.over_rate


def test_a_renewal_shares_the_key_and_no_report(world: World) -> None:
    agreement_id = world.agree_sealed([METER], SHORT, VIEWING)
    world.set_time(START + 50_000)
    item = first_report(world, agreement_id)
    world.call("renew", agreement_id, SHORT.end + 900 * 400, 5000, 0, b"", caller=world.operator)
    again = replace(sealed.seal(SHORT, VIEWING), start=SHORT.end + 900 * 400)
    world.accept(world.acceptance(agreement_id + 1, [METER], again, 5000))
    assert world.call("termsOf", agreement_id + 1) == again.to_tuple()
    world.set_time(again.end)
    moved = changed(world, item, agreement_id=agreement_id + 1, start=again.start)
    world.submit(moved)  # the meter's own signature: its ciphertext then opens for nobody
    assert isinstance(moved.message, SealedReport)
    about = sealing.report(
        world.domain.separator, METER.address, agreement_id + 1, 0, moved.message.schedule, 4
    )
    with pytest.raises(sealed.SealError):
        sealing.open_report(VIEWING, about, moved.message.sealed, moved.message.deviations)


def test_terms_with_a_seal_that_is_none_are_no_terms() -> None:
    good = sealed.seal(SHORT, VIEWING)
    assert good.seal is not None
    with pytest.raises(TermsError, match="hash"):
        replace(good, seal=replace(good.seal, key_hash=bytes(32)))
    with pytest.raises(TermsError, match="nonce"):
        replace(good, seal=replace(good.seal, nonce=bytes(15)))
    too_much = replace(SHORT, bands=((0, 1200),), capacity_units=1200)
    hidden = replace(sealed.seal(too_much, VIEWING), capacity_units=1100)
    with pytest.raises(sealed.SealError, match="connection"):
        sealed.opened(hidden, VIEWING)
