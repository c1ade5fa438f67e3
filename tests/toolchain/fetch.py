# SPDX-License-Identifier: Apache-2.0
"""Fetch everything the tests need beyond pip; the tests take it from here, one function a tool.

node()              Node.js, from pip
node_modules()      the folder with solc, @openzeppelin/contracts and MicroPython as WebAssembly
anvil()             a local chain's binary
"""

from __future__ import annotations

from .cache import ToolchainError, Unavailable, cache_folder
from .npm import anvil, node, node_modules

__all__ = ["ToolchainError", "Unavailable", "anvil", "cache_folder", "node", "node_modules"]
