# SPDX-License-Identifier: Apache-2.0
"""Compile contracts/src into the checked-in artifact: `python -m electro_contracts.build NODE_MODULES`.

NODE_MODULES is a folder with the npm packages solc and @openzeppelin/contracts. With `--check` nothing is
written: the exit status says whether the artifact is what the sources give, byte for byte.

One of the sources is written here: `Parts.sol`, the hashes of the code that the contract runs by delegatecall. That
code is compiled first, and the contract then knows it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from electro_protocol.keccak import keccak256

from .artifact import INPUT_PATH, PATH

SOURCES = Path(__file__).parent.parent / "src"
CONTRACT = ("src/Electro.sol", "Electro")
# What it runs by delegatecall: the storage of these parts must begin alike, and their ABI is the contract's too.
PARTS = (("src/Parties.sol", "Parties"), ("src/Results.sol", "Results"))
# Whose calls its fallback answers itself.
ANSWERED = ("src/ISealed.sol", "ISealed")
HASHES = "Parts.sol"
MAX_CODE = 24_576  # EIP-170; the compiler refuses more
# What Electro's code begins with: free memory from 0x80 on, where reports are opened. An optimizer that runs out
# of stack keeps variables there, and begins with a greater number.
FREE_MEMORY = re.compile("6080(80)?604052")
SETTINGS: dict[str, Any] = {
    "optimizer": {"enabled": True, "runs": 1000},
    "viaIR": True,  # the legacy pipeline runs out of stack
    "evmVersion": "paris",  # no PUSH0, no MCOPY: the same bytecode on mainnet, L2s and older Besu
    # No hash of the sources in the code, so that a comment changes nothing on chain.
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},
}
OUTPUT = [
    "abi",
    "evm.bytecode.object",
    "evm.deployedBytecode.object",
    "evm.deployedBytecode.immutableReferences",
    "evm.methodIdentifiers",
    "storageLayout",
]
_IMPORT = re.compile(r'^import[^"]*"([^"]+)";', re.MULTILINE)


class BuildError(Exception):
    """Say in one sentence, or in the compiler's words, why there is no artifact."""


def standard_json(node_modules: Path) -> dict[str, Any]:
    """Return solc's whole input: our sources and all they import, by the names that imports give them."""
    sources: dict[str, dict[str, str]] = {}
    waiting = [f"src/{path.name}" for path in sorted(SOURCES.glob("*.sol"))]
    while waiting:
        name = waiting.pop()
        if name in sources:
            continue
        path = SOURCES / name.removeprefix("src/") if name.startswith("src/") else node_modules / name
        if not path.is_file():
            raise BuildError(f"{path} is missing")
        content = path.read_text(encoding="utf-8")
        sources[name] = {"content": content}
        waiting += [_resolve(name, imported) for imported in _IMPORT.findall(content)]
    return {
        "language": "Solidity",
        "sources": dict(sorted(sources.items())),
        "settings": {
            **SETTINGS,
            "outputSelection": {file: {name: OUTPUT} for file, name in (CONTRACT, ANSWERED, *PARTS)},
        },
    }


def compile_standard_json(node_modules: Path, source: dict[str, Any], node: str = "node") -> dict[str, Any]:
    """Return solc's output; raise BuildError with its words for an error, or a warning in our own sources."""
    command = [node, str(node_modules / "solc" / "solc.js"), "--standard-json"]
    try:
        # Both ends are files: solc.js reads a pipe without waiting for it, and leaves before it has filled
        # one.
        with TemporaryFile("w+", encoding="utf-8") as given, TemporaryFile("w+", encoding="utf-8") as answer:
            json.dump(source, given)
            given.seek(0)
            done = subprocess.run(  # noqa: S603 - the caller names the compiler
                command, stdin=given, stdout=answer, stderr=subprocess.PIPE, text=True, check=False
            )
            answer.seek(0)
            said = answer.read()
    except OSError as error:
        raise BuildError(f"{node} does not start: {error.strerror}") from error
    if done.returncode or "{" not in said:
        raise BuildError((done.stderr or said).strip()[-2000:])
    # solc.js greets before the JSON, in a line of its own
    output: dict[str, Any] = json.loads(said[said.index("{") :])
    complaints = [
        issue["formattedMessage"]
        for issue in output.get("errors", [])
        if issue["severity"] == "error" or issue.get("sourceLocation", {}).get("file", "").startswith("src/")
    ]
    if complaints:
        raise BuildError("\n".join(complaints))
    return output


