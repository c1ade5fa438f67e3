# SPDX-License-Identifier: Apache-2.0
"""Let slither look at the sources, and see that each of its findings is answered: `python -m tests.contracts.analyse`.

Answers stand in contracts/slither.md: a chapter a detector, in it the places, each with what is to be said of it. Fails
when a finding has no answer, and when an answer has no finding any more. slither is fetched from PyPI on first use; it
compiles by the npm package that compiles the contract.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from electro_contracts import build
from tests.toolchain import fetch

from . import isolated

ANSWERS = build.SOURCES.parent / "slither.md"
# What slither asks of a native solc, answered by solc.js: it greets before the JSON, and reads no pipe.
COMPILER = """#!/bin/sh
case "$*" in
*--version*)
    echo "solc, the solidity compiler commandline interface"
    echo "Version: $("{node}" "{solc}" --version | sed 's/.Emscripten.clang/.Linux.g++/')" ;;
*)
    cat > "{folder}/given.json"
    "{node}" "{solc}" --standard-json < "{folder}/given.json" > "{folder}/answer.json"
    sed -n '/^{{/,$p' "{folder}/answer.json" ;;
esac
"""
OUTPUT = {"*": {"": ["ast"], "*": ["abi", "evm.bytecode", "evm.deployedBytecode", "userdoc", "devdoc"]}}
# ## `detector`, and below it - `place`: answer
_CHAPTER = re.compile(r"^## `([\w-]+)`$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ANSWER = re.compile(r"^- ((?:`[^`]+`(?:,\s+)?)+): \S", re.MULTILINE)


class Finding(NamedTuple):
    detector: str
    place: str
    words: str


def findings() -> list[Finding]:
    """Return what slither finds in our sources."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        modules = fetch.node_modules()
        (folder / "src").symlink_to(build.SOURCES.resolve())
        (folder / "@openzeppelin").symlink_to(modules / "@openzeppelin")
        compiler = folder / "solc"
        compiler.write_text(
            COMPILER.format(node=fetch.node(), solc=modules / "solc" / "solc.js", folder=folder)
        )
        compiler.chmod(0o755)
        source = build.standard_json(modules)
        source["settings"] |= {"outputSelection": OUTPUT, "optimizer": {"enabled": False}}
        (folder / "electro.json").write_text(json.dumps(source))
        said = folder / "said.json"
        options = ["--compile-force-framework", "Solc-json", "--solc", str(compiler), "--json", str(said)]
        options += ["--filter-paths", "@openzeppelin", "--fail-none", "--disable-color"]
        isolated.start("slither", ["electro.json", *options], folder)
        results = json.loads(said.read_text())
    if not results["success"]:
        raise RuntimeError(results["error"])
    found = results["results"].get("detectors", [])
    return [Finding(each["check"], _place(each), each["description"].strip()) for each in found]


def answers(text: str) -> set[tuple[str, str]]:
    """Return the detectors and places that a text answers."""
    return {
        (detector, place)
        for detector, chapter in _CHAPTER.findall(text)
        for places in _ANSWER.findall(chapter)
        for place in re.findall(r"`([^`]+)`", places)
    }


def compare(found: list[Finding], answered: set[tuple[str, str]]) -> list[str]:
    """Say what is unanswered, and which answers nobody asks for any more."""
    places = {(each.detector, each.place) for each in found}
    unanswered = [
        f"unanswered: {each.detector} at {each.place}\n{each.words}"
        for each in found
        if (each.detector, each.place) not in answered
    ]
    return unanswered + [f"no finding any more: {' at '.join(each)}" for each in sorted(answered - places)]


def _place(finding: dict[str, Any]) -> str:
    """The function, or what else, that a finding names first: `Contract.function`."""
    first = finding["elements"][0]
    names = []
    while first:
        names.append(first["name"])
        first = first.get("type_specific_fields", {}).get("parent")
    return ".".join(reversed(names))


def main() -> int:
    """Return 0 if every finding is answered."""
    found = findings()
    wrong = compare(found, answers(ANSWERS.read_text()))
    counts = Counter(each.detector for each in found)
    print(", ".join(f"{detector} {count}" for detector, count in counts.most_common()))
    print("\n".join(wrong) if wrong else f"{len(found)} findings, all answered in {ANSWERS.name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
