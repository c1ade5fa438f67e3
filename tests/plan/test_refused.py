# SPDX-License-Identifier: Apache-2.0
"""What a file does not prove is asked, and the wrong reading of each kind is refused: with line and option."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from electro_plan.errors import PlanError, Undecided
from electro_plan.settings import Dialect, ReadSettings
from tests.plan.files import MONDAY, kwh, read, rows, text, times

if TYPE_CHECKING:
    from pathlib import Path

WEEK = text("time,kWh", days=7)
BY_DAY = text("time,kWh", pattern="%d/%m/%Y %H:%M")
HOURS = [f"{hour:02}" for hour in (0, 1, 2, 2, *range(3, 24))]
SMALL = "{:.3f}".format

ASKED = {
    "a point that may be for thousands": (text("time,kWh", figure=lambda v: SMALL(v / 100)), "--dialect decimal"),
    "a comma that may be for thousands": (
        text("time;kWh", ";", figure=lambda v: SMALL(v / 100).replace(".", ",")),
        "--dialect decimal",
    ),
    "no unit": (text("time,MT_124"), "--unit"),
    "no unit but a word for power": (text("time,Leistung"), "--unit"),
    "milliwatts or megawatts": (text("time,mWh"), "--unit"),
    "a unit that is none, in Russian": (text("time,кВт/ч"), "--unit"),
    "a unit that is none": (text("time,kW/h"), "--unit"),
    "an hour twice in October with a load that stays": ("time,kWh\n" + "".join(
        f"2024-10-27 {hour}:00,5.5\n" for hour in HOURS), "--zone"),
    "a word for power and a unit of energy": (text("time,power kWh"), "--unit"),
    "a word for energy and a unit of power": (text("time,Energy (kW)"), "--unit"),
    "figures that never fall": (text("time,kWh").replace("time", "time") and "\n".join(
        ["time,kWh", *(f"{t},{4321 + i * 0.5:.1f}" for i, t in enumerate(times(2)))]), "--quantity"),
    "a register without its name that turns over": ("\n".join(
        ["time,kWh", *(f"{t},{(9_900 + i * 1.5) % 10_000:.1f}" for i, t in enumerate(times(2)))]), "--quantity"),
    "an interval that is changed": ("time,kWh\n" + "".join(
        f"{t},{v:.1f}\n" for i, (t, v) in enumerate(rows()) if i < 960 or i % 4 == 0), "--interval"),
    "a register that falls": ("\n".join(
        ["time,register_kwh", *(f"{t},{v:.1f}" for t, v in rows(2))]), "--quantity"),
    "the order of day and month": (text("time,kWh", pattern="%d/%m/%Y %H:%M", days=7), "--dialect date"),
    "the order, with hyphens and short years": (text("time,kWh", pattern="%d-%m-%y %H:%M", days=7), "--dialect date"),
    "two meters in columns": ("time,MT_001,MT_002\n" + "".join(f"{t},{v:.1f},{v:.1f}\n" for t, v in rows()),
                              "--energy-column"),
    "two meters in rows": ("meter,time,kWh\n" + "".join(f"{m},{t},{v:.1f}\n" for m in "AB" for t, v in rows()),
                           "--meter"),
    "neither beginnings nor ends": (
        "time,kWh\n" + "".join(f"{t:%Y-%m-%d %H:%M},{kwh(i):.1f}\n" for i, t in enumerate(times()[10:300])),
        "--dialect stamps",
    ),
    "both beginnings and ends": (
        "time,kWh\n" + "".join(f"{t:%Y-%m-%d %H:%M},{kwh(i):.1f}\n" for i, t in enumerate(times(7)[:96 * 6 + 1])),
        "--dialect stamps",
    ),
    "an hour absent in March": ("time,kWh\n" + "".join(
        f"{t:%Y-%m-%d %H:%M},{kwh(i):.1f}\n" for i, t in enumerate(times(7, first=MONDAY + timedelta(days=21)))
        if f"{t:%m-%d %H}" != "03-31 02"), "--zone"),
    "an hour twice in October": ("time,kWh\n" + "".join(
        f"{t:%Y-%m-%d %H:%M},{kwh(i):.1f}\n" * 1 for i, t in enumerate(
            [t for t in times(1, first=MONDAY.replace(month=10, day=27)) for _ in (1,) ][:12]
            + times(1, first=MONDAY.replace(month=10, day=27))[8:])), "--zone"),
    "two columns of times": ("created,changed,kWh\n" + "".join(
        f"{t},2024-05-01 {i % 24:02}:00,{v:.1f}\n" for i, (t, v) in enumerate(rows())), "--time-column"),
    "one row": ("time,kWh\n2024-03-04 00:00,5.5\n", "--interval"),
}  # fmt: skip


@pytest.mark.parametrize("kind", ASKED)
def test_what_is_open_is_asked_with_the_option_that_settles_it(kind: str, tmp_path: Path) -> None:
    content, setting = ASKED[kind]
    with pytest.raises(Undecided) as asked:
        read(tmp_path / "load.csv", content)
    assert asked.value.setting == setting
    assert setting.split()[0] in (asked.value.hint or "")
    assert str(tmp_path / "load.csv") in asked.value.sentence


def question(path: Path, content: str, settings: ReadSettings) -> Undecided | None:
    """Return what is asked, or None if it is read, or refused since what was said can't be."""
    try:
        read(path, content, settings)
    except Undecided as asked:
        return asked
    except PlanError:
        return None
    return None


