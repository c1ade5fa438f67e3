# SPDX-License-Identifier: Apache-2.0
"""Give what is private to a module one of a few short names that all modules share: a chip keeps each name in its RAM.

A name costs its letters and 8 bytes. What begins with an underscore belongs to its module, and to those that inherit
from its classes: `_open` in one and `_judge` in another may both be `b7`. A name stays if anything but such modules
says it, in a string too; if a module is called so; or if a module says it that does not define it. `readable` puts the
names back into a log of the chip.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LETTERS = "bcdefghkmnpqrstuvwxyz"


def renamed(trees: Mapping[str, ast.Module], said: Iterable[str]) -> dict[str, dict[str, str]]:
    """Return for each module the short names of its private ones; said: words that must stay."""
    kept = set(said)
    names = {module: Counter(_private(tree)) for module, tree in trees.items()}
    for tree in trees.values():
        kept |= _fixed(tree)
    groups = _groups(trees)
    for group in groups:
        defined = set().union(*(_defined(trees[module]) for module in group))
        kept |= {name for module in group for name in names[module] if name not in defined}
    taken = set().union(*(_words(tree) for tree in trees.values()))
    found: dict[str, dict[str, str]] = {}
    for group in groups:
        counted: Counter[str] = sum((names[module] for module in group), Counter())
        short = _short(taken)
        mapping = {
            name: next(short)
            for name, _ in sorted(counted.items(), key=lambda one: (-one[1], one[0]))
            if name not in kept
        }
        found |= dict.fromkeys(group, mapping)
    return found


def readable(log: str, short: Mapping[str, Mapping[str, str]]) -> str:
    """Return a chip's traceback with the names of its functions; short: of `renamed`, by dotted modules."""
    long: dict[tuple[str, str], str] = {}
    for module, names in short.items():
        for name, letters in names.items():
            long[module.rpartition(".")[2], letters] = name
    return re.sub(
        r'(File "([^"]*?)(?:\.py)?", line \d+, in )(\w+)',
        lambda one: one[1] + long.get((one[2].rpartition("/")[2], one[3]), one[3]),
        log,
    )


class Renaming(ast.NodeTransformer):
    """Put the short names into a module."""

    def __init__(self, short: Mapping[str, str]) -> None:
        self._short = short

    def visit_Name(self, node: ast.Name) -> ast.AST:
        node.id = self._short.get(node.id, node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self._short.get(node.attr, node.attr)
        return self.generic_visit(node)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        node.names = [self._short.get(name, name) for name in node.names]
        return node

    def _visit_named(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> ast.AST:
        node.name = self._short.get(node.name, node.name)
        return self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _visit_named  # noqa: N815 - ast's way of naming


def _short(taken: set[str]) -> Iterator[str]:
    """Yield short names that no module says."""
    number = 0
    while True:
        name = _LETTERS[number % len(_LETTERS)] + str(number // len(_LETTERS))
        number += 1
        if name not in taken:
            yield name


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__") and len(name) > 2


def _private(tree: ast.Module) -> list[str]:
    """Return the private names that a module says, as often as it does."""
    said = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            said.append(node.id)
        elif isinstance(node, ast.Attribute):
            said.append(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            said.append(node.name)
    return [name for name in said if _is_private(name)]


def _fixed(tree: ast.Module) -> set[str]:
    """Return the words of a module that can't be renamed: in strings, imports, parameters and keywords."""
    words: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words |= set(re.findall(r"\w+", node.value))
        elif isinstance(node, ast.ImportFrom):
            words |= set((node.module or "").split("."))
            words |= {name for alias in node.names for name in (alias.name, alias.asname or "")}
        elif isinstance(node, ast.Import):
            words |= {part for alias in node.names for part in alias.name.split(".")}
        elif isinstance(node, ast.arg):
            words.add(node.arg)
        elif isinstance(node, ast.keyword):
            words.add(node.arg or "")
        elif isinstance(node, ast.Nonlocal):
            words |= set(node.names)
        elif isinstance(node, ast.ExceptHandler):
            words.add(node.name or "")
    return words


def _words(tree: ast.Module) -> set[str]:
    """Return every name that a module says."""
    words = _fixed(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            words.add(node.id)
        elif isinstance(node, ast.Attribute):
            words.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            words.add(node.name)
    return words


def _defined(tree: ast.Module) -> set[str]:
    """Return the names that a module gives a value, as names or attributes of its own."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            names.add(node.attr)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
    return names


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
