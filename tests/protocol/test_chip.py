# SPDX-License-Identifier: Apache-2.0
"""The machine code for the ESP32, run on a simulated Xtensa, computes what plain integers do."""

import random

import pytest
from Crypto.Hash import keccak

from electro_protocol import _plain, table
from electro_protocol.curve import GX, GY, LAMBDA_X, N, P
from electro_tools.generate import programs
from tests.protocol.chip import Chip, signature

EDGES = [0, 1, 2, P - 1, P - 2, (1 << 255) - 1, 1 << 255, 2**256 - 1 - P, 8191, 8192, P >> 1, 1 << 208]


@pytest.fixture(scope="module")
def chip() -> Chip:
    return Chip()


def pairs() -> list[tuple[int, int]]:
    source = random.Random(6)
    return [(a, b) for a in EDGES for b in EDGES[:5]] + [
        (source.randrange(P), source.randrange(P)) for _ in range(60)
    ]


def test_products_and_squares(chip: Chip) -> None:
    x, y, a, b = programs.X, programs.Y, programs.A, programs.B
    for left, right in pairs():
        chip.put(x, left)
        chip.put(y, right)
        assert chip.run([(programs.MUL, a, x, y), (programs.SQR, b, x)]) == 2
        assert (chip.get(a) % P, chip.get(b) % P) == (left * right % P, left * left % P)


def test_products_and_squares_of_differences_that_were_not_carried(chip: Chip) -> None:
    x, y, a, b, c = programs.X, programs.Y, programs.A, programs.B, programs.C
    for left, right in pairs():
        chip.put(x, left)
        chip.put(y, right)
        chip.run(
            [(programs.SUB, a, x, y), (programs.SUB, b, y, x), (programs.MUL, c, a, b), (programs.SQR, b, a)]
        )
        assert (chip.get(c) % P, chip.get(b) % P) == (-((left - right) ** 2) % P, (left - right) ** 2 % P)


def test_the_extreme_columns_do_not_overflow(chip: Chip) -> None:
    """Limbs as great as the header of field.py allows, of both signs, in every place."""
    place = chip.workspace
    for sign in (1, -1):
        for first in (8191, 8191 + 4000):
            limbs = [first] + [8191] * 18 + [511]
            data = b"".join([(sign * limb).to_bytes(4, "little", signed=True) for limb in limbs])
            other = b"".join([limb.to_bytes(4, "little", signed=True) for limb in limbs])
            for slot, content in ((programs.X, data), (programs.Y, other)):
                chip.machine.memory[place + 80 * slot : place + 80 * slot + 80] = content
            number = sum(limb << 13 * i for i, limb in enumerate(limbs))
            operations = [
                (programs.MUL, programs.A, programs.X, programs.Y),
                (programs.SQR, programs.B, programs.X),
            ]
            chip.run(operations)
            assert chip.get(programs.A) % P == sign * number * number % P
            assert chip.get(programs.B) % P == number * number % P


def test_sums_and_doubles_of_points(chip: Chip) -> None:
    source = random.Random(7)
    for _ in range(12):
        digits = source.randbytes((table.TEETH * table.SPACING + 7) // 8)
        column = source.randrange(table.SPACING)
        start = _plain.multiply(source.randrange(1, N), GX, GY)
        for turned in (False, True):
            plain = _plain.Sum()
            twice = plain.begin(start, 1)
            for slot, number in zip((programs.X, programs.Y, programs.Z), start, strict=True):
                chip.put(slot, number)
            multiple = chip.load(digits, column)
            chip.run(programs.ADD_TURNED if turned else programs.ADD)
            assert (multiple - plain._add(digits, column, LAMBDA_X if turned else 1)) % 8191 == 0
            assert affine(chip) == _plain.affine(plain.point)
        for slot, number in zip((programs.X, programs.Y, programs.Z), start, strict=True):
            chip.put(slot, number)
        chip.run(programs.DOUBLE)
        assert affine(chip) == _plain.affine(twice)


def affine(chip: Chip) -> tuple[int, int]:
    x, y, z = (chip.get(slot) % P for slot in (programs.X, programs.Y, programs.Z))
    return _plain.affine((x, y, z))


def test_inverses(chip: Chip) -> None:
    source = random.Random(8)
    found = 0
    for modulus in (P, N):
        for _ in range(20):
            number = source.randrange(1, modulus)
            inverse = chip.invert(number, modulus)
            found += inverse is not None
            assert inverse is None or inverse * number % modulus == 1
    assert found > 30


def test_hashes(chip: Chip) -> None:
    for length in (0, 1, 31, 135, 136, 200):
        message = bytes(range(length))
        padding = 136 - length % 136
        padded = bytearray(message + b"\x01" + bytes(padding - 1))
        padded[-1] |= 0x80
        assert chip.keccak256(bytes(padded)) == keccak.new(digest_bits=256, data=message).digest()


def test_the_machine_code_of_a_signature_takes_fewer_than_2_8_million_instructions() -> None:
    assert sum(signature().values()) < 2_800_000


def test_beta_turns_a_point(chip: Chip) -> None:
    assert chip.get(programs.BETA) == LAMBDA_X
