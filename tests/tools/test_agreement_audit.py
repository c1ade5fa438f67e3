# SPDX-License-Identifier: Apache-2.0
"""`electro agreement audit` agrees with an honest contract, finds what does not fit, and gets the logs of any node."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from typing import TYPE_CHECKING, Any

import pytest
from tests.tools.agreements import HOUR_S, START, World, audit, electro

from electro_contracts import events

if TYPE_CHECKING:
    from pathlib import Path

REPORTED = "0x" + events.TOPICS["EnergyReported"].hex()
VIOLATIONS = "0x" + events.TOPICS["Violations"].hex()
OUTAGE = "0x" + events.TOPICS["OutageReported"].hex()


def test_the_model_comes_to_the_contracts_figures_and_names_what_each_interval_costs(told: World) -> None:
    found = audit()
    assert found["equal"]
    assert found["findings"] == []
    (meter,) = found["meters"]
    assert [(each["index"], each["deviation"], each["penalty"]) for each in meter["violations"]] == [
        (12, 800, 500 + 800 * 7),
        (13, -100, 500 + 100 * 3),
    ]
    assert (meter["interrupted"], meter["no_data"]) == ([[20, 21]], [[22, 22]])
    assert meter["missing"] == [[24, 47]]
    assert meter["outages"][0]["endedAt"] == START + 21 * HOUR_S + 1800
    accrued = next(each for each in found["compared"] if each["what"] == "accrued")
    assert accrued["contract"] == 6_100 + 800 + 6_300 + 1_000 + 89 * 10
    text = electro("agreement", "audit", 1)
    assert text.code == 0
    assert "interval 12: over by 800 units, 80 kWh: 6,100" in text.out
    assert "check  contract = independent model: yes, to the unit" in text.out
    assert max(map(len, text.out.splitlines())) <= 80


def test_the_register_shows_energy_that_no_reading_tells_of(day: World) -> None:
    gaps = audit()["meters"][0]["register"]["gaps"]
    assert [(gap["first"], gap["last"], gap["difference_wh"], gap["kinds"]) for gap in gaps] == [
        (12, 19, 5_000, []),
        (20, 23, 45_000, ["interrupted", "no data"]),
    ]
    meter = day.account("meter")
    day.wait_until(START + 26 * HOUR_S)
    day.report(meter, 1, 24, [350], 1_900_000 + 35_101)  # a unit and a Wh are what rounding explains
    day.report(meter, 1, 25, [350], 1_900_000)
    gaps = audit()["meters"][0]["register"]["gaps"][2:]
    assert [(gap["first"], gap["counted_wh"]) for gap in gaps] == [(25, -35_101)]
    assert "the register went back by 35,101 Wh" in electro("agreement", "audit", 1).out


def test_every_act_of_the_parties_is_in_the_model_too(day: World) -> None:
    old, new = day.account("meter"), day.account("new")
    day.enrol(new)
    operator, consumer = day.as_("operator"), day.as_("consumer")
    wider = day.folder / "wider.csv"
    wider.write_text("least_kwh,greatest_kwh\n0,120\n")
    for line in (
        ("grant", 1, 700, *operator),
        ("widen", 1, "--bands", wider, "--first", 40, *operator),
        ("rotate", 1, old.address, new.address, *operator),
        ("accept-rotation", 1, old.address, new.address, *consumer),
        ("terminate", 1, *consumer),
    ):
        assert electro("agreement", *line).code == 0
    day.wait_until(START + 26 * HOUR_S)
    day.report(new, 1, 25, [350], 10)
    assert electro("agreement", "revoke", new.address, *operator).code == 0
    assert audit()["equal"]
    day.wait_until(START + 51 * HOUR_S)
    assert electro("agreement", "waive", 1, 300, *operator).code == 0
    day.wait_until(START + 51 * HOUR_S + 86_400)
    for line in (
        ("settle", 1, *operator),
        ("redeem", 1, "a", 10, *consumer),
        ("acknowledge", 1, "a", *operator),
    ):
        assert electro("agreement", *line).code == 0
    found = audit()
    assert (found["equal"], found["findings"], len(found["meters"])) == (True, [], 2)
    shown = electro("agreement", "audit", 1).out
    for words in (
        "granted: amount 700",
        "renominated: place 0, first interval 40, sequence 0, by the operator, bands of 1 intervals",
        "device rotated",
        "terminated",
        "discount redeemed: invoice a, amount 10",
    ):
        assert words in shown


def test_a_proposal_and_an_agreement_called_off_have_nothing_to_add_up(day: World) -> None:
    meter = day.account("other")
    day.enrol(meter)
    terms = day.terms("later", start=START + 10 * 86_400)
    line = ("--consumer", day.consumer.address, "--device", meter.address, "--bonus", 5)
    assert electro("agreement", "propose", terms, *line, *day.as_("operator")).code == 0
    assert "never accepted" in electro("agreement", "audit", 2).out
    assert electro("agreement", "accept", 2, *day.as_("consumer")).code == 0
    assert electro("agreement", "cancel", 2, *day.as_("consumer")).code == 0
    done = electro("agreement", "audit", 2, "--json").json
    assert (done["equal"], done["findings"]) == (True, [])
    absent = electro("agreement", "audit", 3)
    assert (absent.code, "there is no agreement 3" in absent.err) == (1, True)


def _logs(told: World, change: Any) -> None:
    """Let the node change each log that it gives; None leaves it out."""

    def meddle(method: str, params: Any) -> dict[str, Any] | None:
        if method != "eth_getLogs":
            return None
        logs = [change(dict(log)) for log in told.front.truth(method, params)["result"]]
        return {"result": [log for log in logs if log is not None]}

    told.front.meddle = meddle


def _without(topic: str) -> Any:
    return lambda log: None if log["topics"][0] == topic else log


def _other_word(topic: str, word: int, add: int) -> Any:
    def change(log: dict[str, Any]) -> dict[str, Any]:
        if log["topics"][0] == topic:
            data = bytearray.fromhex(log["data"][2:])
            value = int.from_bytes(data[32 * word : 32 * word + 32], "big") + add
            data[32 * word : 32 * word + 32] = value.to_bytes(32, "big")
            log["data"] = "0x" + data.hex()
        return log

    return change


_TAMPERED = {
    "no violations": (
        _without(VIOLATIONS),
        "the contract charges nothing; the terms 6,900 for 1 under by 100, 1 over",
    ),
    "another penalty": (_other_word(VIOLATIONS, 6, 1), "the contract charges 6,901"),
    "another deviation": (_other_word(VIOLATIONS, 4, 1), "1 under by 101"),
    "no reports": (_without(REPORTED), "1 over by 800, 0 without data; the terms nothing"),
    "another interval": (
        _other_word(REPORTED, 0, 1),
        "took EnergyReported, which the terms refuse: WrongSequence",
    ),
    "another outage": (_other_word(OUTAGE, 4, 5), "outage 0 of"),
    "no outages": (_without(OUTAGE), "figures differ"),
}


@pytest.mark.parametrize(("change", "finding"), _TAMPERED.values(), ids=_TAMPERED)
def test_whatever_does_not_fit_is_found_and_ends_with_3(told: World, change: Any, finding: str) -> None:
    _logs(told, change)
    done = electro("agreement", "audit", 1, "--no-cache")
    assert done.code == 3
    assert finding in done.out + done.err
    assert "contract = independent model: NO" in done.out
    told.front.meddle = lambda _method, _params: None
    assert electro("agreement", "audit", 1, "--no-cache").code == 0


def test_every_interval_goes_to_a_csv_file_and_a_day_to_a_drawing(told: World, tmp_path: Path) -> None:
    table, drawing = tmp_path / "intervals.csv", tmp_path / "day.svg"
    assert electro("agreement", "audit", 1, "--csv", table, "--svg", drawing).code == 0
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len(rows) == 48
    assert (rows[12]["start"], rows[12]["used_wh"], rows[12]["penalty"]) == (
        "2027-01-15T12:00:00Z",
        "200000",
        "6100",
    )
    assert [row["kind"] for row in rows[19:25]] == [
        *("measured", "interrupted", "interrupted", "no data", "measured", "missing"),
    ]
    root = ET.parse(drawing).getroot()
    classes = [element.get("class") for element in root.iter()]
    assert (classes.count("band"), classes.count("off"), classes.count("interrupted")) == (24, 2, 2)
    assert classes.count("silent") == 1
    again = electro("agreement", "audit", 1, "--csv", table)
    assert (again.code, f"{table} exists already" in again.err) == (1, True)
    empty = electro("agreement", "audit", 1, "--svg", tmp_path / "other.svg", "--day", "2020-01-01")
    assert (empty.code, "no interval lies within 1 days from 2020-01-01" in empty.err) == (1, True)
