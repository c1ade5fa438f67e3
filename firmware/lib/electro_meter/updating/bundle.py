# SPDX-License-Identifier: Apache-2.0
"""Know a bundle, one file that holds a program: what its head says, and whether a folder holds just that program.

| part | what | is held by |
|---|---|---|
| head | lines of a name and a value, and an empty one: below | the release, which signs its keccak256 |
| list | a line for each file: sha256, bytes, path in the folder | the head, which has its sha256 and bytes |
| contents | the files, one after the other, in the order of the list | the list |

    electro firmware 1
    version 7
    chip xtensawin           as mpy-cross calls it
    micropython 1.23         the least
    operator 0x…             optional: the release keys once it is committed
    consumer 0x…
    list <sha256> <bytes>
    contents <bytes>

A folder is filled as the bundle has it; the file `whole` is written last and goes first, and boot.py looks for it.
"""

import hashlib
import os
from binascii import hexlify

from electro_protocol.address import parse as parse_address
from electro_protocol.keccak import keccak256

from ..world import NO_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Entry = tuple[str, int, str, int]

MARK = "whole"
HEAD_FILE, LIST_FILE = "head", "list"
MOST_HEAD_BYTES = 512
MOST_LIST_BYTES = 32_768
MOST_FILE_BYTES = 65_536
MOST_BYTES = 393_216  # two programs of this size and the journal's megabyte fit 2 MB of flash
_FIRST = "electro firmware 1"
_PACKAGES = ("electro_protocol", "electro_meter")
_PIECE = 512
_FOLDER = 0x4000  # in a file's mode


class BundleError(ValueError):
    """What is no bundle, or not the one that it should be; the sentence says what."""


class Head:
    """What a head says."""

    def __init__(self, raw: bytes) -> None:
        """Read it, the empty line included.

        Raises BundleError.
        """
        self.raw = raw
        self.manifest: bytes = keccak256(raw)
        lines = _ascii(raw, MOST_HEAD_BYTES).split("\n")
        if lines[0] != _FIRST or lines[-2:] != ["", ""]:
            raise BundleError("it is no bundle of a firmware that this one knows")
        words = {}
        for line in lines[1:-2]:
            name, _, value = line.partition(" ")
            if name in words:
                raise BundleError(f"its head says {name} twice")
            words[name] = value
        self.version = _whole(words, "version", 1, (1 << 32) - 1)
        self.chip = words.pop("chip", "")
        major, _, minor = words.pop("micropython", "").partition(".")
        self.least = _number("micropython", major, 1, 99), _number("micropython", minor, 0, 999)
        self.operator = _address(words, "operator")
        self.consumer = _address(words, "consumer")
        self.list_sha256, _, size = words.pop("list", "").partition(" ")
        self.list_bytes = _number("list", size, 1, MOST_LIST_BYTES)
        self.contents_bytes = _whole(words, "contents", 1, MOST_BYTES)
        if words:
            raise BundleError(f"its head says {next(iter(words))[:20]}, which nobody knows")

    def suits(self, chip: str, firmware: "tuple[int, ...]") -> None:
        """Raise BundleError unless it is for this chip and MicroPython."""
        if self.chip != chip:
            raise BundleError(f"it is for {self.chip[:20]}, and this chip is {chip}")
        if tuple(firmware[:2]) < self.least:
            raise BundleError(f"it needs MicroPython {self.least[0]}.{self.least[1]}")


def _ascii(raw: bytes, most: int) -> str:
    if len(raw) > most or max(raw or b"\xff") > 126:
        raise BundleError(f"it has more than {most} bytes where text is expected, or no text")
    return raw.decode()


def _number(name: str, text: str, least: int, greatest: int) -> int:
    if 0 < len(text) <= 10 and all("0" <= c <= "9" for c in text) and least <= int(text) <= greatest:
        return int(text)
    raise BundleError(f"{name} is no number from {least} to {greatest}")


def _whole(words: "dict[str, str]", name: str, least: int, greatest: int) -> int:
    return _number(name, words.pop(name, ""), least, greatest)


def _address(words: "dict[str, str]", name: str) -> "bytes | None":
    if name not in words:
        return None
    try:
        return parse_address(words.pop(name))
    except ValueError as error:
        raise BundleError(f"{name}: {error}")


def entries(folder: str, head: Head) -> "Iterator[Entry]":
    """Go through the list in a folder: path, bytes, sha256 in hex, and where in the bundle its content begins.

    Raises BundleError if it is not the head's list, or names what no program has; OSError if it can't be read now.
    """
    if _sha256(f"{folder}/{LIST_FILE}", head.list_bytes) != head.list_sha256:
        raise BundleError("the list of files is not the one that was signed")
    at = len(head.raw) + head.list_bytes
    end = at + head.contents_bytes
    with open(f"{folder}/{LIST_FILE}") as file:
        for line in file:
            sha256, _, rest = line.rstrip("\n").partition(" ")
            size, _, path = rest.partition(" ")
            count = _number("a file's size", size, 0, MOST_FILE_BYTES)
            _check_path(path)
            yield path, count, sha256, at
            at += count
    if at != end:
        raise BundleError("the contents are longer or shorter than the head says")


