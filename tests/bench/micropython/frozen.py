# SPDX-License-Identifier: Apache-2.0
"""Freeze the meter into MicroPython's unix port, to see what freezing saves: ../interpreter.py builds it."""

# ruff: noqa: F821 - MicroPython's build gives these names
include("$(MPY_DIR)/extmod/asyncio")  # type: ignore[name-defined]
package("electro_protocol", base_path="../../../firmware/lib", opt=3)  # type: ignore[name-defined]
package("electro_meter", base_path="../../../firmware/lib", opt=3)  # type: ignore[name-defined]
