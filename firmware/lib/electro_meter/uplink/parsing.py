# SPDX-License-Identifier: Apache-2.0
"""Read JSON that anyone may have sent, in bounded time and memory; whatever is wrong with an answer is a SourceError.

At most 512 brackets and numbers of 78 digits are read: more would take an interpreter its stack, or seconds.
"""

import json

from .errors import SourceError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_BYTES = 32_768  # an answer with the bounds of a week is below 12 KB, terms are 4,085 bytes
_MOST_DIGITS = 78  # of 2^256
_MOST_QUOTES = 2_048  # 8 agreements have 700
_MOST_BRACKETS = (
    512  # more than 8 agreements or 50 verdicts have; deeper nests than an interpreter's calls can't be
)


def are_digits(text: str, most: int) -> bool:
    """Return whether this is one to `most` decimal digits."""
    return 0 < len(text) <= most and all("0" <= c <= "9" for c in text)


def parsed(raw: bytearray, length: int) -> object:
    """Return the JSON in the first bytes of a buffer, whose rest is blanked."""
    blanks = b" " * 64
    for at in range(length, len(raw), 64):
        end = min(at + 64, len(raw))
        raw[at:end] = blanks[: end - at]
    if raw.count(b"[") + raw.count(b"{") > _MOST_BRACKETS:
        raise SourceError("the answer has too many parts")
    if raw.count(b'"') > _MOST_QUOTES or _has_long_number(raw, length):
        raise SourceError("the answer has too many texts, or a number without end")
    buffer: "Any" = (
        raw  # both Pythons read JSON from a bytearray; MicroPython's stub knows only text and bytes
    )
    try:
        return json.loads(buffer)
    except (ValueError, RuntimeError):  # CPython's recursion
        raise SourceError("the answer is no JSON")


def _has_long_number(raw: bytearray, length: int) -> bool:
    """Return whether more digits stand in a row than any number has; to read one of thousands takes seconds.

    Hex in texts may have that many zeros. What is between texts is looked at in strides that meet each such row.
    """
    at = 0
    while 0 <= at < length:
        quote = raw.find(b'"', at)
        end = length if quote < 0 else quote
        for k in range(at + _MOST_DIGITS, end, _MOST_DIGITS + 1):
            first = last = k
            while first >= at and 48 <= raw[first] <= 57:
                first -= 1
            while last < end and 48 <= raw[last] <= 57:
                last += 1
            if last - first > _MOST_DIGITS + 1:
                return True
        if quote < 0:
            return False
        at = raw.find(b'"', quote + 1)
        while at > 0 and raw[at - 1] == 92 and _is_escaped(raw, at):
            at = raw.find(b'"', at + 1)
        at = at + 1 if at > 0 else -1
    return False


def _is_escaped(raw: bytearray, at: int) -> bool:
    """Return whether an odd number of backslashes stands before."""
    first = at
    while raw[first - 1] == 92:
        first -= 1
    return (at - first) % 2 == 1
