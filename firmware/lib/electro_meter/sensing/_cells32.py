# SPDX-License-Identifier: Apache-2.0
# Generated from _cells_plain.py by `python -m electro_tools.generate`; a test holds it to that.
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN202, F821, PLR1730, SIM102
# fmt: off
"""The loops over a run of samples in viper for 32-bit words; _cells_plain says what they mean, and what fits a word.

Importing it fails where viper or 32-bit words are missing; `cells` then takes _cells_plain.
"""

import sys

import micropython

if sys.maxsize >> 31:
    raise ImportError("the words are not of 32 bits")

from array import array

_sum = array("i", [0] * 2)


def squares(samples, end, middle):
    _squares(samples, end, middle, _sum)
    return (_sum[0] << 17) + _sum[1]


@micropython.viper
def _squares(samples: ptr16, end: int, middle: int, total: ptr32):
    k = 0
    low = 0
    high = 0
    while k < end:
        raw = int(samples[k]) - middle
        raw = raw * raw
        high += raw >> 17
        low += raw & 0x1FFFF
        k += 1
    total[0] = high + (low >> 17)
    total[1] = low & 0x1FFFF


@micropython.viper
def straighten(volts: ptr16, amps: ptr16, table: ptr16, places: int) -> int:
    k = places >> 8
    end = places & 255
    outside = 0
    while True:
        if k >= end:
            break
        code = int(volts[k])
        below = int(table[code >> 3])
        volts[k] = below + ((((int(table[(code >> 3) + 1]) - below) * (code & 7)) + 4) >> 3)
        if code < 186:
            outside += 256
        if code > 3040:
            outside += 256
        code = int(amps[k])
        below = int(table[code >> 3])
        amps[k] = below + ((((int(table[(code >> 3) + 1]) - below) * (code & 7)) + 4) >> 3)
        if code < 186:
            outside += 1
        if code > 3040:
            outside += 1
        k += 1
    return outside


