# SPDX-License-Identifier: Apache-2.0
"""Keep the agreements over a restart in a file; a missing or damaged one means that the sources are asked first."""

import json
import os
from binascii import hexlify, unhexlify

from .agreement import Agreement
from .errors import SourceError
from .sources import terms, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST_FILE_BYTES = 8_192


def write(path: str, kept: "list[Agreement]") -> bool:
    """Return whether the flash took them; one that fails is no reason to stop: sources tell it again.

    Sealed ones are not kept: their bands would be most of the file.
    """
    try:
        with open(path + ".new", "w") as file:
            json.dump([_to_json(one) for one in kept if not one.seal], file)
        os.rename(path + ".new", path)  # a power cut leaves the old file or the new one
    except OSError:
        return False
    return True


def read(path: str) -> "list[Agreement]":
    """Return what was kept."""
    try:
        with open(path) as file:
            text = file.read(MOST_FILE_BYTES)
        return [_from_json(one) for one in json.loads(text)]
    except (OSError, ValueError, TypeError, KeyError, SourceError):
        return []


def _to_json(one: Agreement) -> "list[object]":
    numbers = [one.id, one.start_s, one.slots, one.interval_s, one.intervals, one.unit_wh]
    return [numbers, hexlify(one.code_hash).decode(), one.pinned, one.owner]


def _from_json(kept: "Any") -> Agreement:
    numbers, code_hash, pinned, owner = kept
    number, start_s, slots, interval_s, intervals, unit_wh = numbers
    raw = unhexlify(code_hash)
    if len(raw) != 32 or not isinstance(pinned, bool) or not isinstance(owner, str):
        raise ValueError
    # what a power cut or a stranger left is checked as terms are
    header = bytearray(97)
    for at, size, value in ((1, 2, slots), (3, 4, interval_s), (7, 4, intervals), (11, 4, unit_wh)):
        header[at : at + size] = whole("a kept number", value, 0, (1 << (8 * size)) - 1).to_bytes(size, "big")
    one = Agreement(
        whole("a kept id", number, 1, (1 << 64) - 1),
        whole("a kept start", start_s, 0, (1 << 40) - 1),
        raw,
        terms(header),
    )
    one.pinned = pinned
    one.owner = owner
    return one
