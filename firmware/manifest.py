# SPDX-License-Identifier: Apache-2.0
"""Freeze the meter into a MicroPython build, for whoever builds one; `electro device install` needs no build.

make -C ports/esp32 FROZEN_MANIFEST=/path/to/electro/firmware/manifest.py
"""

# ruff: noqa: F821 - MicroPython's build gives these names
include("$(PORT_DIR)/boards/manifest.py")  # type: ignore[name-defined]
package("electro_protocol", base_path="lib", opt=3)  # type: ignore[name-defined]
package("electro_meter", base_path="lib", opt=3)  # type: ignore[name-defined]
module("boot.py")  # type: ignore[name-defined]
module("main.py")  # type: ignore[name-defined]
