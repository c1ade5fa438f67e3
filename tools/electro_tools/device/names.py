# SPDX-License-Identifier: Apache-2.0
"""Give what a program alone calls by its names a few short ones: a chip keeps each name in its RAM, for ever.

A name costs its letters and 8 bytes. Two may be the same short one where nothing tells them apart: names at the top of
modules that no module says both; attributes that belong to classes which do not inherit from each other, if both are
private. A name stays if MicroPython itself has it (`micropython.txt`: it costs nothing then, and may mean something of
its own), or if anything else says it: what starts the program, the tools' parts for the chip, a text in the program.
`readable` puts the names back into a log of the chip.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from .joined import MARK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_FIRST = "abcdefghijklmnopqrstuvwxyz"
# Names that every MicroPython has in its ROM: .mpy files say them by their numbers (py/makeqstrdata.py). As names of
# attributes they cost nothing; a program that says one itself keeps it for that.
_FREE = (
    "AssertionError", "Ellipsis", "GeneratorExit", "IndentationError", "IndexError", "KeyboardInterrupt", "LookupError",
    "NameError", "NoneType", "NotImplementedError", "OverflowError", "ZeroDivisionError", "builtins", "bytecode",
    "callable", "const", "copy", "dir", "eval", "exec", "globals", "isalpha", "islower", "isspace", "issubclass",
    "isupper", "little", "locals", "lstrip", "map", "popitem", "repr", "reverse", "rindex", "rsplit", "sep",
)  # fmt: skip
# The MP_QSTR_ names in the C sources of MicroPython 1.25.0 (py, extmod, shared, drivers, the ports for Unix and ESP32),
# and the names that its frozen modules and its boards' pins have.
_MICROPYTHON = Path(__file__).with_name("micropython.txt")


class Attributes:
    """Short names for the attributes of a program's modules, before these are joined."""

    def __init__(self, trees: Mapping[str, ast.Module], said: Iterable[str]) -> None:
        """said: words that must stay."""
        told = {module: _Told(tree) for module, tree in trees.items()}
        fixed = _fixed(said, told)
        last_parts = {module.rpartition(".")[2] for module in trees}
        for one in told.values():
            # `seals.signer` is what the module calls so, whatever has an attribute of that name
            fixed |= {attribute for of, attribute in one.said_of if one.imported.get(of) in last_parts}
            if one.by_text:
                said_by = [told[other] for other in told if other.rpartition(".")[2] in one.modules]
                fixed |= one.texts.union(*(other.texts for other in said_by))
        groups = _groups(trees)
        self._group = {module: number for number, group in enumerate(groups) for module in group}
        defined = set().union(*(one.defined for one in told.values()))
        counted: Counter[str] = Counter()
        among: dict[str, set[int]] = defaultdict(set)
        for module, one in told.items():
            for name, times in one.attributes.items():
                counted[name] += times
                among[name].add(self._group[module])
        mine = {name for name in counted if name in defined and name not in fixed and not _is_dunder(name)}
        taken = fixed | {name for name in counted if name not in mine}
        defined_in = [set().union(*(told[module].defined for module in group)) for group in groups]
        spoken = defined.union(said, *({*one.attributes, *one.fixed} for one in told.values()))
        free = [name for name in _FREE if name not in spoken]
        private = {
            name
            for name in mine
            if name[0] == "_" and all(name in defined_in[number] for number in among[name])
        }
        self.short: list[dict[str, str]] = [{} for _ in groups]
        has: list[set[str]] = [set() for _ in groups]
        everywhere: set[str] = set()
        offered = [*free, *_short(taken)]
        given = [0] * (len(groups) + 1)  # so many of them, in each group and, last, everywhere
        # what others may say is unique; what is private must not be what its own group says otherwise
        for name in sorted(mine, key=lambda name: (name in private, -counted[name], name)):
            for part in [[number] for number in among[name]] if name in private else [list(among[name])]:
                besides, place = (has[part[0]], part[0]) if name in private else (everywhere, -1)
                while offered[given[place]] in besides:
                    given[place] += 1
                short = offered[given[place]]
                besides.add(short)
                for number in part:
                    self.short[number][name] = short
                    has[number].add(short)

    def rename(self, module: str, tree: ast.Module) -> ast.Module:
        """Return a module with the short names; it is changed."""
        renamed: ast.Module = _Attributes(self.short[self._group[module]]).visit(tree)
        return renamed

    def of(self, module: str) -> dict[str, str]:
        """Return the short names in a module."""
        return self.short[self._group[module]] if module in self._group else {}


