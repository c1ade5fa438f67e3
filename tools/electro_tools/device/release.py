# SPDX-License-Identifier: Apache-2.0
"""Build a release of the meter's program: one bundle for a chip, and the paper that the two release keys sign."""

from __future__ import annotations

import hashlib
import json
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from electro_meter.updating.bundle import BundleError, Head
from electro_meter.updating.releases import ROLES
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import FirmwareRelease, MessageError
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.errors import ToolError

from . import firmware_files
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
class Paper:
    """A release for the meters of one contract, with the signatures that it has so far."""

    domain: Domain
    message: FirmwareRelease
    signatures: dict[str, bytes] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the file's content; a meter reads `release` and `signatures` of it."""
        return {
            "chain_id": self.domain.chain_id,
            "contract": address.checksum(self.domain.contract),
            "release": self.message.to_json(),
            "signatures": {role: "0x" + one.hex() for role, one in sorted(self.signatures.items())},
        }

    def signer(self, signature: bytes) -> str:
        """Return whose signature of this release it is.

        Raises:
            ToolError: nobody's.
        """
        try:
            return address.checksum(SignedMessage(self.message, signature).signer(self.domain))
        except (SignatureError, MessageError) as error:
            raise ToolError(f"that is no signature of this release: {error}") from error

    def signed(self, role: str, signature: bytes) -> Paper:
        """Return it with one signature more.

        Raises:
            ToolError: another role has the same signer already: then one person has both keys.
        """
        signer = self.signer(signature)
        for other, theirs in self.signatures.items():
            if other != role and self.signer(theirs) == signer:
                raise ToolError(
                    f"{signer} has signed as the {other} already: two keys of two parties must sign"
                )
        return Paper(self.domain, self.message, {**self.signatures, role: signature})


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
        signatures = {
            role: bytes.fromhex(content["signatures"][role].removeprefix("0x"))
            for role in ROLES
            if role in content["signatures"]
        }
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ToolError(f"{file} is no release: {error}", "electro device release writes one") from error
    paper = Paper(domain, message, signatures)
    for signature in signatures.values():
        paper.signer(signature)
    return paper


def rewrite(file: Path, paper: Paper) -> None:
    """Put a paper in the place of the one that it continues, whole or not at all.

    Raises:
        ToolError: it can't be written.
    """
    beside = file.with_name(file.name + ".new")
    try:
        beside.write_text(json.dumps(paper.to_json(), indent=2) + "\n", encoding="utf-8")
        beside.replace(file)
    except OSError as error:
        raise ToolError(f"{file} can't be written: {error.strerror}") from error
