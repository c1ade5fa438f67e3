# SPDX-License-Identifier: Apache-2.0
"""Fetch everything beforehand and print where it is: `python -m tests.toolchain`."""

from __future__ import annotations

import functools
import logging
import os
import sys
from typing import TYPE_CHECKING

from . import fetch

if TYPE_CHECKING:
    from collections.abc import Callable

# A second opinion where an emulator happens to be installed; no test insists on it.
OPTIONAL = {"micropython armhf"}


def main() -> int:
    """Return 1 if something could not be fetched; what this machine cannot have counts only in CI."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    tools: dict[str, Callable[[], list[str]]] = {
        "node": lambda: [str(fetch.node())],
        "node_modules": lambda: [str(fetch.node_modules())],
        "anvil": lambda: [str(fetch.anvil())],
        "hardhat": lambda: [str(fetch.hardhat())],
        "haproxy": lambda: [str(fetch.haproxy())],
        "promtool": lambda: [str(fetch.promtool())],
        "mosquitto": lambda: [str(fetch.mosquitto())],
        "chromium": lambda: [str(fetch.chromium())],
    }
    for arch in fetch.ARCHITECTURES:
        tools[f"micropython {arch}"] = functools.partial(fetch.micropython, arch)
    failed = 0
    for name, ask in tools.items():
        try:
            print(f"{name:18} {' '.join(ask())}", flush=True)
        except fetch.Unavailable as error:
            needed = bool(os.environ.get("CI")) and name not in OPTIONAL
            failed += needed
            print(f"{name:18} not here: {error}", flush=True)
        except fetch.ToolchainError as error:
            failed += 1
            print(f"{name:18} failed: {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
