# SPDX-License-Identifier: Apache-2.0
"""What the two release keys sign: a meter imports it when it is offered an update or validators, and else never."""

from .keccak import keccak256
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


class ValidatorSet(Message):
    """The wish that every meter of this contract check receipts by these validators, offered until the deadline.

    set_hash is `hash_of` them. A meter takes no version that is not above the one it has.
    """

    TYPE = "ValidatorSet(bytes32 set,uint32 version,uint40 deadline)"

    def __init__(self, set_hash: bytes, version: int, deadline: int) -> None:
        self.set_hash = set_hash
        self.version = version
        self.deadline = deadline
        self._check()
        if not version:
            raise MessageError("version must be 1 or more")

    def values(self) -> "tuple[int | bytes, ...]":
        return self.set_hash, self.version, self.deadline

    @staticmethod
    def hash_of(validators: "tuple[bytes, ...]") -> bytes:
        """Return keccak256 of the addresses, 20 bytes each, in rising order."""
        return keccak256(b"".join(sorted(validators)))
