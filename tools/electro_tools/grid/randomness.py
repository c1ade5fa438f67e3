# SPDX-License-Identifier: Apache-2.0
"""Give the same random numbers on CPython and MicroPython, whose own generators differ."""

import math


class Randomness:
    """Marsaglia's xorshift32 (2003): plenty for noise, nothing for secrets."""

    def __init__(self, seed: int) -> None:
        # spread small seeds over the word (Knuth's multiplicative hash); zero is the one forbidden state
        self._state = (seed * 2654435761 + 0x9E3779B9) & 0xFFFFFFFF or 1
        for _ in range(8):
            self.word()

    def word(self) -> int:
        """Return 32 random bits."""
        x = self._state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._state = x
        return x

    def unit(self) -> float:
        """Return a number from 0 up to 1."""
        return self.word() / 4294967296

    def normal(self) -> float:
        """Return a normal number, mean 0, deviation 1 (Box and Muller, 1958)."""
        return math.sqrt(-2 * math.log(1 - self.unit())) * math.cos(2 * math.pi * self.unit())

    def octets(self, count: int) -> bytes:
        return bytes([self.word() >> 24 for _ in range(count)])
