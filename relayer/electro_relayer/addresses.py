# SPDX-License-Identifier: Apache-2.0
"""Write addresses with EIP-55's checksum, with keccak in C: every answer names a device."""

from __future__ import annotations

from functools import lru_cache

from electro_relayer.keccak import keccak256


@lru_cache(maxsize=32_768)
def checksum(address: bytes) -> str:
    digits = address.hex()
    marks = keccak256(digits.encode()).hex()
    return "0x" + "".join(d.upper() if mark > "7" else d for d, mark in zip(digits, marks, strict=False))
