# SPDX-License-Identifier: Apache-2.0
"""Put the numbers of constants where their names are used: a chip keeps every name of a module in its RAM.

A name costs its letters, 9 bytes of index and 8 in the module's dictionary, and 8 more in the dictionary of every
module that imports it. So modules are compiled without the names of whole numbers and without what is for type
checkers, and parameters, and what is `private`, share a few names; what runs is the same. A name stays if anything but
the modules themselves says it: what starts them, and the tools' parts for the chip. Modules with viper code stay as
they are: what a name means there is its compiler's affair.
"""

from __future__ import annotations

import ast
import operator
import re
from typing import TYPE_CHECKING

from .joined import MARK, Program, source_of
from .names import Attributes, TopNames, top_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_OPERATORS: dict[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.BitOr: operator.or_,
}
# Larger ones are objects: each use would have its own.
_MOST_BITS = 30


class Folded:
    """The modules of a program, by their names, as they are compiled: folded, those of `groups` joined, names short."""

    def __init__(
        self,
        texts: Mapping[str, str],
        outside: Iterable[str],
        groups: Mapping[str, Iterable[str]] | None = None,
    ) -> None:
        """texts: of the modules by their dotted names; outside: the texts of what may use them otherwise.

        groups: the roots of what is joined, see `joined`.
        """
        self._trees = {name: ast.parse(text) for name, text in texts.items()}
        self._nodes = {name: list(ast.walk(tree)) for name, tree in self._trees.items()}
        self._viper = {name for name, text in texts.items() if "micropython.viper" in text}
        self._packages = {name for name in texts if any(other.startswith(name + ".") for other in texts)}
        self._values: dict[str, dict[str, int]] = {}
        others = [*map(ast.parse, outside), *(self._trees[name] for name in self._viper)]
        self._bound = {"self", "cls"}  # what can't be renamed by looking at names alone
        for nodes in [*self._nodes.values(), *map(ast.walk, others)]:
            self._bound |= {name for node in nodes for name in _named(node)}
        said = set().union(*map(_words, others))
        self._said = said | {
            node.attr for nodes in self._nodes.values() for node in nodes if isinstance(node, ast.Attribute)
        }
        self._folded = {
            name: self._fold(name, text) for name, text in texts.items() if name not in self._viper
        }
        self._drop_unused(others)
        self.attributes = Attributes(self._folded, said)
        for name, tree in self._folded.items():
            self.attributes.rename(name, tree)
        program = Program(self._folded, self._packages, self._said, groups or {})
        self.place = program.place
        joined = program.joined()
        for name in self.place.keys() & imported_by(others):
            joined[name] = program.door(name, said)
        self.top = top_names(joined, said)
        self._texts = {
            name: ast.unparse(TopNames(self.top).visit(tree)) + "\n" for name, tree in joined.items()
        }

    def _drop_unused(self, others: list[ast.Module]) -> None:
        """Let modules import from each other no name that they don't use: annotations did."""
        passed_on = {
            (module, alias.name)
            for name, nodes in self._nodes.items()
            for module, alias in _imported(name, name in self._packages, nodes)
        }
        passed_on |= {pair for tree in others for pair in imported_names(tree)}
        for name, tree in self._folded.items():
            used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
            used |= {name_of for module, name_of in passed_on if module == name}
            for node in ast.walk(tree):
                if (
                    isinstance(node, ast.ImportFrom)
                    and source_of(node, name, name in self._packages) in self._trees
                ):
                    node.names = [alias for alias in node.names if (alias.asname or alias.name) in used]
            tree.body = [one for one in tree.body if not isinstance(one, ast.ImportFrom) or one.names]

    def names(self) -> set[str]:
        """Return the modules that are compiled."""
        return set(self._texts) | self._viper

    def long(self) -> dict[tuple[str, str], str]:
        """Return what functions are called in the sources, by the last part of a module's name and their short one."""
        found: dict[tuple[str, str], set[str]] = {}
        for module in self._folded:
            file = self.place.get(module, module).rpartition(".")[2]
            for name, short in self.attributes.of(module).items():
                found.setdefault((file, short), set()).add(name)
            for name, short in self.top.items():
                plain, _, of = name.partition(MARK)
                if of == module.replace(".", "_"):
                    found.setdefault((file, short), set()).add(plain)
        return {key: " or ".join(sorted(names)) for key, names in found.items()}

    def text(self, name: str) -> str | None:
        """Return what is to be compiled of a module; None for one that stays as it is."""
        return self._texts.get(name)

    def _fold(self, name: str, text: str) -> ast.Module:
        values = self._values_in(name)
        folding = _Folding({constant: values[constant] for constant in values if constant not in self._said})
        tree: ast.Module = _Naming(self._bound).visit(folding.visit(ast.parse(text)))
        return tree

    def _values_in(self, name: str) -> dict[str, int]:
        """Return the whole numbers that a module's names stand for, its own and those it imports.

        Raises:
            ValueError: one name stands for two.
        """
        if name in self._values or name not in self._trees:
            return self._values.get(name, {})
        values = self._values[name] = {}
        for module, alias in _imported(name, name in self._packages, self._nodes[name]):
            if alias.name in self._values_in(module):
                known, number = alias.asname or alias.name, self._values_in(module)[alias.name]
                if values.setdefault(known, number) != number:
                    raise ValueError(
                        f"{name}: {known} is {values[known]} here and {number} there; rename one"
                    )
        assigned = [
            node.id
            for node in self._nodes[name]
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
        ]
        for node in self._trees[name].body:
            constant = _assigned(node)
            if constant.isupper() and assigned.count(constant) == 1:
                value = _value(node.value, values)  # type: ignore[attr-defined]  # _assigned told its kind
                if value is not None:
                    values[constant] = value
        return values


