# SPDX-License-Identifier: Apache-2.0
"""What the two release keys sign: a meter imports it when somebody offers it an update, and else never."""

from .reports import Message, MessageError


class FirmwareRelease(Message):
    """The wish that every meter of this contract run the program of a manifest, offered until the deadline.

    manifest is the keccak256 of a bundle's head; a meter takes no version that is not above its own.
    """

    TYPE = "FirmwareRelease(bytes32 manifest,uint32 version,uint40 deadline)"

    def __init__(self, manifest: bytes, version: int, deadline: int) -> None:
        self.manifest = manifest
        self.version = version
        self.deadline = deadline
        self._check()
        if not version:
            raise MessageError("version must be 1 or more")

    def values(self) -> "tuple[int | bytes, ...]":
        return self.manifest, self.version, self.deadline