def _check_path(path: str) -> None:
    """Raise BundleError unless it stays in the folder and is what a program consists of."""
    parts = path.split("/")
    if len(path) > 64 or len(parts) > 4 or parts[0] not in _PACKAGES or path[-4:] != ".mpy":
        raise BundleError("the list names what is no file of a program")
    for part in parts:
        if (
            not part
            or part[0] == "."
            or not all("a" <= c <= "z" or "0" <= c <= "9" or c in "_." for c in part)
        ):
            raise BundleError("the list names what is no file of a program")


def _sha256(path: str, size: int) -> str:
    """Return the hash of a file in hex, "" if it is not there or has another size.

    Raises OSError if it can't be read now.
    """
    digest = hashlib.sha256()
    piece = bytearray(_PIECE)
    view = memoryview(piece)
    count = 0
    try:
        with open(path, "rb") as file:
            while True:
                got = file.readinto(piece)
                if not got:
                    break
                digest.update(view[:got])
                count += got
    except OSError as error:
        _only_missing(error)
        return ""
    return hexlify(digest.digest()).decode() if count == size else ""


def is_right(folder: str, path: str, size: int, sha256: str) -> bool:
    """Return whether a file of the list is there as it should be. Raises OSError if it can't be read now."""
    return _sha256(f"{folder}/{path}", size) == sha256


def head_of(folder: str) -> Head:
    """Return the head that is kept in a folder.

    Raises BundleError, and OSError if it can't be read now.
    """
    try:
        with open(f"{folder}/{HEAD_FILE}", "rb") as file:
            return Head(file.read(MOST_HEAD_BYTES + 1))
    except OSError as error:
        _only_missing(error)
        raise BundleError("no program was begun there")


def open_folder(folder: str) -> None:
    """Make ready to fill a folder: from now on it is not whole."""
    make_folder(folder)
    _remove(f"{folder}/{MARK}")


def make_folder(path: str) -> None:
    """Make a folder and those above it, unless they are there."""
    at = path.find("/")
    while at >= 0:
        _make(path[:at])
        at = path.find("/", at + 1)
    _make(path)


def close_folder(folder: str, manifest: bytes) -> None:
    """Check every file of a folder, take away what does not belong there, and mark it as whole.

    Raises BundleError, and OSError if the flash can't tell now; the folder is not whole then.
    """
    head = head_of(folder)
    if head.manifest != manifest:
        raise BundleError("the head is not the one that was signed")
    for path, size, sha256, _ in entries(folder, head):
        if not is_right(folder, path, size, sha256):
            raise BundleError(f"{path} is not what was signed")
    for package in _PACKAGES:
        _tidy(folder, package, True)
    with open(f"{folder}/{MARK}", "w") as file:
        file.write(hexlify(manifest).decode())


def empty_folder(folder: str) -> None:
    """Take away the program in a folder, whole or half: the journal needs the room."""
    for name in (MARK, HEAD_FILE, LIST_FILE):
        _remove(f"{folder}/{name}")
    for package in _PACKAGES:
        _tidy(folder, package, False)


def _tidy(folder: str, below: str, may_stay: bool) -> None:
    """Remove what the list does not name, or all: a module that is gone must not be importable."""
    try:
        names = os.listdir(f"{folder}/{below}")
    except OSError as error:
        _only_missing(error)
        return  # a program without that package
    for name in names:
        path = f"{below}/{name}"
        if os.stat(f"{folder}/{path}")[0] & _FOLDER:
            _tidy(folder, path, may_stay)
        elif not may_stay or not _is_listed(folder, path):
            _remove(f"{folder}/{path}")
    if not may_stay:
        try:
            os.rmdir(f"{folder}/{below}")  # two blocks of the flash
        except OSError:
            pass  # something of a person's is in it


def _is_listed(folder: str, path: str) -> bool:
    with open(f"{folder}/{LIST_FILE}") as file:
        for line in file:
            if line.rstrip("\n").rpartition(" ")[2] == path:
                return True
    return False


def _make(path: str) -> None:
    try:
        os.mkdir(path)
    except OSError:
        pass  # it is there


def _remove(path: str) -> None:
    """Remove a file if it is there. Raises OSError if it is and stays."""
    try:
        os.remove(path)
    except OSError as error:
        _only_missing(error)


def _only_missing(error: OSError) -> None:
    """Raise it again unless it says that there is no such file."""
    if error.errno not in NO_FILE:
        raise error
