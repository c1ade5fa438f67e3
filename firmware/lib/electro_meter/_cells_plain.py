# SPDX-License-Identifier: Apache-2.0
"""The loops over a block's samples in plain Python: what they mean, and what runs where viper is missing."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array


def straighten(samples: "array[int]", table: "array[int]", count: int) -> None:
    """Replace so many codes by what a table of every eighth one says they should have been, straight in between."""
    for k in range(count):
        code = samples[k]
        below = table[code >> 3]
        samples[k] = below + ((table[(code >> 3) + 1] - below) * (code & 7) + 4 >> 3)


def rising(volts: "array[int]", k: int, end: int, middle: int) -> int:
    """Return the first sample from k on at which the voltage has risen through the middle, or end."""
    while k < end and not volts[k - 1] < middle <= volts[k]:
        k += 1
    return k


def later(times: "array[int]", k: int, end: int, time: int) -> int:
    """Return the first sample from k on that is not before a time, or end."""
    while k < end and times[k] < time:
        k += 1
    return k


def falling(volts: "array[int]", k: int, end: int, level: int) -> int:
    """Return the first sample from k on that is not above a level, or end."""
    while k < end and volts[k] > level:
        k += 1
    return k


def squares(volts: "array[int]", k: int, end: int, middle: int) -> int:
    """Return the sum of the squared distances of samples k … end-1 from the middle."""
    total = 0
    while k < end:
        raw = volts[k] - middle
        total += raw * raw
        k += 1
    return total


def follow(times: "array[int]", volts: "array[int]", frame: "array[int]") -> int:
    """Cut the voltage into pieces of equal time, and stop after one at which the mean square of a cycle is remarkable.

    Returns the first sample not yet taken, the end if there was no such piece, or none more. The frame holds:

    | place | what |
    |---|---|
    | 0, 1 | the first sample not yet taken, the end |
    | 2, 3 | the voltage's middle, and by how many bits a sample is finer than a count |
    | 4, 5 | a piece's length, and where the running one ends, in times |
    | 6 | pieces so far; their ring has sixteen places |
    | 7, 8 | the ring's sum of squares (in 16ths of a squared count) and its samples |
    | 9, 10 | a mean square from here to there, in squared counts, is not remarkable |
    | 11, 12 | the mean square, and where its cycle ended |
    | 13-28, 29-44 | the ring: each piece's sum and samples |
    """
    k, end = frame[0], frame[1]
    first = k
    total = 0
    while k < end:
        if times[k] >= frame[5]:
            slot = frame[6] & 15
            frame[7] += total - frame[13 + slot]
            frame[8] += k - first - frame[29 + slot]
            frame[13 + slot] = total
            frame[29 + slot] = k - first
            frame[6] += 1
            frame[12] = frame[5]
            while times[k] >= frame[5]:
                frame[5] += frame[4]  # more than once after a stall
            first = k
            total = 0
            if frame[6] >= 16 and frame[8]:
                mean = frame[7] // frame[8] << 4
                frame[11] = mean
                if not frame[9] <= mean <= frame[10]:
                    frame[0] = k
                    return k
        raw = volts[k] - frame[2] >> frame[3]
        total += raw * raw >> 4
        k += 1
    frame[0] = k
    return k


def sum_cells(
    times: "array[int]",
    volts: "array[int]",
    amps: "array[int]",
    first: int,
    last: int,
    at: int,
    delay: int,
    volts_middle: int,
    amps_middle: int,
) -> "list[int]":
    """Return the sums over the cells of samples first … last-1, each as long as half the way to both neighbours.

    They are: w, w·u, w·i, w·x, w·u·u, w·i·i, w·x·i, with w the cell's length in half microseconds, u and i the distance
    of voltage and current from their middles, x the voltage `delay` µs later (negative: earlier): a parabola through
    the four samples around that instant, or a straight line where a stall lies among them. `at` is a sample not after
    the first such instant, 1 at least.
    """
    weight = su = si = sx = suu = sii = sxi = 0
    before = times[first - 1]
    now = times[first]
    fraction = bend = known_dt = known_part = 0
    for k in range(first, last):
        after = times[k + 1]
        instant = now + delay
        while times[at + 1] <= instant:
            at += 1
        part = instant - times[at]
        dt = times[at + 1] - times[at]
        if part != known_part or dt != known_dt:
            known_part, known_dt = part, dt
            fraction = (part << 10) // dt
            bend = fraction * (1024 - fraction) >> 12
        x0 = volts[at] - volts_middle
        x1 = volts[at + 1] - volts_middle
        x = (x1 - x0) * fraction
        if 5 * dt <= 2 * (times[at + 2] - times[at - 1]) <= 8 * dt:
            x -= (volts[at + 2] + volts[at - 1] - 2 * volts_middle - x1 - x0) * bend
        x = x0 + (x >> 10)
        u = volts[k] - volts_middle
        i = amps[k] - amps_middle
        w = after - before
        weight += w
        su += w * u
        sx += w * x
        suu += w * u * u
        w *= i
        si += w
        sii += w * i
        sxi += w * x
        before = now
        now = after
    return [weight, su, si, sx, suu, sii, sxi]
