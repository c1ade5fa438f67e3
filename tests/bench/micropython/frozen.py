# SPDX-License-Identifier: Apache-2.0
"""Freeze the meter into MicroPython's unix port, to see what freezing saves: ../interpreter.py puts it beside."""

# ruff: noqa: F821 - MicroPython's build gives these names
include("$(MPY_DIR)/extmod/asyncio")  # type: ignore[name-defined]
package("electro_protocol", base_path="lib", opt=3)  # type: ignore[name-defined]
package("electro_meter", base_path="lib", opt=3)  # type: ignore[name-defined]
package("electro_tools", base_path="lib", opt=3)  # type: ignore[name-defined] # in place of board.py, frozen on a chip
