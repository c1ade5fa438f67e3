# SPDX-License-Identifier: Apache-2.0
"""Freeze the meter into a MicroPython build, for whoever builds one; `electro device install` needs no build.

    python -m electro_tools.device.firmware_files FOLDER
    cp firmware/manifest.py FOLDER
    make -C ports/esp32 FROZEN_MANIFEST=FOLDER/manifest.py

FOLDER then has the program as it is compiled for a chip, in few modules and without the names of constants: frozen
beside this file, in many, it takes a fifth more of a chip's memory.
"""

# ruff: noqa: F821 - MicroPython's build gives these names
include("$(PORT_DIR)/boards/manifest.py")  # type: ignore[name-defined]
package("electro_protocol", base_path="lib", opt=3)  # type: ignore[name-defined]
package("electro_meter", base_path="lib", opt=3)  # type: ignore[name-defined]
module("boot.py")  # type: ignore[name-defined]
module("main.py")  # type: ignore[name-defined]