def top_names(trees: Mapping[str, ast.Module], said: Iterable[str]) -> dict[str, str]:
    """Return short names for those at the top of modules, as `joined` has marked them; said: words that must stay."""
    told = {module: _Told(tree) for module, tree in trees.items()}
    taken = _fixed(said, told)
    used = Counter(name for one in told.values() for name in one.names if MARK in name)
    # errors and messages tell their classes' names
    telling = {
        node.name
        for tree in trees.values()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and _tells(node)
    }
    has = {module: set(one.names) for module, one in told.items()}
    offered = list(_short(taken))
    found: dict[str, str] = {}
    for name, _ in sorted(used.items(), key=lambda one: (one[0] not in telling, -one[1], one[0])):
        modules = [module for module in has if name in told[module].names]
        there = set().union(*(has[module] for module in modules))
        plain = name.partition(MARK)[0]
        if name in telling:
            if any(found.get(other) == plain for module in modules for other in told[module].names):
                raise SyntaxError(f"two classes are called {plain}")
            found[name] = plain
        else:
            found[name] = next(one for one in offered if one not in there)
        for module in modules:
            has[module].add(found[name])
    return found


def _tells(node: ast.ClassDef) -> bool:
    """Return whether a class's name is shown or sent: an error's, a message's."""
    bases = [base.id.partition(MARK)[0] for base in node.bases if isinstance(base, ast.Name)]
    return node.name.partition(MARK)[0].endswith("Error") or "Message" in bases


def _fixed(said: Iterable[str], told: Mapping[str, _Told]) -> set[str]:
    """Return the words that stay, and that nothing else may be called."""
    fixed = set(said) | set(_MICROPYTHON.read_text().split()) | set(dir(builtins)) | set(keyword.kwlist)
    return fixed.union({"self", "cls"}, *(one.fixed for one in told.values()))


def _short(taken: set[str]) -> Iterator[str]:
    """Yield short names, the same few again and again."""
    for second in [*_FIRST, *map(str, range(1_000))]:
        for first in _FIRST:
            if first + second not in taken:
                yield first + second


def readable(log: str, long: Mapping[tuple[str, str], str]) -> str:
    """Return a chip's traceback with the names of its functions; long: by the file's name and the short one."""
    return re.sub(
        r'(File "([^"]*?)(?:\.py)?", line \d+, in )(\w+)',
        lambda one: one[1] + long.get((one[2].rpartition("/")[2], one[3]), one[3]),
        log,
    )


def _is_dunder(name: str) -> bool:
    return name.startswith("__") and name.endswith("__")


