# SPDX-License-Identifier: Apache-2.0
"""Lay out the journal's records: 32 bytes each, little endian, with a CRC that is started with the sequence number.

| at | bytes | BASE (1), START (2) | OUTAGE (3), ENDED (4) | SUMMARY (5): last slot of a full file |
|---|---|---|---|---|
| 0 | 1 | kind | kind | kind |
| 1 | 1 | flags, see below | cause, as in an OutageReport | 0 |
| 2 | 2 | measured with supply: windows and bridged gaps, 0.1 s | 0 | 0 |
| 4 | 4 | number of the base interval: unix seconds / base_seconds | number of the outage | least base of the file |
| 8 | 8 | import register at the end (START: at the beginning), J | started, unix s | greatest base of the file |
| 16 | 8 | export register, J | ended, unix s; 0: still out | 0 |
| 24 | 2 | without supply, 0.1 s | 0 | 0 |
| 26 | 1 | longest time without a sample: see `gap_code` | 0 | 0 |
| 27 | 1 | doubt: how far bridged gaps may be wrong, ‰ of the base's energy, 255 at most | 0 | 0 |
| 28 | 4 | CRC-32 | CRC-32 | CRC-32 |

A BASE that is JOINED says by how much the registers moved in it: from the end of the base before. One that is not
joined follows a START. 64 bits of joules are 5,000 TWh; a reading, the difference of registers divided by the unit and
rounded down at both ends, is the same from joules as from microjoules.
"""

import struct
from binascii import crc32

BASE = 1
START = 2
OUTAGE = 3
ENDED = 4
SUMMARY = 5

# Flags of a base interval.
JOINED = 1  # to the base before
STEPPED = 2  # the clock was set by more than 2 s in it
UNSURE = 4  # the time was not authenticated
RESTARTED = 8  # the meter started in it
SPARSE = 16  # less was sampled than least_coverage_permille
SENSOR = 32  # a sensor looked wrong: see `watching`
PHASE = 64  # not all phases were measured
INTERRUPTED = 128  # supply was missing for some of it

RECORD_BYTES = 32
BODY = "<BBHIQQHBB"
BODY_BYTES = 28

_GAP_STEPS = 8  # to the double of a gap
_MOST_DOUBT = 255


def seal(body: bytes, sequence: int) -> bytes:
    """Return a record: the body with its CRC."""
    return body + struct.pack("<I", crc32(body, sequence & 0xFFFFFFFF) & 0xFFFFFFFF)


def is_whole(raw: "bytes | bytearray", at: int, sequence: int) -> bool:
    """Return whether a record that belongs to this sequence number lies at a place of raw."""
    if len(raw) < at + RECORD_BYTES or not BASE <= raw[at] <= SUMMARY:
        return False
    body = memoryview(raw)[at : at + BODY_BYTES]
    kept: int = struct.unpack_from("<I", raw, at + BODY_BYTES)[0]
    belongs: bool = kept == crc32(body, sequence & 0xFFFFFFFF) & 0xFFFFFFFF
    return belongs


def gap_code(gap_us: int) -> int:
    """Return an octet for a length of time: eight steps to its double, from 1 ms up; rounded up."""
    ms = gap_us // 1000
    if ms < 1:
        return 0
    octave = len(bin(ms)) - 3
    eighth = ((ms << 3) >> octave) - 8
    return min(octave * _GAP_STEPS + eighth + 1, 255)


def gap_ms(code: int) -> int:
    """Return the greatest length, in ms, that an octet of `gap_code` stands for."""
    if not code:
        return 0
    octave, eighth = code // _GAP_STEPS, code % _GAP_STEPS
    return ((8 + eighth) << octave) // 8


def doubt_permille(doubt_uj: int, energy_uj: int) -> int:
    """Return the octet for energy that may be wrong in a base with that much."""
    if energy_uj <= 0:
        return _MOST_DOUBT if doubt_uj else 0
    return min((doubt_uj * 1000 + energy_uj - 1) // energy_uj, _MOST_DOUBT)
