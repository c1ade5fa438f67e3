# SPDX-License-Identifier: Apache-2.0
"""Three phases on the bench: energy of balanced and unbalanced loads, a feeding phase, and what is an outage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from electro_meter.sensing.linearisation import table_of
from electro_tools.grid.bench import Bench
from electro_tools.grid.calibrating import NOMINAL_V, RATED_A, Calibrated, nominal
from electro_tools.grid.chip import QUIET, Chip
from electro_tools.grid.disturbances import DIP, INTERRUPTION, Disturbance
from electro_tools.grid.three_phases import ThreePhases, meter
from electro_tools.grid.transformers import IDEAL
from electro_tools.grid.waveforms import LOADS, SINE

if TYPE_CHECKING:
    from electro_meter.sensing.phases import Phases

SECONDS = 6


def phases(percents: list[float], loads: list[str]) -> tuple[ThreePhases, Phases]:
    """Return a board, and a meter's phases with the coefficients of a chip whose table would be perfect."""
    chip = Chip(1, QUIET, stalls=False)
    board = ThreePhases(
        [
            Bench(chip, IDEAL, 50, LOADS[load], percent, has_fine=False)
            for load, percent in zip(loads, percents, strict=True)
        ]
    )
    found = nominal()
    # the chip's own gain and the voltage transformer's lead, found as a calibration would
    found.uv_per_count = round(found.uv_per_count / chip.gain)
    found.ua_per_count = round(found.ua_per_count / chip.gain)
    found.fine_ua_per_count = 0
    found.phase_mdeg = 300
    return board, meter(board, 50, [Calibrated(bench, table_of([]), found) for bench in board.phases])


def round_over(polyphase: Phases) -> bool:
    """Sample on, and return whether a round is over."""
    phase = polyphase.next()
    if not phase.take():
        return False
    phase.measure()
    return polyphase.conclude()


def energies(board: ThreePhases, polyphase: Phases) -> tuple[float, float]:
    """Return (what was measured, what was there) in joules."""
    until_us = board.now_us + SECONDS * 1_000_000
    measured = true = 0.0
    while board.now_us < until_us:
        if round_over(polyphase):
            measured += polyphase.energy_uj / 1e6
            true += board.true_power * NOMINAL_V * RATED_A * (polyphase.end_us - polyphase.start_us) / 1e6
    return measured, true


@pytest.mark.parametrize(
    ("percents", "loads"),
    [
        ([50, 50, 50], ["PF 1", "PF 1", "PF 1"]),
        ([80, 20, 0], ["PF 0.5 lag", "PF 1", "PF 1"]),
        ([30, 60, 90], ["PF 0.8 lead", "VFD", "PF 0.5 lag"]),
    ],
)
def test_the_sum_is_the_energy_of_all_phases(percents: list[float], loads: list[str]) -> None:
    measured, true = energies(*phases(percents, loads))
    assert measured == pytest.approx(true, rel=0.03)  # no table: the chip's curvature is in it


def test_a_phase_that_feeds_is_taken_off_the_others() -> None:
    board, polyphase = phases([50, 50, 50], ["PF 1", "PF 1", "PF 1"])
    board.phases[2].carry((SINE, ((1, 1.0, 180.0),)), 50)
    measured, true = energies(board, polyphase)
    assert true == pytest.approx(0.5 * NOMINAL_V * RATED_A * SECONDS, rel=0.25)  # whole rounds alone
    assert measured == pytest.approx(true, rel=0.05)


def lose(board: ThreePhases, number: int, kind: str, residual: float) -> None:
    board.phases[number].disturbance = Disturbance(kind, board.now_us, board.now_us + 60_000_000, residual)


def test_the_loss_of_one_or_two_phases_is_no_outage() -> None:
    board, polyphase = phases([50, 50, 50], ["PF 1", "PF 1", "PF 1"])
    energies(board, polyphase)
    lose(board, 0, INTERRUPTION, 0.0)
    lose(board, 1, DIP, 0.5)
    for _ in range(2):  # the round that was running, and the one in which it is found out
        while not round_over(polyphase):
            pass
    measured, undisturbed = energies(board, polyphase)
    assert polyphase.supplied
    assert not polyphase.all[0].detector.supplied
    assert polyphase.all[1].detector.supplied
    # the first phase carries nothing, the second half its voltage, the third all
    assert measured == pytest.approx(undisturbed * (0 + 0.5 + 1) / 3, rel=0.05)


def test_the_loss_of_all_phases_is_an_outage() -> None:
    board, polyphase = phases([50, 50, 50], ["PF 1", "PF 1", "PF 1"])
    energies(board, polyphase)
    lost_us = board.now_us
    for number in range(3):
        lose(board, number, INTERRUPTION, 0.0)
    while polyphase.supplied and board.now_us < lost_us + 5_000_000:
        round_over(polyphase)
    assert not polyphase.supplied
    # each phase needs its own 42 ms, one after the other
    assert board.now_us - lost_us < 160_000
