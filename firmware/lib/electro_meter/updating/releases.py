# SPDX-License-Identifier: Apache-2.0
"""Take a release that somebody brings: whose keys signed it, and what its bundle's head adds. Nothing is fetched here.

A release travels as JSON beside its bundle, `<chip>.json` beside `<manifest>.bundle`:

    {"release": {"manifest": "0x…", "version": 7, "deadline": 1800000000},
     "signatures": {"operator": "0x…", "consumer": "0x…"}}

Over the network both keys must be pinned, be two, and have signed for this meter's chain and contract. Over the serial
line those that are pinned must have; whoever holds the chip can replace everything anyway.
"""

from electro_protocol.address import address_of
from electro_protocol.eip712 import Domain
from electro_protocol.releases import FirmwareRelease
from electro_protocol.reports import Message
from electro_protocol.untrusted import hex_bytes

from ..heap import ARITHMETIC, forget_modules
from .bundle import BundleError, Head
from .state import Offer, State, refusal

ROLES = ("operator", "consumer")
# What only looking at signatures needs, 16 KB.
_RECOVERING = ("electro_protocol.recovery", "electro_protocol._plain")
_NOBODY = bytes(20)


class ReleaseError(ValueError):
    """A release that is not taken; the sentence says why."""


class Release:
    """A release that is signed by whom it must be, for one meter, and not refused by its state."""

    def __init__(self, untrusted: object, domain: Domain, state: State, now_s: int, serial: bool) -> None:
        """now_s: the time now. What is cheap to look at comes before the signatures.

        Raises ReleaseError.
        """
        if not isinstance(untrusted, dict):
            raise ReleaseError("that is no release")
        try:
            message = FirmwareRelease.from_json(untrusted.get("release"))
        except ValueError as error:  # MessageError, whose module comes and goes
            raise ReleaseError(f"that is no release: {error}")
        assert isinstance(message, FirmwareRelease)  # its class made it
        self.manifest = message.manifest
        self.version = message.version
        self.deadline_s = message.deadline
        self._state = state
        self._serial = serial
        self._now_s = now_s
        why = refusal(state, self._offer(state.operator, state.consumer), now_s)
        if why:
            raise ReleaseError(why)
        if not serial:
            must_be_two(state)
        must_have_signed(message, domain, state, untrusted.get("signatures"))

    def offer(self, head: Head, chip: str, firmware: "tuple[int, ...]") -> Offer:
        """Return the offer that release and head make together, for this chip and its MicroPython.

        Raises ReleaseError.
        """
        if head.manifest != self.manifest or head.version != self.version:
            raise ReleaseError("the bundle is not the one that was signed")
        try:
            head.suits(chip, firmware)
        except BundleError as error:
            raise ReleaseError(str(error))
        operator = self._state.operator if head.operator is None else head.operator
        consumer = self._state.consumer if head.consumer is None else head.consumer
        if operator == consumer != _NOBODY:
            raise ReleaseError("the release keys must be two")
        return self._offer(operator, consumer)

    def _offer(self, operator: bytes, consumer: bytes) -> Offer:
        return Offer(self.manifest, self.version, self.deadline_s, operator, consumer, self._serial)


def must_be_two(state: State) -> None:
    """Raise ReleaseError unless what comes over the network can be held to two keys."""
    if _NOBODY in (state.operator, state.consumer) or state.operator == state.consumer:
        raise ReleaseError(
            "two release keys must be pinned: without them updates come over the serial line only"
        )


def must_have_signed(message: Message, domain: Domain, state: State, untrusted: object) -> None:
    """Raise ReleaseError unless those whose keys are pinned have signed a message.

    untrusted: signatures in hex by role.
    """
    digest = b""
    try:
        from electro_protocol.recovery import recover

        for role, key in (("operator", state.operator), ("consumer", state.consumer)):
            if key == _NOBODY:
                continue
            if not isinstance(untrusted, dict) or role not in untrusted:
                raise ReleaseError(f"the {role}'s release key has not signed it")
            digest = digest or message.digest(domain)
            try:
                signer = address_of(recover(digest, hex_bytes(role, untrusted[role])))
            except ValueError as error:  # MessageError, or SignatureError, whose modules come and go
                raise ReleaseError(f"the {role}'s signature is none: {error}")
            if signer != key:
                raise ReleaseError(
                    f"the {role}'s signature is of another key, or for another release, set, chain or contract"
                )
    finally:
        forget_modules(_RECOVERING + ARITHMETIC)
