# SPDX-License-Identifier: Apache-2.0
"""Keccak-256 as Ethereum uses it: rate 136, padding 0x01 (not the 0x06 of FIPS 202's SHA3-256).

Source: The Keccak reference, version 3.0, section 2.1 (the sponge and its padding).
"""

try:
    from ._keccak32 import absorb, squeeze, start
except (ImportError, SyntaxError, ValueError):  # no viper, words of 64 bits, or .mpy files of another chip
    from ._keccak_plain import absorb, squeeze, start

_RATE = 136


def keccak256(data: "bytes | bytearray | memoryview") -> bytes:
    """Return the 32-byte Keccak-256 hash of data."""
    state = start()
    at = 0
    while len(data) - at >= _RATE:
        absorb(state, data, at)
        at += _RATE
    last = bytearray(_RATE)
    rest = len(data) - at
    last[:rest] = data[at:] if at else data
    last[rest] = 0x01
    last[-1] |= 0x80
    absorb(state, last, 0)
    return squeeze(state)
