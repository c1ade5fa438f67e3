# SPDX-License-Identifier: Apache-2.0
"""Make one module of those that are always there: a chip pays for each module, and for each name that one imports.

A module has a dictionary, with 8 bytes for every name it defines or imports, its own tables of the names and objects
that its code says, and two paths. In one module all of this is there once. What is joined: what a root imports when it
is imported itself, and so on. What is imported inside a function, or tried, stays a module of its own: it comes and
goes. So does one that is used as a module (`from . import board`), and one with viper code.

Every name at the top of a module gets the module's before its own, so that none is meant twice: `names` makes both
short. A name that is said outside of the modules stays; where its module is joined, a small one in its place gives it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Names = dict[str, str | None]  # None: the name is a function's own

MARK = "__of__"  # between a name and its module's
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Program:
    """Modules by their dotted names, and what their names at the top become."""

    def __init__(
        self,
        trees: Mapping[str, ast.Module],
        packages: set[str],
        kept: set[str],
        groups: Mapping[str, Iterable[str]],
    ) -> None:
        """kept: names at the top of modules that stay as they are, unless these are joined.

        groups: the roots of each joined module, by its name; what an earlier one needs is in that one.
        """
        self.trees, self._packages, self._kept = trees, packages, kept
        self._top = {
            module: {name for one in tree.body for name in top_names(one)} for module, tree in trees.items()
        }
        self._aliases = {module: set(_imported_names(tree)) for module, tree in trees.items()}
        # a name that is imported here and assigned there keeps what it is called
        both = {module: self._top[module] & self._aliases[module] for module in trees}
        self._top = {module: names - both[module] for module, names in self._top.items()}
        self._imports = {
            module: {name: origin for name, origin in self._imported(module) if name not in both[module]}
            for module in trees
        }
        used_as_modules = {
            f"{self.absolute(module, node)}.{alias.name}"
            for module, tree in trees.items()
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        self._apart = used_as_modules | packages
        self.place: dict[str, str] = {}  # the joined module that a module is in
        for group, roots in groups.items():
            self.place |= dict.fromkeys(self._closure(roots), group)

    def _imported(self, module: str) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield (name here, (module, name there)) of what a module imports from another, and from that one only."""
        found: dict[str, set[tuple[str, str]]] = {}
        for node in outside_functions(self.trees[module]):
            if isinstance(node, ast.ImportFrom):
                source = self.absolute(module, node)
                for alias in node.names:
                    found.setdefault(alias.asname or alias.name, set()).add((source, alias.name))
        for here, origins in found.items():
            ((source, there), *others) = origins
            if not others and source in self.trees and there in self._top[source] | self._aliases[source]:
                yield here, (source, there)

    def absolute(self, module: str, node: ast.ImportFrom) -> str:
        """Return the dotted name of the module that an import is from."""
        return source_of(node, module, module in self._packages)

    def origin(self, module: str, name: str) -> tuple[str, str]:
        """Return where a name that a module gives was defined."""
        while name in self._imports.get(module, {}):
            module, name = self._imports[module][name]
        return module, name

    def name(self, module: str, name: str) -> str:
        """Return what a name that a module gives is called in the whole program."""
        module, name = self.origin(module, name)
        if module not in self.trees or name not in self._top[module]:
            return name
        if name in self._kept and module not in self.place:
            return name
        return f"{name}{MARK}{module.replace('.', '_')}"

    def called(self, module: str, name: str) -> str:
        """Return what a module itself calls a name that it defines or imports."""
        passes_on = name in self._kept and name in self._aliases[module] and module not in self.place
        return name if passes_on else self.name(module, name)

    def given(self, module: str) -> list[str]:
        """Return the names that a module defines, or passes on from another."""
        return sorted(self._top[module] | self._aliases[module])

    def gives(self, module: str, name: str) -> bool:
        """Return whether a name is one that a module has, and no module itself."""
        return name in self._top[module] | self._aliases[module]

    def _closure(self, roots: Iterable[str]) -> list[str]:
        """Return what roots import as they are imported, and themselves: what others import first."""
        order: list[str] = []

        def visit(module: str) -> None:
            if module not in self.trees or module in order or module in self.place or module in self._apart:
                return
            for node in self.trees[module].body:
                if isinstance(node, ast.ImportFrom):
                    visit(self.absolute(module, node))
            order.append(module)

        for root in roots:
            visit(root)
        return order

    def joined(self) -> dict[str, ast.Module]:
        """Return the modules that there are when those that belong together are one."""
        found: dict[str, ast.Module] = {}
        foreign: dict[tuple[str, str], str] = {}  # what names from elsewhere are, in which module
        # those that are joined in the order in which each finds what it needs
        for module in [*self.place, *(self.trees.keys() - self.place.keys())]:
            place = self.place.get(module, module)
            body = found.setdefault(place, ast.Module([], [])).body
            for one in _Joining(self, module).visit(self.trees[module]).body:
                if isinstance(one, ast.Import | ast.ImportFrom):
                    one.names = [alias for alias in one.names if _is_new(foreign, place, one, alias)]
                    if not one.names:
                        continue
                body.append(one)
        return found

    def door(self, module: str, said: set[str]) -> ast.Module:
        """Return a small module in the place of a joined one, with those of its names that are said."""
        body: list[ast.stmt] = []
        for name in self.given(module):
            if name in said:
                called = self.name(module, name)
                body.append(
                    ast.ImportFrom(
                        self.place[module], [ast.alias(called, None if called == name else name)], 0
                    )
                )
        return ast.Module(body, [])


