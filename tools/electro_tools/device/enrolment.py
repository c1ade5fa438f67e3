# SPDX-License-Identifier: Apache-2.0
"""Keep a device's enrolment in a file, from whoever has the chip to the operator who enrols it.

It holds nothing secret: an address, and the device's signed wish to belong to this contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import DeviceEnrollment, MessageError
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Enrolment:
    """A device's signed DeviceEnrollment for one chain and contract; the signature is verified."""

    device: bytes
    chain_id: int
    contract: bytes
    signed: SignedMessage

    @property
    def message(self) -> DeviceEnrollment:
        """The enrolment the device signed."""
        assert isinstance(self.signed.message, DeviceEnrollment)  # from_json saw to it
        return self.signed.message

    def to_json(self) -> dict[str, Any]:
        """Return the file's content."""
        return {
            "device": address.checksum(self.device),
            "chain_id": self.chain_id,
            "contract": address.checksum(self.contract),
            "enrollment": self.signed.to_json(),
        }

    @classmethod
    def from_json(cls, untrusted: Any) -> Enrolment:
        """Return the enrolment of a JSON object whose signature is the device's.

        Raises:
            ValueError: with a sentence, if something is missing or does not fit.
        """
        if not isinstance(untrusted, dict):
            raise ValueError("it is no JSON object")
        try:
            device, contract = address.parse(untrusted["device"]), address.parse(untrusted["contract"])
            chain_id, signed = untrusted["chain_id"], SignedMessage.from_json(untrusted["enrollment"])
        except KeyError as error:
            raise ValueError(f"{error.args[0]} is missing") from error
        if not isinstance(chain_id, int) or isinstance(chain_id, bool) or chain_id < 1:
            raise ValueError("chain_id must be a positive number")
        if not isinstance(signed.message, DeviceEnrollment):
            raise ValueError(f"its message is an {type(signed.message).__name__}, not a DeviceEnrollment")
        try:
            signer = signed.signer(Domain(chain_id, contract))
        except (SignatureError, MessageError) as error:
            raise ValueError(f"its signature is none: {error}") from error
        if signer != device:
            raise ValueError(
                f"its signature is not of {address.checksum(device)} for this chain and contract"
            )
        return cls(device, chain_id, contract, signed)


def read(file: Path) -> Enrolment:
    """Read and verify an enrolment file.

    Raises:
        ToolError: it is not there, no JSON, or its signature does not hold.
    """
    try:
        return Enrolment.from_json(papers.content_of(file))
    except ValueError as error:
        raise ToolError(
            f"{file} is no enrolment: {error}", "electro device provision writes such a file"
        ) from error


def write(file: Path, enrolment: Enrolment) -> None:
    """Write an enrolment file; an earlier one of the same device gives way, nothing else does.

    Raises:
        ToolError: the file holds something else, or can't be written.
    """
    if file.exists() and read(file).device == enrolment.device:
        beside = file.with_name(file.name + ".new")
        beside.unlink(missing_ok=True)
        papers.write(beside, enrolment)
        beside.replace(file)
        return
    papers.write(file, enrolment)
