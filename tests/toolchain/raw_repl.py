# SPDX-License-Identifier: Apache-2.0
"""Serve MicroPython's raw REPL on standard input and output, as a chip does on its serial line.

Runs in MicroPython's Unix build, whose own REPL has no raw mode. The current folder is the chip's flash.
The protocol is that of MicroPython's docs, "REPL", raw mode and raw-paste mode.
"""

import io
import sys

# Not part of what scripts see; as on a chip, "" is the flash.
sys.path[:] = ["", ".frozen", "lib"]
_CORE = set(sys.modules)

_WINDOW = 128  # the ESP32's
_BANNER = b"raw REPL; CTRL-B to exit\r\n>"


def _say(data):
    sys.stdout.buffer.write(data)


def _soft_reset():
    for name in list(sys.modules):
        if name not in _CORE:
            del sys.modules[name]
    return {"__name__": "__main__"}


def _execute(code, names):
    trace = io.StringIO()
    try:
        exec(code, names)
    except SystemExit:
        pass
    except BaseException as error:  # noqa: BLE001  # a chip reports whatever its script raises
        sys.print_exception(error, trace)
    _say(b"\x04" + trace.getvalue().encode() + b"\x04")


def _pasted(read):
    """Take a script with flow control: the far end sends no more than a window ahead."""
    code = bytearray()
    _say(b"R\x01" + bytes((_WINDOW & 0xFF, _WINDOW >> 8)))
    while True:
        byte = read(1)
        if byte == b"\x04":
            _say(byte)
            return bytes(code)
        code += byte
        if len(code) % _WINDOW == 0:
            _say(b"\x01")


def serve():
    read = sys.stdin.buffer.read
    names = _soft_reset()
    code = bytearray()
    raw = False
    while True:
        byte = read(1)
        if not byte:
            return
        if byte == b"\x01":
            raw, code = True, bytearray()
            _say(_BANNER)
        elif byte == b"\x02":
            raw = False
            _say(b"\r\n>>> ")
        elif byte == b"\x03":
            code = bytearray()
        elif byte == b"\x05" and raw and not code:
            read(2)
            _execute(_pasted(read), names)
            _say(b">")
        elif byte == b"\x04" and raw:
            if code:
                _say(b"OK")
                _execute(bytes(code), names)
                _say(b">")
            else:
                names = _soft_reset()
                _say(b"OK\r\nMPY: soft reboot\r\n" + _BANNER)
            code = bytearray()
        elif raw:
            code += byte


serve()
