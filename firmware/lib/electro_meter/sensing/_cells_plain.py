# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: SIM102, PLR1730 - viper takes neither "and" of comparisons nor max
"""The loops over a run of samples in plain Python: what they mean, and what runs where viper is missing.

_cells32 is generated from this file (`python -m electro_tools.generate`), so it keeps to what its generator knows.

Samples are counted from the start of their stretch; sample n lies in place n mod 128 of the ring. Voltages and
currents are in eighths of a count, times in microseconds, lengths of cells and the instants of crossings in half
microseconds. What a loop knows from run to run is in its frame, an array of 32-bit words whose names are in `frames`.
Sums that outgrow a word are kept in two or three: one of w · p, with p a product of two samples, goes as w · (p >> 17)
into the upper and w · (p mod 2^17) into the lower one, which hands over what it has above 17 bits at once.

| what | at most | else |
|---|---|---|
| u, i | 2^15: a sample is an unsigned number of 15 bits | – |
| x | 1.25 · u: so far a parabola overshoots | – |
| w | 4,000 | the stretch has a gap, and ends |
| Σ w in a cycle | 52,000, or 26 ms, and Σ w · x below 2^31 with it | the voltage is lost, and the sums end |
| Σ w · (p >> 17) in a cycle | 52,000 · 1.25 · 8,192 < 2^30 | – |
| squares of `follow` | 4,095² / 16 in a sample, 2,000 samples in a cycle: below 2^31 | – |
"""

