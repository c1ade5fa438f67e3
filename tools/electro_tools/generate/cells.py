# SPDX-License-Identifier: Apache-2.0
"""Write _cells32.py, the meter's loops in viper for 32-bit words, from _cells_plain.py, which says what they mean.

The plain form is written so that little has to change: names of numbers become the numbers, what is read from an
array becomes an `int`, a sum that outgrows a word becomes two (`x_high` above 17 bits, `x` below), and what viper's
compiler can't do, or old Xtensa compilers do wrongly (a branch back of more than 2 KB), is written otherwise.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from electro_meter import sensing
from electro_meter.sensing import _cells_plain, frames

HOME = Path(sensing.__file__).parent
NAME = "_cells32.py"
_POINTERS = {"times": "ptr32", "frame": "ptr32", "volts": "ptr16", "amps": "ptr16", "table": "ptr16"}
_WIDE = ("suu", "sii", "sxi", "sqi")
_BITS = 17
_MASK = (1 << _BITS) - 1

_HEAD = '''# SPDX-License-Identifier: Apache-2.0
# Generated from _cells_plain.py by `python -m electro_tools.generate`; a test holds it to that.
# Viper: its types are annotations, and some of its names only its compiler knows.
# mypy: ignore-errors
# ruff: noqa: ANN001, ANN202, F821, PLR1730, SIM102
# fmt: off
"""The loops over a run of samples in viper for 32-bit words; _cells_plain says what they mean, and what fits a word.

