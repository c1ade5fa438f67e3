# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: N818 - the names are the sentences' subjects, as callers and logs read them
"""Say what can go wrong with a message, a start or a node: a tree of code, status and sentence.

    RelayerError
      StartError                 the service can't begin; the command prints the sentence and ends with 2
        SettingError             a setting is missing, unknown or out of range
        KeyFileError             the key file is missing, readable by others, or holds no key
        NodeMissing              no node answers at the RPC address
        WrongChain               the node serves another chain than the settings name
        NoContract               no Electro contract at the address
        PortInUse                the address can't be bound
      Refusal                    an answer to one HTTP request
        Malformed           400  not a signed message; nothing was looked up
        BadSignature        403  no key signs like this, or the signature has a second encoding
        UnknownDevice       403  the key is not enrolled (404 when it is asked for by address)
        NotServed           409  the device reports to no such agreement now
        WrongSequence       409  another interval is expected; carries both numbers
        RefusedByContract   409  the contract's own check says no, in the contract's words
        FitsNoBlock         409  what it takes on chain is more than a block has
        RefusedByNodes      409  the nodes refuse what would carry it, again and again, and it alone
        NoSuchPath          404
        MistypedAddress     404  the address fails its checksum: it is nobody's
        WrongMethod         405
        TooSlow             408  the body did not arrive in time
        TooLarge            413  body or number of messages over the limit
        TooManyInFlight     429  this device has enough on its way
        TooManyMessages     429  this device sends too often
        TooManyStrangers    429  this sender shows too many signers and addresses that nobody enrolled
        GasBudgetSpent      429  this device has used its gas of the day
        QueueFull           503  back-pressure: try again later
        NodeDown            503  the chain can't be asked right now
        Draining            503  the service is going down; another replica will answer
        TooManyConnections  503  the relayer has as many connections as it takes
        NoMoney             503  the relayer's key can't pay for a transaction
        SenderNotAllowed    503  not ready: the chain takes no transactions from the key
        NodeBehind          503  the node has yet to fetch the chain's latest blocks
        ChainHalted         503  the chain makes no blocks
        NothingMined        503  messages wait, and for long none was mined

`http_answer` is the one place where any of them, or a fault of ours, becomes HTTP.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

log = logging.getLogger(__name__)


class RelayerError(Exception):
    """Carry a stable code, an HTTP status and a sentence that tells the person what to do."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500

    def __init__(self, sentence: str, **details: Any) -> None:
        self.sentence = printable(sentence)  # a node's words may be in it
        super().__init__(self.sentence)
        self.details = details


class StartError(RelayerError):
    code = "START"


class SettingError(StartError):
    code = "SETTING"

    def __init__(self, name: str, problem: str) -> None:
        super().__init__(f"Setting {name}: {problem}.", setting=name)
        self.name = name


class KeyFileError(StartError):
    code = "KEY_FILE"


class NodeMissing(StartError):
    code = "NODE_MISSING"


class WrongChain(StartError):
    code = "WRONG_CHAIN"


class NoContract(StartError):
    code = "NO_CONTRACT"


class PortInUse(StartError):
    code = "PORT_IN_USE"


class Refusal(RelayerError):
    """An answer to one request; `retry_after_s` becomes the Retry-After header."""

    retry_after_s: ClassVar[int | None] = None


class Malformed(Refusal):
    code, status = "MALFORMED", 400


class BadSignature(Refusal):
    code, status = "BAD_SIGNATURE", 403


class UnknownDevice(Refusal):
    code, status = "UNKNOWN_DEVICE", 403

    def __init__(self, device: str) -> None:
        super().__init__(
            f"No enrolled meter has the address {device}; the operator enrols it first.", device=device
        )


class NoSuchMeter(UnknownDevice):
    """The same, where the address is the resource that was asked for."""

    status = 404


class NoSuchTerms(Refusal):
    code, status = "NO_SUCH_TERMS", 404


class MistypedAddress(Refusal):
    code, status = "MISTYPED_ADDRESS", 404


