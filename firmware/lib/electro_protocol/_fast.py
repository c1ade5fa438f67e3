# SPDX-License-Identifier: Apache-2.0
"""The running sum of the comb, and inverses, on 32-bit chips: the programs that the viper code runs.

Importing it fails where viper or 32-bit words are missing; comb then takes _plain. There is one workspace, so
one sum at a time: two threads of a chip must not sign at once.
"""

import sys

if sys.maxsize >> 31:
    raise ImportError("the words are not of 32 bits")

from array import array

from ._field32 import run
from ._word32 import invert, is_odd, load, pack, unpack
from .curve import N, P
from .table import POINTS, SPACING, TEETH

# slots of 20 words; 0 to 5 are the multiplication's own
_X, _Y, _Z, _PX, _PY, _A, _B, _C, _D, _E, _F, _ZERO = range(6, 18)
_MUL, _SQR, _SUB, _LIN, _END = range(5)
_workspace = array("i", bytes(18 * 80))


def _program(*operations: "tuple[int, ...]") -> "array[int]":
    """Return operations (what, result, operands …) with slots as byte offsets, five halfwords each."""
    words = []
    for what, *slots in operations:
        words += [what] + [80 * slot for slot in slots] + [0] * (4 - len(slots))
    return array("H", words + [_END, 0, 0, 0, 0])


# (X : Y : Z) + (PX, PY), 8M + 3S; A … D hold H = x2·Z² - X, R = y2·Z³ - Y, H², H³, V = X·H² in turn
_ADD = _program(
    (_SQR, _A, _Z),
    (_MUL, _B, _A, _Z),
    (_MUL, _PX, _PX, _A),
    (_MUL, _PY, _PY, _B),
    (_SUB, _A, _PX, _X),
    (_SUB, _B, _PY, _Y),
    (_SQR, _C, _A),
    (_MUL, _Z, _Z, _A),
    (_MUL, _D, _X, _C),
    (_MUL, _C, _C, _A),
    (_SQR, _E, _B),
    (_SUB, _E, _E, _C),
    (_LIN, _X, _E, _D, _D),
    (_SUB, _D, _D, _X),
    (_MUL, _D, _D, _B),
    (_MUL, _C, _C, _Y),
    (_LIN, _Y, _D, _C, _ZERO),
)


# 2·(X : Y : Z), 4M + 3S: F = 2Y², H = 2XF, E = 3X², X' = E² - 2H, Y' = E(H - X') - 2F², Z' = 2YZ
_DOUBLE = _program(
    (_SUB, _A, _ZERO, _Y),
    (_LIN, _B, _Y, _A, _ZERO),
    (_MUL, _Z, _Z, _B),
    (_MUL, _C, _B, _Y),
    (_MUL, _D, _C, _X),
    (_SUB, _A, _ZERO, _D),
    (_LIN, _D, _D, _A, _ZERO),
    (_SQR, _E, _X),
    (_SUB, _A, _ZERO, _E),
    (_LIN, _E, _E, _A, _A),
    (_SQR, _A, _E),
    (_LIN, _X, _A, _D, _D),
    (_SUB, _D, _D, _X),
    (_MUL, _D, _D, _E),
    (_SQR, _C, _C),
    (_LIN, _Y, _D, _C, _C),
)
# (X·PX² : Y·PX³ : Z·PX)
_SCALE = _program(
    (_SQR, _A, _PX),
    (_MUL, _X, _X, _A),
    (_MUL, _B, _A, _PX),
    (_MUL, _Y, _Y, _B),
    (_MUL, _Z, _Z, _PX),
)
# with PX = 1/Z: x to X, y to Y, and y² - x³ to A
_AFFINE = _program(
    (_SQR, _A, _PX),
    (_MUL, _X, _X, _A),
    (_MUL, _B, _A, _PX),
    (_MUL, _Y, _Y, _B),
    (_SQR, _A, _Y),
    (_SQR, _B, _X),
    (_MUL, _B, _B, _X),
    (_LIN, _A, _A, _B, _ZERO),
)


def _limbs(number: int) -> "array[int]":
    return array("i", [number >> (13 * i) & 8191 for i in range(20)])


def _aligned(table: bytes) -> "bytes | bytearray":
    """Return the table where halfwords can be read; frozen bytes may begin anywhere."""
    return bytearray(table) if is_odd(table) else table


_LIMBS_P = _limbs(P)
_LIMBS_N = _limbs(N)
_INVERSE_P = pow(P, 4095, 8192)  # 1/P modulo 2^13
_INVERSE_N = pow(N, 4095, 8192)
_bytes = bytearray(33)
_points_slots = memoryview(_workspace)[20 * _PX :]  # where load leaves a point
_COMB = SPACING << 9 | TEETH << 16
_TABLE = _aligned(POINTS)


def _put(slot: int, number: int) -> None:
    unpack(80 * slot, _workspace, number.to_bytes(32, "little"))


def _get(slot: int) -> int:
    """Return the number in a slot, as it is: somewhat negative, or above the modulus, perhaps."""
    pack(80 * slot, _workspace, _bytes)
    number = int.from_bytes(_bytes, "little")
    return number - (1 << 264) if _bytes[32] & 0x80 else number


def inverse(number: int, modulus: int) -> int:
    """Return 1/number modulo P or N."""
    _put(1, number)
    if modulus == P:
        invert(_INVERSE_P, _workspace, _LIMBS_P)
    else:
        invert(_INVERSE_N, _workspace, _LIMBS_N)
    return _get(2) % modulus


class Sum:
    """The running sum of the comb; its coordinates lie in the workspace."""

    def begin(self, point: "tuple[int, int, int]", z: int) -> "tuple[int, int, int]":
        """Start at a point, its coordinates scaled by z; return twice the point."""
        _put(_PX, z)
        _put(_X, point[0])
        _put(_Y, point[1])
        _put(_Z, point[2])
        run(0, _workspace, _DOUBLE)
        twice = (_get(_X) % P, _get(_Y) % P, _get(_Z) % P)
        _put(_X, point[0])
        _put(_Y, point[1])
        _put(_Z, point[2])
        run(0, _workspace, _SCALE)
        return twice

    def double(self) -> None:
        run(0, _workspace, _DOUBLE)

    def add(self, digits: bytes, column: int, block: int) -> None:
        """Add the point of one column and block of the recoded scalar."""
        load(_COMB | block << 20 | column, _points_slots, digits, _TABLE)
        run(0, _workspace, _ADD)

    def end(self) -> "tuple[int, int, int]":
        """Return x, y and y² - x³."""
        _put(_PX, inverse(_get(_Z) % P, P))
        run(0, _workspace, _AFFINE)
        return _get(_X) % P, _get(_Y) % P, _get(_A) % P
