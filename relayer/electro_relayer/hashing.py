# SPDX-License-Identifier: Apache-2.0
"""Hash with keccak-256 in C, and write addresses with the checksum that EIP-55 makes of it.

About a microsecond for a short input, where the portable one takes a thousand: each message is hashed five times.

PyCryptodome's public class makes three objects for each hash, which costs six times the hashing itself. Its C
functions are called here directly, on one state a thread; where a version has them under other names, or
answers wrongly, the public class serves.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from typing import TYPE_CHECKING

from Crypto.Hash import keccak

if TYPE_CHECKING:
    from collections.abc import Callable

_OF_NOTHING = "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"  # from the Yellow Paper


def public_keccak256(data: bytes) -> bytes:
    digest: bytes = keccak.new(digest_bits=256, data=data).digest()
    return digest


def _direct() -> Callable[[bytes], bytes]:
    from Crypto.Util import _raw_api  # noqa: PLC0415 - private: may be missing or changed, and then is not used

    functions, ffi = keccak._raw_keccak_lib, _raw_api.ffi  # type: ignore[attr-defined]  # noqa: SLF001

    class State(threading.local):
        # a state of its own for each thread, since the C calls let other threads run
        def __init__(self) -> None:
            pointer = _raw_api.VoidPointer()
            if functions.keccak_init(pointer.address_of(), 64, 24):  # capacity in bytes, rounds
                raise MemoryError
            self.state = pointer.get()
            self.out = ffi.new("uint8_t[32]")

    local = State()
    reset, absorb, squeeze, buffer = (
        functions.keccak_reset,
        functions.keccak_absorb,
        functions.keccak_digest,
        ffi.buffer,
    )

    def direct(data: bytes) -> bytes:
        state, out = local.state, local.out
        if reset(state) or absorb(state, data, len(data)) or squeeze(state, out, 32, 1):  # padding of keccak
            raise ValueError("keccak failed")
        digest: bytes = buffer(out)[:]
        return digest

    return direct


def _fastest() -> Callable[[bytes], bytes]:
    try:
        direct = _direct()
        if direct(b"").hex() == _OF_NOTHING and direct(bytes(200)) == public_keccak256(bytes(200)):
            return direct
    except (ImportError, AttributeError, TypeError, ValueError):
        pass
    return public_keccak256


keccak256 = _fastest()


@lru_cache(maxsize=32_768)  # every answer names a device
def checksum(address: bytes) -> str:
    digits = address.hex()
    marks = keccak256(digits.encode()).hex()
    return "0x" + "".join(d.upper() if mark > "7" else d for d, mark in zip(digits, marks, strict=False))
