# SPDX-License-Identifier: Apache-2.0
"""k·G by a signed comb that starts at a random point, on whichever arithmetic this interpreter has.

The scalar is split in two halves, k1 + k2·λ, all of whose binary digits are +1 or -1: each step is the same two
additions and a doubling, whatever k is.
The sum starts at a random point b·G instead of at infinity, and the comb multiplies k less what that start
becomes: the digits that choose the table's points change from call to call, the coordinates too, for the start
is scaled by a random z. No case of the addition is special but with a chance of 2^-250.
"""

try:
    from os import urandom
except ImportError:  # an interpreter without a source of entropy signs too: only the blinding is missing
    urandom = None  # type: ignore[assignment]

from .curve import GX, GY, N, P, split
from .table import SPACING, TEETH

try:
    from . import _fast as engine
except (ImportError, SyntaxError, ValueError):  # no viper, words of 64 bits, or .mpy files of another chip
    from . import _plain as engine  # type: ignore[no-redef]

_BITS = TEETH * SPACING
_ALL = (1 << _BITS) - 1  # the value of the comb when every digit is +1
_WEIGHT = 1 << (SPACING - 1)  # what the doublings make of the start

_start = (0, (0, 0, 0))  # b and b·G; replaced as a whole, so that threads see a pair that fits


class FaultError(ArithmeticError):
    """A result that its own check refutes: the hardware erred, or somebody made it err. Nothing was released."""


def random(below: int) -> int:
    """Return a random number from 1 to below - 1; 1 where there is no entropy."""
    if urandom is None:
        return 1
    return int.from_bytes(urandom(32), "big") % (below - 1) + 1


def inverse(number: int, modulus: int) -> int:
    """Return 1/number modulo P or N."""
    return engine.inverse(number, modulus)


def _digits(odd: int) -> bytes:
    """Return the digits +1, -1 of an odd number as bits 1, 0, least byte first."""
    return (odd + _ALL >> 1).to_bytes((_BITS + 7) // 8, "little")


def times_base(k: int) -> "tuple[int, int]":
    """Return the point k·G as (x, y); 0 < k < n.

    Raises FaultError if what came out is no point of the curve, if the digits that chose the points are not
    those of k, or if an addition or doubling was left out or done twice.
    """
    global _start
    if not _start[0]:
        b = random(N)
        _start = (1, (GX, GY, 1))
        _start = (b, times_base(b) + (1,))
    b, point = _start
    total = engine.Sum()
    _start = (b * 2 % N, total.begin(point, random(P)))
    k1, k2 = split((k - b * _WEIGHT) % N)
    digits1 = _digits(k1)
    digits2 = _digits(k2)
    column = SPACING
    while True:
        column -= 1
        total.add(digits1, column)
        total.add_turned(digits2, column)
        if not column:
            break
        total.double()
    x, y, seven = total.end()
    read = (total.read - k1) % 8191 | (total.read_turned - k2) % 8191
    if seven != 7 or read or total.steps != engine.STEPS:
        _start = (0, (0, 0, 0))
        raise FaultError("the product fails its check")
    return x, y