from .frames import (
    AGO,
    AMPS_MIDDLE,
    ARMED,
    AT,
    CALM_LEAST,
    CALM_MOST,
    CROSSING,
    CYCLE_END,
    CYCLE_MEAN,
    CYCLES,
    DELAY,
    EARLIEST,
    ENDED,
    FIRST,
    LAST,
    LAST_EMPTY,
    LEVEL,
    LOOKED,
    PIECE_COUNT,
    PIECE_COUNTS,
    PIECE_EDGE,
    PIECE_LENGTH,
    PIECE_SUM,
    PIECE_SUMS,
    PIECES_DONE,
    PIECES_END,
    PIECES_MIDDLE,
    PIECES_TAKEN,
    QUARTER,
    RING_COUNT,
    RING_SUM,
    RUNNING,
    TAKEN,
    TOTAL_I,
    TOTAL_II,
    TOTAL_Q,
    TOTAL_QI,
    TOTAL_U,
    TOTAL_UU,
    TOTAL_W,
    TOTAL_X,
    TOTAL_XI,
    VOLTS_MIDDLE,
    WANTED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

_MASK = 127
# Cells are summed so many samples behind the newest, for the voltage of an instant after theirs is wanted.
_LAG = 8
_MOST_AGO = 44  # samples; 6 ms and what _LAG may be off, at the quickest pace
_LONGEST_CELL = 4_000
_LONGEST_CYCLE2 = 52_000
_HALF_CYCLE_US = 7_142  # of 70 Hz: no true crossing is nearer to the last one


def straighten(volts: "array[int]", amps: "array[int]", table: "array[int]", places: int) -> int:
    """Replace codes by what a table of every eighth one says they should have been, straight in between.

    places: the first one and the end, as first << 8 | end. Returns how many codes were outside of what the converter
    can tell, 0.15 to 2.45 V: of the voltage << 8 | of the current.
    """
    k = places >> 8
    end = places & 255
    outside = 0
    while k < end:
        code = volts[k]
        below = table[code >> 3]
        volts[k] = below + (((table[(code >> 3) + 1] - below) * (code & 7) + 4) >> 3)
        if code < 186:
            outside += 256
        if code > 3_040:
            outside += 256
        code = amps[k]
        below = table[code >> 3]
        amps[k] = below + (((table[(code >> 3) + 1] - below) * (code & 7) + 4) >> 3)
        if code < 186:
            outside += 1
        if code > 3_040:
            outside += 1
        k += 1
    return outside


def squares(samples: "array[int]", end: int, middle: int) -> int:
    """Return the sum of the squared distances of places 0 … end-1 from the middle."""
    total = 0
    for k in range(end):
        raw = samples[k] - middle
        total += raw * raw
    return total


def follow(times: "array[int]", volts: "array[int]", frame: "array[int]") -> int:
    """Cut the voltage into pieces of equal time, and stop after one at which the mean square of a cycle is remarkable.

    Returns the first sample not yet taken, the end if there was no such piece, or none more. A gap leaves empty pieces.
    """
    k = frame[PIECES_TAKEN]
    end = frame[PIECES_END]
    middle = frame[PIECES_MIDDLE]
    total = frame[PIECE_SUM]
    count = frame[PIECE_COUNT]
    edge = frame[PIECE_EDGE]
    while k < end:
        if times[k & _MASK] >= edge:
            slot = frame[PIECES_DONE] & 15
            frame[RING_SUM] += total - frame[PIECE_SUMS + slot]
            frame[RING_COUNT] += count - frame[PIECE_COUNTS + slot]
            frame[PIECE_SUMS + slot] = total
            frame[PIECE_COUNTS + slot] = count
            frame[PIECES_DONE] += 1
            frame[CYCLE_END] = edge
            edge += frame[PIECE_LENGTH]
            frame[PIECE_EDGE] = edge
            if count == 0:
                frame[LAST_EMPTY] = frame[PIECES_DONE]
            total = 0
            count = 0
            if frame[PIECES_DONE] >= 16:
                if frame[RING_COUNT] >= 16:
                    mean = (frame[RING_SUM] // frame[RING_COUNT]) << 4
                    if mean < frame[CALM_LEAST]:
                        frame[CYCLE_MEAN] = mean
                        break
                    if mean > frame[CALM_MOST]:
                        frame[CYCLE_MEAN] = mean
                        break
            continue
        raw = (volts[k & _MASK] - middle) >> 3
        total += (raw * raw) >> 4
        count += 1
        k += 1
    frame[PIECES_TAKEN] = k
    frame[PIECE_SUM] = total
    frame[PIECE_COUNT] = count
    return k


def sum_cells(times: "array[int]", volts: "array[int]", amps: "array[int]", frame: "array[int]") -> int:
    """Sum over cells of time between rising crossings of the voltage; return why it ended, 0 if it goes on.

    A sample's cell reaches half the way to both its neighbours; a cell in which a crossing lies is cut there. Summed
    are w, w·u, w·i, w·x, w·q, w·u·u, w·i·i, w·x·i, w·q·i: w the cell's length, u and i the distance of voltage and
    current from their middles, x the voltage DELAY later (negative: earlier), by a parabola through the four samples
    around that instant or by a straight line where a stall lies among them, q that of QUARTER before, by a straight
    line. The sums count up to the last crossing: what comes after it is no whole cycle. No crossing lies in a gap,
    wherever the voltage was on its two sides, nor in the cell before it: the pair there may have been read in the gap.
    It ends with 1 when all cycles wanted are there, 2 where no crossing comes any more, 3 at a gap.
    """
    taken = frame[TAKEN]
    j = frame[LOOKED]
    if frame[ENDED] != 0:
        frame[LOOKED] = taken
        return 0
    middle = frame[VOLTS_MIDDLE]
    amps_middle = frame[AMPS_MIDDLE]
    delay = frame[DELAY]
    level = frame[LEVEL]
    quarter = frame[QUARTER]
    cycles = frame[CYCLES]
    armed = frame[ARMED]
    earliest = frame[EARLIEST]
    crossing = frame[CROSSING]
    at = frame[AT]
    weight = frame[RUNNING]
    su = frame[RUNNING + 1]
    si = frame[RUNNING + 2]
    sx = frame[RUNNING + 3]
    sq = frame[RUNNING + 4]
    suu = (frame[RUNNING + 5] << 17) + frame[RUNNING + 6]
    sii = (frame[RUNNING + 7] << 17) + frame[RUNNING + 8]
    sxi = (frame[RUNNING + 9] << 17) + frame[RUNNING + 10]
    sqi = (frame[RUNNING + 11] << 17) + frame[RUNNING + 12]
    ago = frame[AGO]
    fraction = 0
    bend = 0
    known_dt = 0
    known_part = 0
    ended = 0
    while j < taken:
        t = times[j & _MASK]
        u = volts[j & _MASK]
        before = times[(j - 1) & _MASK]
        if t - before > _LONGEST_CELL:
            armed = 0
            earliest = t + _HALF_CYCLE_US
            if crossing > 2 * times[(j - 2) & _MASK]:
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
                x0 = middle - volts[(j - 1) & _MASK]
                crossing = 2 * before + 2 * (t - before) * x0 // (x0 + u - middle)
                armed = 0
                earliest = t + _HALF_CYCLE_US
        k = j - _LAG
        j += 1
        now = times[k & _MASK]
        after = times[(k + 1) & _MASK]
        rest = 0
        if crossing != 0:
            rest = now + after - crossing
        if cycles < 0:
            if rest <= 0:
                at = k - _LAG - 1
                ago = k - _MOST_AGO
                if ago < 0:
                    ago = 0
                continue
        w = after - times[(k - 1) & _MASK]
        if w > _LONGEST_CELL:
            ended = 3
            break
        part = now + delay
        while at + 4 <= j:
            if times[(at + 1) & _MASK] > part:
                break
            at += 1
        before = times[at & _MASK]
        dt = times[(at + 1) & _MASK] - before
        part -= before
        if part != known_part:
            known_dt = 0
        if dt != known_dt:
            known_part = part
            known_dt = dt
            fraction = (part << 10) // dt
            bend = (fraction * (1024 - fraction)) >> 12
        x0 = volts[at & _MASK] - middle
        x1 = volts[(at + 1) & _MASK] - middle
        x = (x1 - x0) * fraction
        part = times[(at + 2) & _MASK] - times[(at - 1) & _MASK]
        part += part
        if part >= 5 * dt:
            if part <= 8 * dt:
                part = volts[(at + 2) & _MASK] - middle - x1 - x0 + volts[(at - 1) & _MASK] - middle
                x -= part * bend
        x = x0 + (x >> 10)
        u = volts[k & _MASK] - middle
        i = amps[k & _MASK] - amps_middle
        part = now + delay - quarter
        while times[(ago + 1) & _MASK] <= part:
            ago += 1
        before = times[ago & _MASK]
        dt = times[(ago + 1) & _MASK] - before
        q = volts[ago & _MASK]
        q += ((volts[(ago + 1) & _MASK] - q) * (((part - before) << 10) // dt)) >> 10
        q -= middle
        if rest > 0:
            w -= rest
        while True:
            weight += w
            su += w * u
            si += w * i
            sx += w * x
            sq += w * q
            suu += w * (u * u)
            sii += w * (i * i)
            sxi += w * (x * i)
            sqi += w * (q * i)
            if rest <= 0:
                break
            if cycles < 0:
                frame[FIRST] = crossing
                for place in range(TOTAL_W, AGO):
                    frame[place] = 0
            else:
                frame[TOTAL_W] += weight
                for place, total in ((TOTAL_U, su), (TOTAL_I, si), (TOTAL_X, sx), (TOTAL_Q, sq)):
                    frame[place] += total >> 12
                    frame[place + 1] += total & 0xFFF
                for place, total in ((TOTAL_UU, suu), (TOTAL_II, sii), (TOTAL_XI, sxi), (TOTAL_QI, sqi)):
                    frame[place] += total >> 29
                    frame[place + 1] += (total >> 17) & 0xFFF
                    frame[place + 2] += total & 0x1FFFF
            weight = 0
            su = 0
            si = 0
            sx = 0
            sq = 0
            suu = 0
            sii = 0
            sxi = 0
            sqi = 0
            cycles += 1
            frame[LAST] = crossing
            crossing = 0
            if cycles == frame[WANTED]:
                ended = 1
                break
            w = rest
            rest = 0
        if ended == 0:
            if crossing == 0:
                if 2 * t - frame[LAST] > _LONGEST_CYCLE2:
                    ended = 2
                    if t - after > 2 * _LONGEST_CELL:
                        ended = 3
        if ended != 0:
            break
    frame[LOOKED] = j
    frame[CYCLES] = cycles
    frame[ARMED] = armed
    frame[EARLIEST] = earliest
    frame[CROSSING] = crossing
    frame[AT] = at
    frame[AGO] = ago
    frame[ENDED] = ended
    frame[RUNNING] = weight
    frame[RUNNING + 1] = su
    frame[RUNNING + 2] = si
    frame[RUNNING + 3] = sx
    frame[RUNNING + 4] = sq
    for place, total in ((5, suu), (7, sii), (9, sxi), (11, sqi)):
        frame[RUNNING + place] = total >> 17
        frame[RUNNING + place + 1] = total & 0x1FFFF
    return ended
