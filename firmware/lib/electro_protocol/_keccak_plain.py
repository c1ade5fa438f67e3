# SPDX-License-Identifier: Apache-2.0
"""Keccak-f[1600] in plain integers: what _keccak32 does in viper, wherever Python runs.

Source: The Keccak reference, version 3.0, sections 1.2 and 2.3.
"""

_MASK = 0xFFFFFFFFFFFFFFFF


def _make_schedule() -> "tuple[tuple[tuple[int, int], ...], tuple[int, ...]]":
    """Return the walk of rho and pi as (lane, rotation), and the 24 round constants of iota."""
    walk = []
    x, y = 1, 0
    for t in range(24):
        x, y = y, (2 * x + 3 * y) % 5
        walk.append((x + 5 * y, ((t + 1) * (t + 2) // 2) % 64))
    constants = []
    lfsr = 1
    for _ in range(24):
        constant = 0
        for j in range(7):
            if lfsr & 1:
                constant |= 1 << ((1 << j) - 1)
            lfsr = (lfsr << 1) ^ (0x171 if lfsr & 0x80 else 0)
        constants.append(constant)
    return tuple(walk), tuple(constants)


_WALK, _ROUND_CONSTANTS = _make_schedule()


def _permute(a: "list[int]") -> None:
    """Apply Keccak-f[1600] in place to 25 lanes, lane x + 5y."""
    mask = _MASK
    walk = _WALK
    for constant in _ROUND_CONSTANTS:
        # theta
        c0 = a[0] ^ a[5] ^ a[10] ^ a[15] ^ a[20]
        c1 = a[1] ^ a[6] ^ a[11] ^ a[16] ^ a[21]
        c2 = a[2] ^ a[7] ^ a[12] ^ a[17] ^ a[22]
        c3 = a[3] ^ a[8] ^ a[13] ^ a[18] ^ a[23]
        c4 = a[4] ^ a[9] ^ a[14] ^ a[19] ^ a[24]
        columns = (
            c4 ^ (((c1 << 1) | (c1 >> 63)) & mask),
            c0 ^ (((c2 << 1) | (c2 >> 63)) & mask),
            c1 ^ (((c3 << 1) | (c3 >> 63)) & mask),
            c2 ^ (((c4 << 1) | (c4 >> 63)) & mask),
            c3 ^ (((c0 << 1) | (c0 >> 63)) & mask),
        )
        for x in range(5):
            d = columns[x]
            for lane in range(x, 25, 5):
                a[lane] ^= d
        # rho and pi
        held = a[1]
        for lane, turn in walk:
            moved = a[lane]
            a[lane] = ((held << turn) | (held >> (64 - turn))) & mask
            held = moved
        # chi
        for row in range(0, 25, 5):
            b0, b1, b2, b3, b4 = a[row], a[row + 1], a[row + 2], a[row + 3], a[row + 4]
            a[row] = b0 ^ (~b1 & mask & b2)
            a[row + 1] = b1 ^ (~b2 & mask & b3)
            a[row + 2] = b2 ^ (~b3 & mask & b4)
            a[row + 3] = b3 ^ (~b4 & mask & b0)
            a[row + 4] = b4 ^ (~b0 & mask & b1)
        a[0] ^= constant


def start() -> "list[int]":
    """Return a cleared state of 25 lanes."""
    return [0] * 25


def absorb(state: "list[int]", data: "bytes | bytearray | memoryview", at: int) -> None:
    """Add 136 bytes of data, from byte `at`, to the state, and permute it."""
    for lane in range(17):
        state[lane] ^= int.from_bytes(data[at : at + 8], "little")
        at += 8
    _permute(state)


def squeeze(state: "list[int]") -> bytes:
    """Return the first 32 bytes of the state."""
    return b"".join([state[lane].to_bytes(8, "little") for lane in range(4)])
