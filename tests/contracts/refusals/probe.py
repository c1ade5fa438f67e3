# SPDX-License-Identifier: Apache-2.0
"""The contract with a number behind everything that it refuses with: so a call tells which site it met.

The sources are changed by the tree's positions: a `revert` becomes one with its number behind the error; a refusal
value leaves its number in memory beyond all that is in use, where the revert that ends the call finds it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyrevm

from electro_contracts import build
from tests.contracts.engines import Reverted, Revm, revert_data
from tests.toolchain import fetch
from tests.toolchain.cache import installed

from . import sites

if TYPE_CHECKING:
    from pathlib import Path

    from .sites import Node, Site, Tree

CONTRACTS = (build.CONTRACT, *build.PARTS)
FOLDER = "probed/"
# Twice the limit for all that is not optimised: the numbers need room, and nobody deploys this.
SIZE = 2**17
# Beyond all memory that a scenario uses; not so far that a call without gas could not go there.
NOTE = "0x8000"
LIBRARY = f"""// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

library Probe {{
    function note(uint256 site) internal pure {{
        assembly ("memory-safe") {{ mstore({NOTE}, site) }}
    }}

    function refuse(bytes memory error, uint256 site) internal pure {{
        assembly ("memory-safe") {{
            let end := add(add(error, 32), mload(error))
            mstore(end, mload({NOTE}))
            mstore(add(end, 32), site)
            revert(add(error, 32), add(mload(error), 64))
        }}
    }}
}}
"""


def tree() -> tuple[dict[str, Any], Node, Tree]:
    """The compiler's input and its tree of it, and the sites in that."""
    source = build.standard_json(fetch.node_modules())
    asked = {**source, "settings": {**source["settings"], "outputSelection": {"*": {"": ["ast"]}}}}
    output = build.compile_standard_json(fetch.node_modules(), asked, str(fetch.node()))
    return source, output, sites.read(output, CONTRACTS)


def creation_codes(source: dict[str, Any], output: Node, found: Tree, name: str) -> list[bytes]:
    """The creation codes of the contracts with numbers; compiled once for each state of the sources, named `name`."""

    def compile_into(folder: Path) -> None:
        whole = build.compile_whole(
            fetch.node_modules(), numbered(source, output, found), FOLDER, str(fetch.node())
        )["contracts"]
        for file, contract in CONTRACTS:
            code = whole[_probed(file)][contract]["evm"]["bytecode"]["object"]
            (folder / contract).write_text(code)

    made = installed(f"probe-{name}", compile_into)
    return [bytes.fromhex((made / contract).read_text()) for _, contract in CONTRACTS]


def _probed(file: str) -> str:
    return file.replace(sites.OURS, FOLDER, 1)


def numbered(source: dict[str, Any], output: Node, found: Tree) -> dict[str, Any]:
    """The compiler's input with a number at each site; our files in another folder, whose warnings don't fail."""
    nodes = {
        node["id"]: node
        for each in output["sources"].values()
        for node in sites.walk(each["ast"])
        if "id" in node
    }
    texts = {file: each["content"].encode() for file, each in source["sources"].items()}
    # from the end of each file to its beginning, so that positions before a change stay right
    for site in sorted(found.sites, key=lambda each: -_span(each.node)[0]):
        start, length = _span(site.node)
        text = texts[site.file]
        texts[site.file] = (
            text[:start] + _change(site, text, nodes).encode() + text[_end(site, text, start + length) :]
        )
    contents = {}
    for file, changed in texts.items():
        if not file.startswith(sites.OURS):
            contents[file] = {"content": changed.decode()}
            continue
        imported = changed.replace(b"pragma ", b'import {Probe} from "./Probe.sol";\npragma ', 1)
        contents[_probed(file)] = {"content": imported.decode()}
    contents[FOLDER + "Probe.sol"] = {"content": LIBRARY}
    settings = {
        **source["settings"],
        "optimizer": {"enabled": False},
        "outputSelection": {
            _probed(file): {contract: ["evm.bytecode.object", "evm.deployedBytecode.object"]}
            for file, contract in CONTRACTS
        },
    }
    return {**source, "sources": contents, "settings": settings}


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = node["src"].split(":")
    return int(start), int(length)


def _end(site: Site, text: bytes, end: int) -> int:
    """Behind the semicolon of a return, for it becomes a block."""
    return text.index(b";", end) + 1 if site.kind == "Return" else end


def _change(site: Site, text: bytes, nodes: dict[int, Node]) -> str:
    def of(node: Node) -> str:
        start, length = _span(node)
        return text[start : start + length].decode()

    if site.kind == "Return":
        return f"{{ Probe.note({site.number}); {of(site.node)}; }}"
    if site.kind == "YulFunctionCall":
        at, size = map(of, site.node["arguments"])
        return (
            f"mstore(add({at}, {size}), mload({NOTE})) mstore(add(add({at}, {size}), 32), {site.number}) "
            f"revert({at}, add({size}, 64))"
        )
    call = site.node["errorCall"]
    error = nodes[call["expression"]["referencedDeclaration"]]
    arguments = "".join(
        f", {_typed(parameter, of(argument))}"
        for parameter, argument in zip(error["parameters"]["parameters"], call["arguments"], strict=True)
    )
    return (
        f"Probe.refuse(abi.encodeWithSelector({of(call['expression'])}.selector{arguments}), {site.number})"
    )


def _typed(parameter: Node, argument: str) -> str:
    """An argument as the error's type, which a `revert` gives it by itself."""
    kind = parameter["typeName"]
    return f"{kind['name']}({argument})" if kind["nodeType"] == "ElementaryTypeName" else argument


class ProbedRevm(Revm):
    """An engine that takes code of any size, and keeps which sites the last refusal met, the innermost first."""

    def __init__(self) -> None:
        super().__init__()
        settings = pyrevm.CfgEnv(chain_id=self.chain_id, limit_contract_code_size=SIZE)
        self.evm = pyrevm.EVM(env=pyrevm.Env(cfg=settings), gas_limit=2**40, spec_id="PRAGUE")
        self.met: list[int] = []

    def _reverted(self, error: RuntimeError) -> Reverted:
        refused = super()._reverted(error)
        data = revert_data(error)
        size = 4 + 32 * len(refused.error.args)
        words = [int.from_bytes(data[i : i + 32], "big") for i in range(size, len(data), 32)]
        # pairs: what a refusal value has noted in that half of the contract, and the site that reverted
        self.met = [each for each in words if each]
        return refused
