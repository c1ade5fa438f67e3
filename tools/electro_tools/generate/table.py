# SPDX-License-Identifier: Apache-2.0
"""Write the table of a signed comb: the points of which every k·G is a sum, in a size of one's choice.

A comb of B blocks, T teeth and spacing S covers B·T·S bits of a scalar all of whose digits are +1 or -1: tooth
t of block b stands for the bits from (b·T + t)·S on. One step of the S reads, in every block, one bit under
each tooth; the 2^(T-1) signed sums of a block's teeth are its table, the other half their negatives.

Source: Hedabou, Pinel, Bénéteau, "Countermeasures for preventing comb method against SCA attacks", 2005.
"""

from functools import cache

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
# kilobytes: (blocks, teeth, spacing), the fastest of each size: 64 bytes a point, B·2^(T-1) points; a
# signature takes B·S additions and S - 1 doublings
SIZES = {2: (1, 6, 43), 4: (2, 6, 22), 8: (2, 7, 19), 16: (2, 8, 16)}
DEFAULT = 8

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


def points(blocks: int, teeth: int, spacing: int) -> list[Point]:
    """Return the points of every block: tooth T-1, plus or minus each other tooth as the index's bits say."""
    found = []
    for block in range(blocks):
        base = [_power((block * teeth + tooth) * spacing) for tooth in range(teeth)]
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
limbs. The sum of `TEETH` digits of one block and column is one point or its negative.
"""

BLOCKS = {blocks}
TEETH = {teeth}
SPACING = {spacing}
POINTS = (
{rows}
)
'''


def text(kilobytes: int = DEFAULT) -> str:
    """The module's text for a table of that size."""
    blocks, teeth, spacing = SIZES[kilobytes]
    data = b"".join([halfwords(x) + halfwords(y) for x, y in points(blocks, teeth, spacing)])
    rows = "\n".join([f"    {_literal(data[at : at + 24])}" for at in range(0, len(data), 24)])
    return HEADER.format(kilobytes=kilobytes, blocks=blocks, teeth=teeth, spacing=spacing, rows=rows)


def _literal(data: bytes) -> str:
    return 'b"' + "".join([f"\\x{byte:02x}" for byte in data]) + '"'
