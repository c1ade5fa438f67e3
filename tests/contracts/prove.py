# SPDX-License-Identifier: Apache-2.0
"""Prove the lane arithmetic for all values: `python -m tests.contracts.prove`.

Needs `halmos` (PyPI, in an environment of its own, for it pins much) and `forge` (npm, @foundry-rs/forge) in PATH.
Forge only calls the compiler here, which is the npm package that compiles the contract too.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from electro_contracts import build
from tests.toolchain import fetch

PROOF = Path(__file__).parent / "solidity" / "LanesProof.sol"
# What forge asks of a native solc, answered by solc.js: it greets before the JSON, and reads no pipe.
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
SETTINGS = """[profile.default]
test = "test"
evm_version = "{evm}"
optimizer = true
optimizer_runs = {runs}
via_ir = true
solc = "{folder}/solc"
offline = true
"""


def main() -> int:
    """Return 0 if everything is proven."""
    missing = [name for name in ("halmos", "forge") if shutil.which(name) is None]
    if missing:
        sys.stderr.write(f"not in PATH: {', '.join(missing)}\n")
        return 2
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("src", "test"):
            (folder / part).mkdir()
        shutil.copy(build.SOURCES / "Lanes.sol", folder / "src")
        shutil.copy(PROOF, folder / "test" / "LanesProof.t.sol")
        compiler = folder / "solc"
        solc = fetch.node_modules() / "solc" / "solc.js"
        compiler.write_text(COMPILER.format(node=fetch.node(), solc=solc, folder=folder))
        compiler.chmod(0o755)
        optimizer = build.SETTINGS["optimizer"]
        settings = SETTINGS.format(evm=build.SETTINGS["evmVersion"], runs=optimizer["runs"], folder=folder)
        (folder / "foundry.toml").write_text(settings)
        command = ["halmos", "--root", name, "--contract", "LanesProof", "--loop", "20"]
        return subprocess.run([*command, "--solver-timeout-assertion", "300s"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
