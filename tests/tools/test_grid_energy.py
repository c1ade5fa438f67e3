# SPDX-License-Identifier: Apache-2.0
"""The integer path from samples to registers against the same sums in fractions, which round nothing."""

from __future__ import annotations

import asyncio
import math
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.device.support.accounts import Accounts, Clock, Memory, Signal, Terms
from tests.device.support.played import Played

from electro_meter.sensing.linearisation import table_of
from electro_meter.sensing.metering import Calibration
from electro_protocol.readings import unpack
from electro_tools.device.on_chip import Station

if TYPE_CHECKING:
    from pathlib import Path

UV, UA, SKEW_US = 368_000, 177_778, 95
MIDDLE = 1_625
START = 1_800_000_000
INTERVAL_S, UNIT_WH = 900, 10


def board(amps_counts: int, lag_deg: int, hz: float, jitter: list[int]) -> Played:
    """Return a Board with a sine and a turned one; a pace that trembles, and stalls."""
    turn = 2 * math.pi * hz / 1e6
    lag = math.radians(lag_deg)
    return Played(  # type: ignore[no-untyped-call]  # MicroPython runs it, too
        lambda t: MIDDLE + 884 * math.sin(turn * t + 0.3),
        lambda t: MIDDLE + amps_counts * math.sin(turn * t + 0.3 - lag),
        pace=lambda k: 250 + jitter[k % len(jitter)],
        skew_us=SKEW_US,
    )


def exact_energy_uj(
    samples: list[tuple[int, int, int]], volts_middle: int, amps_middle: int, cycles: int
) -> Fraction:
    """Return the energy by the definition at the top of metering.py: crossings, cells, parabola, weighted means."""
    times = [t for t, _, _ in samples]
    volts = [8 * v - volts_middle for _, v, _ in samples]
    amps = [8 * i - amps_middle for _, _, i in samples]
    crossings: list[int] = []
    least = 0  # of the voltage since the last crossing; the first third of a cycle doesn't count
    for k in range(2, len(samples) - 3):
        least = min(least, volts[k] if times[k] >= 1e6 / 50 / 3 else 0)
        if volts[k - 1] < 0 <= volts[k] and least <= -8 * 24:
            crossings.append(k)
            least = 0
    first, last = crossings[0], crossings[cycles]

    def instant(k: int) -> Fraction:
        return times[k - 1] + Fraction((times[k] - times[k - 1]) * -volts[k - 1], volts[k] - volts[k - 1])

    begin, end = instant(first), instant(last)
    weight = sum_i = sum_x = sum_xi = Fraction(0)
    for k in range(first - 1, last + 1):
        left = max(Fraction(times[k - 1] + times[k], 2), begin)
        right = min(Fraction(times[k] + times[k + 1], 2), end)
        if right <= left:
            continue
        at = Fraction(SKEW_US, times[k + 1] - times[k])
        before, x0, x1, x2 = volts[k - 1 : k + 3]
        x = x0 + (x1 - x0) * at - (x2 - x1 - x0 + before) * at * (1 - at) / 4
        i = amps[k]
        w = right - left
        weight += w
        sum_i += w * i
        sum_x += w * x
        sum_xi += w * x * i
    return (sum_xi - sum_x * sum_i / weight) * UV * UA / 64 / 10**12


@settings(max_examples=25)
@given(
    amps=st.integers(8, 1_100),
    lag_deg=st.integers(-90, 270),
    hz=st.floats(47.6, 61.5),
    jitter=st.lists(st.integers(-6, 60), min_size=1, max_size=40),
)
def test_a_window_is_what_the_fractions_say(amps: int, lag_deg: int, hz: float, jitter: list[int]) -> None:
    sines = board(amps, lag_deg, hz, jitter)
    at = Station(sines, table_of([]), Calibration(UV, UA), 100_000, 50)
    at.metering.begin(at.sampler, 1)
    middles = at.metering.volts_middle, at.metering.amps_middle
    sines.kept = []
    assert at.window()
    exact = exact_energy_uj(sines.kept, *middles, at.metering.window.cycles)
    assert at.metering.window.cycles == 10
    apparent_uj = Fraction(884 * amps * UV * UA * 100_000, 10**12)
    # ten bits for the voltage's instant
    assert abs(at.metering.window.energy_uj - exact) < apparent_uj / 4_000


