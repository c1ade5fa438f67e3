# SPDX-License-Identifier: Apache-2.0
"""Write the arithmetic modulo p = 2^256 - 2^32 - 977 in viper, for chips with 32-bit words.

Numbers. A field element is 20 limbs of 13 bits, least first, one a word: a column of a product then sums
20 products of 26 bits, and stays within the 31 bits of a signed word. Limbs lie in 0…8191, or, after one
subtraction without carry, in -8191…8191: the sum has the same bound. Columns are right modulo 2^32 whatever
the parts of the Karatsuba split did on the way.

What viper makes of a line, from its emitter: two locals live in registers (here the first two arguments, x
and w), the others on the stack; a load goes to one fixed register, so a second load pushes the first to the
stack. Hence `w[c] = w[j] * x + w[c]`, seven instructions on Xtensa, is the cheapest multiply-and-add there
is, row by row; `8191 & x` is one cheaper than `x & 8191`; everything is addressed from w.

A multiplication splits both factors into halves of ten limbs (Karatsuba, by differences, so that limbs don't
grow): three blocks of 100 products, run by one piece of code that moves w.
"""

from electro_tools.generate import programs

LIMBS = 20
HALF = LIMBS // 2
# A block has 19 columns, ten limbs of a and ten of b: what is touched most lies lowest, where Xtensa's short
# instructions reach.
COLUMNS = 2 * HALF - 1
BLOCK = 40
HIGH = (
    2 * BLOCK + COLUMNS
)  # takes the upper columns after carrying; the third block's factors have served by then
MASK = 8191

HEADER = '''# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: F821
"""Arithmetic modulo the prime of secp256k1 for 32-bit chips, written by electro_tools.generate; read that.

`run(0, workspace, program)`: the workspace is an array("i") of slots of 20 words, the first six of which the
multiplication uses; the program has five bytes an operation: what, then the slots of result and operands. It
returns how many operations it ran, by which a skipped one is found.

| what | does |
|---|---|
| 0 | r = a·b |
| 1 | r = a² |
| 2 | r = a - b, without carrying: may be multiplied once, then no longer subtracted from |
| 3 | r = a - b - c, carried |
| 4 | end |
"""

import micropython

{programs}
'''

HEAD = """

@micropython.viper
def run(x: int, w: ptr32, p: ptr8) -> int:
    r = w
    a = w
    b = w
    n = 0
    u = 0
    v = 0
    count = 0
    while True:
        n = p[0]
        if n == 4:
            return count
        count += 1
        r = ptr32(int(w) + p[1] * 80)
        a = ptr32(int(w) + p[2] * 80)
        b = ptr32(int(w) + p[3] * 80)
        # while True and break instead of if: its jumps reach further than 2 KB, also before firmware 1.26
        while True:
            if n > 1:
                break
{split}
            while True:
                if n != 0:
                    break
{multiply}
                break
            while True:
                if n != 1:
                    break
{square}
                break
{carry}
            break
        while True:
            if n != 2:
                break
{subtract}
            break
        while True:
            if n != 3:
                break
            c = ptr32(int(w) + p[4] * 80)
{combine}
            break
        p = ptr8(int(p) + 5)
"""


def split(source: str, at: int) -> list[str]:
    """Copy the halves of a factor into the first two blocks, their difference into the third."""
    lines = []
    for k in range(HALF):
        lines += [
            f"x = {source}[{k}]",
            f"w[{at + k}] = x",
            f"w[{at + BLOCK + k}] = {source}[{HALF + k}]",
            f"w[{at + 2 * BLOCK + k}] = w[{at + BLOCK + k}] - x",
        ]
    return lines


def _add(written: set[int], column: int, product: str) -> str:
    """Add a product to its column; the first one of a column is stored."""
    if column in written:
        return f"w[{column}] = {product} + w[{column}]"
    written.add(column)
    return f"w[{column}] = {product}"


def _three_blocks(products: list[str]) -> list[str]:
    """Run the products of one block on all three."""
    return [
        "n = 3",
        "while True:",
        *["    " + line for line in products],
        f"    w = ptr32(int(w) + {4 * BLOCK})",
        "    n -= 1",
        "    if n == 0:",
        "        break",
        f"w = ptr32(int(w) - {12 * BLOCK})",
    ]


def multiply() -> list[str]:
    written: set[int] = set()
    products = []
    for i in range(HALF):
        products.append(f"x = w[{COLUMNS + i}]")
        products += [_add(written, i + j, f"w[{COLUMNS + HALF + j}] * x") for j in range(HALF)]
    return [*split("b", COLUMNS + HALF), *_three_blocks(products), "n = 0"]


