# SPDX-License-Identifier: Apache-2.0
"""Terms files: what they mean, that they go there and back to the unit, and a sentence with a line for each mistake."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tools.agreements import START, TERMS, electro

from electro_console import terms_toml
from electro_contracts.terms import Terms
from electro_tools.agreement import bands, terms_file
from electro_tools.agreement.terms_entries import ENTRIES
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

TEXT = TERMS.format(start="2027-01-15T00:00:00Z", hours=48)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "terms.toml"


def test_the_file_says_what_the_terms_are(file: Path) -> None:
    file.write_text(TEXT)
    terms = terms_file.read(file)
    assert (terms.start, terms.interval_seconds, terms.intervals, terms.unit_wh) == (START, 3600, 48, 100)
    assert (terms.violation_penalty, terms.under_rate, terms.over_rate) == (500, 3, 7)
    assert (terms.missing_penalty, terms.outage_penalty, terms.outage_minute_penalty) == (6300, 1000, 10)
    assert terms.penalised_causes == 0b100
    assert (terms.capacity_units, terms.raise_units, terms.lead_seconds) == (1200, 0, 86_400)
    assert terms.fault_lookback == 3 * 3600
    assert (terms.grace, terms.dispute_window, terms.notice) == (7200, 86_400, 7200)
    assert (terms.discount_rate_ppm, terms.discount_expiry) == (250_000, 30 * 86_400)
    night, day = (100, 600), (400, 1200)
    assert terms.bands == (night,) * 6 + (day,) * 16 + (night,) * 2


def test_bands_by_the_time_of_day_follow_the_clock_of_the_start(file: Path) -> None:
    file.write_text(TEXT.replace("2027-01-15T00:00:00Z", "2027-01-15T05:00:00+03:00"))
    terms = terms_file.read(file)
    assert terms.start == START + 2 * 3600
    assert terms.bands[:2] == ((100, 600), (400, 1200))


@pytest.mark.parametrize(
    ("was", "becomes", "line", "sentence"),
    [
        ('interval = "1 h"', 'interval = "1 hour"', 3, 'term.interval "1 hour" is no duration: write "15 min"'),
        ('interval = "1 h"', "interval = 3600", 3, 'term.interval must be text in quotes, such as "15 min"'),
        ('interval = "1 h"', 'interval = "0 s"', 3, "term.interval must be more than nothing"),
        ("2027-01-15T00:00:00Z", "2027-01-15T00:00:00", 2, "lacks its offset from UTC: write 2027"),
        ("2027-01-15T00:00:00Z", "2027-01-15", 2, "term.start must be a time with its offset"),
        ('length = "48 h"', 'length = "90 min"', 4, "term.length must be a whole number of intervals of 1 h"),
        ('unit = "100 Wh"', 'unit = "0.0005 kWh"', 5, "is no whole number of Wh"),
        ("violation = 500", "violation = 5.5", 8, "penalties.violation must be a whole number"),
        ("violation = 500", "violation = -5", 8, "penalties.violation can't be negative"),
        ("violation = 500", "violation = true", 8, "penalties.violation must be a whole number"),
        ("violation = 500", "voilation = 500", 8, "voilation is no entry of a terms file; is violation meant?"),
        ("violation = 500", f"violation = {2**64}", 8, "penalties.violation is out of range"),
        ("violation = 500\n", "", 7, "penalties.violation is missing"),
        ('["consumer"]', '["customer"]', 14, "penalties.outage_causes must be a list of unknown, grid, consumer"),
        ('rate = "25 %"', 'rate = "125 %"', 24, "discount.rate is out of range"),
        ('rate = "25 %"', "rate = 0.25", 24, 'discount.rate must be text in quotes, such as "100 %"'),
        ("[discount]", "[discounts]", 23, "discounts is no section of a terms file; is discount meant?"),
        ('unit = "kWh"\n', "", 26, "bands.unit goes with day"),
        ('["06:00", 40.0', '["6:00", 40.0', 28, 'bands.day has an entry that is not like ["06:00", 10.0, 90.0]'),
        ('["06:00", 40.0', '["23:00", 40.0', 28, 'bands.day must begin with "00:00" and go on in order of time'),
        ("40.0, 120.0", "140.0, 120.0", 28, "bands.day the least, 140.0, is above the greatest, 120.0"),
        ("40.0, 120.0", "40.0, 1e6", 28, "are more than a reading holds (32767): use a larger unit"),
        ('unit = "kWh"\nday =', "slots = [[1, 2], [3]]\n#", 27, "bands.slots has no pair of units"),
        ("[discount]", "[discount", 23, "Expected ']' at the end of a table declaration"),
        ("violation = 500", 'violation = "', 8, "Illegal character"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(
    file: Path, was: str, becomes: str, line: int, sentence: str
) -> None:
    assert TEXT.count(was) == 1 or was in ("40.0, 120.0", "[discount]")
    file.write_text(TEXT.replace(was, becomes, 1))
    done = electro("agreement", "check", file)
    assert (done.code, done.out) == (1, "")
    assert f"error: {file}, line {line}" in done.err
    assert sentence in done.err


def test_silence_that_costs_less_than_a_truth_can_is_refused_with_the_slot_and_the_sum(file: Path) -> None:
    """At night at most (1,200 - 600) x 7 outside the band, an event of 1,000, 60 minutes of 10, and 500 flat."""
    file.write_text(TEXT)
    assert electro("agreement", "check", file).code == 0
    file.write_text(TEXT.replace("missing = 6300", "missing = 6299"))
    done = electro("agreement", "check", file)
    assert done.code == 1
    assert "line 11: penalties.missing must be 6300 at the least" in done.err
    assert "in slot 0" in done.err


def test_a_missing_section_an_absent_file_and_text_that_is_none_are_named(file: Path) -> None:
    assert f"there is no file {file}" in electro("agreement", "check", file).err
    file.write_bytes(b"[term]\n\xff\n")
    assert f"{file}, line 2: this is not UTF-8 text" in electro("agreement", "check", file).err
    file.write_text(TEXT.partition("[bands]")[0])
    assert "bands is missing: the section [bands]" in electro("agreement", "check", file).err


def test_check_says_what_the_terms_mean_and_names_their_hash(file: Path) -> None:
    file.write_text(TEXT)
    terms = terms_file.read(file)
    done = electro("agreement", "check", file)
    assert done.code == 0
    assert "settles at   2027-01-18 02:00:01 UTC" in done.out
    assert "0x" + terms.hash.hex() in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    assert electro("agreement", "check", file, "--json").json["terms_hash"] == "0x" + terms.hash.hex()


def test_a_template_is_a_terms_file_and_is_never_written_over_another(tmp_path: Path) -> None:
    out = tmp_path / "mine.toml"
    assert electro("agreement", "template", "--out", out, "--start", "2027-03-01T00:00:00+03:00").code == 0
    terms = terms_file.read(out)
    assert (terms.start, terms.intervals, len(terms.bands)) == (1_803_848_400, 28 * 96, 96)
    assert f"{out} exists already" in electro("agreement", "template", "--out", out).err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("least,greatest\n1,2\n", "needs the columns least_kwh and greatest_kwh; it has least, greatest"),
        ("least_kwh,greatest_kwh\n1,2\n3,x\n", 'line 3: "x" is no number'),
        ("least_kwh,greatest_kwh\n1,2\n3\n", 'line 3: "" is no number'),
        ("least_kwh,greatest_kwh\n", "has 0 slots; a schedule has 1 to 672"),
        ("least_units,greatest_units\n1,2.5\n", "line 2: units must be whole numbers"),
        ("least_kwh,greatest_kwh\n2,1\n", "line 2: the least, 2, is above the greatest, 1"),
        (None, "there is no file"),
    ],
)
def test_a_mistake_in_a_file_of_bands_is_named_with_its_line(
    tmp_path: Path, content: str | None, sentence: str
) -> None:
    if content is not None:
        (tmp_path / "bands.csv").write_text(content)
    file = tmp_path / "terms.toml"
    file.write_text(TEXT.partition("[bands]")[0] + '[bands]\nfile = "bands.csv"\n')
    done = electro("agreement", "check", file)
    assert done.code == 1
    assert sentence in done.err
    assert "bands.csv" in done.err


def test_bands_between_two_units_are_widened_to_whole_ones(tmp_path: Path) -> None:
    (tmp_path / "bands.csv").write_text("slot,least_wh,greatest_wh\n0,149,150\n1,200,200\n")
    assert bands.read_csv(tmp_path / "bands.csv", 100) == ((1, 2), (2, 2))


_pairs = st.tuples(st.integers(0, 0x7FFF), st.integers(0, 0x7FFF)).map(lambda pair: (min(pair), max(pair)))
_terms = st.builds(
    Terms,
    start=st.integers(0, 2**33),
    interval_seconds=st.integers(1, 86_400),
    intervals=st.integers(1, 10_000),
    unit_wh=st.integers(1, 2**31),
    **{
        field: st.integers(0, 2**40 if "penalty" in field or "rate" in field else 2**31)
        for _, field in ENTRIES.values()
        if field.endswith(
            ("penalty", "_rate", "grace", "window", "notice", "expiry", "lead_seconds", "lookback")
        )
        and field != "missing_penalty"
    },
    missing_penalty=st.integers(2**63, 2**64 - 1),  # silence is dear enough
    capacity_units=st.just(0x7FFF),
    raise_units=st.integers(0, 0xFFFF),
    penalised_causes=st.sampled_from([4, 5]),
    discount_rate_ppm=st.integers(0, 10**6),
    bands=st.lists(_pairs, min_size=1, max_size=50).map(tuple),
)


@settings(max_examples=60)
@given(_terms)
def test_terms_go_to_a_file_and_back_to_the_unit(terms: Terms) -> None:
    from pathlib import Path

    assert terms_file.parse(terms_toml.to_toml(terms), Path()) == terms


@settings(max_examples=60)
@given(st.lists(_pairs, min_size=1, max_size=60).map(tuple), st.integers(1, 10**6))
def test_bands_go_to_a_csv_file_and_back_to_the_unit(tmp_path_factory, slots: bands.Bands, unit: int) -> None:
    path = tmp_path_factory.mktemp("bands") / "bands.csv"
    bands.write_csv(path, slots, unit, 900)
    assert bands.read_csv(path, unit) == slots


_LINES = TEXT.splitlines()
_value = st.one_of(
    st.integers(),
    st.floats(),
    st.booleans(),
    st.text(max_size=12),
    st.sampled_from([[], {}, [[]], "9" * 20 + " h", "1e9 kWh", "-5 %"]),
)


def _changed(line: int, value: object) -> bytes:
    """TERMS with another value in one line."""
    lines = [*_LINES]
    lines[line] = f"{lines[line].partition('=')[0]}= {json.dumps(value)}"
    return "\n".join(lines).encode("utf-8", "replace")


_files = st.one_of(
    st.binary(max_size=200),
    st.builds(_changed, st.integers(0, len(_LINES) - 1), _value),
    st.sampled_from(
        [b"a = " + b"[" * 5000, b"a = " + b"9" * 5000, b"[term]\nstart = 0001-01-01T00:00:00+23:59\n"]
    ),
)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_files)
def test_no_file_breaks_the_reader(tmp_path: Path, content: bytes) -> None:
    """Whatever it holds, a file is terms or one sentence."""
    file = tmp_path / "fuzz.toml"
    file.write_bytes(content)
    sentence = ""
    try:
        terms_file.read(file)
    except ToolError as error:
        sentence = error.sentence
    assert not sentence or str(file) in sentence


ABOUT = """\
[about]
name = "Hall 3"
zone = "Europe/Moscow"
currency = "RUB"
decimals = 2
"""


def test_what_a_file_says_for_people_is_told_and_is_no_part_of_the_terms(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ELECTRO_ZONE", raising=False)
    file.write_text(TEXT)
    plain = terms_file.read(file)
    file.write_text(TEXT + ABOUT)
    assert terms_file.read(file) == plain
    said = electro("agreement", "check", file).out
    assert "Hall 3" in said
    assert "2027-01-15 03:00:00 +03:00" in said
    assert "5.00 RUB for each interval outside its band" in said
    monkeypatch.setenv("ELECTRO_ZONE", "UTC")
    assert "2027-01-15 00:00:00 UTC" in electro("agreement", "check", file).out


@pytest.mark.parametrize(
    ("was", "becomes", "sentence"),
    [
        ('"Europe/Moscow"', '"Mars/Olympus"', "about.zone is no zone: there is no time zone 'Mars/Olympus'"),
        ("decimals = 2", "decimals = 19", "about.decimals must be at most 18"),
        ("decimals = 2", "digits = 2", "about.digits is no entry of a terms file"),
        ('"Hall 3"', '""', "about.name must be 1 to 80 printable characters"),
    ],
)
def test_a_mistake_in_what_is_for_people_is_named_with_its_line(
    file: Path, was: str, becomes: str, sentence: str
) -> None:
    text = TEXT + ABOUT.replace(was, becomes)
    file.write_text(text)
    done = electro("agreement", "check", file)
    line = next(at for at, row in enumerate(text.splitlines(), 1) if becomes in row)
    assert done.code == 1
    assert f"{file}, line {line}: {sentence}" in done.err
