# SPDX-License-Identifier: Apache-2.0
"""Build 32-bit MicroPythons that count what they do, with and without the meter frozen into them.

    python tests/bench/interpreter.py SOURCES FOLDER

| program in FOLDER | frozen | heap |
|---|---|---|
| micropython | asyncio, as in every build for a chip | one piece |
| micropython-frozen | the meter as well | one piece |
| micropython-frozen-in-two | the same | two equal pieces, as on an ESP32 without PSRAM once it has grown |

SOURCES: those of MicroPython 1.25.0, which are copied and not changed. Its repository has them (lib/micropython-lib may
be empty but for a file README.md); Debian 13 has them, signed, with all that this needs: with its source packages
(deb-src) among apt's sources, `apt-get update` and `apt-get source --only-source micropython=1.25.0+ds-1`. x86-64 with
gcc-multilib, GNU make and some two minutes.

Lines are added to the copy in three places: where the virtual machine takes its next bytecode, where the heap gives
memory, and where it is collected. What is counted is asked for in Python, by `import counting`: see
micropython/counting/counting.c. tests/bench/bytecodes.py runs the meter in it; week.py takes the frozen one (--frozen).

The official build starts with a heap of 56 KB and grows it once, to 111,936 bytes; that leaves 40 KB for WiFi and one
TLS connection, which a second growth would take (MicroPython, commit f6d630877c, and ports/esp32/mpconfigport.h).
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parents[2]))  # the other benches

from tests.bench.week import BESIDE, TOOLS

from electro_tools.device import firmware_files

HERE = Path(__file__).absolute().parent / "micropython"
# (file, a line of it, what is added after it)
COUNTS = (
    ("py/vm.c", '#include "py/bc0.h"', '#include "counting.h"'),
    ("py/vm.c", "#define TRACE(ip)", "#undef TRACE\n#define TRACE(ip) counting_bytecode(code_state->fun_bc->context)"),
    ("py/gc.c", '#include "py/gc.h"', '#include "counting.h"'),
    ("py/gc.c", "MP_STATE_MEM(gc_alloc_amount) += n_blocks;", "counting_now->bytes += n_blocks * BYTES_PER_BLOCK;"),
    ("py/gc.c", "void gc_collect_start(void) {", "counting_collections++;"),
)  # fmt: skip
# (name, what is frozen, pieces of the heap)
PROGRAMS = (
    ("micropython", "unfrozen.py", 1),
    ("micropython-frozen", "frozen.py", 1),
    ("micropython-frozen-in-two", "frozen.py", 2),
)
OPTIONS = (
    "LDFLAGS_EXTRA=-m32", "MPY_CROSS_FLAGS=-march=x86",  # words of 32 bits, as on the chip
    "MICROPY_PY_FFI=0", "MICROPY_PY_BTREE=0", "MICROPY_PY_SSL=0",  # libraries that the meter does not use here
    f"USER_C_MODULES={HERE}",
)  # fmt: skip


def add_counts(sources: Path) -> None:
    """Add the lines that count; raises ValueError if these are other sources."""
    for name, line, added in COUNTS:
        path = sources / name
        text = path.read_text()
        if text.count(f"{line}\n") != 1:
            raise ValueError(f"{name} is not that of MicroPython 1.25.0: it should have {line!r} once")
        path.write_text(text.replace(f"{line}\n", f"{line}\n{added}\n"))


def make(sources: Path, part: str, *options: str) -> None:
    """Run make, at low priority; raises CalledProcessError."""
    subprocess.run(["nice", "-n", "10", "make", "-j1", "-C", str(sources / part), *options], check=True)


def write_manifests(folder: Path) -> None:
    """Put into a new folder what may be frozen: the meter as it is compiled for a chip, and what benches run it by."""
    beside = {f"lib/electro_tools/{name}.py": TOOLS / f"{name}.py" for name in BESIDE}
    firmware_files.write(folder, [*beside.values(), HERE / "bytecodes.py"])  # whose names stay
    for place, source in beside.items():
        (folder / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, folder / place)
    for _, manifest, _ in PROGRAMS:
        shutil.copy(HERE / manifest, folder)


def build(sources: Path, folder: Path) -> list[Path]:
    """Return the programs."""
    copy = folder / "sources"
    write_manifests(folder / "frozen")
    shutil.copytree(sources, copy)
    make(copy, "mpy-cross")
    add_counts(copy)
    programs = []
    for name, manifest, pieces in PROGRAMS:
        heap = f" -DMICROPY_GC_SPLIT_HEAP=1 -DMICROPY_GC_SPLIT_HEAP_N_HEAPS={pieces}" if pieces > 1 else ""
        own = (
            f"CFLAGS_EXTRA=-m32{heap}",
            f"BUILD=build-{name}",
            f"FROZEN_MANIFEST={folder / 'frozen' / manifest}",
        )
        make(copy, "ports/unix", *OPTIONS, *own)
        programs.append(Path(shutil.copy(copy / f"ports/unix/build-{name}/micropython", folder / name)))
    return programs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, help="the unpacked sources of MicroPython 1.25.0")
    parser.add_argument("folder", type=Path, help="a new folder for the programs")
    arguments = parser.parse_args()
    for program in build(arguments.sources.absolute(), arguments.folder.absolute()):
        print(program)


if __name__ == "__main__":
    main()
