# SPDX-License-Identifier: Apache-2.0
"""Run the Xtensa code of viper functions: what it computes is tested, and its instructions are counted.

Knows the instructions that MicroPython's emitter writes, no others, and of the runtime only division and the
conversion of arguments and results, which is none here: objects are the numbers and addresses themselves.

Source: Xtensa ISA Reference; py/asmxtensa.h, py/emitnative.c and py/obj.h of MicroPython 1.29.
"""

from electro_tools.generate.mpy import instructions

_SIZE = 1 << 18
_STACK = _SIZE - 256
_FUNCTION, _CONTEXT, _OBJECTS, _RUNTIME = 64, 96, 128, 1024  # where the structures of a call lie
_CODE = 4096
_RUNTIME_ENTRIES = 128
_DATA = 65536
_WORD = 0xFFFFFFFF
# py/nativeglue.h, mp_fun_kind_t
_FROM_OBJECT, _TO_OBJECT, _FLOOR_DIVIDE = 3, 4, 46
_DIVIDE_INSTRUCTIONS = 20  # of mp_small_int_floor_divide for positive numbers, about


class XtensaError(ValueError):
    """An instruction that the emitter is not known to write, or a call that a pure function has no business with."""


def _signed(value: int, bits: int = 32) -> int:
    return value - (1 << bits) if value >> (bits - 1) & 1 else value


