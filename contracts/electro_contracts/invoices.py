# SPDX-License-Identifier: Apache-2.0
"""Words of 32 bytes, such as the number of an invoice, as people write them."""

from __future__ import annotations


def word(text: str) -> bytes:
    """Return 32 bytes: of 0x and 64 hex digits as they are, else of a text of 1 to 32 bytes.

    Raises:
        ValueError: with a sentence.
    """
    hexadecimal = text.startswith("0x")
    try:
        raw = bytes.fromhex(text[2:]) if hexadecimal else text.encode()
    except ValueError:
        raw = b""
    if hexadecimal and len(raw) != 32:
        raise ValueError("after 0x come 64 hex digits")
    if not 1 <= len(raw) <= 32:
        raise ValueError("it must have 1 to 32 bytes")
    return raw.ljust(32, b"\0")


def word_text(of: bytes) -> str:
    """Return 32 bytes as the text that they were given as, or as 0x-hex."""
    text = of.rstrip(b"\0")
    readable = text and text.isascii() and text.decode("ascii").isprintable()
    return text.decode("ascii") if readable else "0x" + of.hex()