class _Told(ast.NodeVisitor):
    """What a module says: names, attributes, which of those it defines, and words that can't be renamed."""

    def __init__(self, tree: ast.Module) -> None:
        self.names: set[str] = set()
        self.attributes: Counter[str] = Counter()
        self.defined: set[str] = set()
        self.fixed: set[str] = set()
        self.texts: set[str] = set()
        self.by_text = False  # it has attributes by what a text says
        self.modules: set[str] = set()  # the last parts of the names of those that it imports from
        self.imported: dict[str, str] = {}  # what it imports, a module maybe, by what it calls that
        self.said_of: set[tuple[str, str]] = set()  # names, and attributes of what they stand for
        self._in_class = False
        self.visit(tree)

    def visit_Name(self, node: ast.Name) -> None:
        if self._in_class and isinstance(node.ctx, ast.Store):
            self._define(node.id)
        else:
            self.names.add(node.id)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name) and node.func.id in ("getattr", "setattr", "hasattr", "delattr"):
            name = node.args[1]
            if isinstance(name, ast.Constant):
                self.fixed.add(str(name.value))
            elif not ast.unparse(node.args[0]).startswith("sys.modules"):
                self.by_text = True
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.attributes[node.attr] += 1
        if not isinstance(node.ctx, ast.Load):
            self.defined.add(node.attr)
        if isinstance(node.value, ast.Name):
            self.said_of.add((node.value.id, node.attr))
        self.generic_visit(node)

    def _define(self, name: str) -> None:
        self.attributes[name] += 1
        self.defined.add(name)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.names.add(node.name)
        outer, self._in_class = self._in_class, True
        self.generic_visit(node)
        self._in_class = outer

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        if not isinstance(node, ast.Lambda):
            if self._in_class:
                self._define(node.name)
            else:
                self.names.add(node.name)
        outer, self._in_class = self._in_class, False
        self.generic_visit(node)
        self._in_class = outer

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_function  # noqa: N815 - ast's way of naming

    def visit_arg(self, node: ast.arg) -> None:
        self.names.add(node.arg)

    def visit_Global(self, node: ast.Global) -> None:
        self.names.update(node.names)

    def visit_alias(self, node: ast.alias) -> None:
        for name in (node.asname, *node.name.split(".")):
            if name:
                self.names.add(name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.fixed.update((node.module or "").split("."))
        self.modules.add((node.module or "").rpartition(".")[2])
        self.imported |= {alias.asname or alias.name: alias.name for alias in node.names}
        self.generic_visit(node)

    def visit_keyword(self, node: ast.keyword) -> None:
        self.names.add(node.arg or "")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.names.add(node.name or "")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.texts.update(re.findall(r"\w+", node.value))


class _Attributes(ast.NodeTransformer):
    """Put short names for attributes: as they are said, and where a class defines them."""

    def __init__(self, short: Mapping[str, str]) -> None:
        self._short = short
        self._in_class = False

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if self._in_class and isinstance(node.ctx, ast.Store):
            node.id = self._short.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._short.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        outer, self._in_class = self._in_class, True
        self.generic_visit(node)
        self._in_class = outer
        return node

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        if self._in_class and not isinstance(node, ast.Lambda):
            node.name = self._short.get(node.name, node.name)
        outer, self._in_class = self._in_class, False
        self.generic_visit(node)
        self._in_class = outer
        return node

    visit_FunctionDef = visit_AsyncFunctionDef = visit_Lambda = _visit_function  # noqa: N815 - ast's way of naming


class TopNames(ast.NodeTransformer):
    """Put short names for what `joined` has marked: nothing else is called so."""

    def __init__(self, short: Mapping[str, str]) -> None:
        self._short = short

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._short.get(node.id, node.id)
        return node

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._short.get(name, name) for name in node.names]
        return node

    def visit_alias(self, node: ast.alias) -> ast.AST:
        node.name = self._short.get(node.name, node.name)
        return node

    def _visit_named(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        node.name = self._short.get(node.name, node.name)
        return self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _visit_named  # noqa: N815 - ast's way of naming


def _groups(trees: Mapping[str, ast.Module]) -> list[list[str]]:
    """Return the modules in groups: together with those whose classes they inherit from."""
    makers: dict[str, set[str]] = {}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                makers.setdefault(node.name, set()).add(module)
    group_of = {module: {module} for module in trees}
    for module, tree in trees.items():
        for node in ast.walk(tree):
            for base in node.bases if isinstance(node, ast.ClassDef) else []:
                name = (
                    base.id
                    if isinstance(base, ast.Name)
                    else base.attr
                    if isinstance(base, ast.Attribute)
                    else ""
                )
                for maker in makers.get(name, ()):
                    joined = group_of[module] | group_of[maker]
                    for one in joined:
                        group_of[one] = joined
    return [sorted(group) for group in {id(group): group for group in group_of.values()}.values()]