def source_of(node: ast.ImportFrom, module: str, is_package: bool) -> str:
    """Return the dotted name of the module that an import in another is from."""
    parts = module.split(".")
    above = parts[: len(parts) - node.level + is_package] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def _imported_names(tree: ast.Module) -> Iterator[str]:
    for node in outside_functions(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)


def _is_new(
    foreign: dict[tuple[str, str], str], place: str, node: ast.Import | ast.ImportFrom, alias: ast.alias
) -> bool:
    """Note what a name stands for; raises SyntaxError if it is something else in another part of its module."""
    what = f"{node.module if isinstance(node, ast.ImportFrom) else ''} {alias.name}"
    here = place, alias.asname or alias.name
    is_new = here not in foreign
    if foreign.setdefault(here, what) != what:
        raise SyntaxError(f"{here[1]} is {foreign[here]} and {what}: they can't be joined")
    return is_new


def outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that run when a module is imported."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, _Function):
            yield node
            yield from outside_functions(node)


def top_names(node: ast.AST) -> Iterator[str]:
    """Yield what a statement at the top of a module defines."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
        return
    for one in [node, *outside_functions(node)]:
        if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store):
            yield one.id
        elif isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield one.name


def own_names(function: ast.AST) -> set[str]:
    """Return the names that belong to a function itself."""
    names: set[str] = set()
    others: set[str] = set()

    def visit(node: ast.AST) -> None:
        for one in ast.iter_child_nodes(node):
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                names.add(one.name)
                continue
            if isinstance(one, ast.Lambda):
                continue
            if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load):
                names.add(one.id)
            elif isinstance(one, ast.arg):
                names.add(one.arg)
            elif isinstance(one, ast.Import | ast.ImportFrom):
                names.update(alias.asname or alias.name for alias in one.names)
            elif isinstance(one, ast.ExceptHandler) and one.name:
                names.add(one.name)
            elif isinstance(one, ast.Global | ast.Nonlocal):
                others.update(one.names)
            visit(one)

    visit(function)
    return names - others


class _Joining(ast.NodeTransformer):
    """Call everything at the top of modules by its name in the whole program, and import it from where it is now."""

    def __init__(self, program: Program, module: str) -> None:
        self._program, self._module = program, module
        top: Names = {name: program.called(module, name) for name in program.given(module)}
        origins: dict[str, tuple[str, str]] = {}
        for name, called in top.items():
            if origins.setdefault(called or name, program.origin(module, name)) != program.origin(
                module, name
            ):
                raise SyntaxError(f"{module} has two things that must both be called {called}")
        self._scopes: list[Names] = [top]  # of the functions around the present node, and the module's

    def _called(self, name: str) -> str:
        for scope in reversed(self._scopes):
            if name in scope:
                return scope[name] or name
        return name

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(self._called(node.id), node.ctx)

    def visit_Global(self, node: ast.Global) -> ast.AST:
        return ast.Global([self._called(name) for name in node.names])

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if isinstance(node.value, str) and node.value in self._program.place:
            place = self._program.place[node.value]  # who forgets a module means what it is in
            if place == self._program.place.get(self._module):
                raise SyntaxError(f"{self._module} would forget itself with {node.value}")
            return ast.Constant(place)
        return node

    def visit_Import(self, node: ast.Import) -> ast.AST:
        return node

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | list[ast.stmt]:
        source = self._program.absolute(self._module, node)
        inside = len(self._scopes) > 1
        kept: dict[str, list[ast.alias]] = {}
        for alias in node.names:
            here = alias.asname or alias.name
            where, _ = self._program.origin(source, alias.name)
            there = self._program.name(source, alias.name)
            if source not in self._program.trees or not self._program.gives(source, alias.name):
                kept.setdefault(source, []).append(alias)
                continue
            place = self._program.place.get(where, where)
            if inside:
                self._scopes[-1][here] = there
            called = self._called(here)  # here, as where modules are tried one after the other
            if place != self._program.place.get(self._module):  # else it is in this very module
                kept.setdefault(place, []).append(ast.alias(there, None if called == there else called))
        return [ast.ImportFrom(module, names, 0) for module, names in kept.items()]

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> ast.AST:
        if not isinstance(node, ast.Lambda):
            node.decorator_list = [self.visit(one) for one in node.decorator_list]
        arguments = node.args
        arguments.defaults = [self.visit(one) for one in arguments.defaults]
        arguments.kw_defaults = [one and self.visit(one) for one in arguments.kw_defaults]
        self._scopes.append(dict.fromkeys(own_names(node)))
        if isinstance(node, ast.Lambda):
            node.body = self.visit(node.body)
        else:
            node.body = self._visited(node.body)
        self._scopes.pop()
        return node

    def _visited(self, body: list[ast.stmt]) -> list[ast.stmt]:
        found: list[ast.stmt] = []
        for one in body:
            visited = self.visit(one)
            found += visited if isinstance(visited, list) else [visited]
        return found or [ast.Pass()]

    def _visit_named(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        node.name = self._called(node.name)
        return self._visit_function(node)

    visit_FunctionDef = visit_AsyncFunctionDef = _visit_named  # noqa: N815 - ast's way of naming
    visit_Lambda = _visit_function  # noqa: N815

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        node.name = self._called(node.name)
        node.bases = [self.visit(one) for one in node.bases]
        node.keywords = [self.visit(one) for one in node.keywords]
        node.decorator_list = [self.visit(one) for one in node.decorator_list]
        own: Names = {}
        for one in node.body:
            own |= dict.fromkeys(top_names(one))
        body: list[ast.stmt] = []
        for one in node.body:
            if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                body.append(self._visit_function(one))  # type: ignore[arg-type]  # whose name is an attribute
            else:
                self._scopes.append(own)
                body += self._visited([one])
                self._scopes.pop()
        node.body = body
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        node.test = self.visit(node.test)
        node.body = self._visited(node.body)
        node.orelse = self._visited(node.orelse) if node.orelse else []
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        node.body = self._visited(node.body)
        node.handlers = [self.visit(one) for one in node.handlers]
        node.orelse = self._visited(node.orelse) if node.orelse else []
        node.finalbody = self._visited(node.finalbody) if node.finalbody else []
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        if node.type is not None:
            node.type = self.visit(node.type)
        node.body = self._visited(node.body)
        return node
