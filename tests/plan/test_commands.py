# SPDX-License-Identifier: Apache-2.0
"""The commands of `electro plan` that build on a history: from a file to bands, terms and costs, or to one sentence."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING

import pytest

from electro_plan import filling
from electro_tools.agreement import terms_file
from tests.plan import plants
from tests.plan.files import written
from tests.tools.agreements import electro

if TYPE_CHECKING:
    from pathlib import Path

ZONE = "Europe/Berlin"


@pytest.fixture(scope="module")
def load(tmp_path_factory: pytest.TempPathFactory) -> Path:
    history = plants.history(plants.shifts(1), ZONE, plants.at("2026-04-06", ZONE), 112, 3600)
    return written(tmp_path_factory.mktemp("load") / "load.csv", history)


def test_from_a_file_to_bands_and_terms_that_check_reads(load: Path, tmp_path: Path) -> None:
    out, terms_out, svg = tmp_path / "bands.csv", tmp_path / "terms.toml", tmp_path / "margins.svg"
    done = electro(
        "plan", "bands", load, "--zone", ZONE, "--start", "2026-08-04T00:00:00+02:00", "--days", "28", "--bonus",
        "100000", "--out", out, "--terms", terms_out, "--svg", svg, "--name", "Hall 3", "--violation", "900",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert "112 d" in done.out or "2,688 intervals of 1 h" in done.out
    assert "Recommended margin" in done.out
    assert "bonus left" in done.out
    content = terms_file.read_all(terms_out)
    assert (content.about.name, content.about.zone) == ("Hall 3", ZONE)
    assert content.terms.violation_penalty == 900
    assert (content.terms.interval_seconds, len(content.terms.bands), content.terms.intervals) == (
        3600,
        168,
        672,
    )
    assert svg.read_text().startswith("<svg")
    checked = electro("agreement", "check", terms_out)
    assert "Hall 3" in checked.out
    assert "2026-08-04 00:00:00 +02:00" in checked.out


def test_the_object_says_what_was_understood_tested_and_recommended(load: Path, tmp_path: Path) -> None:
    done = electro(
        "plan", "bands", load, "--zone", ZONE, "--start", "2026-10-20T07:00:00+02:00", "--cost", "0.5", "--json",
        "--holidays", "DE-BY", "--out", tmp_path / "bands.csv", "--margin", "5",
    )  # fmt: skip
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert found["margin"] == 0.05
    assert found["back_test"]["periods"] == 2
    assert 0.05 in [row["margin"] for row in found["back_test"]["rows"]]
    assert all("with_width" in row for row in found["back_test"]["rows"])
    assert found["recommended"]["why"].startswith("penalties and the price of width")
    assert len(found["bands"]) == 168
    assert "2026-11-01" in found["days_off"] or found["holidays_used"] is False
    assert "2026-10-25" in found["clock_changes"][0]


def test_a_start_without_offset_is_a_time_on_the_zones_clock(load: Path, tmp_path: Path) -> None:
    starts = ("2026-08-04", "2026-08-04T00:00", "2026-08-04T00:00:00+02:00")
    found = [
        electro(
            "plan", "bands", load, "--zone", ZONE, "--start", start, "--margin", "0", "--out", tmp_path / f"{at}.csv"
        )
        for at, start in enumerate(starts)
    ]  # fmt: skip
    assert [each.code for each in found] == [0, 0, 0], found[0].err
    assert len({(tmp_path / f"{at}.csv").read_bytes() for at in range(3)}) == 1


@pytest.mark.parametrize(
    ("start", "word"), [("2026-10-25T02:30", "shows twice"), ("2027-03-28T02:30", "skips")]
)
def test_a_start_that_no_clock_tells_apart_is_refused(
    load: Path, tmp_path: Path, start: str, word: str
) -> None:
    done = electro("plan", "bands", load, "--zone", ZONE, "--start", start, "--out", tmp_path / "bands.csv")
    assert done.code == 1
    assert word in done.err
    assert not (tmp_path / "bands.csv").exists()


def test_a_short_history_gives_bands_without_a_test_and_says_so(tmp_path: Path) -> None:
    short = written(
        tmp_path / "short.csv",
        plants.history(plants.shifts(2), ZONE, plants.at("2026-06-01", ZONE), 14, 3600),
    )
    done = electro(
        "plan",
        "bands",
        short,
        "--zone",
        ZONE,
        "--start",
        "2026-07-01T00:00:00+02:00",
        "--out",
        tmp_path / "b.csv",
    )
    assert done.code == 0, done.err
    assert "No back-test" in done.out
    assert "holds 14 days" in done.out
    assert "margin +0%" in done.out


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--every", "7 min"], "a day has 205.714 intervals of 7 min"),
        (["--every", "5 min", "--schedule", "week"], "a week has 2016 intervals of 5 min"),
        (["--holidays", "XX"], "no public holidays are known for XX"),
        (["--zone", "Mars/Olympus"], "there is no time zone 'Mars/Olympus'"),
        (["--unit-wh", "1"], "more than a reading holds: 32767 units of 1 Wh"),
    ],
)
def test_what_can_not_be_planned_is_refused_with_a_sentence(
    load: Path, tmp_path: Path, options: list[str], sentence: str
) -> None:
    given = ["--zone", ZONE] if "--zone" not in options else []
    out = tmp_path / "bands.csv"
    done = electro(
        "plan", "bands", load, *given, "--start", "2026-08-04T00:00:00+02:00", "--out", out, *options
    )
    assert done.code == 1
    assert sentence in done.err
    assert not out.exists()


def test_no_file_is_written_over_another(load: Path, tmp_path: Path) -> None:
    out = tmp_path / "bands.csv"
    out.write_text("mine")
    done = electro(
        "plan", "bands", load, "--zone", ZONE, "--start", "2026-08-04T00:00:00+02:00", "--out", out
    )
    assert (done.code, out.read_text()) == (1, "mine")
    assert f"{out} exists already" in done.err


@pytest.fixture(scope="module")
def terms(load: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("terms")
    done = electro(
        "plan", "bands", load, "--zone", ZONE, "--start", "2026-08-04T00:00:00+02:00", "--out", folder / "bands.csv",
        "--terms", folder / "terms.toml",
    )  # fmt: skip
    assert done.code == 0, done.err
    return folder / "terms.toml"


def test_cost_judges_every_interval_and_its_rows_add_up(load: Path, terms: Path, tmp_path: Path) -> None:
    out = tmp_path / "intervals.csv"
    done = electro("plan", "cost", terms, load, "--bonus", "100000", "--intervals", out, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == found["intervals"] == 112 * 24
    assert sum(int(row["penalty"]) for row in rows) == found["penalty"]
    assert rows[0]["local"] == "2026-04-06 00:00 +02:00"
    assert found["bonus_share"] == 100_000 * 4


def test_cost_of_a_history_with_gaps_is_asked_for(load: Path, terms: Path, tmp_path: Path) -> None:
    history = plants.history(plants.shifts(1), ZONE, plants.at("2026-04-06", ZONE), 14, 3600)
    energy = history.energy_wh.copy()
    energy[30:33] = float("nan")
    import dataclasses

    gaps = written(tmp_path / "gaps.csv", dataclasses.replace(history, energy_wh=energy))
    refused = electro("plan", "cost", terms, gaps)
    assert refused.code == 1
    assert "3 missing intervals" in refused.err
    assert "--fill silence" in refused.err
    silent = json.loads(electro("plan", "cost", terms, gaps, "--fill", "silence", "--json").out)
    assert silent["no_data"] == 3
    assert silent["penalty"] >= 3 * terms_file.read(terms).missing_penalty
    for way in filling.WAYS:
        filled = json.loads(electro("plan", "cost", terms, gaps, "--fill", way, "--json").out)
        assert (filled["no_data"], filled["intervals"]) == (0, 14 * 24)


def test_cost_of_a_part_is_of_that_part(load: Path, terms: Path) -> None:
    done = electro(
        "plan", "cost", terms, load, "--since", "2026-05-01T00:00:00+02:00", "--until", "2026-05-02T00:00:00+02:00",
        "--json",
    )  # fmt: skip
    assert json.loads(done.out)["intervals"] == 24
    none = electro("plan", "cost", terms, load, "--since", "2030-01-01T00:00:00Z")
    assert (none.code, "has no interval there" in none.err) == (1, True)


def test_a_day_off_moves_its_bands_down_and_none_is_wider(load: Path, terms: Path, tmp_path: Path) -> None:
    out = tmp_path / "day.csv"
    done = electro("plan", "day", terms, load, "--date", "2026-08-12", "--off", "--out", out, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert (found["first_interval"], found["intervals"]) == (8 * 24, 24)
    assert found["to_be_sent_by"] == found["begins"] - 86_400
    assert found["moved"] >= 14
    assert 0 < found["saved"] <= found["expected"]
    agreed = terms_file.read(terms)
    with out.open() as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        least, greatest = agreed.bands[int(row["interval"]) % len(agreed.bands)]
        low, high = (float(row[f"{side}_kwh"]) * 1000 / agreed.unit_wh for side in ("least", "greatest"))
        assert high - low <= greatest - least + 1e-6
        assert high <= greatest + 1e-6
    noon = rows[12]
    assert float(noon["least_kwh"]) <= 5 <= float(noon["greatest_kwh"])


def test_a_day_outside_the_term_is_refused(load: Path, terms: Path, tmp_path: Path) -> None:
    done = electro("plan", "day", terms, load, "--date", "2026-10-01", "--out", tmp_path / "day.csv")
    assert done.code == 1
    assert "no interval of the term lies on 2026-10-01" in done.err
