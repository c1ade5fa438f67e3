# SPDX-License-Identifier: Apache-2.0
"""k·G by a signed comb that starts at a random point, on whichever arithmetic this interpreter has.

The scalar is split in two halves, k1 + k2·λ, all of whose binary digits are +1 or -1: each step is the same two
additions and a doubling, whatever k is.
The sum starts at a random point b·G instead of at infinity, and the comb multiplies k less what that start
becomes: the digits that choose the table's points change from call to call, the coordinates too, for the start
is scaled by a random z. No case of the addition is special but with a chance of 2^-250.
"""

try:
    from typing import Any
except ImportError:  # MicroPython, where annotations are never evaluated
    pass

try:
    from os import urandom
except ImportError:  # an interpreter without a source of entropy signs too: only the blinding is missing
    urandom = None  # type: ignore[assignment]

from .curve import GX, GY, LAMBDA, N, split
from .table import SPACING, TEETH

try:
    from . import _fast as engine
except (ImportError, SyntaxError, ValueError):  # no viper, words of 64 bits, or .mpy files of another chip
    from . import _plain as engine  # type: ignore[no-redef]

_BITS = TEETH * SPACING
_ALL = (1 << _BITS) - 1  # the value of the comb when every digit is +1
_WEIGHT = 1 << (SPACING - 1)  # what the doublings make of the start

# b, n - b and b·G as the engine keeps points; replaced as a whole, so that threads see what belongs together. An
# empty one is filled before use. n - b is there because a b that changed unseen would give k·G for another k.
_start: "tuple[int, int, Any] | tuple[()]" = ()


class FaultError(ArithmeticError):
    """A result that its own check refutes: the hardware erred, or somebody made it err. Nothing was released."""


def entropy(count: int) -> int:
    """Return a random positive number of so many bytes; 1 where there is no entropy."""
    if urandom is None:
        return 1
    return int.from_bytes(urandom(count), "big") or 1


def inverse(number: int, modulus: int) -> int:
    """Return 1/number modulo P or N, the modulus being above number."""
    return engine.inverse(number, modulus)


def digits_of(odd: int) -> bytes:
    """Return the digits +1, -1 of an odd number as bits 1, 0, least byte first."""
    return (odd + _ALL >> 1).to_bytes((_BITS + 7) // 8, "little")


def _new_start() -> "tuple[int, int, Any]":
    """Choose a random b, and compute b·G, which starts at G itself."""
    global _start
    _start = (1, N - 1, engine.start(GX, GY))
    b = entropy(32) % (N - 1) + 1
    x, y = times_base(b)
    return b, N - b, engine.start(x, y)


def times_base(k: int) -> "tuple[int, int]":
    """Return the point k·G as (x, y); 0 < k < n.

    Raises FaultError if what came out is no point of the curve, if the digits that chose its summands are not
    those of k, or if an operation was left out or done twice.
    """
    global _start
    b, opposite, point = _start or _new_start()
    total = engine.Sum()
    twice = b * 2 % N
    _start = ()  # whatever interrupts what follows, b and b·G never part
    point = total.begin(point, entropy(32))
    _start = (twice, N - twice, point)
    k1, k2 = split((k - b * _WEIGHT) % N)
    del b, twice, point  # what is not needed any more makes room for what follows
    digits = digits_of(k1)
    turned = digits_of(k2)
    column = SPACING
    while True:
        column -= 1
        total.add(digits, turned, column)
        if not column:
            break
        total.double()
    del digits, turned
    wrong = (total.read - k1) % 8191 | (total.read_turned - k2) % 8191
    k1 += k2 * LAMBDA
    k1 -= opposite * _WEIGHT
    wrong |= (k1 - k) % N
    del k1, k2, opposite
    x, y, seven = total.end()
    if seven != 7 or wrong or total.steps != engine.STEPS:
        _start = ()
        raise FaultError("the product fails its check")
    return x, y
