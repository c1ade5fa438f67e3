# SPDX-License-Identifier: Apache-2.0
"""k·G by a signed comb that starts at a random point, on whichever arithmetic this interpreter has.

Every digit of a recoded scalar is +1 or -1, so each step is the same additions and a doubling whatever k is.
The sum starts at a random point b·G instead of at infinity, and the comb multiplies k less what that start
becomes: the digits that choose the table's points change from call to call, the coordinates too, for the start
is scaled by a random z. No case of the addition is special but with a chance of 2^-250.
"""

try:
    from os import urandom
except ImportError:  # an interpreter without a source of entropy signs too: only the blinding is missing
    urandom = None  # type: ignore[assignment]

from .curve import GX, GY, N, P
from .table import BLOCKS, SPACING, TEETH

try:
    from . import _fast as engine
except (ImportError, SyntaxError, ValueError):  # no viper, words of 64 bits, or .mpy files of another chip
    from . import _plain as engine  # type: ignore[no-redef]

_BITS = BLOCKS * TEETH * SPACING
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


def times_base(k: int) -> "tuple[int, int]":
    """Return the point k·G as (x, y); 0 < k < n.

    Raises FaultError if what came out is no point of the curve.
    """
    global _start
    if not _start[0]:
        b = random(N)
        _start = (1, (GX, GY, 1))
        _start = (b, times_base(b) + (1,))
    b, point = _start
    total = engine.Sum()
    _start = (b * 2 % N, total.begin(point, random(P)))
    value = (k - b * _WEIGHT + _ALL) % N
    digits = ((value + N if value & 1 else value) >> 1).to_bytes((_BITS + 7) // 8, "little")
    column = SPACING
    while True:
        column -= 1
        for block in range(BLOCKS):
            total.add(digits, column, block)
        if not column:
            break
        total.double()
    x, y, seven = total.end()
    if seven != 7:
        _start = (0, (0, 0, 0))
        raise FaultError("the product is no point of the curve")
    return x, y