def compile_whole(
    node_modules: Path, source: dict[str, Any], folder: str = "src/", node: str = "node"
) -> dict[str, Any]:
    """Return solc's output for sources in `folder`; put the right hashes of the parts there if there are others."""
    hashes = source["sources"][folder + HASHES]
    while True:
        output = compile_standard_json(node_modules, source, node)
        right = _hashed(hashes["content"], [_runtime(output, folder, part) for part in PARTS])
        if right == hashes["content"]:
            return output
        # No part knows of the hashes, so once is enough.
        hashes["content"] = right


def rebuilt(
    artifact: str, source: dict[str, Any], changed: str, node_modules: Path, node: str = "node"
) -> str:
    """Return the text of an artifact as it becomes by another content of the file `changed` in `source`.

    Only what is made of that file is compiled: a third of all, mostly.
    """
    known: dict[str, Any] = json.loads(artifact)
    parts = [part for part in PARTS if _is_made_of(source, part[0], changed)]
    hashes = source["sources"]["src/" + HASHES]
    for compiled in (parts, [CONTRACT] if parts or _is_made_of(source, CONTRACT[0], changed) else []):
        if not compiled:
            continue
        wanted = {file: {name: OUTPUT} for file, name in compiled}
        settings = {**source["settings"], "outputSelection": wanted}
        output = compile_standard_json(node_modules, {**source, "settings": settings}, node)
        for file, name in compiled:
            into = known if (file, name) == CONTRACT else known["parts"][name]
            into |= _codes(output["contracts"][file][name])
        codes = [bytes.fromhex(known["parts"][name]["deployed_bytecode"][2:]) for _, name in PARTS]
        hashes["content"] = _hashed(hashes["content"], codes)
    if not FREE_MEMORY.match(known["deployed_bytecode"][2:]):
        raise BuildError("Electro keeps variables in the memory where its reports are opened")
    return json.dumps(known, indent=1) + "\n"


def _is_made_of(source: dict[str, Any], file: str, changed: str) -> bool:
    waiting, seen = [file], {file}
    while waiting:
        name = waiting.pop()
        found = {_resolve(name, each) for each in _IMPORT.findall(source["sources"][name]["content"])}
        waiting += found - seen
        seen |= found
    return changed in seen


def _runtime(output: dict[str, Any], folder: str, part: tuple[str, str]) -> bytes:
    file, name = part
    compiled = output["contracts"][folder + file.removeprefix("src/")][name]
    return bytes.fromhex(compiled["evm"]["deployedBytecode"]["object"])


def _hashed(text: str, codes: list[bytes]) -> str:
    """The text of Parts.sol with the hashes of these codes, in the order of PARTS."""
    for (_, name), code in zip(PARTS, codes, strict=True):
        text = re.sub(rf"({name.upper()} = )0x[0-9a-f]{{64}}", rf"\g<1>0x{keccak256(code).hex()}", text)
    return text


def build(node_modules: Path, node: str = "node") -> tuple[str, str, str]:
    """Return the texts of the artifact, of the compiler's input, whose hash it names, and of Parts.sol."""
    source = standard_json(node_modules)
    output = compile_whole(node_modules, source, node=node)
    contract, answered, *parts = (
        output["contracts"][file][name] for file, name in (CONTRACT, ANSWERED, *PARTS)
    )
    _check(contract, parts)
    packages = {
        name: json.loads((node_modules / name / "package.json").read_text(encoding="utf-8"))["version"]
        for name in ("solc", "@openzeppelin/contracts")
    }
    canonical = json.dumps(source, sort_keys=True, separators=(",", ":"))
    artifact = {
        "contract": CONTRACT[1],
        "compiler": f"solc {packages['solc']}",
        "openzeppelin": packages["@openzeppelin/contracts"],
        "settings": SETTINGS,
        "source_hash": "sha256:" + hashlib.sha256(canonical.encode()).hexdigest(),
        "abi": _merged(contract["abi"], answered["abi"], *(part["abi"] for part in parts)),
        **_codes(contract),
        "parts": {name: _codes(part) for (_, name), part in zip(PARTS, parts, strict=True)},
    }
    return json.dumps(artifact, indent=1) + "\n", canonical, source["sources"]["src/" + HASHES]["content"]


