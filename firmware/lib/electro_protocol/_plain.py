# SPDX-License-Identifier: Apache-2.0
"""Points in plain integers, wherever Python runs: what _fast does in viper, and sums of any two points.

A point is (x, y, z) in Jacobian coordinates: the affine point is (x/z², y/z³); z = 0 is infinity.

Source: the Explicit-Formulas Database, short Weierstrass with a = 0, dbl-2009-l and add-1998-cmo-2.
"""

from .curve import LAMBDA_X, P
from .table import POINTS, SPACING, TEETH

INFINITY = (0, 1, 0)


def inverse(number: int, modulus: int) -> int:
    """Return 1/number modulo a prime."""
    return pow(number, modulus - 2, modulus)


def double(point: "tuple[int, int, int]") -> "tuple[int, int, int]":
    """Return 2·point."""
    x, y, z = point
    if not z:
        return point
    yy = y * y % P
    s = 4 * x * yy % P
    m = 3 * x * x % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def add(left: "tuple[int, int, int]", right: "tuple[int, int, int]") -> "tuple[int, int, int]":
    """Return left + right, whatever they are."""
    x1, y1, z1 = left
    x2, y2, z2 = right
    if not z1:
        return right
    if not z2:
        return left
    zz1 = z1 * z1 % P
    zz2 = z2 * z2 % P
    u1 = x1 * zz2 % P
    h = (x2 * zz1 - u1) % P
    s1 = y1 * z2 * zz2 % P
    r = (y2 * z1 * zz1 - s1) % P
    if not h:
        return double(left) if not r else INFINITY
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def affine(point: "tuple[int, int, int]") -> "tuple[int, int]":
    """Return (x, y) of a point that is not infinity."""
    x, y, z = point
    inverted = inverse(z, P)
    squared = inverted * inverted % P
    return x * squared % P, y * squared * inverted % P


def multiply(scalar: int, x: int, y: int) -> "tuple[int, int, int]":
    """Return scalar·(x, y), for public numbers: four bits at a time."""
    multiples = [INFINITY, (x, y, 1)]
    for i in range(2, 16):
        multiples.append(double(multiples[i >> 1]) if not i & 1 else add(multiples[i - 1], multiples[1]))
    total = INFINITY
    for digit in scalar.to_bytes(32, "big"):
        for nibble in (digit >> 4, digit & 15):
            total = add(double(double(double(double(total)))), multiples[nibble])
    return total


def _choose(digits: bytes, column: int) -> "tuple[int, bool]":
    """Return the index of the point that the digits have in this column, and whether its negative is meant."""
    bits = 0
    for at in range((TEETH - 1) * SPACING + column, -1, -SPACING):
        bits = bits << 1 | digits[at >> 3] >> (at & 7) & 1
    below = (1 << (TEETH - 1)) - 1
    minus = not bits > below
    return (bits ^ below if minus else bits) & below, minus


def _coordinate(at: int) -> int:
    """Return a coordinate of the table: 16 halfwords, each a limb and three bits of what lies above the limbs."""
    number = 0
    for i in range(16):
        halfword = POINTS[at + 2 * i] | POINTS[at + 2 * i + 1] << 8
        number |= (halfword & 8191) << (13 * i) | (halfword >> 13) << (208 + 3 * i)
    return number


STEPS = 3 * SPACING - 1  # additions and doublings of one sum


def start(x: int, y: int) -> "tuple[int, int, int]":
    """Return the point (x, y) as begin takes it."""
    return x, y, 1


class Sum:
    """The running sum of the comb.

    `read` and `read_turned` are what the digits looked up so far add up to, modulo 2^13 - 1; `steps` counts the
    additions and doublings.
    """

    def begin(self, point: "tuple[int, int, int]", z: int) -> "tuple[int, int, int]":
        """Start at a point, its coordinates scaled by z; return twice the point."""
        self.read = self.read_turned = self.steps = 0
        x, y, scale = point
        zz = z * z % P
        self.point = (x * zz % P, y * zz * z % P, scale * z % P)
        return double(self.point)

    def double(self) -> None:
        self.point = double(self.point)
        self.steps += 1
        self.read = self.read * 2 % 8191
        self.read_turned = self.read_turned * 2 % 8191

    def add(self, digits: bytes, turned: bytes, column: int) -> None:
        """Add the point that the digits have in this column, and λ times the one that the turned digits have."""
        self.read += self._add(digits, column, 1)
        self.read_turned += self._add(turned, column, LAMBDA_X)

    def _add(self, digits: bytes, column: int, turn: int) -> int:
        """Add a point of the table, its x times turn; return what multiple of G it is, modulo 2^13 - 1."""
        index, minus = _choose(digits, column)
        x = _coordinate(64 * index) * turn % P
        y = _coordinate(64 * index + 32)
        self.point = add(self.point, (x, P - y if minus else y, 1))
        self.steps += 1
        multiple = 1
        for tooth in range(TEETH - 2, -1, -1):
            multiple = (multiple << SPACING) + (1 if index >> tooth & 1 else -1)
        return -multiple % 8191 if minus else multiple % 8191

    def end(self) -> "tuple[int, int, int]":
        """Return x, y and y² - x³."""
        x, y = affine(self.point) if self.point[2] else (0, 0)
        return x, y, (y * y - x * x * x) % P
