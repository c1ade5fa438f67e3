# SPDX-License-Identifier: Apache-2.0
"""Remember for a minute what was refused, so that the meter hears why, and who sends it again costs nobody anything.

Bounded in number and time, and lost with the process: the contract would only say the same again.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from electro_contracts.errors import REASONS
from electro_relayer.errors import (
    BadSignature,
    FitsNoBlock,
    NotServed,
    RefusedByContract,
    RefusedByNodes,
    http_answer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.errors import Refusal
    from electro_relayer.incoming.intake import Verified

REMEMBERED_S = 60.0  # the operator may have mended the cause meanwhile: then the contract is asked again
MAX_REMEMBERED = 4096
Identity = tuple[bytes, bytes]  # of a message: device and digest
MAX_TOLD = 10  # of one meter, in one answer: it has little memory
# Where the meter stands explains these better, and the chain may meanwhile hold the very message.
_EXPLAINED_BY_STANDING = ("WrongSequence", "KnownOutage")


class _Remembered(NamedTuple):
    at: float
    digest: bytes
    agreement_id: int
    reason: str


class Refusals:
    """Holds reasons, not exceptions: one that is raised again and again gathers the frames of all who raised it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[Identity, _Remembered] = OrderedDict()
        self._of: dict[bytes, OrderedDict[Identity, None]] = {}  # each meter's, the latest last

    def remember(self, verified: Verified, reason: str) -> Refusal:
        """Note that the contract gave this reason, a name of its errors or words of ours; return it as an answer."""
        if reason not in _EXPLAINED_BY_STANDING:
            identity = verified.identity
            self._known[identity] = _Remembered(self._clock(), verified.digest, verified.agreement_id, reason)
            self._known.move_to_end(identity)
            mine = self._of.setdefault(verified.device, OrderedDict())
            mine[identity] = None
            mine.move_to_end(identity)
            if len(self._known) > MAX_REMEMBERED:
                self._forget_oldest()
        return refusal_of(reason, verified.agreement_id)

    def of(self, verified: Verified) -> Refusal | None:
        """Return what became of the message, if it was refused lately."""
        if not self._known:
            return None
        self._expire()
        found = self._known.get(verified.identity)
        return refusal_of(found.reason, found.agreement_id) if found is not None else None

    def of_device(self, device: bytes) -> list[dict[str, Any]]:
        """Return the latest refusals of a meter's messages as its GET answer tells them."""
        self._expire()
        latest = [self._known[identity] for identity in islice(reversed(self._of.get(device, ())), MAX_TOLD)]
        return [
            {
                "digest": "0x" + each.digest.hex(),
                "agreement_id": each.agreement_id,
                **http_answer(refusal_of(each.reason, each.agreement_id))[1],
            }
            for each in reversed(latest)
        ]

    def _expire(self) -> None:
        oldest = self._clock() - REMEMBERED_S
        while self._known and next(iter(self._known.values())).at < oldest:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        identity, _ = self._known.popitem(last=False)
        mine = self._of[identity[0]]
        del mine[identity]
        if not mine:
            del self._of[identity[0]]


def refusal_of(reason: str, agreement_id: int) -> Refusal:
    """Turn the name of a contract's error into the answer a sender gets."""
    if reason == "BadSignature":
        return BadSignature("The contract recovers no signer from this signature.")
    if reason == "UnknownDevice":
        return NotServed(agreement_id)
    if reason == "FitsNoBlock":
        return FitsNoBlock("No block has room for what this message takes.")
    if reason not in REASONS.values():
        return RefusedByNodes("The nodes refuse, again and again, what would carry this message alone.")
    return RefusedByContract(reason, f"The contract refuses the message: {reason}.")
