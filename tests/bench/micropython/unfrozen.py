# SPDX-License-Identifier: Apache-2.0
"""Freeze nothing but asyncio into MicroPython's unix port, as the chips' builds do: see tests/bench/interpreter.py."""

# ruff: noqa: F821 - MicroPython's build gives this name
include("$(MPY_DIR)/extmod/asyncio")  # type: ignore[name-defined]
