# SPDX-License-Identifier: Apache-2.0
"""Sums u·G + v·R in plain integers, wherever Python runs: what _combine32 does in viper."""

from . import _plain
from .curve import LAMBDA_X, P


class Combination(_plain.Sum):
    """The running sum; R is (x, y)."""

    def __init__(self, x: int, y: int) -> None:
        self._x = x
        self._y = y
        self.begin((x, y, 1), 1)

    def add_r(self, minus: bool, turned: bool) -> None:
        """Add R, or λR, or the negative of either."""
        x = self._x * LAMBDA_X % P if turned else self._x
        self.point = _plain.add(self.point, (x, P - self._y if minus else self._y, 1))

    def is_nowhere(self) -> bool:
        """Return whether the sum is the point at infinity."""
        return not self.point[2]

    def pause(self) -> None:
        """Nothing: nobody else works with these numbers."""

    def resume(self) -> None:
        """Nothing, for the same reason."""
