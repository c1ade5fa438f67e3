# SPDX-License-Identifier: Apache-2.0
"""What a calibration refuses, each fault on the simulated bench, and references that are none."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import pytest

from electro_tools.device import calibrate, on_chip, plausible, references
from electro_tools.errors import ToolError
from electro_tools.grid import bench as benches
from electro_tools.grid.chip import QUIET, Chip
from electro_tools.grid.coefficients import LSB_V
from electro_tools.grid.transformers import CLASS_05S
from electro_tools.grid.waveforms import LOADS

if TYPE_CHECKING:
    from pathlib import Path

VOLTS, RATED_A = 230.0, 100.0


def load(percent: float, factor: float) -> dict[str, float]:
    amps = RATED_A * percent / 100
    watts = VOLTS * amps * factor
    return {"volts": VOLTS, "amps": amps, "watts": watts, "var": math.sqrt((VOLTS * amps) ** 2 - watts**2)}


class Board(benches.Bench):
    """The grid's bench with storage: what `on_chip.answer` needs of a board."""

    def __init__(self, directory: Path) -> None:
        super().__init__(Chip(1, QUIET), CLASS_05S, 50, LOADS["PF 1"], 0)
        self.directory = str(directory)
        self.blobs: dict[str, bytes] = {}

    def load_blob(self, name: str) -> bytes | None:
        return self.blobs.get(name)

    def store_blob(self, name: str, content: bytes) -> None:
        self.blobs[name] = content


class Chipless(calibrate.Bench):
    """The chip's side in this process."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._channel = 0

    def ask(self, timeout_s: float = 0, **request: Any) -> dict[str, Any]:
        return on_chip.answer(json.loads(json.dumps(request)), self._board)


class Driver(references.Source):
    """Sets up each step with a fault in it."""

    def __init__(self, board: Board, fault: dict[str, float]) -> None:
        self._board = board
        self._fault = fault

    def at(self, step: str, words: str, expected: dict[str, float]) -> dict[str, float]:
        lag_deg = math.degrees(math.atan2(expected.get("var", 0.0), expected.get("watts", 1.0)))
        volts = ((1, self._fault.get("volts", 1.0), 0.0),)
        amps = ((1, 1.0, lag_deg + self._fault.get("turned_deg", 0.0)),)
        percent = expected.get("amps", 0.0) / RATED_A * 100 * self._fault.get("amps", 1.0)
        self._board.carry((volts, amps), percent)
        return expected


def run(folder: Path, fault: dict[str, float], percent: float) -> calibrate.Calibrated:
    config = {
        "chain_id": 1, "contract": "0x" + "ab" * 20, "hardware_id": "0x" + "11" * 32, "relayers": ["http://relayer"],
        "uv_per_count": 368_000, "ua_per_count": 177_778, "fine_ua_per_count": 11_111, "rated_ma": 100_000,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    file = folder / "references.json"
    pair = [load(percent, 1), load(percent, 0.5)]
    file.write_text(json.dumps({"no_load": {"volts": VOLTS}, "loads": [pair]}))
    board = Board(folder)
    return calibrate.calibrate(
        Chipless(board), references.read(file), Driver(board, fault), 8, lambda _sentence: None
    )


def test_without_a_fault_it_goes_through(tmp_path: Path) -> None:
    done = run(tmp_path, {}, 20)
    assert max(abs(one.after) for one in done.tried) < 0.01


@pytest.mark.parametrize(
    ("fault", "percent", "sentence"),
    [
        ({"volts": 0.0}, 20, "there is no voltage at the phase's pin"),
        ({"volts": 0.6}, 20, "V where the reference shows 230.0 V"),
        ({"volts": 2.2}, 20, "the voltage leaves the converter's range"),
        ({"turned_deg": 180.0}, 20, "the current flows backwards"),
        ({"turned_deg": 120.0}, 20, "belongs to another phase"),
        ({"turned_deg": -120.0}, 20, "belongs to another phase"),
        ({"turned_deg": 15.0}, 20, "the limit is 10°"),
        ({"amps": 0.0}, 20, "shows 0.0"),
        ({"amps": 1.6}, 20, "1.63 times"),
        ({"amps": 3.0}, 100, "the current leaves the converter's range"),
    ],
)
def test_readings_that_cannot_be_right_are_refused(
    fault: dict[str, float], percent: float, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(ToolError, match=sentence):
        run(tmp_path, fault, percent)


def test_a_load_that_moves_is_refused() -> None:
    shown = {
        "windows": 8, "energy_uj": 8 * 200_000 * 2_300, "time_us": 8 * 200_000, "urms_mv": 8 * 230_000,
        "irms_ma": 8 * 10_000, "reactive_mvar": 0, "least_mw": 2_290_000, "most_mw": 2_310_000,
    }  # fmt: skip
    extremes = {"least_amps": 1_000, "most_amps": 2_000}
    plausible.current(shown, extremes, references.Load(**load(10, 1)))
    with pytest.raises(ToolError, match="not steady"):
        plausible.current({**shown, "least_mw": 1_500_000}, extremes, references.Load(**load(10, 1)))


def test_dc_levels_that_cannot_be_right_are_refused() -> None:
    plausible.level(1_000.0, 0.5, 1_000 * LSB_V)
    with pytest.raises(ToolError, match="drift"):
        plausible.level(1_000.0, 9.0, 1_000 * LSB_V)
    with pytest.raises(ToolError, match="about 2000 can be right"):
        plausible.level(1_625.0, 0.5, 2_000 * LSB_V)
    rising = [(100.0 * k, 0.08 * k) for k in range(1, 20)]
    plausible.levels(rising)
    with pytest.raises(ToolError, match="at least 16"):
        plausible.levels(rising[:9])
    with pytest.raises(ToolError, match="don't rise"):
        plausible.levels([*rising, (1_000.0, 2.0)])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("[]", "holds no references"),
        ('{"loads": []}', "no_load is missing"),
        ('{"no_load": {"volts": 230}, "loads": []}', "names no load"),
        ('{"no_load": {"volts": 230}, "loads": [], "dc": 1}', "dc is none of the references"),
        (json.dumps({"no_load": {"volts": 230}, "loads": [[load(1, 1), load(1, 1)]]}), "one near 0.5"),
        (
            json.dumps({"no_load": {"volts": 230}, "loads": [[load(2, 1), load(2, 0.5)]] * 2}),
            "the loads must rise",
        ),
    ],
)
def test_a_file_that_is_no_references_is_one_sentence(content: str, sentence: str, tmp_path: Path) -> None:
    file = tmp_path / "references.json"
    file.write_text(content)
    with pytest.raises(ToolError, match=sentence):
        references.read(file)
