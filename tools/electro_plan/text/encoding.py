# SPDX-License-Identifier: Apache-2.0
"""Decode a text whose encoding nobody names: by its mark, by UTF-8's own proof, or by the letters of its words."""

from __future__ import annotations

import codecs
import re

from electro_plan.errors import PlanError
from electro_plan.sentence import foreign, sentence

_MARKS = (  # UTF-32's begins as UTF-16's does
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE = 65_536  # enough to see which bytes are zero
_CYRILLIC = ("windows-1251", "koi8-r", "cp866")
_KNOWN = re.compile("квт|мвт|энерг|мощн|дата|врем|показ|счет|счёт|потребл|итого|расход", re.IGNORECASE)


def decode(data: bytes, shown: str, encoding: str | None = None) -> tuple[str, str]:
    """Return the text and the name of its encoding.

    Bytes beyond ASCII that are no UTF-8 are letters of headings and names: which of the single-byte encodings they are
    in changes no figure. Words wholly beyond ASCII are Cyrillic, others Western.

    Raises:
        PlanError: it is no text, or not in the encoding that was named.
    """
    if encoding is not None:
        try:
            name = codecs.lookup(encoding).name
            return data.decode("utf-8-sig" if name == "utf-8" else name), name
        except LookupError:
            raise PlanError(
                sentence("there is no encoding {0!r}", encoding[:60]), "such as utf-8 or windows-1251"
            ) from None
        except UnicodeError as error:
            raise PlanError(sentence("{0} is not in {1}{2}", shown, encoding[:60], foreign(error))) from None
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _strict(data, name, shown)
    if wide := _unmarked_utf16(data):
        return _strict(data, wide, shown)
    if b"\0" in data:
        at = data.index(b"\0")
        raise PlanError(
            sentence("{0} is no text: its byte {1:,} is zero", shown, at),
            "is it one of the formats of `--help`?",
        )
    try:
        return data.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        return _single_byte(data)


def _strict(data: bytes, name: str, shown: str) -> tuple[str, str]:
    try:
        return data.decode(name), name.removesuffix("-sig")
    except UnicodeError as error:
        raise PlanError(
            sentence("{0} is marked as {1} and is not{2}", shown, name, foreign(error)),
            "its end may be missing; or --dialect encoding=…",
        ) from None


def _unmarked_utf16(data: bytes) -> str | None:
    """Return UTF-16's byte order where every other byte of what must be mostly ASCII is zero."""
    sample = data[:_SAMPLE]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if len(sample) >= 4 and odd > 0.8 * len(sample[1::2]) and not even:
        return "utf-16-le"
    if len(sample) >= 4 and even > 0.8 * len(sample[::2]) and not odd:
        return "utf-16-be"
    return None


def _single_byte(data: bytes) -> tuple[str, str]:
    for name in _CYRILLIC:
        text = data.decode(name, errors="replace")
        if _KNOWN.search(text):
            return text, name
    words = re.findall(rb"[A-Za-z\x80-\xff]{2,}", data[: 16 * _SAMPLE])
    foreign = [word for word in words if any(byte >= 0xC0 for byte in word)]
    wholly = [word for word in foreign if all(byte >= 0xC0 for byte in word)]
    name = "windows-1251" if len(wholly) * 2 > len(foreign) else "windows-1252"
    return data.decode(name, errors="replace"), name
