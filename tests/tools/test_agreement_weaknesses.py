# SPDX-License-Identifier: Apache-2.0
"""What `electro agreement check` says of behaviours that pay: each sum is what the model charges, or does not."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools.agreements import START, TERMS, electro

from electro_contracts.bill import Point, of_point
from electro_contracts.model import Agreement
from electro_plan.money import MINOR_UNITS
from electro_protocol.messages import CAUSE_GRID, CAUSE_UNKNOWN, EnergyReport, OutageReport
from electro_protocol.readings import pack
from electro_tools.agreement import terms_file, weaknesses

if TYPE_CHECKING:
    from pathlib import Path

    from electro_contracts.terms import Terms
    from electro_tools.agreement.weaknesses import Weakness

HOUR_S, DAY_S = 3600, 86_400
METER = b"\x01" * 20


@pytest.fixture
def terms(tmp_path: Path) -> Terms:
    return terms_file.parse(TERMS.format(start="2027-01-15T00:00:00Z", hours=48), tmp_path)


def found(terms: Terms, bonus: int | None = None, meters: int | None = None) -> dict[str, Weakness]:
    return {each.name: each for each in weaknesses.find(terms, MINOR_UNITS, bonus, meters)}


def bill(terms: Terms, lanes: list[int], *outages: OutageReport) -> int:
    """What readings and outages cost, all told."""
    point = Point(0, len(lanes), 0, lanes, outages=list(outages))
    return of_point(point, terms, lambda i: terms.bands[i % len(terms.bands)], closed=True).accrued


def test_the_least_price_of_silence_is_the_dearest_truth_and_one_less_is_refused(
    terms: Terms, tmp_path: Path
) -> None:
    slot, least = weaknesses.least_silence(terms)
    assert (slot, least) == (0, 500 + (1200 - 600) * 7 + 1000 + 60 * 10)
    text = TERMS.format(start="2027-01-15T00:00:00Z", hours=48)
    with pytest.raises(ValueError, match="must be 6300 at the least"):
        terms_file.parse(text.replace("missing = 6300", "missing = 6299"), tmp_path)


def test_pulling_the_leads_saves_the_shortfall_of_a_day_and_check_says_so(terms: Terms) -> None:
    honest = bill(terms, [0] * 24)
    outage = OutageReport(1, 0, START, START + DAY_S, CAUSE_GRID)
    pulled = bill(terms, [0x8000] * 24, outage)
    assert found(terms)["pulled leads"].amount == honest - pulled == 24 * 500 + (8 * 100 + 16 * 400) * 3
    unknown = dataclasses.replace(terms, penalised_causes=0b101)
    cost = bill(unknown, [0x8000] * 24, of_unknown_cause(outage))
    assert f"as an unknown cause, that costs {cost:,}" in found(unknown)["pulled leads"].words


def of_unknown_cause(outage: OutageReport) -> OutageReport:
    return OutageReport(outage.agreement_id, outage.number, outage.started_at, outage.ended_at, CAUSE_UNKNOWN)


def test_who_bears_an_unknown_cause_is_said_either_way(terms: Terms) -> None:
    hour = [0x8000]
    outage = OutageReport(1, 0, START, START + HOUR_S, CAUSE_UNKNOWN)
    free = found(terms)["unknown cause"]
    assert (free.favours, free.amount) == ("consumer", 1600)
    assert bill(terms, hour, outage) == 0
    charged = dataclasses.replace(terms, penalised_causes=0b101)
    borne = found(charged)["unknown cause"]
    assert (borne.favours, borne.amount) == ("operator", bill(charged, hour, outage))


def test_a_fault_before_a_day_without_load_pays_up_to_the_bonus_that_is_told(terms: Terms) -> None:
    idle = bill(terms, [0] * 24)
    assert "is below 67,200" in found(terms, meters=1)["fault as an exit"].words
    break_even = idle * 48 // 24
    assert break_even == 67_200

    def saved(bonus: int) -> int:
        """By the model: a day in its band, then the fault, instead of a day without load."""
        by_truth, by_fault = (Agreement(1, terms, [METER], bonus, bytes(32)) for _ in range(2))
        by_fault.fault(0, START + 23 * HOUR_S)
        for agreement, lanes in ((by_truth, [*inside(), *[0] * 24]), (by_fault, inside())):
            for first in range(0, len(lanes), 24):
                report = EnergyReport(1, START, bytes(16), first, 0, pack(lanes[first : first + 24]))
                agreement.report(METER, report, START + 48 * HOUR_S)
        end = START + 60 * DAY_S
        return by_truth.accrued(end) - by_fault.accrued(end)

    assert saved(break_even - 2) > 0 >= saved(break_even + 2)
    assert found(terms, bonus=10_000)["fault as an exit"].amount == saved(10_000)
    assert "fault as an exit" not in found(terms, bonus=break_even, meters=1)


def inside() -> list[int]:
    return [900 if 6 <= i < 22 else 350 for i in range(24)]


def test_reports_kept_back_before_a_fault_save_what_the_look_back_covers(terms: Terms) -> None:
    assert found(terms)["kept back before a fault"].amount == 3 * 6300
    none = dataclasses.replace(terms, fault_lookback=0)
    assert "kept back before a fault" not in found(none)
    assert found(none)["dead meter"].amount == 24 * 6300
    assert found(terms)["dead meter"].amount == 21 * 6300


def test_beyond_the_capacity_silence_is_cheaper_from_the_use_that_is_told(terms: Terms) -> None:
    words = found(terms)["beyond the capacity"].words
    units = round(float(words.partition("From ")[2].partition(" kWh")[0].replace(",", "")) * 10)
    costs = [
        max(bill(terms, [*inside()[:at], units - less, *inside()[at + 1 :]]) for at in (0, 6))
        for less in (1, 0)
    ]
    assert costs[0] <= terms.missing_penalty < costs[1]


def test_what_costs_nothing_more_the_further_it_goes_is_said(terms: Terms) -> None:
    assert "flat excess" not in found(terms)
    flat = dataclasses.replace(terms, over_rate=0, under_rate=0)
    assert {"flat excess", "flat shortfall"} <= set(found(flat))
    assert "beyond the capacity" not in found(flat)


def test_a_lead_of_hours_and_a_grace_of_hours_are_weak_and_of_days_are_not(terms: Terms) -> None:
    assert "short lead" not in found(terms)
    assert found(dataclasses.replace(terms, lead_seconds=HOUR_S))["short lead"].amount == 500 + 400 * 3
    assert found(terms)["small grace"].amount == 24 * 6300
    assert "small grace" not in found(dataclasses.replace(terms, grace=7 * DAY_S))


def test_several_meters_and_a_spent_bonus_are_weighed_if_they_are_named(terms: Terms) -> None:
    assert "several meters" not in found(terms, meters=1)
    assert found(terms, meters=2)["several meters"].amount == 500 + 600 * 7 + 500 + 100 * 3
    assert "After 22 intervals" in found(terms, bonus=100_000)["spent bonus"].words


def test_the_command_prints_it_within_a_terminal_and_as_json(tmp_path: Path) -> None:
    file = tmp_path / "terms.toml"
    file.write_text(TERMS.format(start="2027-01-15T00:00:00Z", hours=48))
    shown = electro("agreement", "check", file, "--bonus", 100_000, "--meters", 2)
    assert "silence      6,300 is what the truth can cost, in slot 0; agreed are 6,300" in shown.out
    sealed = 500 + 1200 * 7 + 1000 + 60 * 10
    assert f"if sealed    {sealed:,} is what the truth can cost in any band; more must be agreed" in shown.out
    assert "weak       pulled leads, in favour of the consumer: 33,600" in shown.out
    told = shown.out.partition("weak")[2]
    assert max(map(len, told.splitlines())) <= 80
    answer: Any = electro("agreement", "check", file, "--bonus", 100_000, "--meters", 2, "--json").json
    assert (answer["silence"], answer["silence_slot"], answer["if_sealed"]) == (6300, 0, sealed)
    dear = file.with_name("dear.toml")
    dear.write_text(file.read_text().replace("missing = 6300", f"missing = {sealed}"))
    assert "in any band; agreed is enough" in electro("agreement", "check", dear).out
    dead = next(each for each in answer["weak"] if each["name"] == "dead meter")
    assert (dead["favours"], dead["amount"]) == ("operator", 21 * 6300)
