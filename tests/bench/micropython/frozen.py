# SPDX-License-Identifier: Apache-2.0
"""Freeze the meter into MicroPython's unix port, to see what freezing saves: `week.py --frozen`.

In MicroPython's sources, on x86-64 with gcc-multilib (`make -C mpy-cross` first):

make -C ports/unix submodules
make -C ports/unix CFLAGS_EXTRA=-m32 LDFLAGS_EXTRA=-m32 MPY_CROSS_FLAGS=-march=x86 MICROPY_PY_FFI=0 \\
    MICROPY_PY_BTREE=0 MICROPY_PY_SSL=0 FROZEN_MANIFEST=/path/to/electro/tests/bench/micropython/frozen.py
"""

# ruff: noqa: F821 - MicroPython's build gives these names
include("$(MPY_DIR)/extmod/asyncio")  # type: ignore[name-defined]
package("electro_protocol", base_path="../../../firmware/lib", opt=3)  # type: ignore[name-defined]
package("electro_meter", base_path="../../../firmware/lib", opt=3)  # type: ignore[name-defined]
