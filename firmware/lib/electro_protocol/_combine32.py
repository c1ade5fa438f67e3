# SPDX-License-Identifier: Apache-2.0
"""Sums u·G + v·R on 32-bit chips, in the workspace of _fast, by the programs that signing runs.

Between `pause` and `resume` somebody else may sign.
"""

from . import _fast
from ._field32 import ADD, ADD_TURNED, PX, Z, run
from ._word32 import exchange
from .curve import P

_workspace = _fast.workspace
_coordinates = _fast.coordinates
_added = memoryview(_workspace)[20 * PX : 20 * PX + 40]


class Combination(_fast.Sum):
    """The running sum; R is (x, y)."""

    def __init__(self, x: int, y: int) -> None:
        self._minus = _fast.start(x, P - y)[:40]
        self._held = _fast.start(x, y)  # where the sum lies while somebody else signs
        self._plus = self._held[:40]
        self.begin(self._held, 1)

    def add_r(self, minus: bool, turned: bool) -> None:
        """Add R, or λR, or the negative of either."""
        _added[:] = self._minus if minus else self._plus
        run(0, _workspace, ADD_TURNED if turned else ADD)

    def is_nowhere(self) -> bool:
        """Return whether the sum is the point at infinity, or met a case that its formulas do not know."""
        return not _fast.get(Z) % P

    def pause(self) -> None:
        """Leave the workspace to whoever signs before `resume`."""
        exchange(0, _coordinates, self._held)

    def resume(self) -> None:
        exchange(0, _coordinates, self._held)
