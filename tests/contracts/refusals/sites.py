# SPDX-License-Identifier: Apache-2.0
"""Where the sources refuse, by the compiler's tree: `revert` statements, refusal values, reverts in assembly.

A refusal is a call from outside and a site that it can reach: the same `revert` counts once for each call that can
meet it. What refuses in another way (`require`, `assert`, a text) is not wanted in the sources, and said.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

Node = dict[str, Any]
OURS = "src/"
UNWANTED = ("require", "assert", "revert")


class Unwanted(Exception):  # noqa: N818 - a fact about the sources
    """Name a refusal that has no error of ours."""


class Refusal(NamedTuple):
    """`call` is a function from outside; `function` has the site, the `nth` there with this error, from 1."""

    call: str
    function: str
    error: str
    nth: int

    def __str__(self) -> str:
        place = "" if self.call == self.function else f" in {self.function}"
        return f"{self.call}: {self.error}{f' #{self.nth}' if self.nth > 1 else ''}{place}"


@dataclass
class Site:
    """One place in one source file; `node` is a RevertStatement, a Return, or a YulFunctionCall."""

    number: int
    file: str
    function: str
    error: str
    nth: int
    node: Node

    @property
    def kind(self) -> str:
        kind: str = self.node["nodeType"]
        return kind


@dataclass
class Tree:
    """What the compiler's output says: sites by number, and the refusals that calls from outside can meet."""

    sites: list[Site] = field(default_factory=list)
    refusals: dict[Refusal, Site] = field(default_factory=dict)


def read(output: Node, contracts: tuple[tuple[str, str], ...]) -> Tree:
    """Find the sites, and what the outside calls of `contracts` (file and name) reach of them."""
    tree = Tree()
    nodes = {
        node["id"]: node for each in output["sources"].values() for node in walk(each["ast"]) if "id" in node
    }
    bodies: dict[int, list[Site]] = {}
    for file, source in output["sources"].items():
        if file.startswith(OURS):
            for node in walk(source["ast"]):
                if node["nodeType"] in ("FunctionDefinition", "ModifierDefinition"):
                    bodies[node["id"]] = _sites_of(tree, file, node, nodes)
    for file, name in contracts:
        tree.refusals.update(_refusals(output, file, name, nodes, bodies))
    return tree


def _refusals(
    output: Node, file: str, name: str, nodes: dict[int, Node], bodies: dict[int, list[Site]]
) -> dict[Refusal, Site]:
    """What the calls of one contract from outside can meet."""
    found = {}
    contract = next(
        node
        for node in output["sources"][file]["ast"]["nodes"]
        if node["nodeType"] == "ContractDefinition" and node["name"] == name
    )
    for base in contract["linearizedBaseContracts"]:
        for node in nodes[base]["nodes"]:
            if node["nodeType"] != "FunctionDefinition" or node["id"] not in bodies:
                continue
            if node["visibility"] in ("external", "public") and node["implemented"]:
                for site in _reached(node["id"], nodes, bodies):
                    found[Refusal(_name(node), site.function, site.error, site.nth)] = site

    return found


def walk(node: Any) -> Iterator[Node]:
    if isinstance(node, dict):
        if "nodeType" in node:
            yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for each in node:
            yield from walk(each)


def _name(node: Node) -> str:
    return str(node["name"] or node["kind"])


def _sites_of(tree: Tree, file: str, function: Node, nodes: dict[int, Node]) -> list[Site]:
    found: list[Site] = []
    for node in walk(function.get("body")):
        error = _error(node, nodes)
        if error is None:
            continue
        name = _name(function)
        nth = 1 + sum(site.error == error for site in found)
        site = Site(len(tree.sites) + 1, file, name, error, nth, node)
        tree.sites.append(site)
        found.append(site)
    return found


def _error(node: Node, nodes: dict[int, Node]) -> str | None:
    """The error's name if a node refuses; "…" where assembly passes on what another has said."""
    kind = node["nodeType"]
    if kind == "RevertStatement":
        return _declared(node["errorCall"]["expression"], nodes)
    if kind == "Return":
        parts = (node.get("expression") or {}).get("components") or [None]
        first = parts[0] or {}
        if first.get("memberName") == "selector":
            return _declared(first["expression"], nodes)
    if kind == "YulFunctionCall" and node["functionName"]["name"] == "revert":
        return "…"
    if kind == "YulFunctionCall" and node["functionName"]["name"] == "invalid":
        raise Unwanted(f"invalid() at {node['src']}")
    if kind == "FunctionCall" and node["expression"].get("name") in UNWANTED:
        raise Unwanted(f"{node['expression']['name']} at {node['src']}")
    return None


def _declared(expression: Node, nodes: dict[int, Node]) -> str:
    error = nodes[expression["referencedDeclaration"]]
    assert error["nodeType"] == "ErrorDefinition", expression
    return str(error["name"])


def _reached(start: int, nodes: dict[int, Node], bodies: dict[int, list[Site]]) -> list[Site]:
    """The sites in a function and in all that it calls, modifiers included."""
    waiting, seen, sites = [start], set(), []
    while waiting:
        function = waiting.pop()
        if function in seen or function not in bodies:
            continue
        seen.add(function)
        sites += bodies[function]
        for node in walk(nodes[function]):
            if node["nodeType"] == "ModifierInvocation":
                waiting.append(node["modifierName"]["referencedDeclaration"])
            elif node["nodeType"] == "FunctionCall":
                target = node["expression"].get("referencedDeclaration")
                if target is not None:
                    waiting.append(target)
    return sites