class _Folding(ast.NodeTransformer):
    """Replace names by numbers; drop the names, and what is for type checkers."""

    def __init__(self, values: dict[str, int]) -> None:
        self._values = values

    def visit_Module(self, node: ast.Module) -> ast.AST:
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:]
        dropped = {*self._values, "TYPE_CHECKING", "__all__"}
        node.body = [one for one in node.body if _assigned(one) not in dropped]
        return self.generic_visit(node)

    def _visit_documented(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        if ast.get_docstring(node, clean=False) is not None:
            node.body = node.body[1:] or [ast.Pass()]
        if not isinstance(node, ast.ClassDef):
            node.returns = None
        return self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _visit_documented  # noqa: N815 - ast's way of naming

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.value = node.value and self.visit(node.value)
        return ast.Assign([node.target], node.value, lineno=0) if node.value else ast.Pass()

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return [self.visit(one) for one in node.orelse]
        return self.generic_visit(node)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.id in self._values:
            return ast.Constant(self._values[node.id])
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.stmt]:
        if node.module in ("typing", "collections.abc"):
            return ast.Pass()  # perhaps all that is tried
        node.names = [alias for alias in node.names if (alias.asname or alias.name) not in self._values]
        return node if node.names else []


class _Naming(ast.NodeTransformer):
    """Name parameters after their places: `a0`, `a1`, … are the same few names in every function."""

    def __init__(self, kept: set[str]) -> None:
        self._kept = kept
        self._names: dict[str, str] = {}  # in the functions around the present node
        self._place = 0

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        parameters = node.args
        parameters.defaults = [
            self.visit(one) for one in parameters.defaults
        ]  # which belong to what is around
        parameters.kw_defaults = [one and self.visit(one) for one in parameters.kw_defaults]
        outer, place = self._names, self._place
        self._names = dict(outer)
        for one in ast.walk(parameters):
            if isinstance(one, ast.arg):
                self._names.pop(one.arg, None)
        for one in [*parameters.posonlyargs, *parameters.args]:
            if one.arg not in self._kept:
                self._names[one.arg] = f"a{self._place}"
                one.arg = self._names[one.arg]
                self._place += 1
        body = node.body if isinstance(node.body, list) else [node.body]
        visited = [self.visit(one) for one in body]
        node.body = visited if isinstance(node.body, list) else visited[0]
        self._names, self._place = outer, place
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_function  # noqa: N815 - ast's way of naming

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._names.get(node.id, node.id)
        return node


def _words(tree: ast.AST) -> set[str]:
    """Return the names that a piece of a program says, and the words of its texts."""
    words: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.arg):
            words.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            words.add(node.name)
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and not isinstance(node, ast.Expr)
        ):
            words |= set(re.findall(r"\w+", node.value))
        if isinstance(node, ast.ImportFrom):
            words |= set((node.module or "").split("."))
        words |= set(_named(node))
    return words


def imported_by(trees: Iterable[ast.AST]) -> set[str]:
    """Return the dotted names of what texts import, modules or names in them."""
    found: set[str] = set()
    for node in (node for tree in trees for node in ast.walk(tree)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def imported_names(tree: ast.Module) -> set[tuple[str, str]]:
    """Return (module, name in it) of what a text imports."""
    return {(module, alias.name) for module, alias in _imported("", False, ast.walk(tree))}


def _named(node: ast.AST) -> list[str]:
    """Return the names that a piece of a program says otherwise than as names."""
    if isinstance(node, ast.keyword):
        return [node.arg or ""]
    if isinstance(node, ast.ExceptHandler):
        return [node.name or ""]
    if isinstance(node, ast.Global | ast.Nonlocal):
        return node.names
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [alias.asname or alias.name for alias in node.names]
    return []


def _imported(name: str, is_package: bool, nodes: Iterable[ast.AST]) -> list[tuple[str, ast.alias]]:
    """Return (module, name in it) of all that a module imports, wherever it does; nodes: all that it consists of."""
    return [
        (source_of(node, name, is_package), alias)
        for node in nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


def _assigned(node: ast.stmt) -> str:
    """Return the name that a statement gives its value; empty for any other statement."""
    target: ast.expr | None = None
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        target = node.targets[0]
    elif isinstance(node, ast.AnnAssign) and node.value is not None:
        target = node.target
    return target.id if isinstance(target, ast.Name) else ""


def _value(node: ast.expr | None, values: Mapping[str, int]) -> int | None:
    """Return the whole number that an expression is, if it is one and small."""
    value: int | None = None
    if isinstance(node, ast.Constant) and type(node.value) is int:
        value = node.value
    elif isinstance(node, ast.Name):
        value = values.get(node.id)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        below = _value(node.operand, values)
        value = None if below is None else -below
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        left, right = _value(node.left, values), _value(node.right, values)
        if left is not None and right is not None:
            value = _OPERATORS[type(node.op)](left, right)
    return value if value is not None and value.bit_length() < _MOST_BITS else None
