# SPDX-License-Identifier: Apache-2.0
"""Prove the lane arithmetic for all values: `python -m tests.contracts.prove [REGEX]`, of all claims or of some.

halmos is fetched from PyPI on first use. It asks forge for what the compiler made of the claims; here the npm package
that compiles the contract too has made it beforehand, with the contract's own settings, and forge is one that does
nothing.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from electro_contracts import build
from tests.toolchain import fetch

from . import isolated

PROOF = Path(__file__).parent / "solidity" / "LanesProof.sol"
NAME = "test/LanesProof.sol"
SOLVER = Path(__file__).with_name("solver.py")
# Whole words have sixteen lanes. A solver's time: the slowest claim takes a minute.
OPTIONS = ["--contract", "LanesProof", "--loop", "20", "--solver-timeout-assertion", "600s"]
OPTIONS += ["--solver-command", f"{sys.executable} {SOLVER}"]


def compiled() -> dict[str, Any]:
    """Return the claims' compiled form as forge would write it."""
    source = build.standard_json(fetch.node_modules())
    source["sources"][NAME] = {"content": PROOF.read_text()}
    source["settings"]["outputSelection"] = {NAME: {"": ["ast"], "LanesProof": ["abi", "metadata", "evm"]}}
    output = build.compile_standard_json(fetch.node_modules(), source, str(fetch.node()))
    contract = output["contracts"][NAME]["LanesProof"]
    return {
        "abi": contract["abi"],
        "metadata": json.loads(contract["metadata"]),
        "ast": output["sources"][NAME]["ast"],
        "id": output["sources"][NAME]["id"],
        "methodIdentifiers": contract["evm"]["methodIdentifiers"],
        "bytecode": contract["evm"]["bytecode"],
        "deployedBytecode": contract["evm"]["deployedBytecode"],
    }


def main() -> int:
    """Return 0 if everything is proven."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        answer = folder / "out" / "LanesProof.sol" / "LanesProof.json"
        answer.parent.mkdir(parents=True)
        answer.write_text(json.dumps(compiled()))
        forge = folder / "bin" / "forge"
        forge.parent.mkdir()
        forge.write_text("#!/bin/sh\n")
        forge.chmod(0o755)
        options = ["--root", name, *OPTIONS]
        if sys.argv[1:]:
            options += ["--match-test", sys.argv[1]]
        return isolated.start("halmos", options, folder, first_in_path=forge.parent).returncode


if __name__ == "__main__":
    sys.exit(main())
