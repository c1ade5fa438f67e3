# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN202, F821, SIM102
"""The loops over a block's samples in viper for 32-bit words; _cells_plain says what they mean.

Sums that outgrow a word are kept in two: w · p, with p a product of two samples, goes as w · (p >> 17) into the upper
and w · (p mod 2^17) into the lower one, which hands over what it has above 17 bits at once.

| what | at most | else |
|---|---|---|
| u, i, counted in eighths | 20,000: the middle between 1.28 and 2.00 V | the plain loop is asked |
| x | 1.25 · u: so far a parabola overshoots | the same |
| w | 2^12 half microseconds, a stall of 2 ms: w · (p mod 2^17) < 2^29 | the same |
| squares of `follow` | 4,095² / 16 in a sample, 2,000 samples in a cycle: below 2^31 | – |
| Σ w | 480,000, or 240 ms: Σ w · (p >> 17) ≤ 480,000 · 3,815 < 2^31 | the same |

Importing it fails where viper or 32-bit words are missing; `cells` then takes _cells_plain.
"""

import sys

import micropython

if sys.maxsize >> 31:
    raise ImportError("the words are not of 32 bits")

from array import array

_MOST_SPAN_US = 240_000
_MOST_DISTANCE = 20_000
_LEAST_MIDDLE = 32_767 - _MOST_DISTANCE
# of one piece of a sixteenth of a cycle: so many full squares stay below 2^31 in the upper word by far
_MOST_SQUARES = 1_024
_frame = array("i", [0] * 16)


@micropython.viper
def straighten(samples: ptr16, table: ptr16, count: int):
    k = 0
    while k < count:
        code = int(samples[k])
        below = int(table[code >> 3])
        samples[k] = below + (((int(table[(code >> 3) + 1]) - below) * (code & 7) + 4) >> 3)
        k += 1


@micropython.viper
def rising(volts: ptr16, k: int, end: int, middle: int) -> int:
    before = int(volts[k - 1])
    while k < end:
        now = int(volts[k])
        if before < middle:
            if middle <= now:
                break
        before = now
        k += 1
    return k


@micropython.viper
def later(times: ptr32, k: int, end: int, time: int) -> int:
    while k < end:
        if int(times[k]) >= time:
            break
        k += 1
    return k


@micropython.viper
def falling(volts: ptr16, k: int, end: int, level: int) -> int:
    while k < end:
        if int(volts[k]) <= level:
            break
        k += 1
    return k


def squares(volts, k, end, middle):
    total = 0
    while end - k > _MOST_SQUARES:
        total += squares(volts, k, k + _MOST_SQUARES, middle)
        k += _MOST_SQUARES
    frame = _frame
    frame[0], frame[1], frame[2] = k, end, middle
    _squares(volts, frame)
    return total + (frame[3] << 17) + frame[4]


@micropython.viper
def _squares(volts: ptr16, frame: ptr32):
    k = int(frame[0])
    end = int(frame[1])
    middle = int(frame[2])
    low = 0
    high = 0
    while k < end:
        raw = int(volts[k]) - middle
        raw = raw * raw
        high += raw >> 17
        low += raw & 0x1FFFF
        k += 1
    frame[3] = high + (low >> 17)
    frame[4] = low & 0x1FFFF


