# SPDX-License-Identifier: Apache-2.0
"""Check seals: who signed a digest, in slices, with what somebody else has worked out already.

A seal here is r|s|y|i: y is that of the point R of the curve whose x is r, i the inverse of r modulo n. Whoever brings
the seal brings them, which saves a square root and an inverse. They are checked, y by the curve's equation and i by
i·r = 1 modulo n, so the key is Q = i·(s·R - z·G) for the digest z. Then r·Q + z·G = s·R, hence (z·G + r·Q)/s has the
x of R, which is r: the equation of a valid signature by Q. A wrong y or i is refused, and the other y is that of -R,
whose key is another one; so no hint makes a seal pass that is none of Q's. That Q is a validator's, its address says.

Seals with a high s are taken: Besu does, and a validator counts once however often it signs.

Source: SEC 1 v2, section 4.1.6; for the form of digits, Reitwiesner, "Binary arithmetic", 1960.
"""

from .address import address_of
from .comb import digits_of
from .curve import N, P, split
from .rlp import ReceiptError
from .table import SPACING

try:
    from ._combine32 import Combination
except (ImportError, SyntaxError, ValueError):  # no viper, words of 64 bits, or .mpy files of another chip
    from ._combine_plain import Combination  # type: ignore[assignment]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator


SEAL_BYTES = 128
_COLUMNS = 132  # the digits of half a scalar, which is within ±2^130
_SLICE_COLUMNS = (
    3  # doublings at once, with what is added beside them; tests/bench/receipt.py tells how long it is
)


def signer(digest: bytes, seal: bytes) -> "Generator[None, None, bytes]":
    """Return the address whose key sealed a digest, in slices.

    Raises ReceiptError if no key can have, or if a hint is wrong.
    """
    r = int.from_bytes(seal[:32], "big")
    s = int.from_bytes(seal[32:64], "big")
    y = int.from_bytes(seal[64:96], "big")
    inverted = int.from_bytes(seal[96:], "big")
    if len(seal) != SEAL_BYTES or not 0 < r < N or not 0 < s < N:
        raise ReceiptError("a seal is out of range")
    if not 0 < y < P or (y * y - r * r * r) % P != 7:
        raise ReceiptError("a seal's y is not that of its r")
    if not 0 < inverted < N or inverted * r % N != 1:
        raise ReceiptError("a seal's inverse is not that of its r")
    yield
    z = int.from_bytes(digest, "big")
    of_g = N - z * inverted % N
    of_r = s * inverted % N
    total = Combination(r, y)
    del r, s, y, z, inverted  # what is not needed any more makes room for what follows
    yield from summing(total, of_r, of_g)
    if total.is_nowhere():
        raise ReceiptError("a seal recovers to no key")
    x, y, seven = total.end()
    if seven != 7:
        raise ReceiptError("a seal recovers to no key")
    return address_of(x.to_bytes(32, "big") + y.to_bytes(32, "big"))


def begun(x: int, y: int) -> Combination:
    """Return a sum that begins with the point R = (x, y)."""
    return Combination(x, y)


def summing(total: Combination, of_r: int, of_g: "int | None") -> "Generator[None, None, None]":
    """Make of R, with which a sum begins, of_r·R + of_g·G, in slices; without of_g, of_r·R."""
    # R itself becomes 2^132·R on the way
    straight, turned = split((of_r - (1 << _COLUMNS)) % N)
    plus, minus = _signed_digits(straight)
    turned_plus, turned_minus = _signed_digits(turned)
    of_g_straight = of_g_turned = b""
    if of_g is not None:
        straight, turned = split(of_g % N)
        of_g_straight, of_g_turned = digits_of(straight), digits_of(turned)
    del of_g, of_r, straight, turned
    column = _COLUMNS
    while column:
        column -= 1
        total.double()
        at, bit = column >> 3, 1 << (column & 7)
        if plus[at] & bit:
            total.add_r(False, False)
        elif minus[at] & bit:
            total.add_r(True, False)
        if turned_plus[at] & bit:
            total.add_r(False, True)
        elif turned_minus[at] & bit:
            total.add_r(True, True)
        if of_g_straight and column < SPACING:
            total.add(of_g_straight, of_g_turned, column)
        if not column % _SLICE_COLUMNS:
            total.pause()
            yield
            total.resume()


def _signed_digits(scalar: int) -> "tuple[bytes, bytes]":
    """Return where a number has the digits 1 and -1, of which no two are neighbours, as bits, least byte first."""
    size = (_COLUMNS + 7) // 8
    magnitude = abs(scalar)
    triple = 3 * magnitude
    differ = triple ^ magnitude
    plus = (triple & differ) >> 1
    minus = (magnitude & differ) >> 1
    if scalar < 0:
        plus, minus = minus, plus
    return plus.to_bytes(size, "little"), minus.to_bytes(size, "little")
