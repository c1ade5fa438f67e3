# SPDX-License-Identifier: Apache-2.0
"""Fetch what the tests need beyond pip: one function a tool, and `python -m tests.toolchain` for all of them.

- node(): Node.js, from pip
- node_modules(): the folder with solc, @openzeppelin/contracts and MicroPython as WebAssembly
- anvil(): a local chain's binary
- hardhat(): the folder of Hardhat's node, another local chain
- haproxy(): the proxy that relayer/deploy puts before two relayers
- promtool(): what judges relayer/deploy's alert rules
- chromium(): the browser that opens the console
- axe(), uplot(): the judge of its accessibility; the package that its copy of uPlot is held to
- mosquitto(): the broker that meters tell
- micropython(arch): the command that runs MicroPython; arch is one of ARCHITECTURES
"""

from __future__ import annotations

from pathlib import Path

from . import debian
from .cache import ToolchainError, Unavailable, cache_folder
from .chromium import chromium
from .debian import haproxy, mosquitto, promtool
from .npm import anvil, axe, hardhat, micropython_wasm, node, node_modules, uplot

__all__ = [
    "ARCHITECTURES",
    "ToolchainError",
    "Unavailable",
    "anvil",
    "axe",
    "cache_folder",
    "chromium",
    "haproxy",
    "hardhat",
    "micropython",
    "mosquitto",
    "node",
    "node_modules",
    "promtool",
    "uplot",
]

# i386 first: its words have 32 bits like the chip's. wasm has neither native code nor sockets.
ARCHITECTURES = ("i386", "amd64", "armhf", "wasm")


def micropython(arch: str = "i386") -> list[str]:
    """Return the command that runs MicroPython of this architecture: options and a script go behind it."""
    if arch == "wasm":
        return [str(node()), str(Path(__file__).with_name("wasm.mjs")), str(micropython_wasm())]
    return [str(debian.micropython(arch))]