def sizes(artifact: dict[str, Any]) -> str:
    """Say how much of the room that a chain gives to the code of one account is taken."""
    codes = {artifact["contract"]: artifact, **artifact["parts"]}
    told = (f"{name} {len(code['deployed_bytecode']) // 2 - 1:,}" for name, code in codes.items())
    return f"{', '.join(told)} bytes of {MAX_CODE:,}"


def _codes(compiled: dict[str, Any]) -> dict[str, str]:
    return {
        "bytecode": "0x" + compiled["evm"]["bytecode"]["object"],
        "deployed_bytecode": "0x" + compiled["evm"]["deployedBytecode"]["object"],
    }


def _check(contract: dict[str, Any], parts: list[dict[str, Any]]) -> None:
    """Raise BuildError if the parts could not work on one storage, or not be known by their hash."""
    whole, *beginnings = (
        [
            (each["label"], each["slot"], each["offset"], _plain(each["type"]))
            for each in part["storageLayout"]["storage"]
        ]
        for part in (contract, *parts)
    )
    answered = list(contract["evm"]["methodIdentifiers"])
    for (_, name), part, beginning in zip(PARTS, parts, beginnings, strict=True):
        if whole[: len(beginning)] != beginning:
            raise BuildError(f"the storage of Electro and {name} does not begin alike")
        if part["evm"]["deployedBytecode"]["immutableReferences"]:
            raise BuildError(f"{name} has values of its own: its code would be another in each deployment")
        answered += part["evm"]["methodIdentifiers"]
    if len(answered) != len(set(answered)):
        raise BuildError("two parts answer the same call")
    if not FREE_MEMORY.match(contract["evm"]["deployedBytecode"]["object"]):
        raise BuildError("Electro keeps variables in the memory where its reports are opened")


def _plain(kind: str) -> str:
    """A type's name without the compiler's numbers of declarations."""
    return re.sub(r"\)\d+", ")", kind)


def _merged(*abis: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One ABI of all parts, in solc's order; of the constructors the first's, which is the one to call."""
    entries: dict[str, dict[str, Any]] = {}
    for abi in abis:
        for entry in abi:
            types = [each["type"] for each in entry.get("inputs", [])]
            unique = (
                entry["type"]
                if entry["type"] == "constructor"
                else json.dumps([entry["type"], entry.get("name"), types])
            )
            entries.setdefault(unique, entry)
    return sorted(entries.values(), key=lambda entry: (entry["type"], entry.get("name", "")))


def _resolve(importer: str, imported: str) -> str:
    if not imported.startswith("."):
        return imported
    parts = importer.split("/")[:-1]
    for part in imported.split("/"):
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m electro_contracts.build", description=__doc__)
    parser.add_argument("node_modules", type=Path)
    parser.add_argument("--node", default="node", help="the Node.js program")
    parser.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments = parser.parse_args()
    try:
        text, source, hashes = build(arguments.node_modules, arguments.node)
    except BuildError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    made = {PATH: text, INPUT_PATH: source, SOURCES / HASHES: hashes}
    if not arguments.check:
        for path, content in made.items():
            path.write_text(content, encoding="utf-8")
        sys.stdout.write(f"{PATH}: {sizes(json.loads(text))}\n")
    elif made != {path: path.read_text(encoding="utf-8") for path in made}:
        sys.stderr.write(f"{PATH} is not what the sources give: build it again\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
