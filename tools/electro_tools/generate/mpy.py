# SPDX-License-Identifier: Apache-2.0
"""Read the native functions out of an .mpy file (format 6), and judge the branches of Xtensa code.

Firmware before 1.26 compiles a conditional jump of viper to one branch instruction, which reaches 2 KB either
way, and writes a wrong one without a word where that is too short. mpy-cross from 1.26 on puts the condition
around a jump that reaches 128 KB, so what it makes is right everywhere, but a chip that compiles the source
itself is not. `branches` finds every conditional jump, in either form, and how far it goes.

Source: tools/mpy-tool.py and py/asmxtensa.c of MicroPython 1.29; Xtensa ISA Reference, section 6.
"""

from collections.abc import Iterator
from dataclasses import dataclass

REACH = 2048  # of a branch against zero, in bytes: a signed offset of 12 bits
XTENSAWIN = 10
_NATIVE_PYTHON, _VIPER, _ASSEMBLER = 1, 2, 3
_OBJ_FUN_TABLE, _OBJ_NONE, _OBJ_FALSE, _OBJ_TRUE, _OBJ_ELLIPSIS, _OBJ_STR, _OBJ_BYTES = range(7)
_OBJ_TUPLE = 10


class MpyError(ValueError):
    """The bytes are no .mpy file of format 6, or one that this reader does not know."""


@dataclass(frozen=True)
class Branch:
    """A conditional jump: where it stands in its function, and how far it goes."""

    at: int
    distance: int


@dataclass(frozen=True)
class Native:
    """One native function: its place among the file's functions, and its machine code."""

    index: int
    code: bytes


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        taken = self.data[self.at : self.at + count]
        if len(taken) != count:
            raise MpyError("the file ends too early")
        self.at += count
        return taken

    def uint(self) -> int:
        value = 0
        while True:
            byte = self.take(1)[0]
            value = value << 7 | byte & 0x7F
            if not byte & 0x80:
                return value

    def skip_qstr(self) -> None:
        length = self.uint()
        if not length & 1:
            self.take((length >> 1) + 1)

    def skip_object(self) -> None:
        kind = self.take(1)[0]
        if kind <= _OBJ_ELLIPSIS:
            return
        length = self.uint()
        if kind == _OBJ_TUPLE:
            for _ in range(length):
                self.skip_object()
        else:
            self.take(length + (kind in (_OBJ_STR, _OBJ_BYTES)))

    def codes(self) -> Iterator[tuple[int, bytes]]:
        """Yield (kind, body) of this function and of all inside it."""
        header = self.uint()
        kind = header & 3
        yield kind, self.take(header >> 3)
        if kind:
            self.uint()
        if kind == _ASSEMBLER:
            self.uint()
            self.uint()
        if header >> 2 & 1:
            for _ in range(self.uint()):
                yield from self.codes()


def architecture(data: bytes) -> int:
    """Return the number of the architecture whose code the file carries; 0: bytecode only."""
    if len(data) < 4 or data[0] != ord("M") or data[1] != 6:
        raise MpyError("this is no .mpy file of format 6")
    return data[2] >> 2 & 0x0F


def natives(data: bytes) -> list[Native]:
    """Return the native functions of an .mpy file, in the order of the file."""
    architecture(data)
    reader = _Reader(data)
    reader.take(4)
    qstrs, objects = reader.uint(), reader.uint()
    for _ in range(qstrs):
        reader.skip_qstr()
    for _ in range(objects):
        reader.skip_object()
    return [
        Native(index, code)
        for index, (kind, code) in enumerate(reader.codes())
        if kind in (_NATIVE_PYTHON, _VIPER, _ASSEMBLER)
    ]


def instructions(code: bytes) -> Iterator[tuple[int, int]]:
    """Yield (offset, instruction word) of Xtensa code; the constants before it are jumped over, as on the chip."""
    at = 0
    if code and code[0] & 0x3F == 0x06:  # `j`: over the constants
        at = 4 + _signed(int.from_bytes(code[:3], "little") >> 6, 18)
    while at < len(code):
        length = 2 if code[at] & 0x0F >= 8 else 3  # the density option's instructions have 16 bits
        yield at, int.from_bytes(code[at : at + length], "little")
        at += length


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


def branches(code: bytes) -> list[Branch]:
    """Return the conditional jumps of Xtensa code: single branches, and branches around a jump."""
    found = []
    stream = list(instructions(code))
    for (at, word), (after, following) in zip(stream, [*stream[1:], (len(code), 0)], strict=True):
        if word & 0x0F == 0x06 and word >> 4 & 3 == 1:  # beqz, bnez, bltz, bgez: 12 bits
            distance = _signed(word >> 12, 12) + 4
        elif word & 0x0F == 0x07:  # beq, bne, blt, bge …: 8 bits
            distance = _signed(word >> 16, 8) + 4
        else:
            continue
        if distance == 6 and following & 0x3F == 0x06:
            distance = after - at + 4 + _signed(following >> 6, 18)
        found.append(Branch(at, distance))
    return found
