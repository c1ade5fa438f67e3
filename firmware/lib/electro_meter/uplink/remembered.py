# SPDX-License-Identifier: Apache-2.0
"""Keep the agreements over a restart in a file; a missing or damaged one means that the sources are asked first.

One that can't be read now is looked at again with each answer of a source, and not written over for an hour.

The bands of a sealed one, up to 3 KB, are in a file beside it, by the hash of its terms' code; renewals share one. What
the other file has of it is their hash.
"""

import json
import os
from binascii import hexlify, unhexlify

from electro_protocol.keccak import keccak256

from ..world import NO_FILE
from .agreement import Agreement
from .errors import SourceError
from .sources import terms, whole

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .agreements import Agreements

MOST = 16
UNREAD_US = 3_600_000_000  # after a start, until a file that can't be read gives way to what sources tell
MOST_FILE_BYTES = 8_192
MOST_SEALS = 4  # files: what runs, comes and is still owed to, with one to spare
_MOST_SEAL_BYTES = 32 + 16 + 4 * 672


def write(agreements: "Agreements", now_us: int) -> bool:
    """Return whether the flash took them; one that fails is no reason to stop: sources tell it again."""
    if agreements.unread and now_us < UNREAD_US:
        return False
    path = agreements.path
    seals: "list[str]" = []
    listed = []
    try:
        for one in sorted(agreements.all, key=lambda one: not one.pinned)[:MOST]:
            name = _seal_file(path, one.code_hash)
            if one.seal and name not in seals:
                if len(seals) == MOST_SEALS:
                    continue
                seals.append(name)
                if not _holds(name, one.seal):
                    with open(name, "wb") as seal:
                        seal.write(one.seal)
            listed.append(_to_json(one))
        with open(path + ".new", "w") as file:
            json.dump(listed, file)
        os.rename(path + ".new", path)  # a power cut leaves the old file or the new one
        agreements.unread = False
        folder, _, begins = path.rpartition("/")
        for name in os.listdir(folder):
            if name.startswith(begins + ".seal") and f"{folder}/{name}" not in seals:
                os.remove(f"{folder}/{name}")
    except OSError:
        return False
    return True


def recall(agreements: "Agreements") -> None:
    """Take over what was kept, as soon as the flash can tell it: until then that is not known, and not nothing."""
    try:
        kept = read(agreements.path)[:MOST]
    except OSError:
        return
    agreements.unread = False
    since = [one.id for one in agreements.all if one.pinned]
    kept = [one for one in kept if one.id not in since]
    numbers = [one.id for one in kept]
    agreements.all = kept + [one for one in agreements.all if one.id not in numbers]


def read(path: str) -> "list[Agreement]":
    """Return what is in a file. Raises OSError if the flash can't tell it now."""
    kept = []
    try:
        with open(path) as file:
            text = file.read(MOST_FILE_BYTES)
        for each in json.loads(text):
            seal = b""
            if each[4]:
                seal = _content(_seal_file(path, unhexlify(each[1])))
                if hexlify(keccak256(seal)).decode() != each[4]:
                    continue  # a power cut: sources tell it again
            kept.append(_from_json(each, seal))
    except OSError as error:
        if error.errno not in NO_FILE:
            raise
        return []
    except (ValueError, TypeError, KeyError, IndexError, SourceError, RuntimeError, MemoryError):
        return []  # nested deeply, that takes a stack or a heap
    return kept


def _seal_file(path: str, code_hash: bytes) -> str:
    return path + ".seal" + hexlify(code_hash[:8]).decode()


def _content(name: str) -> bytes:
    try:
        with open(name, "rb") as file:
            content: bytes = file.read(_MOST_SEAL_BYTES + 1)
    except OSError as error:
        if error.errno not in NO_FILE:
            raise
        return b""
    return content


def _holds(name: str, seal: bytes) -> bool:
    """Return whether a file has a seal already; of one that can't be read it is not known."""
    try:
        return _content(name) == seal
    except OSError:
        return False


def _to_json(one: Agreement) -> "list[object]":
    numbers = [one.id, one.start_s, one.slots, one.interval_s, one.intervals, one.unit_wh]
    seal = hexlify(keccak256(one.seal)).decode() if one.seal else ""
    return [numbers, hexlify(one.code_hash).decode(), one.pinned, one.owner, seal]


def _from_json(kept: "Any", seal: bytes) -> Agreement:
    numbers, code_hash, pinned, owner, _ = kept
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
        terms(header) + (seal,),
    )
    one.pinned = pinned
    one.owner = owner
    return one
