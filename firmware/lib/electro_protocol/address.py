# SPDX-License-Identifier: Apache-2.0
"""Ethereum addresses: from a public key, to text with the checksum of EIP-55, and back."""

from binascii import hexlify, unhexlify

from .keccak import keccak256


def address_of(public_key: bytes) -> bytes:
    """Return the 20-byte address of a public key x|y of 64 bytes."""
    if len(public_key) != 64:
        raise ValueError("a public key has 64 bytes, x|y")
    return keccak256(public_key)[12:]


def checksum(address: bytes) -> str:
    """Return the address as 0x and 40 hex digits in the mixed case of EIP-55."""
    if len(address) != 20:
        raise ValueError("an address has 20 bytes")
    digits = hexlify(address).decode()
    marks = hexlify(keccak256(digits.encode())).decode()
    return "0x" + "".join([d.upper() if m > "7" else d for d, m in zip(digits, marks)])  # noqa: B905 - no strict= on MicroPython


def parse(text: str) -> bytes:
    """Return the 20 bytes of an address written as 0x and 40 hex digits.

    Raises ValueError if it is none, or if it is in mixed case with a wrong checksum.
    """
    if not isinstance(text, str) or len(text) != 42 or text[:2] != "0x":
        raise ValueError("an address is 0x and 40 hex digits")
    try:
        address = unhexlify(text[2:])
    except ValueError:
        raise ValueError("an address is 0x and 40 hex digits")
    digits = text[2:]
    if digits not in (digits.lower(), digits.upper()) and checksum(address) != text:
        raise ValueError("the address fails its EIP-55 checksum: a digit is wrong")
    return address
