# SPDX-License-Identifier: Apache-2.0
"""Write the table of a signed comb: the points of which every k·G is a sum, in a size of one's choice.

A comb of T teeth and spacing S covers T·S bits of a number all of whose digits are +1 or -1: tooth t stands for
the bits from t·S on. One step of the S reads one bit under each tooth; the 2^(T-1) signed sums of the teeth
with the last one positive are the table, the other half of the sums their negatives.

A scalar is first split into two numbers of up to 130 bits, k1 + k2·λ; the curve's endomorphism turns a point of
the table into λ times itself by one multiplication, so both share the table.

Source: Hedabou, Pinel, Bénéteau, "Countermeasures for preventing comb method against SCA attacks", 2005;
Gallant, Lambert, Vanstone, "Faster point multiplication on elliptic curves", 2001.
"""

from functools import cache

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
# kilobytes: (teeth, spacing), 2^(T-1) points of 64 bytes; a signature takes 2·S additions and S - 1 doublings
SIZES = {2: (6, 22), 4: (7, 19), 8: (8, 17), 16: (9, 15)}
DEFAULT = 4

Point = tuple[int, int]


def _add(p: Point, q: Point) -> Point:
    """Return p + q; neither is infinity, nor their sum: no two teeth cancel."""
    slope = 3 * p[0] * p[0] * pow(2 * p[1], -1, P) if p == q else (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


@cache
def _power(exponent: int) -> Point:
    """Return 2^exponent·G."""
    return G if exponent == 0 else _add(_power(exponent - 1), _power(exponent - 1))


def points(teeth: int, spacing: int) -> list[Point]:
    """Return the points: the last tooth, plus or minus each other tooth as the index's bits say."""
    base = [_power(tooth * spacing) for tooth in range(teeth)]
    found = []
    for index in range(1 << (teeth - 1)):
        total = base[-1]
        for tooth, (x, y) in enumerate(base[:-1]):
            total = _add(total, (x, y if index >> tooth & 1 else P - y))
        found.append(total)
    return found


def halfwords(coordinate: int) -> bytes:
    """Return 32 bytes: 16 limbs of 13 bits, each with three of the 48 bits above them, as halfwords."""
    words = [coordinate >> 13 * i & 8191 | (coordinate >> 208 + 3 * i & 7) << 13 for i in range(16)]
    return b"".join([word.to_bytes(2, "little") for word in words])


HEADER = '''# SPDX-License-Identifier: Apache-2.0
"""The points of the signed comb that multiplies G, {kilobytes} KB, written by electro_tools.generate; read that.

Each coordinate is 16 halfwords, least first: the low 13 bits are a limb, the upper three make the last four
limbs. The sum of the `TEETH` digits of one column is one point or its negative.
"""

TEETH = {teeth}
SPACING = {spacing}
POINTS = (
{rows}
)
'''


def text(kilobytes: int = DEFAULT) -> str:
    """The module's text for a table of that size."""
    teeth, spacing = SIZES[kilobytes]
    data = b"".join([halfwords(x) + halfwords(y) for x, y in points(teeth, spacing)])
    rows = "\n".join([f"    {_literal(data[at : at + 24])}" for at in range(0, len(data), 24)])
    return HEADER.format(kilobytes=kilobytes, teeth=teeth, spacing=spacing, rows=rows)


def _literal(data: bytes) -> str:
    return 'b"' + "".join([f"\\x{byte:02x}" for byte in data]) + '"'