class Machine:
    """Memory, and one function's registers at a time; `executed` counts instructions."""

    def __init__(self) -> None:
        self.memory = bytearray(_SIZE)
        self.executed = 0
        self._next = _DATA
        # fun_obj.context → {…, qstr_table, obj_table} → obj_table[…] → the runtime's functions, by number
        self._store(_FUNCTION + 4, _CONTEXT, 4)
        self._store(_CONTEXT + 8, _OBJECTS, 4)
        self._store(_CONTEXT + 12, _OBJECTS, 4)
        for index in range(16):
            self._store(_OBJECTS + 4 * index, _RUNTIME, 4)
        for index in range(_RUNTIME_ENTRIES):
            self._store(_RUNTIME + 4 * index, index, 4)

    def place(self, data: bytes) -> int:
        """Put data into memory; return its address."""
        address = self._next
        self.memory[address : address + len(data)] = data
        self._next = (address + len(data) + 15) & ~15
        return address

    def read(self, address: int, length: int) -> bytes:
        return bytes(self.memory[address : address + length])

    def _load(self, address: int, size: int) -> int:
        if address % size:
            raise XtensaError(f"a load of {size} bytes at {address:#x}")
        return int.from_bytes(self.memory[address : address + size], "little")

    def _store(self, address: int, value: int, size: int) -> None:
        if address % size:
            raise XtensaError(f"a store of {size} bytes at {address:#x}")
        self.memory[address : address + size] = (value & ((1 << 8 * size) - 1)).to_bytes(size, "little")

    def call(self, code: bytes, *arguments: int) -> int:  # noqa: C901, PLR0912 - one case an instruction
        """Call a viper function with numbers or addresses; return its result as a signed number."""
        self.memory[_CODE : _CODE + len(code)] = code
        words = {_CODE + at: (word, size) for at, word, size in _sized(code)}
        array = self.place(b"".join([(value & _WORD).to_bytes(4, "little") for value in arguments]))
        a = [0, _STACK, _FUNCTION, len(arguments), 0, array, *[0] * 10]
        at, shift = _CODE, 0
        if code[0] & 0x3F == 0x06:
            self.executed += 1
            at += 4 + _signed(int.from_bytes(code[:3], "little") >> 6, 18)
        while True:
            word, size = words[at]
            self.executed += 1
            after = at + size
            op0, t, s, r = word & 15, word >> 4 & 15, word >> 8 & 15, word >> 12 & 15
            if op0 == 8:
                a[t] = self._load(a[s] + 4 * r, 4)
            elif op0 == 9:
                self._store(a[s] + 4 * r, a[t], 4)
            elif op0 == 10:
                a[r] = a[s] + a[t] & _WORD
            elif op0 == 12:
                value = r | word & 0x70
                a[s] = (value if value < 96 else value - 128) & _WORD
            elif op0 == 13 and r == 0:
                a[t] = a[s]
            elif op0 == 13 and r == 15 and t == 1:
                return _signed(a[2])
            elif op0 == 0:
                shift = self._register(word, a, shift)
            elif op0 == 1:
                a[t] = self._load(((at + 3) & ~3) + (_signed(word >> 8, 16) << 2), 4)
            elif op0 == 2:
                self._memory(word, a)
            elif op0 == 6:
                n, m = t & 3, t >> 2
                if n == 0:
                    after = at + 4 + _signed(word >> 6, 18)
                elif n == 1:
                    value = _signed(a[s])
                    if (value == 0, value != 0, value < 0, value >= 0)[m]:
                        after = at + 4 + _signed(word >> 12, 12)
                elif n == 3 and m == 0:
                    a[s] = a[s] - 8 * (word >> 12)
                else:
                    raise XtensaError(f"unknown instruction {word:#x}")
            elif op0 == 7:
                if _compare(r, a[s], a[t]):
                    after = at + 4 + _signed(word >> 16, 8)
            else:
                raise XtensaError(f"unknown instruction {word:#x}")
            at = after

    def _register(self, word: int, a: list[int], shift: int) -> int:
        """Execute an instruction between registers; return the shift amount register."""
        t, s, r, op = word >> 4 & 15, word >> 8 & 15, word >> 12 & 15, word >> 16
        if op == 0x00 and t == 14:  # callx8, to the runtime
            self._runtime(a[s], a)
            return shift
        if op == 0x40:
            return a[s] & 31 if r == 0 else 32 - (a[s] & 31)
        results = {
            0x80: lambda: a[s] + a[t],
            0x90: lambda: 2 * a[s] + a[t],
            0xA0: lambda: 4 * a[s] + a[t],
            0xC0: lambda: a[s] - a[t],
            0x10: lambda: a[s] & a[t],
            0x20: lambda: a[s] | a[t],
            0x30: lambda: a[s] ^ a[t],
            0x60: lambda: -a[t],
            0x82: lambda: a[s] * a[t],
            0xA1: lambda: a[s] << 32 - shift,
            0x91: lambda: a[t] >> shift,
            0xB1: lambda: _signed(a[t]) >> shift,
        }
        if op not in results:
            raise XtensaError(f"unknown instruction {word:#x}")
        a[r] = results[op]() & _WORD
        return shift

    def _runtime(self, function: int, a: list[int]) -> None:
        if function == _FLOOR_DIVIDE:
            a[10] = _signed(a[10]) // _signed(a[11]) & _WORD
            self.executed += _DIVIDE_INSTRUCTIONS
        elif function not in (_FROM_OBJECT, _TO_OBJECT):
            raise XtensaError(f"a call of the runtime's function {function}")

    def _memory(self, word: int, a: list[int]) -> None:
        """Execute a load, a store, or an addition of a constant."""
        t, s, r, constant = word >> 4 & 15, word >> 8 & 15, word >> 12 & 15, word >> 16
        if r < 3:
            size = 1 << r
            a[t] = self._load(a[s] + size * constant, size)
        elif 4 <= r < 7:
            size = 1 << r - 4
            self._store(a[s] + size * constant, a[t], size)
        elif r == 10:
            a[t] = _signed(s << 8 | constant, 12) & _WORD
        elif r == 12:
            a[t] = a[s] + _signed(constant, 8) & _WORD
        else:
            raise XtensaError(f"unknown instruction {word:#x}")


def _compare(condition: int, left: int, right: int) -> bool:
    if condition & 3 == 1:
        outcome = left == right
    elif condition & 3 == 2:
        outcome = _signed(left) < _signed(right)
    elif condition & 3 == 3:
        outcome = left < right
    else:
        raise XtensaError(f"unknown condition {condition}")
    return outcome != bool(condition & 8)


def _sized(code: bytes) -> list[tuple[int, int, int]]:
    stream = list(instructions(code))
    ends = [at for at, _ in stream[1:]] + [len(code)]
    return [(at, word, end - at) for (at, word), end in zip(stream, ends, strict=True)]