Importing it fails where viper or 32-bit words are missing; `cells` then takes _cells_plain.
"""

import sys

import micropython

if sys.maxsize >> 31:
    raise ImportError("the words are not of 32 bits")

from array import array

_sum = array("i", [0] * 2)


def squares(samples, end, middle):
    _squares(samples, end, middle, _sum)
    return (_sum[0] << 17) + _sum[1]


@micropython.viper
def _squares(samples: ptr16, end: int, middle: int, total: ptr32):
    k = 0
    low = 0
    high = 0
    while k < end:
        raw = int(samples[k]) - middle
        raw = raw * raw
        high += raw >> 17
        low += raw & 0x1FFFF
        k += 1
    total[0] = high + (low >> 17)
    total[1] = low & 0x1FFFF
'''


class CellsError(ValueError):
    """The plain form says something that the generator does not know; the sentence says where."""


def text() -> str:
    """Return the generated module."""
    module = ast.parse(Path(_cells_plain.__file__).read_text(encoding="utf-8"))
    known = {**vars(frames), **vars(_cells_plain)}
    numbers = {name: value for name, value in known.items() if name.isupper() and isinstance(value, int)}
    parts = [_HEAD]
    for node in module.body:
        if isinstance(node, ast.FunctionDef) and node.name != "squares":
            arguments = [one.arg for one in node.args.args]
            head = ", ".join(f"{name}: {_POINTERS.get(name, 'int')}" for name in arguments)
            body = _Body(numbers).block(node.body[1:], 1)  # without the docstring
            parts.append(f"@micropython.viper\ndef {node.name}({head}) -> int:\n{body}")
    return "\n\n".join(parts)


class _Body:
    """The statements of one function."""

    def __init__(self, numbers: dict[str, int]) -> None:
        self._numbers = numbers
        self._instead: dict[str, ast.expr] = {}  # loop names of an unrolled loop

    def block(self, statements: list[ast.stmt], depth: int) -> str:
        return "".join(self.statement(one, depth) for one in statements)

    def statement(self, node: ast.stmt, depth: int) -> str:  # noqa: PLR0911 - one for each kind
        indent = "    " * depth
        if isinstance(node, ast.Assign):
            return self._lines(depth, self._assign(node.targets[0], node.value))
        if isinstance(node, ast.AugAssign):
            return self._lines(depth, self._add(node))
        if isinstance(node, ast.If):
            return self._if(node, depth, "if")
        if isinstance(node, ast.While):
            body = self.block(node.body, depth + 1)
            if isinstance(node.test, ast.Constant):
                return f"{indent}while True:\n{body}"
            # not "while x:": the branch back could be further than old Xtensa compilers can reach
            return (
                f"{indent}while True:\n{indent}    if {self._not(node.test)}:\n{indent}        break\n{body}"
            )
        if isinstance(node, ast.For):
            return self._for(node, depth)
        if isinstance(node, ast.Break | ast.Continue | ast.Return):
            value = getattr(node, "value", None)
            said = {ast.Break: "break", ast.Continue: "continue"}.get(type(node), "")
            return f"{indent}{said or 'return ' + self.value(value)}\n"
        raise CellsError(f"line {node.lineno}: {ast.unparse(node)[:60]}")

    def value(self, node: Any) -> str:  # noqa: PLR0911 - one for each kind
        """Return an expression, fully bracketed as its own precedence needs."""
        if isinstance(node, ast.Name) and node.id in self._instead:
            return self.value(self._instead[node.id])
        wide = self._of_wide(node)
        if wide:
            return wide
        if isinstance(node, ast.Constant | ast.Name):
            return str(self._number(node)) if self._number(node) is not None else ast.unparse(node)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            return f"int({node.value.id}[{self.value(node.slice)}])"
        if isinstance(node, ast.BinOp):
            number = self._number(node)
            if number is not None:
                return str(number)
            left, right = (self._inside(one) for one in (node.left, node.right))
            return f"{left} {_SIGNS[type(node.op)]} {right}"
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return f"{self.value(node.left)} {_SIGNS[type(node.ops[0])]} {self.value(node.comparators[0])}"
        raise CellsError(f"line {node.lineno}: {ast.unparse(node)[:60]}")

    def _inside(self, node: ast.expr) -> str:
        said = self.value(node)
        return f"({said})" if isinstance(node, ast.BinOp) and " " in said else said

    def _number(self, node: Any) -> int | None:
        """Return what an expression of known numbers is."""
        if isinstance(node, ast.Name) and node.id in self._instead:
            return self._number(self._instead[node.id])
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.Name):
            return self._numbers.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
            left, right = self._number(node.left), self._number(node.right)
            if left is not None and right is not None:
                return left + right if isinstance(node.op, ast.Add) else left - right
        return None

    def _wide(self, node: Any) -> str:
        """Return the name of a sum in two words; empty if it is none."""
        if isinstance(node, ast.Name):
            node = self._instead.get(node.id, node)
        return node.id if isinstance(node, ast.Name) and node.id in _WIDE else ""

    def _of_wide(self, node: Any) -> str:
        """Return what a shift or a mask of such a sum is in its words; empty if it is something else."""
        if not isinstance(node, ast.BinOp):
            return ""
        name, by = self._wide(node.left), self._number(node.right)
        if name and isinstance(node.op, ast.RShift) and by is not None and by >= _BITS:
            return f"{name}_high >> {by - _BITS}" if by > _BITS else f"{name}_high"
        if name and isinstance(node.op, ast.BitAnd) and by == _MASK:
            return name
        if name:
            raise CellsError(f"line {node.lineno}: {ast.unparse(node)} cuts a word")
        return ""

    def _assign(self, target: ast.expr, value: ast.expr) -> list[str]:
        name = self._wide(target)
        if not name:
            return [f"{self._target(target)} = {self.value(value)}"]
        if isinstance(value, ast.Constant):
            return [f"{name}_high = 0", f"{name} = 0"]
        if isinstance(value, ast.BinOp) and isinstance(value.left, ast.BinOp):  # (high << 17) + low
            return [
                f"{name}_high = {self.value(value.left.left)}",
                f"{name} = {self.value(value.right)}",
            ]
        raise CellsError(f"line {target.lineno}: a wide sum is 0, or of two words")

    def _add(self, node: ast.AugAssign) -> list[str]:
        name = self._wide(node.target)
        if name:  # w · (product of two)
            assert isinstance(node.value, ast.BinOp)
            weight, product = self.value(node.value.left), self.value(node.value.right)
            return [
                f"p = {product}",
                f"{name} += {weight} * (p & 0x{_MASK:X})",
                f"{name}_high += {weight} * (p >> {_BITS}) + ({name} >> {_BITS})",
                f"{name} &= 0x{_MASK:X}",
            ]
        sign, value = _SIGNS[type(node.op)], node.value
        if isinstance(node.target, ast.Name):
            return [f"{node.target.id} {sign}= {self.value(value)}"]
        place = self._target(node.target)
        return [f"{place} = int({place}) {sign} {self._inside(value)}"]

    def _target(self, node: ast.expr) -> str:
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            return f"{node.value.id}[{self.value(node.slice)}]"
        return ast.unparse(node)

    def _if(self, node: ast.If, depth: int, word: str) -> str:
        indent = "    " * depth
        said = f"{indent}{word} {self.value(node.test)}:\n{self.block(node.body, depth + 1)}"
        if len(node.orelse) == 1 and isinstance(node.orelse[0], ast.If):
            return said + self._if(node.orelse[0], depth, "elif")
        if node.orelse:
            said += f"{indent}else:\n{self.block(node.orelse, depth + 1)}"
        return said

    def _for(self, node: ast.For, depth: int) -> str:
        """Unroll a loop over a table; count through one over a range."""
        if isinstance(node.iter, ast.Call):
            assert isinstance(node.target, ast.Name)
            name, indent = node.target.id, "    " * depth
            first, end = (self.value(one) for one in node.iter.args)
            body = self.block(node.body, depth + 1)
            return f"{indent}{name} = {first}\n{indent}while {name} < {end}:\n{body}{indent}    {name} += 1\n"
        assert isinstance(node.iter, ast.Tuple)
        assert isinstance(node.target, ast.Tuple)
        said = ""
        for row in node.iter.elts:
            assert isinstance(row, ast.Tuple)
            names = [one.id for one in node.target.elts if isinstance(one, ast.Name)]
            self._instead = dict(zip(names, row.elts, strict=True))
            said += self.block(node.body, depth)
        self._instead = {}
        return said

    def _not(self, node: ast.expr) -> str:
        assert isinstance(node, ast.Compare)
        sign = _OPPOSITE[type(node.ops[0])]
        return f"{self.value(node.left)} {sign} {self.value(node.comparators[0])}"

    def _lines(self, depth: int, lines: list[str]) -> str:
        return "".join("    " * depth + line + "\n" for line in lines)


_SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.FloorDiv: "//",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
_OPPOSITE: dict[type[ast.AST], str] = {ast.Lt: ">=", ast.LtE: ">", ast.Gt: "<=", ast.GtE: "<"}
