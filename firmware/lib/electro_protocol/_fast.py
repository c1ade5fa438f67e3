# SPDX-License-Identifier: Apache-2.0
"""The running sum of the comb, and inverses, on 32-bit chips: the programs that the viper code runs.

Importing it fails where viper or 32-bit words are missing; comb then takes _plain. There is one workspace, so
one sum at a time: two threads of a chip must not sign at once.
"""

import sys

if sys.maxsize >> 31:
    raise ImportError("the words are not of 32 bits")

from array import array

from ._field32 import ADD, ADD_TURNED, AFFINE, BETA, DOUBLE, PX, SCALE, SLOTS, A, X, Y, Z, run
from ._invert32 import invert
from ._word32 import exchange, load, pack, unpack, wipe
from .curve import GX, LAMBDA_X, N, P
from .table import POINTS, SPACING, TEETH

workspace = array("i", bytes(80 * SLOTS))


def _limbs(number: int) -> "array[int]":
    return array("i", [number >> (13 * i) & 8191 for i in range(20)])


_LIMBS_P = _limbs(P)
_LIMBS_N = _limbs(N)
_bytes = bytearray(33)
_point = memoryview(workspace)[20 * PX :]  # where load leaves one
_COMB = SPACING << 8 | TEETH << 16


def _put(slot: int, number: int) -> None:
    unpack(80 * slot, workspace, number.to_bytes(33, "little"))


def get(slot: int) -> int:
    """Return the number in a slot, as it is: somewhat negative, or above the modulus, perhaps."""
    pack(80 * slot, workspace, _bytes)
    number = int.from_bytes(_bytes, "little")
    return number - (1 << 264) if _bytes[32] & 0x80 else number


def inverse(number: int, modulus: int) -> int:
    """Return 1/number modulo P or N, the modulus being above number."""
    limbs = _LIMBS_P if modulus == P else _LIMBS_N
    factor = 1
    while True:
        _put(1, number)
        if invert(0, workspace, limbs):
            break
        number = number * GX % modulus  # any factor that is not small
        factor = factor * GX % modulus
    number = get(2)
    if factor != 1:
        number *= factor
    wipe(0, workspace, 80)
    return number % modulus


_put(BETA, LAMBDA_X)


# operations of all programs that one sum runs
STEPS = (SPACING * (len(ADD) + len(ADD_TURNED) - 2) + (SPACING - 1) * (len(DOUBLE) - 1)) // 5


coordinates = memoryview(workspace)[20 * X : 20 * Z + 20]


def start(x: int, y: int) -> "array[int]":
    """Return the point (x, y) as begin takes it."""
    _put(X, x)
    _put(Y, y)
    _put(Z, 1)
    return workspace[20 * X : 20 * Z + 20]


class Sum:
    """The running sum of the comb; its coordinates lie in the workspace.

    `read` and `read_turned` are what the digits looked up so far add up to, modulo 2^13 - 1; `steps` counts the
    operations that ran.
    """

    def begin(self, point: "array[int]", z: int) -> "array[int]":
        """Start at a point, its coordinates scaled by z; return twice the point, in its place."""
        self.read = self.read_turned = self.steps = 0
        coordinates[:] = point
        run(0, workspace, DOUBLE)
        _put(PX, z)
        exchange(0, coordinates, point)  # the double goes to the point, and the point to the sum
        run(0, workspace, SCALE)
        return point

    def double(self) -> None:
        self.steps += run(0, workspace, DOUBLE)
        self.read = self.read * 2 % 8191
        self.read_turned = self.read_turned * 2 % 8191

    def add(self, digits: bytes, turned: bytes, column: int) -> None:
        """Add the point that the digits have in this column, and λ times the one that the turned digits have."""
        column |= _COMB
        self.read += load(column, _point, digits, POINTS)
        self.steps += run(0, workspace, ADD)
        self.read_turned += load(column, _point, turned, POINTS)
        self.steps += run(0, workspace, ADD_TURNED)

    def end(self) -> "tuple[int, int, int]":
        """Return x, y and y² - x³; leave nothing behind that depends on the scalar."""
        _put(PX, inverse(get(Z) % P, P))
        run(0, workspace, AFFINE)
        result = get(X) % P, get(Y) % P, get(A) % P
        wipe(0, workspace, 20 * BETA)
        return result
