# SPDX-License-Identifier: Apache-2.0
"""Open a load file: its bytes out of gz and zip, bounded, however deep they promise to be."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from electro_plan.errors import Choice, PlanError, Undecided
from electro_plan.sentence import foreign, sentence
from electro_plan.text.printing import listed

if TYPE_CHECKING:
    from pathlib import Path
    from typing import IO

MOST_BYTES = 512 * 2**20  # a minute's row of 40 bytes for 25 years: no load history is larger
_MOST_WRAPPINGS = 3  # a gz in a zip, as some portals send, and one more
_GZIP_MAGIC = b"\x1f\x8b"  # RFC 1952, section 2.3.1
_ZIP_MAGIC = b"PK\x03\x04"  # APPNOTE.TXT 4.3.7
_SHEET_PARTS = ("xl/workbook.xml", "xl/workbook.bin", "content.xml")  # XLSX, XLSB, ODS are zips themselves
_BLOCK = 2**20


@dataclass(frozen=True)
class Opened:
    """The bytes of a load file.

    Args:
        data: what was in it, unpacked.
        name: the file's name; of a zip's member, both.
        shown: how sentences name it.
        most_bytes: that it may unpack to: whoever takes files from strangers takes fewer.
    """

    data: bytes
    name: str
    shown: str
    most_bytes: int = field(default_factory=lambda: MOST_BYTES)

    @property
    def most_cells(self) -> int:
        """How many cells of a table it may have: each takes some 60 bytes, where a figure of a text takes eight."""
        return self.most_bytes // 8


class _Several(Undecided):
    """A zip has several files."""

    def __init__(self, packed: Opened, names: list[str]) -> None:
        super().__init__(
            sentence("{0} has {1} files: {2}", packed.shown, len(names), listed(names)),
            "--dialect member",
            tuple(Choice(each, sentence("this file")) for each in names[:20]),
        )
        self.names = names


def open_file(path: Path) -> Opened:
    """Read a file as it is.

    Raises:
        PlanError: it is not there, can't be read, or is too large.
    """
    try:
        with path.open("rb") as stream:
            data = _bounded(stream, str(path), MOST_BYTES)
    except FileNotFoundError:
        raise PlanError(sentence("there is no file {0}", path)) from None
    except (OSError, ValueError) as error:
        raise PlanError(
            sentence("{0} can't be read{1}", path, foreign(getattr(error, "strerror", None) or error))
        ) from error
    return Opened(data, path.name, str(path))


def unpack_all(packed: Opened) -> list[Opened]:
    """Return every file of a zip; of anything else the one.

    Raises:
        PlanError: it is damaged, encrypted or too large.
    """
    try:
        return [unpack(packed)]
    except _Several as asked:
        opened = [unpack(packed, name) for name in asked.names]
        if sum(len(each.data) for each in opened) > packed.most_bytes:
            raise _too_large(packed) from None
        return opened


def unpack(packed: Opened, member: str | None = None) -> Opened:
    """Return what is in gz and zip wrappings; spreadsheets, which are zips too, as they are.

    Args:
        packed: as it was read.
        member: which file of a zip.

    Raises:
        PlanError: it is damaged, encrypted or too large.
        Undecided: a zip has several files.
    """
    for _ in range(_MOST_WRAPPINGS):
        if packed.data.startswith(_GZIP_MAGIC):
            packed = replace(packed, data=_gunzip(packed), name=packed.name.removesuffix(".gz"))
        elif packed.data.startswith(_ZIP_MAGIC):
            inner = _unzip(packed, member)
            if inner is None:
                return packed
            packed = inner
        else:
            return packed
    raise PlanError(
        sentence("{0} is packed more than {1} times", packed.shown, _MOST_WRAPPINGS), "unpack it first"
    )


def _gunzip(packed: Opened) -> bytes:
    try:
        with gzip.open(io.BytesIO(packed.data)) as stream:
            return _bounded(stream, packed.shown, packed.most_bytes)
    except (OSError, EOFError, zlib.error) as error:
        raise PlanError(
            sentence("{0} can't be unpacked{1}", packed.shown, foreign(error)), "its end may be missing"
        ) from error


def _unzip(packed: Opened, member: str | None) -> Opened | None:
    """Return the one file of a zip, or the one asked for; None if the zip is a spreadsheet."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed.data)) as archive:
            names = archive.namelist()
            if any(part in names for part in _SHEET_PARTS):
                _check_sizes(archive, packed)
                return None
            chosen = _choose(packed, [each for each in names if _is_file(each)], member)
            with archive.open(chosen) as stream:
                data = _bounded(stream, f"{packed.shown}:{chosen}", packed.most_bytes)
            return replace(
                packed, data=data, name=f"{packed.name}:{chosen}", shown=f"{packed.shown}:{chosen}"
            )
    except RuntimeError as error:  # zipfile's word for encrypted
        raise PlanError(sentence("{0} is encrypted", packed.shown), "unpack it first") from error
    except (zipfile.BadZipFile, OSError, EOFError, zlib.error, NotImplementedError, ValueError) as error:
        raise PlanError(sentence("{0} is a damaged zip{1}", packed.shown, foreign(error))) from error


def _check_sizes(archive: zipfile.ZipFile, packed: Opened) -> None:
    """Refuse a spreadsheet that unpacks beyond the bound; its reader unpacks it whole."""
    promised = 0
    for each in archive.infolist():
        promised += each.file_size
        if each.filename.startswith("xl/") or each.filename == "content.xml":
            # what a directory entry promises may be a lie: count what comes
            with archive.open(each) as stream:
                promised += max(0, _count(stream, packed.most_bytes) - each.file_size)
        if promised > packed.most_bytes:
            raise _too_large(packed)


def _too_large(packed: Opened) -> PlanError:
    return PlanError(sentence("{0} unpacks to more than {1} MB", packed.shown, packed.most_bytes // 2**20))


def _count(stream: IO[bytes], most_bytes: int) -> int:
    total = 0
    while (block := stream.read(_BLOCK)) and total <= most_bytes:
        total += len(block)
    return total


def _choose(packed: Opened, names: list[str], member: str | None) -> str:
    if member is not None:
        if member not in names:
            raise PlanError(
                sentence(
                    "{0} has no file {1!r}; it has {2}", packed.shown, member, ", ".join(names[:20]) or "none"
                )
            )
        return member
    if not names:
        raise PlanError(sentence("{0} has no file in it", packed.shown))
    if len(names) > 1:
        raise _Several(packed, names)
    return names[0]


def _is_file(name: str) -> bool:
    """Return whether a member is one that a person put there: macOS adds its own."""
    base = name.rpartition("/")[2]
    return bool(base) and not base.startswith(".") and not name.startswith("__MACOSX/")


def _bounded(stream: IO[bytes] | gzip.GzipFile, shown: str, most_bytes: int) -> bytes:
    parts = []
    total = 0
    while block := stream.read(_BLOCK):
        parts.append(block)
        total += len(block)
        if total > most_bytes:
            raise PlanError(
                sentence("{0} has more than {1} MB", shown, most_bytes // 2**20), "cut it into years"
            )
    return b"".join(parts)
