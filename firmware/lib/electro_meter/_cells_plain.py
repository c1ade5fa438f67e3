# SPDX-License-Identifier: Apache-2.0
"""The loops over a run of samples in plain Python: what they mean, and what runs where viper is missing.

Samples are counted from the start of their stretch; sample n lies in place n mod 128 of the ring. Voltages and currents
are in eighths of a count, times in microseconds, lengths of cells and the instants of crossings in half microseconds.
What a loop knows from run to run is in its frame, an array of 32-bit words. Sums that outgrow a word are kept in two or
three: one of w · p, with p a product of two samples, goes as w · (p >> 17) into the upper and w · (p mod 2^17) into the
lower one, which hands over what it has above 17 bits at once.

| what | at most | else |
|---|---|---|
| u, i | 2^15: a sample is an unsigned number of 15 bits | – |
| x | 1.25 · u: so far a parabola overshoots | – |
| w | 4,000 | the stretch has a gap, and ends |
| Σ w in a cycle | 52,000, or 26 ms, and Σ w · x below 2^31 with it | the voltage is lost, and the sums end |
| Σ w · (p >> 17) in a cycle | 52,000 · 1.25 · 8,192 < 2^30 | – |
| squares of `follow` | 4,095² / 16 in a sample, 2,000 samples in a cycle: below 2^31 | – |
"""

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

    places: the first one and the end, as first << 8 | end. Returns how many codes of the current were outside of what
    the converter can tell, 0.15 to 2.45 V.
    """
    outside = 0
    for k in range(places >> 8, places & 255):
        code = volts[k]
        below = table[code >> 3]
        volts[k] = below + ((table[(code >> 3) + 1] - below) * (code & 7) + 4 >> 3)
        code = amps[k]
        below = table[code >> 3]
        amps[k] = below + ((table[(code >> 3) + 1] - below) * (code & 7) + 4 >> 3)
        if not 186 <= code <= 3_040:
            outside += 1
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
    The frame holds:

    | word | what |
    |---|---|
    | 0, 1 | the first sample not yet taken, the end |
    | 2 | the voltage's middle |
    | 3, 4 | the running piece's sum of squares (in 16ths of a squared count) and its samples |
    | 5, 6 | a piece's length, and where the running one ends, in times |
    | 7 | pieces so far; their ring has sixteen places |
    | 8, 9 | the ring's sum of squares and its samples |
    | 10, 11 | a mean square from here to there, in squared counts, is not remarkable |
    | 12, 13 | the mean square, and where its cycle ended |
    | 14 | the last piece that was empty |
    | 15-30, 31-46 | the ring: each piece's sum and samples |
    """
    k, end = frame[0], frame[1]
    middle = frame[2]
    total, count = frame[3], frame[4]
    edge = frame[6]
    while k < end:
        if times[k & _MASK] >= edge:
            slot = frame[7] & 15
            frame[8] += total - frame[15 + slot]
            frame[9] += count - frame[31 + slot]
            frame[15 + slot], frame[31 + slot] = total, count
            frame[7] += 1
            frame[13] = edge
            edge += frame[5]
            frame[6] = edge
            if not count:
                frame[14] = frame[7]
            total = count = 0
            if frame[7] >= 16 and frame[9] >= 16:
                mean = frame[8] // frame[9] << 4
                if not frame[10] <= mean <= frame[11]:
                    frame[12] = mean
                    break
            continue
        raw = volts[k & _MASK] - middle >> 3
        total += raw * raw >> 4
        count += 1
        k += 1
    frame[0], frame[3], frame[4] = k, total, count
    return k


