# SPDX-License-Identifier: Apache-2.0
"""Write what run() of the field's arithmetic runs: the formulas for points, five bytes an operation.

Points are (X : Y : Z) in Jacobian coordinates, the affine point being (X/Z², Y/Z³); a point to add, of the
table, is (PX, PY), of which PY may have been negated without carrying.

Source: the Explicit-Formulas Database, short Weierstrass, madd and dbl-2009-l, the latter with F for 2Y².
"""

X, Y, Z, PX, PY, A, B, C, D, E, ZERO, BETA = range(6, 18)
SLOTS = 18
MUL, SQR, SUB, LIN, END = range(5)

Operation = tuple[int, ...]

# 8M + 3S. A = PX·Z² - X, B = PY·Z³ - Y, then X' = B² - A³ - 2XA², Y' = B(XA² - X') - YA³, Z' = ZA
ADD: list[Operation] = [
    (SQR, A, Z),
    (MUL, B, A, Z),
    (MUL, PX, PX, A),
    (MUL, PY, PY, B),
    (SUB, A, PX, X),
    (SUB, B, PY, Y),
    (SQR, C, A),
    (MUL, Z, Z, A),
    (MUL, D, X, C),
    (MUL, C, C, A),
    (SQR, E, B),
    (SUB, E, E, C),
    (LIN, X, E, D, D),
    (SUB, D, D, X),
    (MUL, D, D, B),
    (MUL, C, C, Y),
    (LIN, Y, D, C, ZERO),
]
# λ(x, y) = (βx, y)
ADD_TURNED: list[Operation] = [(MUL, PX, PX, BETA), *ADD]
# 4M + 3S. C = 2Y², D = 2XC, E = 3X², X' = E² - 2D, Y' = E(D - X') - 2C², Z' = 2YZ
DOUBLE: list[Operation] = [
    (SUB, A, ZERO, Y),
    (LIN, B, Y, A, ZERO),
    (MUL, Z, Z, B),
    (MUL, C, B, Y),
    (MUL, D, C, X),
    (SUB, A, ZERO, D),
    (LIN, D, D, A, ZERO),
    (SQR, E, X),
    (SUB, A, ZERO, E),
    (LIN, E, E, A, A),
    (SQR, A, E),
    (LIN, X, A, D, D),
    (SUB, D, D, X),
    (MUL, D, D, E),
    (SQR, C, C),
    (LIN, Y, D, C, C),
]
# the same point with coordinates scaled by PX
SCALE: list[Operation] = [
    (SQR, A, PX),
    (MUL, X, X, A),
    (MUL, B, A, PX),
    (MUL, Y, Y, B),
    (MUL, Z, Z, PX),
]
# with PX = 1/Z: x to X, y to Y, and y² - x³ to A
AFFINE: list[Operation] = [
    (SQR, A, PX),
    (MUL, X, X, A),
    (MUL, B, A, PX),
    (MUL, Y, Y, B),
    (SQR, A, Y),
    (SQR, B, X),
    (MUL, B, B, X),
    (LIN, A, A, B, ZERO),
]


def program(operations: list[Operation]) -> bytes:
    """Return the operations, each filled up to five bytes, and the end."""
    return b"".join([bytes(operation).ljust(5, b"\0") for operation in operations]) + bytes([END])


def text() -> str:
    """The lines that name the slots and the programs."""
    slots = {"X": X, "Y": Y, "Z": Z, "PX": PX, "A": A, "BETA": BETA, "SLOTS": SLOTS}
    lines = [f"{name} = {slot}" for name, slot in slots.items()]
    named = {"ADD": ADD, "ADD_TURNED": ADD_TURNED, "DOUBLE": DOUBLE, "SCALE": SCALE, "AFFINE": AFFINE}
    for name, operations in named.items():
        data = program(operations)
        rows = [data[at : at + 20] for at in range(0, len(data), 20)]
        literals = ['    b"' + "".join([f"\\x{byte:02x}" for byte in row]) + '"' for row in rows]
        lines += [f"{name} = (", *literals, ")"]
    return "\n".join(lines)