@micropython.viper
def follow(times: ptr32, volts: ptr16, frame: ptr32) -> int:
    k = int(frame[0])
    end = int(frame[1])
    middle = int(frame[2])
    shift = int(frame[3])
    edge = int(frame[5])
    first = k
    total = 0
    while True:
        if k >= end:
            break
        if int(times[k]) >= edge:
            slot = 13 + (int(frame[6]) & 15)
            sum_all = int(frame[7]) + total - int(frame[slot])
            count = int(frame[8]) + k - first - int(frame[slot + 16])
            frame[7] = sum_all
            frame[8] = count
            frame[slot] = total
            frame[slot + 16] = k - first
            pieces = int(frame[6]) + 1
            frame[6] = pieces
            frame[12] = edge
            while int(times[k]) >= edge:
                edge += int(frame[4])
            frame[5] = edge
            first = k
            total = 0
            if pieces >= 16:
                if count > 0:
                    mean = (sum_all // count) << 4
                    frame[11] = mean
                    if mean < int(frame[9]):
                        break
                    if mean > int(frame[10]):
                        break
        raw = (int(volts[k]) - middle) >> shift
        total += (raw * raw) >> 4
        k += 1
    frame[0] = k
    return k


def _near(samples, middle):
    """Return whether no sample can be further than _MOST_DISTANCE from the middle."""
    return middle <= _MOST_DISTANCE and (middle >= _LEAST_MIDDLE or max(samples) - middle <= _MOST_DISTANCE)


def sum_cells(times, volts, amps, first, last, at, delay, volts_middle, amps_middle):
    frame = _frame
    if (
        times[last] - times[first] <= _MOST_SPAN_US
        and _near(volts, volts_middle)
        and _near(amps, amps_middle)
    ):
        frame[0], frame[1], frame[2], frame[3] = first, last, at, delay
        frame[4], frame[5] = volts_middle, amps_middle
        if _sum_cells(times, volts, amps, frame):
            return [
                frame[0],
                (frame[1] << 12) + frame[2],
                (frame[3] << 12) + frame[4],
                (frame[5] << 12) + frame[6],
                (frame[7] << 17) + frame[8],
                (frame[9] << 17) + frame[10],
                (frame[11] << 17) + frame[12],
            ]
    from ._cells_plain import sum_cells as plain

    return plain(times, volts, amps, first, last, at, delay, volts_middle, amps_middle)


@micropython.viper
def _sum_cells(times: ptr32, volts: ptr16, amps: ptr16, frame: ptr32) -> int:
    k = int(frame[0])
    last = int(frame[1])
    at = int(frame[2])
    delay = int(frame[3])
    volts_middle = int(frame[4])
    amps_middle = int(frame[5])
    before = int(times[k - 1])
    now = int(times[k])
    fraction = 0
    bend = 0
    known_dt = 0
    known_part = 0
    weight = 0
    su = 0
    su_high = 0
    si = 0
    si_high = 0
    sx = 0
    sx_high = 0
    suu = 0
    suu_high = 0
    sii = 0
    sii_high = 0
    sxi = 0
    sxi_high = 0
    while True:  # not "while k < last": the branch back could be further than old Xtensa compilers can reach
        if k >= last:
            break
        after = int(times[k + 1])
        part = now + delay
        while int(times[at + 1]) <= part:
            at += 1
        dt = int(times[at + 1]) - int(times[at])
        part -= int(times[at])
        if part != known_part:
            known_dt = 0
        if dt != known_dt:
            known_part = part
            known_dt = dt
            fraction = (part << 10) // dt
            bend = (fraction * (1024 - fraction)) >> 12
        x0 = int(volts[at]) - volts_middle
        x1 = int(volts[at + 1]) - volts_middle
        x = (x1 - x0) * fraction
        part = int(times[at + 2]) - int(times[at - 1])
        part += part
        if part >= 5 * dt:
            if part <= 8 * dt:
                part = int(volts[at + 2]) - volts_middle - x1 - x0 + int(volts[at - 1]) - volts_middle
                x -= part * bend
        x = x0 + (x >> 10)
        u = int(volts[k]) - volts_middle
        i = int(amps[k]) - amps_middle
        w = after - before
        if w >= 4096:
            return 0
        weight += w
        su += w * u
        su_high += su >> 12
        su &= 0xFFF
        si += w * i
        si_high += si >> 12
        si &= 0xFFF
        sx += w * x
        sx_high += sx >> 12
        sx &= 0xFFF
        p = u * u
        suu += w * (p & 0x1FFFF)
        suu_high += w * (p >> 17) + (suu >> 17)
        suu &= 0x1FFFF
        p = i * i
        sii += w * (p & 0x1FFFF)
        sii_high += w * (p >> 17) + (sii >> 17)
        sii &= 0x1FFFF
        p = x * i
        sxi += w * (p & 0x1FFFF)
        sxi_high += w * (p >> 17) + (sxi >> 17)
        sxi &= 0x1FFFF
        before = now
        now = after
        k += 1
    frame[0] = weight
    frame[1] = su_high
    frame[2] = su
    frame[3] = si_high
    frame[4] = si
    frame[5] = sx_high
    frame[6] = sx
    frame[7] = suu_high
    frame[8] = suu
    frame[9] = sii_high
    frame[10] = sii
    frame[11] = sxi_high
    frame[12] = sxi
    return 1
