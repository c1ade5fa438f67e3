# SPDX-License-Identifier: Apache-2.0
"""The agreement's life: enrolment, proposal, acceptance, settlement, and what a meter is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata, events
from electro_protocol import secp256k1
from electro_protocol.keccak import keccak256
from electro_protocol.messages import DeviceEnrollment

from .engines import Reverted, refused
from .world import BONUS, CONSUMER, DAY, START, World, day, key

if TYPE_CHECKING:
    from .conftest import Site


def test_a_key_enrols_once_by_the_operator_before_the_deadline(world: World) -> None:
    meter = key("meter")
    signed = meter.sign(DeviceEnrollment(keccak256(b"chip"), 300, world.now), world.domain)
    compact = secp256k1.compact(signed.signature)
    arguments = (keccak256(b"chip"), 300, world.now, compact[:32], compact[32:])
    with refused("AccessControlUnauthorizedAccount"):
        world.call("enrol", *arguments)
    assert not world.call("isEnrolled", meter.text)
    world.call("enrol", *arguments, caller=world.operator)
    assert world.events == [events.DeviceEnrolled(meter.address, keccak256(b"chip"), 300)]
    with refused("AlreadyEnrolled"):
        world.call("enrol", *arguments, caller=world.operator)
    world.set_time(world.now + 1)
    with refused("Expired"):
        world.call("enrol", *arguments, caller=world.operator)


def test_a_proposal_is_in_the_log_and_in_code_as_proposed(world: World) -> None:
    meters = [key("a"), key("b")]
    world.enrol(*meters)
    agreement_id = world.propose(meters, bonus=77)
    world.propose(meters, bonus=77)
    assert world.events == [
        events.AgreementProposed(
            agreement_id + 1, CONSUMER.address, 77, DAY, tuple(meter.address for meter in meters)
        )
    ]
    assert world.call("termsOf", agreement_id) == DAY.to_tuple()
    acceptance = world.acceptance(agreement_id, meters)
    assert world.call("hashesOf", agreement_id) == (acceptance.terms_hash, acceptance.devices_hash)


@pytest.mark.parametrize("slots", [1, 7, 8, 15, 16, 17, 96, 671, 672])
def test_a_schedule_of_any_length_is_kept_whole(world: World, slots: int) -> None:
    meter = key("meter")
    world.enrol(meter)
    terms = day(bands=tuple((i, 0x7FFF - i) for i in range(slots)), capacity_units=0x7FFF)
    agreement_id = world.propose([meter], terms)
    assert world.call("termsOf", agreement_id) == terms.to_tuple()
    world.accept(world.acceptance(agreement_id, [meter], terms))


def test_terms_out_of_range_are_refused_with_the_field(world: World) -> None:
    world.enrol(key("meter"))
    good = list(DAY.to_tuple())

    def propose(i: int, value: object) -> None:
        terms = [*good[:i], value, *good[i + 1 :]]
        world.call("propose", CONSUMER.text, terms, [key("meter").text], 1, caller=world.operator)

    half = b"\x00\x05\x00\x04"  # least 5, greatest 4
    cases = {
        1: ("intervalSeconds", [0]), 2: ("intervals", [0, 65_536]), 3: ("unitWh", [0]),
        9: ("penalisedCauses", [0, 1, 2, 6, 7, 12]), 14: ("discountRatePpm", [1_000_001]), 0: ("start", [2**40 - 1]),
        16: ("capacityUnits", [0, 0x8000, 1022]),  # a slot's greatest is 1023
        21: ("bands", [b"", b"\0\0", bytes(2692), half, b"\x00\x00\x80\x00", b"\x80\x00\x80\x00"]),
    }  # fmt: skip
    for i, (field, values) in cases.items():
        for value in values:
            with pytest.raises(Reverted, match=f"InvalidTerms: the terms' {field}"):
                propose(i, value)
    with refused("AlreadyStarted"):
        propose(0, world.now)
    propose(0, world.now + 1)


def test_a_proposal_names_enrolled_devices_once_each_and_a_consumer(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)

    def propose(consumer: str, devices: list[str]) -> None:
        world.call("propose", consumer, DAY.to_tuple(), devices, 1, caller=world.operator)

    with refused("NotEnrolled"):
        propose(CONSUMER.text, [meter.text, key("new").text])
    with refused("DuplicateDevice"):
        propose(CONSUMER.text, [meter.text, meter.text])
    with refused("BadDeviceCount"):
        propose(CONSUMER.text, [])
    with refused("BadDeviceCount"):
        propose(CONSUMER.text, [meter.text] * 65)
    with refused("NoConsumer"):
        propose("0x" + "00" * 20, [meter.text])
    with refused("AccessControlUnauthorizedAccount"):
        world.call("propose", CONSUMER.text, DAY.to_tuple(), [meter.text], 1)


def test_only_the_consumer_accepts_and_only_what_was_proposed(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    good = world.acceptance(agreement_id, [meter])
    with refused("BadSignature"):
        world.accept(good, consumer=key("stranger"))
    with refused("NotConsumer"):
        world.call("accept", *good.values()[:4])
    for bad in (
        {"terms_hash": keccak256(b"other")},
        {"devices_hash": keccak256(b"other")},
        {"bonus": good.bonus + 1},
    ):
        with refused("NotWhatWasProposed"):
            changed = type(good)(**{**_fields(good), **bad})
            world.accept(changed)
    world.call("accept", *good.values()[:4], caller=CONSUMER.text)
    assert world.events == [
        events.AgreementAccepted(agreement_id, CONSUMER.address, good.terms_hash, good.devices_hash)
    ]
    with refused("WrongState"):
        world.accept(good)


def _fields(acceptance) -> dict[str, object]:
    names = ("agreement_id", "terms_hash", "devices_hash", "bonus", "deadline")
    return dict(zip(names, acceptance.values(), strict=True))


def test_a_proposal_lapses_at_its_start_and_an_acceptance_at_its_deadline(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    acceptance = world.acceptance(agreement_id, [meter])
    world.set_time(acceptance.deadline + 1)
    with refused("Expired"):
        world.accept(acceptance)
    world.set_time(START)
    with refused("AlreadyStarted"):
        world.accept(world.acceptance(agreement_id, [meter]))


def test_a_compact_signature_is_taken_and_an_odd_one_is_not(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    agreement_id = world.propose([meter])
    acceptance = world.acceptance(agreement_id, [meter])
    signature = CONSUMER.sign(acceptance, world.domain).signature
    wrong_v = signature[:64] + bytes([signature[64] - 27])
    for odd in (b"", signature[:63], signature + b"\0", wrong_v):
        with refused("BadSignature"):
            world.call("acceptBySignature", *acceptance.values(), odd)
    world.call("acceptBySignature", *acceptance.values(), secp256k1.compact(signature))


def wallet(world: World, answer: bytes) -> str:
    """Deploy a contract that answers every call with one word."""
    runtime = b"\x7f" + answer.ljust(32, b"\0") + bytes.fromhex("60005260206000f3")
    # PUSH1 length, DUP1, PUSH1 11, PUSH1 0, CODECOPY, PUSH1 0, RETURN: 11 bytes, then what is deployed
    creation = bytes([0x60, len(runtime)]) + bytes.fromhex("80600b6000396000f3")
    return world.engine.deploy(creation + runtime)


def test_a_smart_wallet_accepts_by_erc_1271(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    for answer, good in ((bytes.fromhex("1626ba7e"), True), (bytes.fromhex("ffffffff"), False)):
        account = wallet(world, answer)
        world.call("propose", account, DAY.to_tuple(), [meter.text], BONUS, caller=world.operator)
        acceptance = world.acceptance(int(world.call("agreementCount")), [meter])
        if good:
            world.call("acceptBySignature", *acceptance.values(), b"anything")
        else:
            with refused("BadSignature"):
                world.call("acceptBySignature", *acceptance.values(), b"anything")


def test_a_meter_s_agreements_follow_one_another(world: World) -> None:
    meter = key("meter")
    world.agree([meter])
    overlapping = world.propose([meter], day(start=DAY.end - 1))
    with refused("DeviceBusy"):
        world.accept(world.acceptance(overlapping, [meter], day(start=DAY.end - 1)))
    second = world.agree([meter], day(start=DAY.end))
    third = world.agree([meter], day(start=DAY.end + 10**6))
    fourth = day(start=DAY.end + 2 * 10**6)
    agreement_id = world.propose([meter], fourth)
    with refused("DeviceBusy"):
        world.accept(world.acceptance(agreement_id, [meter], fourth))
    world.set_time(DAY.reports_until + 1)
    world.accept(world.acceptance(agreement_id, [meter], fourth))
    states = calldata.decode_meter_state(world.ask(calldata.meter_state(meter.address, 0)))
    assert [state.agreement_id for state in states] == [second, third, agreement_id]


def test_anyone_settles_once_after_the_dispute_window(site: Site) -> None:
    site.world.submit(site.report(0, [50] * 96))
    site.world.set_time(DAY.settles_at - 1)
    with refused("TooEarly"):
        site.world.call("settle", site.agreement_id)
    site.world.set_time(DAY.settles_at)
    penalties = site.accrued
    site.world.call("settle", site.agreement_id)
    remaining = BONUS - penalties
    assert site.world.events == [
        events.Settled(site.agreement_id, penalties, remaining, remaining * 250_000 // 10**6)
    ]
    with refused("WrongState"):
        site.world.call("settle", site.agreement_id)
    assert site.refusal(site.report(96, 1))[0] == "TooLate"
    view = site.world.agreement(site.agreement_id)
    assert view.state == 3
    assert (view.accrued, view.remaining, view.discount) == (penalties, remaining, remaining // 4)


def test_penalties_above_the_bonus_leave_nothing_and_are_not_capped(world: World) -> None:
    meter = key("meter")
    agreement_id = world.agree([meter], bonus=100)
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    assert world.events == [events.Settled(agreement_id, 960 * 30_000, 0, 0)]


def test_the_greatest_numbers_do_not_overflow(world: World) -> None:
    """Rates as great as silence can still be dearer than, and a bonus with all its bits."""
    meter = key("meter")
    most = 2**64 - 1
    terms = replace(
        DAY, violation_penalty=2**46, under_rate=2**46, over_rate=2**46, outage_penalty=2**60,
        outage_minute_penalty=2**58, missing_penalty=most, bands=((0x7FFF, 0x7FFF),) * 672, capacity_units=0x7FFF,
        discount_rate_ppm=10**6,
    )  # fmt: skip
    agreement_id = world.agree([meter], terms, bonus=2**128 - 1)
    world.set_time(terms.end)
    world.submit(world.report(meter, agreement_id, 0, [0] * 600 + [0x8000] * 72))
    world.submit(world.report(meter, agreement_id, 672, [0x8000] * 288))
    world.submit(world.outage(meter, agreement_id, 0, terms.instant(600), terms.end))
    expected = 600 * 2**46 * (1 + 0x7FFF) + 2**60 + 2**58 * 360 * 15
    assert world.accrued(agreement_id) == expected
    world.set_time(terms.settles_at)
    world.call("settle", agreement_id)
    remaining = 2**128 - 1 - expected
    assert world.events == [events.Settled(agreement_id, expected, remaining, remaining)]


def test_a_meter_is_told_what_applies_to_it(site: Site) -> None:
    site.world.submit(site.report(0, 3))
    site.world.submit(site.outage(4000, 0))
    site.world.set_time(START + 95 * 900 + 1)
    (state,) = calldata.decode_meter_state(site.world.ask(calldata.meter_state(site.meter.address, 4)))
    code = DAY.code(CONSUMER.address, [site.meter.address])
    assert state == calldata.MeterState(
        agreement_id=site.agreement_id, state="accepted", place=0, start=START, interval_seconds=900, intervals=960,
        stop=960, end=960, reports_until=DAY.reports_until, slots=96, unit_wh=10, terms_account=state.terms_account,
        code_hash=keccak256(code), next_interval=3, next_outage=0, outage_open=True, remaining_bonus=BONUS,
        bounds_from=95, bounds=(DAY.bands[95], DAY.bands[0], DAY.bands[1], DAY.bands[2]),
    )  # fmt: skip


def test_many_meters_are_told_in_one_answer_and_a_stranger_spoils_nothing(world: World) -> None:
    one, two, idle = key("one"), key("two"), key("idle")
    world.agree([one, two])
    world.enrol(idle)
    answer = world.ask(calldata.meter_states([one.address, key("new").address, idle.address, two.address], 3))
    first, stranger, none, second = calldata.decode_meter_states(answer)
    assert stranger is None
    assert none == []
    for meter, states in ((one, first), (two, second)):
        assert states == calldata.decode_meter_state(world.ask(calldata.meter_state(meter.address, 3)))
    assert [states[0].place for states in (first, second)] == [0, 1]


def test_an_agreement_is_made_of_its_meters_base_intervals(world: World) -> None:
    meter = key("meter")
    world.enrol(meter, base_seconds=300)
    for terms in (day(start=START + 1), day(start=START + 299), day(interval_seconds=450, intervals=100)):
        with refused("BaseMismatch"):
            world.propose([meter], terms)
    agreement_id = world.agree([meter])
    with refused("BaseMismatch"):
        world.call("renew", agreement_id, DAY.end + 900 + 1, 1, 0, b"", caller=world.operator)
    one = key("one")
    world.enrol(one)
    odd = world.agree([one], day(interval_seconds=60, intervals=200))
    with refused("BaseMismatch"):
        world.call("proposeRotation", odd, one.text, meter.text, caller=world.operator)
    with refused("BadAmount"):
        world.enrol(key("none"), base_seconds=0)


@pytest.mark.parametrize(("now", "running", "count"), [(-5, 0, 200), (958 * 900, 958, 2), (10**7, 960, 0)])
def test_bounds_end_with_the_term(site: Site, now: int, running: int, count: int) -> None:
    site.world.set_time(START + now)
    (state,) = calldata.decode_meter_state(site.world.ask(calldata.meter_state(site.meter.address, 200)))
    assert (state.bounds_from, len(state.bounds)) == (running, count)
    assert list(state.bounds) == [DAY.bands[(running + i) % 96] for i in range(count)]


def test_an_unknown_meter_is_refused_and_an_idle_one_has_no_agreements(world: World) -> None:
    with refused("NotEnrolled"):
        world.ask(calldata.meter_state(key("new").address, 1))
    world.enrol(key("idle"))
    assert calldata.decode_meter_state(world.ask(calldata.meter_state(key("idle").address, 1))) == []


def test_the_terms_code_is_found_beyond_the_127th_and_255th_creation(world: World) -> None:
    meter = key("meter")
    world.enrol(meter)
    tiny = day(bands=((1, 2),))
    for _ in range(258):
        last = world.propose([meter], tiny)
        if last in (127, 128, 255, 256, 257):
            assert world.call("termsOf", last) == tiny.to_tuple()
