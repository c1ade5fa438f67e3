# SPDX-License-Identifier: Apache-2.0
"""Work the readings of an agreement's intervals out of the journal; a module of its own, for it is there while needed.

A reading is the sum over joined runs of floor(end / unit) − floor(start / unit) of the import register, so the
readings of a period add up to its energy and nothing is carried. An interval is interrupted if a declared outage
touches it, and has no data if less than LEAST_MEASURED_PERMILLE of its time with supply was measured.
"""

import asyncio

from electro_protocol.readings import INTERRUPTED, MAX_INTERRUPTED_UNITS, MAX_UNITS, NO_DATA, pack

from .records import BASE, JOINED, START, SUMMARY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..uplink.agreement import Agreement
    from .journal import Ring

LEAST_MEASURED_PERMILLE = 950
_J_PER_WH = 3_600
# A base's record takes a chip some milliseconds: after so many the others have their turn.
_TURN = 8


async def work_out(
    ring: "Ring",
    outages: "list[tuple[int, int, int, int]]",
    base_s: int,
    agreement: "Agreement",
    first: int,
    end: int,
) -> "tuple[bytes, int]":
    """Return the readings of intervals first … end-1, as they are signed, and the register at their end in joules."""
    register_j = 0
    lanes = []
    turn = 0
    for index in range(first, end):
        lane, at_end_j = _lane(ring, base_s, agreement, index, outages)
        lanes.append(lane)
        register_j = at_end_j or register_j
        turn += agreement.interval_s // base_s
        if turn >= _TURN:
            turn = 0
            await asyncio.sleep(0)
    if not register_j:  # without data it did not move
        before = ring.before((agreement.start_s + first * agreement.interval_s) // base_s)
        register_j = before[4] if before is not None else 0
    return pack(lanes), register_j


def _lane(
    ring: "Ring", base_s: int, agreement: "Agreement", index: int, outages: "list[tuple[int, int, int, int]]"
) -> "tuple[int, int]":
    """Return an interval's lane, and the import register at the end of its last record in joules (0: none)."""
    from_s = agreement.start_s + index * agreement.interval_s
    to_s = from_s + agreement.interval_s
    unit_j = agreement.unit_wh * _J_PER_WH
    measured = dark = units = 0  # tenths of seconds; units of the agreement
    end_j = -1  # of the run
    for number in range(from_s // base_s, to_s // base_s):
        at = ring.find(number)
        record = ring.read(at) if at >= 0 else None
        start_j = -1
        dark_here = 10 * _overlap_s(outages, number * base_s, (number + 1) * base_s)
        if record is not None:
            start_j = end_j if end_j >= 0 and record[1] & JOINED else _start_j(ring, record, at)
        if record is None or not 0 <= start_j <= record[4]:  # lost, or the register fell: it says nothing
            dark += dark_here
            end_j = -1
            continue
        end_j = record[4]
        units += end_j // unit_j - start_j // unit_j
        measured += record[2]
        # no record knows of an outage before a start that could not read of it
        dark += max(record[6], dark_here)
    register_j = max(end_j, 0)
    # each record's two times are rounded down: hardly any supply is no gap in the measurement
    supplied = 10 * agreement.interval_s - dark - 2 * (agreement.interval_s // base_s)
    if measured * 1000 < LEAST_MEASURED_PERMILLE * supplied:
        return NO_DATA, register_j
    if _overlap_s(outages, from_s, to_s):
        return INTERRUPTED | min(units, MAX_INTERRUPTED_UNITS), register_j
    return min(units, MAX_UNITS), register_j


def _start_j(ring: "Ring", record: "tuple[int, ...]", at: int) -> int:
    """Return the import register at the beginning of a base, -1 if its record is lost.

    It is in the record before, by its place: a base that was recorded twice moves no other one's beginning.
    """
    kind, number = (BASE, record[3] - 1) if record[1] & JOINED else (START, record[3])
    before = ring.read(at - 1) or ring.read(at - 2)
    if before is not None and before[0] == SUMMARY:
        before = ring.read(at - 2)
    if before is None and kind == BASE:  # a file began where another could not be read
        at = ring.find(number)
        before = ring.read(at) if at >= 0 else None
    return before[4] if before is not None and (before[0], before[3]) == (kind, number) else -1


def _overlap_s(outages: "list[tuple[int, int, int, int]]", from_s: int, to_s: int) -> int:
    """Return the seconds of a time in which declared outages lie."""
    total = 0
    for _, started_s, ended_s, _ in outages:
        total += max(0, min(ended_s or to_s, to_s) - max(started_s, from_s))
    return total