windows = st.lists(
    st.tuples(st.integers(190_000, 230_000), st.integers(0, 3_000_000), st.integers(-(10**11), 10**12)),
    min_size=2, max_size=120,
)  # fmt: skip


def accounts(folder: Path) -> Accounts:
    """Return an account whose meter starts at START."""
    made = Accounts()  # type: ignore[no-untyped-call]  # MicroPython runs it, too
    made.folder = str(folder)
    made.board, made.changed = Memory(), Signal()  # type: ignore[no-untyped-call]
    made.clock = Clock(made.board)  # type: ignore[no-untyped-call]
    made.make()  # type: ignore[no-untyped-call]
    return made


def readings_of(made: Accounts) -> tuple[list[int], int]:
    """Return the readings of all that is closed, and the registers between which they lie, in J."""
    terms = Terms(unit_wh=UNIT_WH, interval_s=INTERVAL_S, intervals=65_535, slots=672)  # type: ignore[no-untyped-call]
    end = made.reports.closed(terms)
    lanes: list[int] = []
    while len(lanes) < end:
        lanes += unpack(asyncio.run(made.reports.build(terms, len(lanes), end)).readings)
    return lanes, made.account.import_at_j(START + end * INTERVAL_S)


@settings(max_examples=40)
@given(taken=windows)
def test_gaps_are_bridged_to_the_microjoule_and_readings_add_up(
    taken: list[tuple[int, int, int]], tmp_path_factory: object
) -> None:
    made = accounts(tmp_path_factory.mktemp("journal"))  # type: ignore[attr-defined]
    now_us = made.board.now_us
    imported = exported = Fraction(0)
    before: tuple[int, Fraction] | None = None
    roundings = 0
    for length_us, pause_us, energy_uj in taken:
        gap_us = pause_us if before else 0
        power = Fraction(energy_uj, length_us)
        parts = [Fraction(energy_uj)]
        if before is not None and gap_us:
            half_us = gap_us // 2
            parts += [before[1] * half_us, power * (gap_us - half_us)]
            roundings += 2
        imported += sum(part for part in parts if part > 0)
        exported -= sum(part for part in parts if part < 0)
        now_us += gap_us
        made.account.add(now_us, now_us + length_us, energy_uj)
        now_us += length_us
        before = length_us, power
    assert abs(made.account.import_uj - imported) <= roundings
    assert abs(made.account.export_uj - exported) <= roundings


def test_nothing_drifts_in_a_quarter_of_a_year(tmp_path: Path) -> None:
    # two windows with a bridged gap in each quarter of an hour, import and export, energies that divide badly
    made = accounts(tmp_path)
    made.account._max_gap_us = 900_000_000
    quarters = 8_640
    imported = exported = Fraction(0)
    previous: tuple[int, Fraction] | None = None
    origin_us = made.board.now_us
    for quarter in range(quarters):
        sign = -1 if quarter % 11 == 7 else 1
        for part in range(2):
            energy_uj = sign * (10**9 + quarter * 7_919 % 1_000_003 * 1_009 + part)
            start_us = origin_us + quarter * INTERVAL_S * 1_000_000 + part * 3_000_000
            power = Fraction(energy_uj, 200_001)
            pieces = [Fraction(energy_uj)]
            if previous is not None:
                gap_us = start_us - previous[0]
                pieces += [previous[1] * (gap_us // 2), power * (gap_us - gap_us // 2)]
            for piece in pieces:
                imported += max(piece, Fraction(0))
                exported += max(-piece, Fraction(0))
            made.account.add(start_us, start_us + 200_001, energy_uj)
            previous = start_us + 200_001, power
    made.board.now_us = start_us + 200_001
    # two divisions for each gap, and one for each boundary of bases in it, each less than a microjoule
    assert abs(made.account.import_uj - imported) <= 8 * quarters
    assert abs(made.account.export_uj - exported) <= 8 * quarters
    assert imported > 10**13
    assert exported > 10**12
    lanes, register_j = readings_of(made)
    assert len(lanes) == quarters - 1
    assert sum(lanes) == register_j // (UNIT_WH * 3_600)  # whatever rounding left of one is in the next