def sum_cells(times: "array[int]", volts: "array[int]", amps: "array[int]", frame: "array[int]") -> int:
    """Sum over cells of time between rising crossings of the voltage; return why it ended, 0 if it goes on.

    A sample's cell reaches half the way to both its neighbours; a cell in which a crossing lies is cut there. Summed
    are w, w·u, w·i, w·x, w·q, w·u·u, w·i·i, w·x·i, w·q·i: w the cell's length, u and i the distance of voltage and
    current from their middles, x the voltage `delay` later (negative: earlier), by a parabola through the four samples
    around that instant or by a straight line where a stall lies among them, q that of some time before, by a straight
    line. The sums count up to the last crossing: what comes after it is no whole cycle.
    It ends with 1 when all cycles wanted are there, 2 where no crossing comes any more, 3 at a gap. The frame holds:

    | word | what |
    |---|---|
    | 0, 1 | samples taken, the first one not yet looked at |
    | 2, 3 | the middles of voltage and current |
    | 4 | the delay |
    | 5 | the level that a true negative half wave goes below |
    | 6 | by how much q is earlier than x, 6 ms at most |
    | 7, 8 | cycles wanted, and those that are there; -1: no crossing yet |
    | 9, 10 | whether that level was reached since the last crossing; it does not count before this time |
    | 11 | a crossing that the cells have not reached yet, 0: none |
    | 12, 50 | the voltage's samples before the last x and the last q |
    | 13, 14 | the first crossing and the last |
    | 15 | why it ended |
    | 16-28 | the running cycle: w, w·u, w·i, w·x, w·q; two words each (17 bits) of w·u·u, w·i·i, w·x·i, w·q·i |
    | 29-49 | whole cycles: w; the next four in two words each (12 bits), the rest in three (12, 17) |
    """
    taken, j = frame[0], frame[1]
    if frame[15]:
        frame[1] = taken
        return 0
    middle, amps_middle, delay, level, quarter = frame[2], frame[3], frame[4], frame[5], frame[6]
    cycles, armed, earliest, crossing = frame[8], frame[9], frame[10], frame[11]
    at, ago = frame[12], frame[50]
    weight, su, si, sx, sq = frame[16], frame[17], frame[18], frame[19], frame[20]
    suu = (frame[21] << 17) + frame[22]
    sii = (frame[23] << 17) + frame[24]
    sxi = (frame[25] << 17) + frame[26]
    sqi = (frame[27] << 17) + frame[28]
    fraction = bend = known_dt = known_part = ended = 0
    while j < taken:
        t = times[j & _MASK]
        u = volts[j & _MASK]
        if u <= level:
            if t >= earliest:
                armed = 1
        elif armed and u >= middle:
            before = times[j - 1 & _MASK]
            x0 = middle - volts[j - 1 & _MASK]
            crossing = 2 * before + 2 * (t - before) * x0 // (x0 + u - middle)
            armed = 0
            earliest = t + _HALF_CYCLE_US
        k = j - _LAG
        j += 1
        before, now, after = times[k - 1 & _MASK], times[k & _MASK], times[k + 1 & _MASK]
        rest = now + after - crossing if crossing else 0
        if rest <= 0 and cycles < 0:
            at, ago = k - _LAG - 1, max(k - _MOST_AGO, 0)
            continue
        w = after - before
        if w > _LONGEST_CELL:
            ended = 3
            break
        part = now + delay
        while at + 4 <= j and times[at + 1 & _MASK] <= part:
            at += 1
        dt = times[at + 1 & _MASK] - times[at & _MASK]
        part -= times[at & _MASK]
        if part != known_part or dt != known_dt:
            known_part, known_dt = part, dt
            fraction = (part << 10) // dt
            bend = fraction * (1024 - fraction) >> 12
        x0 = volts[at & _MASK] - middle
        x1 = volts[at + 1 & _MASK] - middle
        x = (x1 - x0) * fraction
        if 5 * dt <= 2 * (times[at + 2 & _MASK] - times[at - 1 & _MASK]) <= 8 * dt:
            x -= (volts[at + 2 & _MASK] + volts[at - 1 & _MASK] - 2 * middle - x1 - x0) * bend
        x = x0 + (x >> 10)
        u = volts[k & _MASK] - middle
        i = amps[k & _MASK] - amps_middle
        part = now + delay - quarter
        while times[ago + 1 & _MASK] <= part:
            ago += 1
        dt = times[ago + 1 & _MASK] - times[ago & _MASK]
        q = volts[ago & _MASK]
        q += (volts[ago + 1 & _MASK] - q) * ((part - times[ago & _MASK] << 10) // dt) >> 10
        q -= middle
        if rest > 0:
            w -= rest
        while True:
            weight += w
            su += w * u
            sx += w * x
            sq += w * q
            suu += w * u * u
            wi = w * i
            si += wi
            sii += wi * i
            sxi += wi * x
            sqi += wi * q
            if rest <= 0:
                break
            if cycles < 0:
                frame[13] = crossing
                for place in range(29, 50):
                    frame[place] = 0
            else:
                frame[29] += weight
                for place, total in ((30, su), (32, si), (34, sx), (36, sq)):
                    frame[place] += total >> 12
                    frame[place + 1] += total & 0xFFF
                for place, total in ((38, suu), (41, sii), (44, sxi), (47, sqi)):
                    frame[place] += total >> 29
                    frame[place + 1] += total >> 17 & 0xFFF
                    frame[place + 2] += total & 0x1FFFF
            weight = su = si = sx = sq = suu = sii = sxi = sqi = 0
            cycles += 1
            frame[14] = crossing
            crossing = 0
            if cycles == frame[7]:
                ended = 1
                break
            w, rest = rest, 0
        if not ended and not crossing and 2 * t - frame[14] > _LONGEST_CYCLE2:
            ended = 2
        if ended:
            break
    frame[1] = j
    frame[8], frame[9], frame[10], frame[11] = cycles, armed, earliest, crossing
    frame[12], frame[50] = at, ago
    frame[15] = ended
    frame[16], frame[17], frame[18], frame[19], frame[20] = weight, su, si, sx, sq
    frame[21], frame[22] = suu >> 17, suu & 0x1FFFF
    frame[23], frame[24] = sii >> 17, sii & 0x1FFFF
    frame[25], frame[26] = sxi >> 17, sxi & 0x1FFFF
    frame[27], frame[28] = sqi >> 17, sqi & 0x1FFFF
    return ended
