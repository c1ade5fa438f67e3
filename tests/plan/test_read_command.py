# SPDX-License-Identifier: Apache-2.0
"""`electro plan read` and `convert`: one paragraph, one JSON object, questions on a terminal, refusals without one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from electro_tools import cli
from tests.plan.files import rows, text


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "load.csv"
    path.write_text(
        text("Zeit;kWh", ";", "%d.%m.%Y %H:%M", figure=lambda value: f"{value:.2f}".replace(".", ","))
    )
    return path


def test_json_is_one_object_with_instants_of_utc(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["plan", "read", str(file), "--zone", "Europe/Moscow", "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert said.err == ""
    assert (found["first"], found["last"], found["end"]) == (
        "2024-03-03T21:00:00Z", "2024-03-17T20:45:00Z", "2024-03-17T21:00:00Z")  # fmt: skip
    assert (found["interval_s"], found["intervals"], found["unit"], found["quantity"]) == (
        900,
        1344,
        "kWh",
        "energy",
    )
    assert found["total_kwh"] == pytest.approx(sum(value for _, value in rows()), abs=0.01)
    assert found["peak_kw"] == 4 * max(value for _, value in rows())
    assert (found["gaps"], found["estimates"], found["zone"], found["format"]) == (
        [],
        0,
        "Europe/Moscow",
        "csv",
    )


def test_the_paragraph_says_what_was_understood(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holed = file.read_text().replace("08.03.2024 12:00;", "#").replace("08.03.2024 12:15;", "#")
    file.write_text("\n".join(line for line in holed.splitlines() if "#" not in line) + "\n")
    assert cli.run(["plan", "read", str(file), "--zone", "Europe/Berlin"]) == 0
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    for words in (
        "1,344 intervals of 15 min", "the first begins 2024-03-04 00:00 +01:00", "ending 2024-03-18 00:00 +01:00",
        "(Europe/Berlin)", "energies of each interval in kWh", "at most 900 kW",
        "2 intervals are missing, in 1 gap: 2024-03-08 12:00 +01:00 to 2024-03-08 12:30 +01:00 (2)",
        "text in utf-8, its fields are separated by semicolons", "Decimals follow a comma",
        "Times are where intervals begin",
    ):  # fmt: skip
        assert words in said


def test_days_on_which_the_clock_changes_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "load.csv"
    hours = [
        f"2024-03-{day} {hour:02}:00" for day in (30, 31) for hour in range(24) if (day, hour) != (31, 2)
    ]
    path.write_text("time,kWh\n" + "".join(f"{hour},{5 + index % 3}.5\n" for index, hour in enumerate(hours)))
    assert cli.run(["plan", "read", str(path), "--zone", "Europe/Berlin"]) == 0
    assert "The clock changes: 2024-03-31 has 23 h." in capsys.readouterr().out
    assert cli.run(["plan", "read", str(path)]) == 1
    assert "has no times from 2024-03-31 02:00 to 03:00" in capsys.readouterr().err


def test_without_a_terminal_what_is_open_is_refused_with_its_option(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "load.csv"
    path.write_text(text("time,MT_124"))
    monkeypatch.setattr(sys, "stdin", None)
    assert cli.run(["plan", "read", str(path)]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert 'column "MT_124" does not say in what unit it is' in said.err
    assert "--unit kWh" in said.err


def test_on_a_terminal_it_asks_one_thing_after_the_other(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text(
        text("time,MT_1,MT_2", pattern="%d/%m/%Y %H:%M", days=7, figure=lambda value: f"{value:.1f},1.5")
    )
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "electro_tools.cli", "plan", "read", str(path), "--json"],
        stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as asking:  # fmt: skip
        os.close(slave)
        os.write(master, b"dmy\nMT_1\nkW\n")
        out, err = asking.communicate()
        os.close(master)
    assert asking.returncode == 0, err
    found = json.loads(out)
    assert (found["unit"], found["meter"]) == ("kW", "MT_1")
    for asked in ("--dialect date", "--energy-column", "--unit"):
        assert asked in err


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        (("--dialect", "colour=red"), 2, "keys are"),
        (("--dialect", "decimal=x"), 2, "can't be"),
        (("--unit", "kilo"), 1, "--unit can't be"),
        (("--zone", "Mars/Base"), 1, "no time zone"),
        (("--format", "doc"), 1, "no format"),
        (("--energy-column", "kWs"), 1, "has no column 'kWs'; it has Zeit, kWh"),
        (("--meter", "A"), 1, "does not tell meters apart"),
        (("--unit", "kW", "--quantity", "energy"), 1, "energy is not in kW"),
    ],
)  # fmt: skip
def test_an_option_that_fits_nothing_is_refused(
    file: Path, options: tuple[str, ...], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["plan", "read", str(file), *options]) == code
    assert sentence in capsys.readouterr().err


def test_a_folder_and_a_file_that_is_not_there_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["plan", "read", str(tmp_path)]) == 1
    assert cli.run(["plan", "read", str(tmp_path / "none.csv")]) == 1
    assert "there is no file" in capsys.readouterr().err


def test_a_file_is_converted_and_never_written_over(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "load.parquet"
    line = ["plan", "convert", str(file), str(out), "--zone", "Europe/Moscow", "--json"]
    assert cli.run(line) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "parquet"
    assert cli.run(["plan", "read", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["first"] == "2024-03-03T21:00:00Z"
    assert cli.run(line) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_manual_names_every_format_and_every_key_of_a_dialect() -> None:
    from electro_plan import formats
    from electro_plan.formats.recognition import FORMATS
    from electro_plan.settings import Dialect

    manual = (Path(formats.__file__).parent / "README.md").read_text(encoding="utf-8")
    for name in FORMATS:
        assert f"| `{name}` |" in manual
    for key in Dialect.__dataclass_fields__:
        assert f"{key}=" in manual
