# SPDX-License-Identifier: Apache-2.0
"""Remember for a minute what the contract refused after a 202, so that the meter hears it when it comes again.

Bounded in number and time, and lost with the process: the contract would only say the same again.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

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
MAX_TOLD = 10  # of one meter, in one answer: it has little memory
# Where the meter stands explains these better, and the chain may meanwhile hold the very message.
_EXPLAINED_BY_STANDING = ("WrongSequence", "KnownOutage")


class Refusals:
    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._known: OrderedDict[tuple[bytes, bytes], tuple[float, Verified, Refusal]] = OrderedDict()

    def remember(self, verified: Verified, reason: str) -> Refusal:
        """Note that the contract gave this reason, a name of its errors or words of ours; return it as an answer."""
        refusal = refusal_of(reason, verified)
        if reason not in _EXPLAINED_BY_STANDING:
            self._known[verified.identity] = (self._clock(), verified, refusal)
            self._known.move_to_end(verified.identity)
            if len(self._known) > MAX_REMEMBERED:
                self._known.popitem(last=False)
        return refusal

    def of(self, verified: Verified) -> Refusal | None:
        """Return what became of the message, if it was refused lately."""
        if not self._known:
            return None
        self._expire()
        found = self._known.get(verified.identity)
        # raised again and again, it would gather the frames of all who raised it
        return found[2].with_traceback(None) if found is not None else None

    def of_device(self, device: bytes) -> list[dict[str, Any]]:
        """Return the latest refusals of a meter's messages as its GET answer tells them."""
        self._expire()
        mine = [(v, refusal) for _, v, refusal in self._known.values() if v.device == device]
        return [
            {
                "digest": "0x" + verified.digest.hex(),
                "agreement_id": verified.agreement_id,
                **http_answer(refusal)[1],
            }
            for verified, refusal in mine[-MAX_TOLD:]
        ]

    def _expire(self) -> None:
        oldest = self._clock() - REMEMBERED_S
        while self._known and next(iter(self._known.values()))[0] < oldest:
            self._known.popitem(last=False)


def refusal_of(reason: str, verified: Verified) -> Refusal:
    """Turn the name of a contract's error into the answer a sender gets."""
    if reason == "BadSignature":
        return BadSignature("The contract recovers no signer from this signature.")
    if reason == "UnknownDevice":
        return NotServed(verified.agreement_id)
    if reason == "FitsNoBlock":
        return FitsNoBlock("No block has room for what this message takes.")
    if reason not in REASONS.values():
        return RefusedByNodes("The nodes refuse, again and again, what would carry this message alone.")
    return RefusedByContract(reason, f"The contract refuses the message: {reason}.")
