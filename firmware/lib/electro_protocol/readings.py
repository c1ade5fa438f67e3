# SPDX-License-Identifier: Apache-2.0
"""The 16-bit lanes of an energy report: one big-endian word per interval.

| lane | meaning |
|---|---|
| 0…0x7FFF | measured, in units of the agreement's unitWh |
| 0x8000 | x, x ≤ 0x7FFE | interrupted: supply was missing for part or all of the interval; x was measured |
| 0xFFFF | no data: less than 95% of the time with supply was measured |
"""

INTERRUPTED = 0x8000
NO_DATA = 0xFFFF
MAX_UNITS = 0x7FFF
MAX_INTERRUPTED_UNITS = 0x7FFE  # the one above it, with bit 15 set, says that there is no data


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
    """Return the units that a lane carries, interrupted or not; None for no data."""
    if lane == NO_DATA:
        return None
    return lane & ~INTERRUPTED


def is_interrupted(lane: int) -> bool:
    """Say whether supply was missing for part or all of the interval."""
    return lane >= INTERRUPTED and lane != NO_DATA
