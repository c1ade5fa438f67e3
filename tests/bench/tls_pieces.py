# SPDX-License-Identifier: Apache-2.0
"""Count the instructions of a TLS handshake, and of the pieces that the meter cuts it into.

    python tests/bench/tls_pieces.py SOURCES [--json]

SOURCES, compiler and program: those of tls_memory.py; valgrind besides. About a minute.

Simulated: Mbed TLS on the PC with words of 32 bits, configured as on the chip, shakes hands with Python's ssl. Between
two pieces the library has returned: it was given one record, did all it could with it, and asked for the next.
Python's ssl is OpenSSL, which puts each message of a handshake into a record of its own.

| printed, in millions of instructions | what |
|---|---|
| whole | the handshake |
| pieces | those of more than a hundredth of that, in order |

Not as on the chip: its accelerator for long integers is not there, and the multiplication's inner loop is i386's.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tls_memory import SERVERS, build, serving

if TYPE_CHECKING:
    from collections.abc import Callable

    from tls_memory import Key

COUNTED = "mbedtls_ssl_handshake"  # each call is a piece
WORTH_TELLING = 0.01


def count(program: Path, make: Callable[[], Key], between: int) -> list[int]:
    """Return the instructions of each call, in order."""
    with serving(make, between) as (folder, arguments):
        subprocess.run(
            ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder / 'calls'}",
             f"--toggle-collect={COUNTED}", f"--dump-after={COUNTED}", str(program), *arguments],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        dumps = {
            int(file.suffix[1:]): re.search(r"^(?:totals|summary): (\d+)", file.read_text(), re.MULTILINE)
            for file in folder.glob("calls.*")
        }
    return [int(found.group(1)) for _, found in sorted(dumps.items()) if found]


def figures(pieces: list[int]) -> dict[str, float | list[float]]:
    """Return what is worth telling of them, in millions."""
    whole = sum(pieces)
    return {
        "whole": round(whole / 1e6, 1),
        "pieces": [round(piece / 1e6, 1) for piece in pieces if piece > whole * WORTH_TELLING],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sources", type=Path, help="the unpacked sources of Mbed TLS 3.6")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        program = build(arguments.sources.absolute(), Path(name))
        found = {
            server: figures(count(program, make, between)) for server, (make, between) in SERVERS.items()
        }
    if arguments.json:
        print(json.dumps({"simulated": True, **found}))
        return
    for server, one in found.items():
        print(f"{server:32}{one['whole']:>6} M: {one['pieces']}")


if __name__ == "__main__":
    main()
