# SPDX-License-Identifier: Apache-2.0
"""Write Keccak-f[1600] in viper, for chips with 32-bit words: lanes of 64 bits as two words, the lower first.

Theta's sums are added to a lane when rho reads it; rho and pi write to a second state; chi writes back. What a
line costs is explained in field.py: every address is one of w, and an operand that is used twice is in x.

Source: The Keccak reference, version 3.0, sections 1.2 and 2.3.
"""

STATE = 0  # 50 words: lane x + 5y
MOVED = 50  # 50 words: the state after rho and pi
PARITY = 100  # 10 words: C of theta
SPREAD = 110  # 10 words: D of theta
WORDS = 120

HEADER = '''# SPDX-License-Identifier: Apache-2.0
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: ANN202, ARG001, F821
"""Keccak-f[1600] for 32-bit chips, written by electro_tools.generate; read that.

There is one state: one hash at a time.
"""

import sys

if sys.maxsize >> 31:
    raise ImportError("the words are not of 32 bits")

from array import array

import micropython
from uctypes import addressof

from ._word32 import wipe

_words = array("i", bytes({bytes}))
_hash = memoryview(_words)[:8]
_CONSTANTS = (
    {constants}
)
if addressof(_CONSTANTS) & 3:  # frozen bytes may begin anywhere
    _CONSTANTS = bytearray(_CONSTANTS)


def start() -> "list[int]":
    """Return the state, cleared."""
    wipe(0, _words, 50)
    return _words


def absorb(state: "list[int]", data: "bytes | bytearray | memoryview", at: int) -> None:
    """Add 136 bytes of data, from byte `at`, to the state, and permute it."""
    _absorb(at, state, data, _CONSTANTS)


def squeeze(state: "list[int]") -> bytes:
    """Return the first 32 bytes of the state."""
    return bytes(_hash)


@micropython.viper
def _absorb(x: int, w: ptr32, d: ptr8, c: ptr32):
    d = ptr8(int(d) + x)
    n = 34
    while True:
        w[0] = w[0] ^ (d[0] | d[1] << 8 | d[2] << 16 | d[3] << 24)
        d = ptr8(int(d) + 4)
        w = ptr32(int(w) + 4)
        n -= 1
        if n == 0:
            break
    w = ptr32(int(w) - 136)
    u = 0
    n = 24
    while True:
{round}
        w[0] = w[0] ^ c[0]
        w[1] = w[1] ^ c[1]
        c = ptr32(int(c) + 8)
        n -= 1
        if n == 0:
            break
'''


def rotations() -> dict[tuple[int, int], int]:
    """Return how far rho turns lane (x, y)."""
    turns = {(0, 0): 0}
    x, y = 1, 0
    for t in range(24):
        turns[x, y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return turns


def _turned(lower: str, upper: str, turn: int) -> str:
    """The word `lower` of a lane turned left by turn bits, of which `upper` gives the bits that come in."""
    return f"{lower} << {turn} | uint({upper}) >> {32 - turn}"


def theta() -> list[str]:
    lines = []
    column = " ^ ".join([f"w[{STATE + 10 * y}]" for y in range(5)])
    lines += [
        "u = 10",
        "while True:",
        f"    w[{PARITY}] = {column}",
        "    w = ptr32(int(w) + 4)",
        "    u -= 1",
    ]
    lines += ["    if u == 0:", "        break", "w = ptr32(int(w) - 40)"]
    for x in range(5):
        before, after = PARITY + 2 * ((x + 4) % 5), PARITY + 2 * ((x + 1) % 5)
        lines += [f"x = w[{after}]", f"u = w[{after + 1}]"]
        lines.append(f"w[{SPREAD + 2 * x}] = ({_turned('x', 'u', 1)}) ^ w[{before}]")
        lines.append(f"w[{SPREAD + 2 * x + 1}] = ({_turned('u', 'x', 1)}) ^ w[{before + 1}]")
    return lines


def rho_and_pi() -> list[str]:
    lines = []
    for (x, y), turn in sorted(rotations().items()):
        source, spread = STATE + 2 * (x + 5 * y), SPREAD + 2 * x
        target = MOVED + 2 * (y + 5 * ((2 * x + 3 * y) % 5))
        lower, upper = ("x", "u") if turn < 32 else ("u", "x")
        lines += [f"x = w[{source}] ^ w[{spread}]", f"u = w[{source + 1}] ^ w[{spread + 1}]"]
        if turn % 32:
            lines.append(f"w[{target}] = {_turned(lower, upper, turn % 32)}")
            lines.append(f"w[{target + 1}] = {_turned(upper, lower, turn % 32)}")
        else:
            lines += [f"w[{target}] = {lower}", f"w[{target + 1}] = {upper}"]
    return lines


def chi() -> list[str]:
    """One row of five lanes, five times, moving w: the code stays small."""
    lines = []
    for x in range(5):
        for half in (0, 1):
            b0, b1, b2 = [MOVED + 2 * ((x + i) % 5) + half for i in range(3)]
            lines.append(f"    w[{STATE + 2 * x + half}] = ((w[{b1}] ^ -1) & w[{b2}]) ^ w[{b0}]")
    return [
        "u = 5",
        "while True:",
        *lines,
        "    w = ptr32(int(w) + 40)",
        "    u -= 1",
        "    if u == 0:",
        "        break",
        "w = ptr32(int(w) - 200)",
    ]


def constants() -> bytes:
    """Return iota's 24 constants, as the linear feedback shift register of the reference makes them."""
    register, packed = 1, b""
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register = register << 1 ^ (0x171 if register & 0x80 else 0)
        packed += constant.to_bytes(8, "little")
    return packed


def text() -> str:
    """The module's text."""
    rounds = "\n".join([" " * 8 + line for line in theta() + rho_and_pi() + chi()])
    rows = [constants()[at : at + 24] for at in range(0, 192, 24)]
    literal = "\n    ".join(['b"' + "".join([f"\\x{byte:02x}" for byte in row]) + '"' for row in rows])
    return HEADER.format(bytes=4 * WORDS, constants=literal, round=rounds)
