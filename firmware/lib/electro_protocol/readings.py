# SPDX-License-Identifier: Apache-2.0
"""The 16-bit lanes of an energy report: one big-endian word per interval.

| lane | meaning |
|---|---|
| 0…0x7FFF | a full measurement, in units of the agreement's unitWh |
| 0x8000 | x, x ≤ 0x7FFD | an estimate of x: part of the interval was not measured |
| 0xFFFE | no supply: an outage |
| 0xFFFF | no data |
"""

ESTIMATE = 0x8000
NO_SUPPLY = 0xFFFE
NO_DATA = 0xFFFF
MAX_UNITS = 0x7FFF
MAX_ESTIMATED_UNITS = 0x7FFD  # the two values above it, with the estimate bit set, are the two sentinels


def pack(lanes: "list[int]") -> bytes:
    """Return the lanes as bytes, two each."""
    packed = bytearray(2 * len(lanes))
    for i, lane in enumerate(lanes):
        if not 0 <= lane <= 0xFFFF:
            raise ValueError(f"lane {i} must be from 0 to 65535")
        packed[2 * i] = lane >> 8
        packed[2 * i + 1] = lane & 0xFF
    return bytes(packed)


def unpack(packed: bytes) -> "list[int]":
    """Return the lanes of packed readings.

    Raises ValueError if their length is odd.
    """
    if len(packed) % 2:
        raise ValueError("readings have two bytes per interval")
    return [packed[i] << 8 | packed[i + 1] for i in range(0, len(packed), 2)]


def units(lane: int) -> "int | None":
    """Return the units that a lane carries, measured or estimated; None for no supply and no data."""
    if lane >= NO_SUPPLY:
        return None
    return lane & ~ESTIMATE
