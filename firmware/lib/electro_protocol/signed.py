# SPDX-License-Identifier: Apache-2.0
"""A message with its signature, and the one JSON form in which it travels and is kept.

{"type": "EnergyReport", "message": {…EIP-712 names…}, "signature": "0x<65 bytes>"}
"""

from binascii import hexlify

from .address import address_of
from .eip712 import Domain
from .reports import Message, MessageError


class SignedMessage:
    """A message and r|s|v over its digest; nothing is verified until `signer` is asked."""

    def __init__(self, message: Message, signature: bytes) -> None:
        if len(signature) != 65:
            raise MessageError("signature must have 65 bytes")
        self.message = message
        self.signature = signature

    @classmethod
    def make(cls, message: Message, domain: Domain, private_key: bytes) -> "SignedMessage":
        """Sign the message for this domain."""
        from .secp256k1 import sign  # 13 KB of a chip's memory, which a meter frees between signatures

        return cls(message, sign(message.digest(domain), private_key))

    def signer(self, domain: Domain) -> bytes:
        """Return the 20-byte address whose key signed.

        Raises SignatureError if no key can have.
        """
        from .secp256k1 import recover

        return address_of(recover(self.message.digest(domain), self.signature))

    def to_json(self) -> "dict[str, object]":
        return {
            "type": type(self.message).__name__,
            "message": self.message.to_json(),
            "signature": "0x" + hexlify(self.signature).decode(),
        }

    @classmethod
    def from_json(cls, untrusted: object) -> "SignedMessage":
        """Return the signed message of a JSON object; raise MessageError, naming what does not fit."""
        from .messages import BY_NAME  # neither of which a meter needs
        from .untrusted import signed

        kind, message, signature = signed(untrusted)
        if kind not in BY_NAME:
            raise MessageError("type must be one of " + ", ".join(sorted(BY_NAME)))
        return cls(BY_NAME[kind].from_json(message), signature)
