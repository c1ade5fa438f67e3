# SPDX-License-Identifier: Apache-2.0
"""The generated modules are what the generator writes, and the table is made of true points."""

import ast

import pytest
from coincurve import PublicKey

from electro_tools.generate import cells, mip, table
from electro_tools.generate.__main__ import HOME, modules


@pytest.mark.parametrize("name", modules())
def test_what_is_checked_in_is_what_the_generator_writes(name: str) -> None:
    assert (HOME / name).read_text() == modules()[name]


def test_so_are_the_meter_s_loops() -> None:
    assert (cells.HOME / cells.NAME).read_text() == cells.text()


def test_what_the_plain_loops_may_not_say_is_refused() -> None:
    body = cells._Body({})
    for said in ("x = [1]", "x = a if b else c", "x = suu >> 5", "x, y = 1, 2", "return f(x)"):
        with pytest.raises(cells.CellsError, match="line 1"):
            body.statement(ast.parse(f"def f():\n    pass\n{said}".split("\n")[2]).body[0], 1)


def test_package_json_lists_every_module() -> None:
    assert (HOME / "package.json").read_text() == mip.package_json(sorted(mip.sources()))


@pytest.mark.parametrize("kilobytes", table.SIZES)
def test_a_table_covers_every_scalar_and_has_its_size(kilobytes: int) -> None:
    teeth, spacing = table.SIZES[kilobytes]
    assert teeth * spacing > 130  # bits of either half of a scalar
    assert 64 << (teeth - 1) == 1024 * kilobytes


def test_the_points_are_the_signed_sums_of_their_teeth() -> None:
    teeth, spacing = table.SIZES[2]
    for index, (x, y) in enumerate(table.points(teeth, spacing)):
        signs = [1 if index >> tooth & 1 else -1 for tooth in range(teeth - 1)] + [1]
        scalar = sum(sign << tooth * spacing for tooth, sign in enumerate(signs)) % table.N
        foreign = PublicKey.from_valid_secret(scalar.to_bytes(32, "big"))
        assert foreign.point() == (x, y)


def test_halfwords_carry_every_bit() -> None:
    number = int.from_bytes(bytes(range(1, 33)), "big")
    packed = table.halfwords(number)
    words = [int.from_bytes(packed[at : at + 2], "little") for at in range(0, 32, 2)]
    low = sum((word & 8191) << 13 * i for i, word in enumerate(words))
    high = sum((word >> 13) << 3 * i for i, word in enumerate(words))
    assert low | high << 208 == number