@micropython.viper
def follow(times: ptr32, volts: ptr16, frame: ptr32) -> int:
    k = int(frame[0])
    end = int(frame[1])
    middle = int(frame[2])
    total = int(frame[3])
    count = int(frame[4])
    edge = int(frame[6])
    while True:
        if k >= end:
            break
        if int(times[k & 127]) >= edge:
            slot = int(frame[7]) & 15
            frame[8] = int(frame[8]) + (total - int(frame[15 + slot]))
            frame[9] = int(frame[9]) + (count - int(frame[31 + slot]))
            frame[15 + slot] = total
            frame[31 + slot] = count
            frame[7] = int(frame[7]) + 1
            frame[13] = edge
            edge += int(frame[5])
            frame[6] = edge
            if count == 0:
                frame[14] = int(frame[7])
            total = 0
            count = 0
            if int(frame[7]) >= 16:
                if int(frame[9]) >= 16:
                    mean = (int(frame[8]) // int(frame[9])) << 4
                    if mean < int(frame[10]):
                        frame[12] = mean
                        break
                    if mean > int(frame[11]):
                        frame[12] = mean
                        break
            continue
        raw = (int(volts[k & 127]) - middle) >> 3
        total += (raw * raw) >> 4
        count += 1
        k += 1
    frame[0] = k
    frame[3] = total
    frame[4] = count
    return k


@micropython.viper
def sum_cells(times: ptr32, volts: ptr16, amps: ptr16, frame: ptr32) -> int:
    taken = int(frame[0])
    j = int(frame[1])
    if int(frame[15]) != 0:
        frame[1] = taken
        return 0
    middle = int(frame[2])
    amps_middle = int(frame[3])
    delay = int(frame[4])
    level = int(frame[5])
    quarter = int(frame[6])
    cycles = int(frame[8])
    armed = int(frame[9])
    earliest = int(frame[10])
    crossing = int(frame[11])
    at = int(frame[12])
    weight = int(frame[16])
    su = int(frame[17])
    si = int(frame[18])
    sx = int(frame[19])
    sq = int(frame[20])
    suu_high = int(frame[21])
    suu = int(frame[22])
    sii_high = int(frame[23])
    sii = int(frame[24])
    sxi_high = int(frame[25])
    sxi = int(frame[26])
    sqi_high = int(frame[27])
    sqi = int(frame[28])
    ago = int(frame[50])
    fraction = 0
    bend = 0
    known_dt = 0
    known_part = 0
    ended = 0
    while True:
        if j >= taken:
            break
        t = int(times[j & 127])
        u = int(volts[j & 127])
        before = int(times[(j - 1) & 127])
        if t - before > 4000:
            armed = 0
            earliest = t + 7142
            if crossing > 2 * int(times[(j - 2) & 127]):
                crossing = 0
            if crossing == 0:
                if cycles >= 0:
                    ended = 3
                    break
        if u <= level:
            if t >= earliest:
                armed = 1
        elif armed != 0:
            if u >= middle:
                x0 = middle - int(volts[(j - 1) & 127])
                crossing = (2 * before) + (((2 * (t - before)) * x0) // ((x0 + u) - middle))
                armed = 0
                earliest = t + 7142
        k = j - 8
        j += 1
        now = int(times[k & 127])
        after = int(times[(k + 1) & 127])
        rest = 0
        if crossing != 0:
            rest = (now + after) - crossing
        if cycles < 0:
            if rest <= 0:
                at = (k - 8) - 1
                ago = k - 44
                if ago < 0:
                    ago = 0
                continue
        w = after - int(times[(k - 1) & 127])
        if w > 4000:
            ended = 3
            break
        part = now + delay
        while True:
            if at + 4 > j:
                break
            if int(times[(at + 1) & 127]) > part:
                break
            at += 1
        before = int(times[at & 127])
        dt = int(times[(at + 1) & 127]) - before
        part -= before
        if part != known_part:
            known_dt = 0
        if dt != known_dt:
            known_part = part
            known_dt = dt
            fraction = (part << 10) // dt
            bend = (fraction * (1024 - fraction)) >> 12
        x0 = int(volts[at & 127]) - middle
        x1 = int(volts[(at + 1) & 127]) - middle
        x = (x1 - x0) * fraction
        part = int(times[(at + 2) & 127]) - int(times[(at - 1) & 127])
        part += part
        if part >= 5 * dt:
            if part <= 8 * dt:
                part = ((((int(volts[(at + 2) & 127]) - middle) - x1) - x0) + int(volts[(at - 1) & 127])) - middle
                x -= part * bend
        x = x0 + (x >> 10)
        u = int(volts[k & 127]) - middle
        i = int(amps[k & 127]) - amps_middle
        part = (now + delay) - quarter
        while True:
            if int(times[(ago + 1) & 127]) > part:
                break
            ago += 1
        before = int(times[ago & 127])
        dt = int(times[(ago + 1) & 127]) - before
        q = int(volts[ago & 127])
        q += ((int(volts[(ago + 1) & 127]) - q) * (((part - before) << 10) // dt)) >> 10
        q -= middle
        if rest > 0:
            w -= rest
        while True:
            weight += w
            su += w * u
            si += w * i
            sx += w * x
            sq += w * q
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
            p = q * i
            sqi += w * (p & 0x1FFFF)
            sqi_high += w * (p >> 17) + (sqi >> 17)
            sqi &= 0x1FFFF
            if rest <= 0:
                break
            if cycles < 0:
                frame[13] = crossing
                place = 29
                while place < 50:
                    frame[place] = 0
                    place += 1
            else:
                frame[29] = int(frame[29]) + weight
                frame[30] = int(frame[30]) + (su >> 12)
                frame[31] = int(frame[31]) + (su & 4095)
                frame[32] = int(frame[32]) + (si >> 12)
                frame[33] = int(frame[33]) + (si & 4095)
                frame[34] = int(frame[34]) + (sx >> 12)
                frame[35] = int(frame[35]) + (sx & 4095)
                frame[36] = int(frame[36]) + (sq >> 12)
                frame[37] = int(frame[37]) + (sq & 4095)
                frame[38] = int(frame[38]) + (suu_high >> 12)
                frame[39] = int(frame[39]) + (suu_high & 4095)
                frame[40] = int(frame[40]) + suu
                frame[41] = int(frame[41]) + (sii_high >> 12)
                frame[42] = int(frame[42]) + (sii_high & 4095)
                frame[43] = int(frame[43]) + sii
                frame[44] = int(frame[44]) + (sxi_high >> 12)
                frame[45] = int(frame[45]) + (sxi_high & 4095)
                frame[46] = int(frame[46]) + sxi
                frame[47] = int(frame[47]) + (sqi_high >> 12)
                frame[48] = int(frame[48]) + (sqi_high & 4095)
                frame[49] = int(frame[49]) + sqi
            weight = 0
            su = 0
            si = 0
            sx = 0
            sq = 0
            suu_high = 0
            suu = 0
            sii_high = 0
            sii = 0
            sxi_high = 0
            sxi = 0
            sqi_high = 0
            sqi = 0
            cycles += 1
            frame[14] = crossing
            crossing = 0
            if cycles == int(frame[7]):
                ended = 1
                break
            w = rest
            rest = 0
        if ended == 0:
            if crossing == 0:
                if (2 * t) - int(frame[14]) > 52000:
                    ended = 2
                    if t - after > 2 * 4000:
                        ended = 3
        if ended != 0:
            break
    frame[1] = j
    frame[8] = cycles
    frame[9] = armed
    frame[10] = earliest
    frame[11] = crossing
    frame[12] = at
    frame[50] = ago
    frame[15] = ended
    frame[16] = weight
    frame[17] = su
    frame[18] = si
    frame[19] = sx
    frame[20] = sq
    frame[21] = suu_high
    frame[22] = suu
    frame[23] = sii_high
    frame[24] = sii
    frame[25] = sxi_high
    frame[26] = sxi
    frame[27] = sqi_high
    frame[28] = sqi
    return ended