@pytest.mark.parametrize("kind", [kind for kind in ASKED if ASKED[kind][1] not in ("--zone", "--interval")])
def test_each_way_that_is_offered_settles_it(kind: str, tmp_path: Path) -> None:
    file, (content, setting) = tmp_path / "load.csv", ASKED[kind]
    asked = question(file, content, ReadSettings())
    assert asked is not None
    assert asked.choices
    for choice in asked.choices:
        following = question(file, content, ReadSettings().settle(setting, choice.value))
        assert following is None or following.setting != setting


REFUSED = {
    "a decimal comma among commas": (text("time,kWh", figure=lambda v: f"{v:.3f}".replace(".", ",")),
                                     r"line 2 has 3 fields, the header 2.*"),
    "an underscore in a number": (WEEK.replace("146.25", "1_5", 1), r"line 3: .*\"1_5\", which is no number"),
    "a word for a number": (WEEK.replace("146.25", "many", 1), r"line 3: .*\"many\", which is no number"),
    "two units behind figures": (WEEK.replace("146.25", "146.25 MWh", 1).replace("100.00", "100.00 kWh", 1),
                                 r"line 3: .*in rows before in kWh"),
    "infinity": (WEEK.replace("146.25", "1e99", 1), r"1 GW, more than a plant takes"),
    "a point and a comma before decimals": (text("time;kWh", ";").replace("146.25", "146,25", 1),
                                            r"a decimal point and a decimal comma"),
    "groups that are no thousands": (text("time;kWh", ";").replace("146.25", "1,46.25", 1),
                                     r"line 3: .*no number with a decimal point"),
    "a negative energy": (WEEK.replace("146.25", "-46.25", 1), r"line 3: .*can't be negative"),
    "a day that is none": (WEEK.replace("2024-03-05 00:00", "2024-02-30 00:00", 1),
                           r"line 98: \"2024-02-30\" is no date"),
    "an hour that is none": (WEEK.replace("2024-03-05 00:15", "2024-03-05 25:15", 1), r"line 99: .*is no time"),
    "a time that is none": (WEEK.replace("2024-03-05 00:15", "soon", 1), r"line 99: \"soon\" is no time"),
    "two orders of day and month": (BY_DAY.replace("04/03/2024 00:15", "03/14/2024 00:15"),
                                    r"a date with the day first and one with the month first"),
    "a time between intervals": (WEEK.replace("2024-03-05 00:15", "2024-03-05 00:17", 1),
                                 r"line 99: .*not a whole number of 15 min"),
    "an instant with two figures": (WEEK + "2024-03-08 12:00,1.5\n",
                                       r"line 674: 2024-03-08 12:00 was there before, in line"),
    "offsets in some rows": (WEEK.replace("2024-03-05 00:15", "2024-03-05 00:15+01:00", 1),
                             r"whether they have an offset"),
    "a row that is cut": (WEEK[: WEEK.rindex(",")], r"line 673 has 1 field, the header 2"),
    "a row that is cut within its time": (WEEK[: WEEK.rindex(",") - 2], r"line 673"),
    "a century that is wrong": (WEEK.replace("2024-03-10 23:45", "2124-03-10 23:45"), r"is a year wrong"),
    "no text": (b"\x00\x01\x02\x03", r"is no text"),
    "nothing": ("", r"it is empty"),
    "no figures": ("time,remark\n2024-03-04 00:00,a\n2024-03-04 00:15,b\n", r"no column of figures"),
    "only the greatest power of each interval": (text("time,Max kW"), r"no column of figures"),
    "only missing figures": ("time,kWh\n" + "".join(f"{t},\n" for t in times(1)), r"no (column of figures|figure)"),
    "XML of another kind": ("<html></html>", r"is XML, but neither Green Button nor 80020"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_wrong_is_refused_with_its_line(kind: str, tmp_path: Path) -> None:
    content, sentence = REFUSED[kind]
    with pytest.raises(PlanError) as refused:
        read(tmp_path / "load.csv", content)
    said = f"{refused.value.sentence} {refused.value.hint or ''}"
    assert re.search(sentence, said), said
    assert "\n" not in said


def test_digits_behind_a_column_that_has_no_heading_are_refused(tmp_path: Path) -> None:
    content = text("time,kWh", figure=lambda v: f"{v:.3f}".replace(".", ",")).partition("\n")[2]
    with pytest.raises(PlanError, match=r'line 1: behind "100" stands "000" in a column without a heading'):
        read(tmp_path / "load.csv", content, ReadSettings(unit="kWh", energy_columns=("column 2",)))


def test_a_year_of_the_first_century_is_no_date(tmp_path: Path) -> None:
    with pytest.raises(PlanError):
        read(tmp_path / "load.csv", WEEK.replace("2024-03-10 23:45", "0024-03-10 23:45"))


def test_a_unit_that_the_plant_cannot_take_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"would be 900 kW at its greatest, above the 500 kW of --peak-kw"):
        read(tmp_path / "load.csv", WEEK, ReadSettings(peak_kw=500))


def test_the_plants_greatest_power_tells_units_apart(tmp_path: Path) -> None:
    reading = read(tmp_path / "load.csv", text("time,MT_124"), ReadSettings(peak_kw=300))
    assert (reading.unit, reading.quantity) == ("kW", "power")
    reading = read(
        tmp_path / "load.csv", text("time,kWh", figure=lambda v: SMALL(v / 100)), ReadSettings(peak_kw=10)
    )
    assert reading.history.total_wh == pytest.approx(sum(kwh(i) * 10 for i in range(14 * 96)))
    with pytest.raises(Undecided):  # kW and kWh are four times apart, and both may be
        read(tmp_path / "load.csv", text("time,MT_124"), ReadSettings(peak_kw=1000))


def test_a_decimal_comma_among_commas_is_read_when_it_is_said(tmp_path: Path) -> None:
    content = text("time,kWh", figure=lambda v: f"{v:.3f}".replace(".", ","))
    reading = read(tmp_path / "load.csv", content, ReadSettings(dialect=Dialect(decimal=",")))
    assert reading.history.total_wh == pytest.approx(sum(kwh(i) * 1000 for i in range(14 * 96)))


def test_a_file_of_zeros_is_read_with_a_warning(tmp_path: Path) -> None:
    reading = read(tmp_path / "load.csv", text("time,energy_kwh", figure=lambda _: "0.000"))
    assert reading.history.total_wh == 0
    assert "Warning: every figure is zero" in reading.paragraph()


def test_a_figure_that_stands_for_a_day_is_named(tmp_path: Path) -> None:
    content = "time,kWh\n" + "".join(
        f"{t},{41 if 300 <= i < 400 else v:.2f}\n" for i, (t, v) in enumerate(rows())
    )
    said = read(tmp_path / "load.csv", content).paragraph()
    assert "One figure, 41 kWh, stands in 100 intervals in a row from 2024-03-07 03:00" in said
    assert "stands in" not in read(tmp_path / "load.csv", text("time,kWh")).paragraph()


@pytest.mark.parametrize(
    "content",
    [
        "Wandlerfaktor,200\n" + text("time,kWh"),
        "time,kWh,multiplier\n" + "".join(f"{t},{v:.2f},200\n" for t, v in rows()),
    ],
)
def test_a_factor_that_the_file_names_is_not_passed_over(content: str, tmp_path: Path) -> None:
    said = read(tmp_path / "load.csv", content).paragraph()
    assert "200" in said
    assert "names a factor; figures are taken as they are written" in said


def test_an_hour_of_zeros_on_a_sunday_in_march_is_named(tmp_path: Path) -> None:
    march = times(14, first=MONDAY + timedelta(days=14))
    content = "time,kW\n" + "".join(
        f"{t:%Y-%m-%d %H:%M},{0 if f'{t:%m-%d %H}' == '03-31 01' else kwh(i):.1f}\n"
        for i, t in enumerate(march)
    )
    reading = read(tmp_path / "load.csv", content)
    assert any("zero from 2024-03-31 01:00 to 02:00" in note for note in reading.notes)
    in_lisbon = read(tmp_path / "load.csv", content, ReadSettings(zone="Europe/Lisbon"))
    assert len(in_lisbon.history) == 14 * 96 - 4
    assert any("never come" in note for note in in_lisbon.notes)
    with pytest.raises(PlanError, match=r"a clock in Europe/Berlin never shows 2024-03-31 02:00") as refused:
        read(tmp_path / "load.csv", content, ReadSettings(zone="Europe/Berlin"))
    assert "--zone UTC+01:00" in (refused.value.hint or "")