def square() -> list[str]:
    written: set[int] = set()
    products = []
    for i in range(HALF):
        products += [f"x = w[{COLUMNS + i}]", _add(written, 2 * i, "x * x")]
        if i < HALF - 1:
            products.append("x = x + x")
        products += [_add(written, i + j, f"w[{COLUMNS + j}] * x") for j in range(i + 1, HALF)]
    return [*_three_blocks(products), "n = 1"]


def _column(c: int) -> str:
    """The terms of column c of the whole product: low + high·X^20 + (low + high - differences)·X^10."""
    terms = []
    low, high, difference = 0, BLOCK, 2 * BLOCK
    if c < 19:
        terms.append(f"+ w[{low + c}]")
    if c >= 20:
        terms.append(f"+ w[{high + c - 20}]")
    if 10 <= c < 29:
        terms += [f"+ w[{low + c - 10}]", f"+ w[{high + c - 10}]", f"- w[{difference + c - 10}]"]
    return " ".join(terms)


def carry() -> list[str]:
    """Carry the upper columns; fold them down by 2^260 = 2^36 + 15632; carry the lower ones; fold the rest."""
    lines = []
    for c in range(20, 39):
        lines += [f"x = {'(x >> 13) ' if c > 20 else '0 '}{_column(c)}", f"w[{HIGH + c - 20}] = {MASK} & x"]
    lines.append(f"w[{HIGH + 19}] = x >> 13")
    for c in range(20):
        lines.append(f"x = {'(x >> 13) ' if c else '0 '}{_column(c)}")
        lines.append(f"x = w[{HIGH + c}] * 15632 + x")
        if c >= 2:
            lines.append(f"x = w[{HIGH + c - 2}] * 1024 + x")
        lines.append(f"r[{c}] = {MASK} & x")
    return [
        *lines,
        "# what lies above: u at 2^256, n at 2^260, v at 2^273",
        "u = r[19] >> 9",
        "r[19] = r[19] & 511",
        f"x = w[{HIGH + 18}] * 1024 + (x >> 13)",
        f"v = w[{HIGH + 19}] * 1024 + (x >> 13)",
        f"n = {MASK} & x",
        "x = n * 15632 + u * 977 + r[0]",
        f"r[0] = {MASK} & x",
        "x = (x >> 13) + v * 15632 + r[1]",
        f"r[1] = {MASK} & x",
        "x = (x >> 13) + n * 1024 + u * 64 + r[2]",
        f"r[2] = {MASK} & x",
        "x = (x >> 13) + v * 1024 + r[3]",
        f"r[3] = {MASK} & x",
        "x = (x >> 13) + r[4]",
        f"r[4] = {MASK} & x",
        "r[5] = r[5] + (x >> 13)",
        "n = 0",
    ]


def _both_halves(limbs: list[str], pointers: str) -> list[str]:
    """Run the lines for ten limbs twice, moving the pointers: half the code for 5% of the time."""
    return [
        "n = 2",
        "while True:",
        *["    " + line for line in limbs],
        "    n -= 1",
        "    if n == 0:",
        "        break",
        *[f"    {name} = ptr32(int({name}) + {4 * HALF})" for name in pointers],
    ]


def subtract() -> list[str]:
    lines = []
    for k in range(HALF):
        lines += [f"x = b[{k}]", f"r[{k}] = a[{k}] - x"]
    return [*_both_halves(lines, "rab"), "n = 2"]


def combine() -> list[str]:
    lines = []
    for k in range(HALF):
        lines += [f"x = (x >> 13) + a[{k}] - b[{k}] - c[{k}]", f"r[{k}] = {MASK} & x"]
    return [
        "x = 0",
        *_both_halves(lines, "rabc"),
        f"u = ((x >> 13) << 4) + (r[{HALF - 1}] >> 9)",
        f"r[{HALF - 1}] = r[{HALF - 1}] & 511",
        f"r = ptr32(int(r) - {4 * HALF})",
        "r[0] = r[0] + u * 977",
        "r[2] = r[2] + u * 64",
        "n = 3",
    ]


def text() -> str:
    """The module's text."""

    def indented(lines: list[str], by: int) -> str:
        return "\n".join([" " * by + line for line in lines])

    return HEADER.format(programs=programs.text()) + HEAD.format(
        split=indented(split("a", COLUMNS), 12),
        multiply=indented(multiply(), 16),
        square=indented(square(), 16),
        carry=indented(carry(), 12),
        subtract=indented(subtract(), 12),
        combine=indented(combine(), 12),
    )