class NotServed(Refusal):
    code, status = "NOT_SERVED", 409

    def __init__(self, agreement_id: int) -> None:
        super().__init__(
            f"This meter serves no agreement {agreement_id} now; GET /v1/meters/ADDRESS tells which ones.",
            agreement_id=agreement_id,
        )


class WrongSequence(Refusal):
    code, status = "WRONG_SEQUENCE", 409

    def __init__(self, *, expected: int, got: int) -> None:
        super().__init__(
            f"The next report starts at interval {expected}, this one at {got}.", expected=expected, got=got
        )


class RefusedByContract(Refusal):
    """The contract's own reason, e.g. ALREADY_REPORTED, as the code."""

    status = 409

    def __init__(self, reason: str, sentence: str) -> None:
        super().__init__(sentence, reason=reason)
        self.reason = reason


class FitsNoBlock(Refusal):
    code, status = "FITS_NO_BLOCK", 409


class RefusedByNodes(Refusal):
    code, status = "REFUSED", 409


class NoSuchPath(Refusal):
    code, status = "NO_SUCH_PATH", 404


class WrongMethod(Refusal):
    code, status = "WRONG_METHOD", 405


class TooSlow(Refusal):
    code, status = "TOO_SLOW", 408


class TooLarge(Refusal):
    code, status = "TOO_LARGE", 413


class TooManyInFlight(Refusal):
    code, status, retry_after_s = "TOO_MANY_IN_FLIGHT", 429, 5


class TooManyMessages(Refusal):
    code, status, retry_after_s = "TOO_MANY_MESSAGES", 429, 5


class TooManyStrangers(Refusal):
    code, status, retry_after_s = "TOO_MANY_STRANGERS", 429, 5


class GasBudgetSpent(Refusal):
    code, status, retry_after_s = "GAS_BUDGET_SPENT", 429, 3600


class TooManyConnections(Refusal):
    code, status, retry_after_s = "TOO_MANY_CONNECTIONS", 503, 5


class QueueFull(Refusal):
    code, status, retry_after_s = "QUEUE_FULL", 503, 5


class NodeDown(Refusal):
    code, status, retry_after_s = "NODE_DOWN", 503, 5


class NoReceipt(Refusal):
    code, status, retry_after_s = "NO_RECEIPT", 503, 60


class WordNotKept(Refusal):
    code, status, retry_after_s = "WORD_NOT_KEPT", 503, 60


class TooManyReceipts(Refusal):
    code, status, retry_after_s = "TOO_MANY_RECEIPTS", 503, 30


class Draining(Refusal):
    code, status, retry_after_s = "DRAINING", 503, 10


class NoMoney(Refusal):
    code, status, retry_after_s = "NO_MONEY", 503, 60


class SenderNotAllowed(Refusal):
    code, status, retry_after_s = "SENDER_NOT_ALLOWED", 503, 60


class NodeBehind(Refusal):
    code, status, retry_after_s = "NODE_BEHIND", 503, 30


class ChainHalted(Refusal):
    code, status, retry_after_s = "CHAIN_HALTED", 503, 30


class NothingMined(Refusal):
    code, status, retry_after_s = "NOTHING_MINED", 503, 30


def http_answer(error: BaseException) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Turn a failure into (status, body, headers); what we did not design is a logged 500 without details."""
    if not isinstance(error, Refusal):
        log.error("unexpected failure while answering a request", exc_info=error)
        fault = {
            "code": "INTERNAL",
            "status": 500,
            "message": "The relayer failed; the message was not accepted.",
        }
        return 500, {"error": fault}, {}
    code = error.code if not isinstance(error, RefusedByContract) else shout(error.reason)
    body = {"code": code, "status": error.status, "message": error.sentence, **error.details}
    headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
    return error.status, {"error": body}, headers


def shout(name: str) -> str:
    """Write a Solidity error's name as a code: `WrongSequence` → `WRONG_SEQUENCE`."""
    return "".join(f"_{c}" if c.isupper() and i else c for i, c in enumerate(name)).upper()


def printable(text: str) -> str:
    """Write what would not show as a character by its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
