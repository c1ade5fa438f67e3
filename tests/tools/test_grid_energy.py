# SPDX-License-Identifier: Apache-2.0
"""The integer path from samples to registers against the same sums in fractions, which round nothing."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.device.support.played import Played

from electro_meter.agreements import Agreements
from electro_meter.intervals import Intervals
from electro_meter.journal import INTERVAL, Journal
from electro_meter.linearisation import table_of
from electro_meter.metering import Calibration
from electro_meter.registers import UJ_PER_WH, Registers
from electro_protocol.readings import NO_DATA, units
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


pieces = st.lists(st.integers(-(10**13), 10**13), max_size=60)


@given(pieces)
def test_every_microjoule_is_in_exactly_one_register(energies: list[int]) -> None:
    registers = Registers()
    for energy_uj in energies:
        registers.take(energy_uj)
    imported = Fraction(registers.import_wh) + Fraction(registers.import_uj, UJ_PER_WH)
    exported = Fraction(registers.export_wh) + Fraction(registers.export_uj, UJ_PER_WH)
    assert imported == sum((Fraction(one, UJ_PER_WH) for one in energies if one > 0), Fraction(0))
    assert exported == sum((Fraction(-one, UJ_PER_WH) for one in energies if one < 0), Fraction(0))
    assert 0 <= registers.import_uj < UJ_PER_WH
    assert 0 <= registers.export_uj < UJ_PER_WH


def account(folder: Path, intervals: int) -> tuple[Journal, Intervals]:
    agreements = Agreements(str(folder))
    one = {
        "agreement_id": 1, "start": START, "interval_seconds": INTERVAL_S, "intervals": intervals, "slots": 96,
        "unit_wh": UNIT_WH, "next": {"latest": 0, "final": 0},
    }  # fmt: skip
    agreements.adopt([one], START)
    journal = Journal(str(folder), 200)
    return journal, Intervals(journal, agreements, 5_000)


windows = st.lists(
    st.tuples(st.integers(190_000, 230_000), st.integers(0, 3_000_000), st.integers(-(10**11), 10**12)),
    min_size=2, max_size=120,
)  # fmt: skip


@settings(max_examples=40)
@given(taken=windows)
def test_gaps_are_bridged_to_the_microjoule_and_readings_carry_the_rest(
    taken: list[tuple[int, int, int]], tmp_path_factory: object
) -> None:
    folder = tmp_path_factory.mktemp("journal")  # type: ignore[attr-defined]
    journal, intervals = account(folder, 96)
    now_us = START * 1_000_000
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
        intervals.add(now_us, now_us + length_us, energy_uj)
        now_us += length_us
        before = length_us, power
    registers = intervals.registers
    got = registers.import_wh * UJ_PER_WH + registers.import_uj
    gone = registers.export_wh * UJ_PER_WH + registers.export_uj
    assert abs(got - imported) <= roundings
    assert abs(gone - exported) <= roundings
    # what is closed adds up exactly: readings, and the rest that is carried on
    found = [journal.find(1, index) for index in range(journal.newest_index(1) + 1)]
    if found and all(record and record.reading != NO_DATA for record in found):
        total = sum((units(record.reading) or 0) * UNIT_WH * UJ_PER_WH for record in found if record)
        last = found[-1]
        assert last is not None
        assert total + last.carry_uj == last.register_wh * UJ_PER_WH + last.fraction_uj


def test_nothing_drifts_in_a_year(tmp_path: Path) -> None:
    # two windows with a bridged gap in each quarter of an hour, import and export, energies that divide badly
    journal, intervals = account(tmp_path, 35_040)
    quarters = 35_040
    imported = exported = Fraction(0)
    previous: Fraction | None = None
    for quarter in range(quarters):
        begin_us = (START + quarter * INTERVAL_S) * 1_000_000
        sign = -1 if quarter % 11 == 7 else 1
        for part in range(2):
            energy_uj = sign * (10**9 + quarter * 7_919 % 1_000_003 * 1_009 + part)
            start_us = begin_us + part * 3_000_000
            power = Fraction(energy_uj, 200_001)
            pieces = [Fraction(energy_uj)]
            if part and previous is not None:
                gap_us = 3_000_000 - 200_001
                pieces += [previous * (gap_us // 2), power * (gap_us - gap_us // 2)]
            for piece in pieces:
                imported += max(piece, Fraction(0))
                exported += max(-piece, Fraction(0))
            intervals.add(start_us, start_us + 200_001, energy_uj)
            previous = power
    registers = intervals.registers
    off_uj = registers.import_wh * UJ_PER_WH + registers.import_uj - imported
    back_uj = registers.export_wh * UJ_PER_WH + registers.export_uj - exported
    # two divisions a quarter, each less than a microjoule: 70,080 of them are 0.02 mWh
    assert abs(off_uj) <= 2 * quarters
    assert abs(back_uj) <= 2 * quarters
    assert imported > 10**13
    assert exported > 10**12
    assert journal.last_register is not None
    assert journal.last_register.kind == INTERVAL
