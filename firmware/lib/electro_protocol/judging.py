# SPDX-License-Identifier: Apache-2.0
"""Judge readings by their bands, and say what deviates, in the words that a sealed report shows.

A word of four bytes for each interval that costs something, or may; offsets from the report's first interval, each
above the one before:

    kind 4 bits | offset 12 bits | units 16 bits

| kind | the interval | units |
|---|---|---|
| OVER | was above its greatest | by so many, 1 to 0x7FFF |
| UNDER | was below its least | by so many, 1 to 0x7FFF |
| CUT_OFF | was interrupted: of a shortfall nothing is told, for none is charged | above its greatest, 0 to 0x7FFE |
| UNKNOWN | has no data | 0 |
"""

from .readings import INTERRUPTED, MAX_INTERRUPTED_UNITS, MAX_UNITS, NO_DATA

OVER = 0
UNDER = 1
CUT_OFF = 2
UNKNOWN = 3
WORD = 4  # bytes
# kind → least and greatest units
_UNITS = ((1, MAX_UNITS), (1, MAX_UNITS), (0, MAX_INTERRUPTED_UNITS), (0, 0))


class DeviationError(ValueError):
    """Deviations that no meter may tell; the sentence names the word."""


def judge(lane: int, least: int, greatest: int) -> "tuple[int, int] | None":
    """Return kind and units of a reading that deviates from its band, None of one that does not."""
    if lane == NO_DATA:
        return UNKNOWN, 0
    units = lane & ~INTERRUPTED
    if lane >= INTERRUPTED:
        return CUT_OFF, max(0, units - greatest)
    if units > greatest:
        return OVER, units - greatest
    if units < least:
        return UNDER, least - units
    return None


def deviations(readings: bytes, bands: "bytes | bytearray", slot: int) -> bytes:
    """Return the words of a report's readings, of which the first is in this slot of packed bands."""
    slots = len(bands) // 4
    words = bytearray()
    for offset in range(len(readings) // 2):
        at = 2 * (slot + offset)
        lane = readings[2 * offset] << 8 | readings[2 * offset + 1]
        least = bands[at] << 8 | bands[at + 1]
        at += 2 * slots
        found = judge(lane, least, bands[at] << 8 | bands[at + 1])
        if found is not None:
            kind, units = found
            words.append(kind << 4 | offset >> 8)
            words.append(offset & 0xFF)
            words.append(units >> 8)
            words.append(units & 0xFF)
    return bytes(words)


def read(words: bytes, intervals: int) -> "list[tuple[int, int, int]]":
    """Return (offset, kind, units) of each word of a report of so many intervals; raise DeviationError."""
    if len(words) % WORD:
        raise DeviationError("deviations have four bytes for each interval that they name")
    found = []
    after = 0
    for index in range(len(words) // WORD):
        at = WORD * index
        kind = words[at] >> 4
        offset = (words[at] & 15) << 8 | words[at + 1]
        units = words[at + 2] << 8 | words[at + 3]
        if kind >= len(_UNITS) or not after <= offset < intervals:
            raise DeviationError(f"deviation {index} is of no kind, or of no interval behind the one before")
        least, most = _UNITS[kind]
        if not least <= units <= most:
            raise DeviationError(f"deviation {index} has units that its kind can't have")
        found.append((offset, kind, units))
        after = offset + 1
    return found
