# SPDX-License-Identifier: Apache-2.0
"""The twenty-five promises of the contract, each with the tests that hold it; what had no test of its own is here.

Rules and comparisons of the fuzzing (`fuzz`) hold a promise in thousands of random steps; `test_stateful` runs them,
and sees that each promise is in play.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata
from electro_protocol.eip712 import Domain
from electro_protocol.messages import AgreementAcceptance

from .engines import refused
from .fuzz import checks, meters, money, people, play  # noqa: F401 - named below
from .world import BONUS, CONSUMER, DAY, START, World, day, inside, key

if TYPE_CHECKING:
    from .conftest import Site

WHOLE = "fuzz.checks.Checks.compare"
PROMISES: dict[int, tuple[str, list[str]]] = {
    1: (
        "the escrow holds what every discount can come to",
        ["fuzz.play.Play.compare", "test_escrow.test_what_is_locked_pays_the_discount_to_the_unit"],
    ),
    2: ("what remains is from 0 to bonus and grants", [WHOLE]),
    3: (
        "a settlement credits the consumer with the discount and the funder with all the rest",
        ["test_escrow.test_the_settlement_credits_the_discount_and_the_rest_at_once", WHOLE],
    ),
    4: (
        "each interval of a device counts once at most",
        [
            WHOLE,
            "test_reports.test_a_replay_and_a_gap_are_refused_with_both_numbers",
            "test_replays.test_a_signature_counts_once",
        ],
    ),
    5: ("`next` never falls, and rises by exactly the intervals accepted", [WHOLE]),
    6: (
        "any order of delivery and any split into reports settles equally",
        [
            WHOLE,
            "test_outages.test_the_last_of_five_delivered_first_changes_nothing_in_the_end",
            "test_invariants.test_any_split_into_reports_comes_to_the_same",
        ],
    ),
    7: ("contract and model agree to the unit", [WHOLE]),
    8: (
        "a compliant report moves no money",
        [
            "fuzz.meters.MeterRules.report_all_that_is_due",
            "test_reports.test_a_compliant_report_moves_no_money_and_is_in_the_log_as_signed",
        ],
    ),
    9: (
        "no more is waived than accrued",
        [WHOLE, "test_powers.test_penalties_are_waived_after_the_grace_and_never_more_than_there_are"],
    ),
    10: ("terms never change", ["test_invariants.test_nothing_that_anyone_does_changes_the_terms"]),
    11: (
        "only the enrolled key moves its `next`",
        [
            "test_invariants.test_only_its_own_key_moves_a_meter_on",
            "test_reports.test_every_byte_of_a_report_is_signed",
        ],
    ),
    12: (
        "what was signed for another chain, contract, agreement or struct is refused",
        [
            "test_reports.test_a_report_for_another_chain_contract_agreement_or_by_another_key_finds_no_meter",
            "test_reports.test_a_signature_of_another_struct_is_no_report",
            "test_replays.test_a_signature_is_good_for_one_chain_and_contract",
            "test_replays.test_a_signature_of_another_struct_or_of_other_values_is_none_of_this_one",
            "fuzz.meters.MeterRules.forged",
            "test_redemption.test_anyone_carries_the_consumers_signature_and_it_counts_once",
            "test_invariants.test_an_acceptance_is_good_for_one_chain_contract_and_agreement",
        ],
    ),
    13: (
        "a used key never enrols again",
        [
            "test_agreement.test_a_key_enrols_once_by_the_operator_before_the_deadline",
            "test_powers.test_a_revoked_key_reports_what_it_measured_and_nothing_new",
        ],
    ),
    14: (
        "the caller changes nothing but who pays",
        [
            "test_reports.test_who_sends_changes_nothing_but_who_pays",
            "test_replays.test_the_same_report_from_two_relayers_in_one_block_counts_once",
        ],
    ),
    15: (
        "no call of the operator lowers what remains to the consumer",
        [
            "fuzz.money.MoneyRules.grant",
            "fuzz.money.MoneyRules.waive",
            "fuzz.money.MoneyRules.terminate",
            "fuzz.people.PeopleRules.revoke",
            "test_powers.test_what_is_accepted_only_the_consumer_gives_up_and_only_before_the_start",
            "test_redemption.test_neither_a_pause_nor_a_revocation_touches_a_discount",
        ],
    ),
    16: (
        "once ended, anyone settles",
        [
            "test_agreement.test_anyone_settles_once_after_the_dispute_window",
            "fuzz.money.MoneyRules.settle_one",
        ],
    ),
    17: (
        "a settled agreement takes nothing",
        [WHOLE, "test_invariants.test_after_the_settlement_nothing_is_taken"],
    ),
    18: (
        "no more is redeemed than the discount, each invoice once",
        [WHOLE, "test_redemption.test_the_consumer_redeems_up_to_the_discount_each_invoice_once"],
    ),
    19: (
        "one bad item of a batch leaves the others' effect",
        [
            "fuzz.meters.MeterRules.batch",
            "test_reports.test_a_bad_item_is_skipped_and_costs_the_others_nothing",
            "test_outages.test_excess_bits_in_one_item_of_a_batch_cost_the_others_nothing",
        ],
    ),
    20: (
        "no call of the operator, put in anywhere, lowers the consumer's final credit",
        [
            "test_escrow.test_no_call_of_the_operator_lowers_what_a_perfect_consumer_collects",
            "test_powers.test_notice_takes_nobody_the_time_to_deliver",
            "test_powers.test_who_refuses_a_rotation_after_a_revocation_keeps_the_whole_bonus",
            "test_faults.test_the_earlier_cut_decides",
        ],
    ),
    21: (
        "no part of a meter's messages costs less than all of them, the look-back apart",
        [
            "fuzz.checks.Checks.silence_never_pays",
            "test_silence.test_of_terms_that_are_taken_no_silence_is_cheaper_than_the_truth",
        ],
    ),
    22: (
        "an override changes no begun interval, and none within the lead unless generous or by both",
        [
            WHOLE,
            "test_renominations.test_over_a_begun_pass_the_begun_intervals_keep_their_bands",
            "test_renominations.test_the_lead_is_counted_to_the_second_and_others_need_none",
            "test_sealed_bands.test_a_pass_is_replaced_up_to_the_second_before_it_begins",
            "test_sealed_bands.test_what_a_replaced_meter_has_begun_keeps_the_agreed_bands",
        ],
    ),
    23: (
        "neutral shares are floored once",
        [WHOLE, "test_faults.test_shares_of_all_places_are_floored_once"],
    ),
    24: ("the escrow holds at least what is locked and owed", ["fuzz.play.Play.compare"]),
    25: (
        "anyone settles within 2^24 gas",
        [
            "fuzz.money.MoneyRules.settle_one",
            "test_outages.test_the_longest_outage_is_closed_and_settled_within_a_transaction",
        ],
    ),
}


def test_all_twenty_five_are_here() -> None:
    assert list(PROMISES) == list(range(1, 26))


@pytest.mark.parametrize("number", PROMISES)
def test_each_promise_has_the_tests_that_are_named(number: int) -> None:
    for name in PROMISES[number][1]:
        module, *path = name.split(".")
        found = importlib.import_module(f"tests.contracts.{module}")
        for step in path:
            found = getattr(found, step)


def test_any_split_into_reports_comes_to_the_same(world: World) -> None:
    """Invariant 6."""
    lanes = [50, 2000, *inside(2, 90), 0xFFFF, 0x8032, 0xF000, 1500]
    accrued = []
    for parts in ([96], [1] * 96, [5, 91], [17, 16, 15, 48]):
        meter = key(f"split {len(parts)} {parts[0]}")
        world.set_time(START - 86_400)
        agreement_id = world.agree([meter])
        world.set_time(START + 2 * 86_400)
        first = 0
        for count in parts:
            world.submit(world.report(meter, agreement_id, first, lanes[first : first + count]))
            first += count
        world.set_time(DAY.settles_at)
        accrued.append(world.accrued(agreement_id))
    assert len(set(accrued)) == 1


def test_nothing_that_anyone_does_changes_the_terms(world: World) -> None:
    """Invariant 10."""
    meter, spare = key("meter"), key("spare")
    world.enrol(meter, spare)
    agreement_id = world.propose([meter])
    before = (world.call("termsOf", agreement_id), world.call("hashesOf", agreement_id))
    assert before[0] == DAY.to_tuple()

    def unchanged() -> None:
        assert (world.call("termsOf", agreement_id), world.call("hashesOf", agreement_id)) == before

    world.accept(world.acceptance(agreement_id, [meter]))
    unchanged()
    world.call("grant", agreement_id, 5, caller=world.operator)
    world.call("renew", agreement_id, DAY.end, 1, 0, b"", caller=world.operator)
    unchanged()
    world.set_time(START + 86_400)
    world.call("proposeRotation", agreement_id, meter.text, spare.text, caller=world.operator)
    world.call("acceptRotation", agreement_id, meter.text, spare.text, caller=CONSUMER.text)
    unchanged()
    world.call("terminate", agreement_id, caller=CONSUMER.text)
    world.call("revoke", spare.text, caller=world.operator)
    unchanged()
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    unchanged()


def test_only_its_own_key_moves_a_meter_on(world: World) -> None:
    """Invariant 11: nor do other meters of the same agreement, nor any party."""
    one, two = key("one"), key("two")
    agreement_id = world.agree([one, two])
    world.set_time(START + 86_400)
    world.submit(world.report(two, agreement_id, 0, inside(0, 5)))
    for signer in (key("stranger"), CONSUMER):
        with refused("UnknownDevice"):
            world.submit(world.report(signer, agreement_id, 0, inside(0, 5)))
    world.call("revoke", two.text, caller=world.operator)
    world.call("terminate", agreement_id, caller=CONSUMER.text)
    points = [world.point(agreement_id, each).next for each in (one, two)]
    assert points == [0, 5]
    world.set_time(DAY.settles_at)
    world.call("settle", agreement_id)
    assert [world.point(agreement_id, each).next for each in (one, two)] == [0, 5]


def test_an_acceptance_is_good_for_one_chain_contract_and_agreement(world: World) -> None:
    """Invariant 12."""
    meter = key("meter")
    world.enrol(meter)
    first, second = world.propose([meter]), world.propose([meter])
    good = world.acceptance(first, [meter])
    foreign = [
        Domain(world.engine.chain_id + 1, world.contract),
        Domain(world.engine.chain_id, bytes(20)),
    ]
    for domain in foreign:
        with refused("BadSignature"):
            world.call("acceptBySignature", *good.values(), CONSUMER.sign(good, domain).signature)
    other = AgreementAcceptance(second, *good.values()[1:])
    with refused("BadSignature"):
        world.call("acceptBySignature", *other.values(), CONSUMER.sign(good, world.domain).signature)
    world.accept(good)


def test_after_the_settlement_nothing_is_taken(site: Site) -> None:
    """Invariant 17, for meters and for each party."""
    world, id_ = site.world, site.agreement_id
    outage = site.outage(1000, 0)
    world.set_time(DAY.settles_at)
    world.call("settle", id_)
    before = world.call("agreement", id_)
    assert site.refusal(site.report(0, 1))[0] == "TooLate"
    assert site.refusal(outage)[0] == "TooLate"
    world.send(calldata.submit_batch([site.report(0, 1)]))
    for name, arguments in (
        ("grant", (1,)),
        ("waive", (1,)),
        ("terminate", ()),
        ("cancel", ()),
        ("settle", ()),
    ):
        with refused("WrongState"):
            world.call(name, id_, *arguments, caller=world.operator)
    with refused("WrongState"):
        world.accept(world.acceptance(id_, [site.meter]))
    with refused("WrongState"):
        world.call("proposeRotation", id_, site.meter.text, site.meter.text, caller=world.operator)
    assert world.call("agreement", id_) == before


def test_an_agreement_settled_sooner_than_agreed_takes_nothing_that_counts(site: Site) -> None:
    """Invariant 17, where the settlement comes sooner than agreed."""
    world, id_ = site.world, site.agreement_id
    world.call("terminate", id_, caller=world.operator)
    end = world.events[0].end
    world.set_time(end + DAY.grace + DAY.dispute_window + 1)
    for first in range(0, 577, 96):
        world.submit(site.report(first, min(96, 577 - first)))
    world.call("settle", id_)
    assert world.now < DAY.end
    before = world.agreement(id_)
    assert site.refusal(site.report(577, 1))[0] == "OutsideTerm"
    world.submit(site.outage(1000, 2000))  # of nothing that was interrupted
    assert world.agreement(id_) == before
    following = world.agree([site.meter], day(start=world.now + 900))
    assert world.remaining(following) == BONUS
