# SPDX-License-Identifier: Apache-2.0
"""The contract's refusals in words: from revert data to a name, its numbers and a sentence for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256

from . import artifact

# What is to be said of an error; {0}, {1}, … are its arguments.
SENTENCES = {
    "BadSignature": "the signature is malformed, recovers to nobody, or its s is high",
    "UnknownDevice": "{0} is no meter of the accepted agreement {1}, or it signed something else",
    "BadLength": "{0} bytes came, and {1} are the most: two for each reading, four for each band; of sealed bands all",
    "OtherForm": "what came is of the other form than the readings of agreement {0} (1 if they are sealed: {1})",
    "BadDeviation": "deviation {0} of the report, {1}, can't be: no kind, no interval, or no units of its kind",
    "WrongSequence": "the contract expects interval {0} next, and the report begins with {1}",
    "BeyondSchedule": "{0} slots are left in this pass of the schedule, and the report has {1} readings",
    "OutsideTerm": "intervals before {0} count here, and this reaches {1}",
    "FromTheFuture": "what is reported ends at {0}, and the chain's time is {1}",
    "TooLate": "reports were taken until {0}, and the chain's time is {1}",
    "BadOutage": "an outage from {0} to {1} is none, or its cause is not 0, 1 or 2",
    "WrongOutage": "the contract expects outage number {0} next, and number {1} came",
    "KnownOutage": "outage number {0} is on record as open already; this one began at {1}",
    "OverlappingOutage": "the last outage ended at {0}, and this one begins at {1}, before that",
    "AheadOfReports": "the outage reaches up to interval {0}, and reports up to {1} only: deliver those first",
    "OtherStart": "the agreement starts at {0}, and the meter believed in {1}",
    "OtherTerms": "the agreement's terms, or its bands there, have the hash {0}, and the meter believed in {1}",
    "Expired": "the permission was good until {0}, and the chain's time is {1}",
    "AlreadyEnrolled": "the key of {0} has enrolled before, and a key enrols once",
    "NotEnrolled": "the key of {0} has never enrolled",
    "DuplicateDevice": "device {0} is named twice",
    "BadDeviceCount": "an agreement has 1 to 64 metering points, not {0}",
    "DeviceBusy": "device {0} is taken by agreement {1} until {2}",
    "BaseMismatch": "start or interval is no multiple of the {1} s in which device {0} keeps its registers",
    "NoViewingKey": "meter {0} has not said that it holds the viewing key with the hash {1}: give it the key first",
    "InvalidTerms": "the terms' {0} is out of range",
    "SilenceTooCheap": "in slot {0} a truth can cost {1}, and no data would cost {2}: silence must not be cheaper",
    "WrongState": "agreement {0} is in state {1} (1 proposed, 2 accepted, 3 settled, 4 cancelled, 5 ended early)",
    "AlreadyStarted": "the start at {0} has passed: the chain's time is {1}",
    "NotConsumer": "{0} is not the consumer of this agreement",
    "NotWhatWasProposed": "proposed were the terms {0}, the devices {1} and a bonus of {2}",
    "TooEarly": "this is possible from {0} on, and the chain's time is {1}",
    "NoConsumer": "the consumer's address can't be zero",
    "TermsNotStored": "the terms could not be stored as code",
    "WrongPart": "{0} has not the code of the part of the contract that it is to be: deploy that first",
    "WrongCurve": "this chain does not recover secp256k1 signatures: no meter could be believed",
    "ProposalsPaused": "the operator takes no new proposals at present",
    "NotParty": "{0} is neither the operator nor the consumer of this agreement",
    "BadAmount": "an amount from 1 to {0} is possible here, not {1}",
    "NoticeTooLong": "the notice would run until {1}, and the agreement ends by itself at {0}",
    "RevokedDevice": "the key of {0} was revoked and measures nothing new",
    "InvoiceRedeemed": "invoice {0} has had {1} of this discount already",
    "NothingToAcknowledge": "nothing of agreement {0} waits for acknowledgement on invoice {1}",
    "NotRenewable": "agreement {0} can't be renewed: it was never accepted, or its meters have changed",
    "NoSuchRotation": "the operator has not proposed for agreement {0} that {2} takes the place of {1}",
    "NoSuchPlace": "agreement {0} has no place {1}",
    "AlreadyFaulted": "a fault of the meter at place {1} of agreement {0} was declared before",
    "StaleRenomination": "a renomination with the sequence {0} is on record, and this one has {1}",
    "UnsoundBand": "slot {0} would have a band from {1} to {2}, which falls or exceeds what the connection can take",
    "BandTooWide": "in slot {0} the consumer alone may nominate a width of {1}, not {2}",
    "BandTooHigh": "in slot {0} the consumer alone may nominate up to {1}, not {2}",
    "BandNarrowed": "in slot {0} the band from {1} to {2} holds, and the operator alone may only widen it",
    "NotOffered": "agreement {0} was not offered to {1}",
    "NotFunder": "only who has proposed the agreement may grant, not {0}",
    "CurrencyFixed": "the currency is chosen once, before the first proposal",
    "NoEscrow": "money here is a promise in minor units: there is no escrow",
    "NotFunded": "{0} were to be paid into the escrow, and {1} arrived",
    "NothingToTake": "there is nothing to take, or it was taken",
    "NotToken": "{0} is no token: it has no code, or does not tell a balance",
    "HeldInEscrow": "the discount of agreement {0} was paid out by the settlement: there is nothing to redeem",
    "SafeERC20FailedOperation": "the token {0} refused the payment",
    "AccessControlUnauthorizedAccount": "{0} lacks the role {1}",
}


@dataclass(frozen=True)
class ContractError:
    """One refusal. `args` are ints, "0x" addresses, texts, or bytes."""

    name: str
    args: tuple[int | str | bytes, ...]
    sentence: str

    def __str__(self) -> str:
        return f"{self.name}: {self.sentence}"


def _selector(entry: dict[str, Any]) -> bytes:
    types = ",".join(each["type"] for each in entry["inputs"])
    return keccak256(f"{entry['name']}({types})".encode())[:4]


TEXT = keccak256(b"Error(string)")[:4]
PANIC = keccak256(b"Panic(uint256)")[:4]

_BY_SELECTOR = {_selector(entry): entry for entry in artifact.load().abi if entry["type"] == "error"}

REASONS: dict[bytes, str] = {selector: entry["name"] for selector, entry in _BY_SELECTOR.items()}
"""Selector to name of each error, for `check` and ReportSkipped; four zeros, no refusal, are not in it."""


def decode(data: bytes) -> ContractError:
    """Return the error of revert data, or of a selector alone; an unknown one gets the name Unknown.

    Solidity's own two are known: Error, a text (of a token in escrow, say), and Panic, a check of the compiler's.
    """
    entry = _BY_SELECTOR.get(data[:4])
    if entry is None:
        text = _text(data)
        if text is not None:
            return ContractError("Error", (text,), f"the call was refused: {text}")
        if data[:4] == PANIC and len(data) == 36:
            code = int.from_bytes(data[4:], "big")
            return ContractError("Panic", (code,), f"a check of the compiler's failed: panic {code:#04x}")
        shown = "no reason" if not data else "0x" + data[:36].hex()
        return ContractError("Unknown", (data,), f"the call was refused with {shown}")
    inputs = entry["inputs"]
    if len(data) < 4 + 32 * len(inputs):  # a selector alone
        return ContractError(entry["name"], (), entry["name"])
    words = [data[4 + 32 * i : 36 + 32 * i] for i in range(len(inputs))]
    arguments = tuple(_value(each["type"], word) for each, word in zip(inputs, words, strict=True))
    sentence = SENTENCES.get(entry["name"], entry["name"])
    shown_arguments = ["0x" + each.hex() if isinstance(each, bytes) else each for each in arguments]
    return ContractError(entry["name"], arguments, sentence.format(*shown_arguments))


def _text(data: bytes) -> str | None:
    """The text of Error(string); None if it is none."""
    start, length = 4 + 64, int.from_bytes(data[36:68], "big")
    if data[:4] != TEXT or int.from_bytes(data[4:36], "big") != 32 or len(data) < start + length:
        return None
    return data[start : start + length].decode(errors="replace")


def _value(kind: str, word: bytes) -> int | str | bytes:
    if kind.startswith("uint") or kind == "bool":
        return int.from_bytes(word, "big")
    if kind == "address":
        return checksum(word[12:])
    if kind != "bytes32" and kind.startswith("bytes"):
        return word[: int(kind[5:])]
    text = word.rstrip(b"\0")
    # InvalidTerms names a field in a bytes32; hashes are bytes32 too, and hardly ever look like a word
    if kind == "bytes32" and text.isalpha():
        return text.decode("ascii")
    return word
