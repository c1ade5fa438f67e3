# SPDX-License-Identifier: Apache-2.0
"""Build a release of the meter's program: one bundle for a chip, and the paper that the two release keys sign."""

from __future__ import annotations

import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from electro_meter.updating.bundle import BundleError, Head
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import FirmwareRelease
from electro_tools import papers
from electro_tools.errors import ToolError

from . import firmware_files, two_keys
from .chip import OLDEST_FIRMWARE

if TYPE_CHECKING:
    from collections.abc import Mapping

# mpy-cross' names of the chips that a release can be for: ESP32 and S3; C3
CHIPS = ("xtensawin", "rv32imc")


@dataclass(frozen=True)
class Built:
    """A bundle: its bytes, what its head says, and how many files it holds."""

    raw: bytes
    head: Head
    files: int


def bundle_of(files: Mapping[str, bytes], version: int, chip: str, keys: Mapping[str, bytes | None]) -> Built:
    """Return the bundle of files by their path in a slot's folder.

    Args:
        files: path below lib/ to content.
        version: above every one before.
        chip: as mpy-cross calls its architecture.
        keys: by role, release keys that are to be in force once it is committed; None: they stay.
    """
    listed = "".join(
        f"{hashlib.sha256(content).hexdigest()} {len(content)} {path}\n" for path, content in files.items()
    ).encode()
    contents = b"".join(files.values())
    lines = [
        "electro firmware 1",
        f"version {version}",
        f"chip {chip}",
        "micropython {}.{}".format(*OLDEST_FIRMWARE),
        *(f"{role} {address.checksum(key)}" for role, key in keys.items() if key is not None),
        f"list {hashlib.sha256(listed).hexdigest()} {len(listed)}",
        f"contents {len(contents)}",
    ]
    head = ("\n".join(lines) + "\n\n").encode()
    return Built(head + listed + contents, Head(head), len(files))


def build(version: int, chip: str, keys: Mapping[str, bytes | None]) -> Built:
    """Compile the meter's program for a chip into a bundle.

    Raises:
        ToolError: see firmware_files.compile_for.
    """
    with tempfile.TemporaryDirectory() as folder:
        compiled = firmware_files.compile_for(chip, Path(folder))
        files = {file.place.removeprefix("lib/"): file.local.read_bytes() for file in compiled}
    return bundle_of(files, version, chip, keys)


def read_release(paper_file: Path) -> tuple[Paper, Built]:
    """Return a release's paper, and its bundle, which lies beside it and is the one that the paper names.

    Raises:
        ToolError: one of them is not there, or they are of two releases.
    """
    paper = read_paper(paper_file)
    built = read_bundle(paper_file.with_name(f"{paper.message.manifest.hex()}.bundle"))
    if built.head.manifest != paper.message.manifest:
        raise ToolError(
            "the bundle is not the one that the paper names", "both files must be of one `release`"
        )
    return paper, built


def read_bundle(file: Path) -> Built:
    """Return a bundle's content, every hash checked.

    Raises:
        ToolError: it can't be read, or is no bundle.
    """
    try:
        raw = file.read_bytes()
    except OSError as error:
        raise ToolError(f"the bundle {file} can't be read: {error.strerror}") from error
    try:
        head = Head(raw[: raw.find(b"\n\n") + 2])
        contents = files_of(raw, head)
    except BundleError as error:
        raise ToolError(f"{file} is no bundle: {error}", "electro device release builds one") from error
    return Built(raw, head, len(contents))


def files_of(raw: bytes, head: Head) -> dict[str, bytes]:
    """Return the files of a bundle by their path, as its list has them.

    Raises:
        BundleError: a hash or a size is not what the head or the list says.
    """
    listed = raw[len(head.raw) : len(head.raw) + head.list_bytes]
    if hashlib.sha256(listed).hexdigest() != head.list_sha256:
        raise BundleError("the list of files is not the head's")
    found: dict[str, bytes] = {}
    at = len(head.raw) + head.list_bytes
    for line in listed.decode("ascii", "replace").splitlines():
        sha256, size, path = [*line.split(" "), "", "", ""][:3]
        content = raw[at : at + int(size)] if size.isdecimal() and len(size) < 10 else b""
        if hashlib.sha256(content).hexdigest() != sha256:
            raise BundleError(f"{path or 'a file'} is not what the list says")
        found[path] = content
        at += len(content)
    if at != len(raw) or at != len(head.raw) + head.list_bytes + head.contents_bytes:
        raise BundleError("it is longer or shorter than its head says")
    return found


@dataclass(frozen=True)
class Paper(two_keys.Paper):
    """A release for the meters of one contract."""

    NAME = "release"

    message: FirmwareRelease

    def content(self) -> dict[str, Any]:
        """Return what a meter reads beside the signatures."""
        return {"release": self.message.to_json()}


def read_paper(file: Path) -> Paper:
    """Read a release's paper; each signature in it is somebody's.

    Raises:
        ToolError: it is not there, or no such paper.
    """
    content = papers.content_of(file)
    try:
        domain = Domain(int(content["chain_id"]), address.parse(content["contract"]))
        message = FirmwareRelease.from_json(content["release"])
        assert isinstance(message, FirmwareRelease)  # its class made it
        signatures = two_keys.signatures_of(content)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        wrong = papers.what_is_wrong(error)
        raise ToolError(f"{file} is no release: {wrong}", "electro device release writes one") from error
    return Paper(domain, message, signatures=signatures).checked()
