# SPDX-License-Identifier: Apache-2.0
"""The contract's refusals for a person: times as dates, states and roles by name, and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_contracts import artifact, errors
from electro_contracts.invoices import word_text
from electro_plan.quantities import instant_text
from electro_protocol.keccak import keccak256

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    When = Callable[[int], str]
    Say = Callable[[str], str]

# Numbers of the errors that are unix seconds, by the names that the ABI gives them.
_TIMES = {
    "schedule",
    "now_",
    "until",
    "deadline",
    "start",
    "startedAt",
    "lastEndedAt",
    "endedAt",
    "instant",
    "from",
    "noticeEnds",
}
_INPUTS = {each["name"]: each["inputs"] for each in artifact.load().abi if each["type"] == "error"}
STATES = ("unknown", "proposed", "accepted", "settled", "cancelled", "ended early")
# What numbers of an error are called, by its name and their type.
NAMED = {("WrongState", "uint8"): STATES, ("OtherForm", "bool"): ("open", "sealed")}
ROLES = {bytes(32): "the administrator", keccak256(b"OPERATOR_ROLE"): "the operator"}
SENTENCES = {
    **errors.SENTENCES,
    "BadLength": "{0} bytes came, where at most {1} are taken, and whole intervals only",
    "TooLate": "this was possible until {0}, and the chain's time is {1}",
    "AlreadyStarted": "it would begin at {0}, and the chain's time is {1}",
    "WrongState": "agreement {0} is {1}, and this can't be done then",
    "OtherForm": "the readings of agreement {0} are {1}, and this is for agreements of the other form",
    "AccessControlInvalidDefaultAdmin": "{0} is not who has been named the next administrator",
    "AccessControlEnforcedDefaultAdminDelay": "the delay for a new administrator is over at {0}",
    "AccessControlEnforcedDefaultAdminRules": "the administrator changes by hand-over and take-over only",
    "AccessControlUnauthorizedAccount": "{0} is not {1} of this contract",
}
HINTS = {
    "AccessControlUnauthorizedAccount": "sign with the key of whoever is: --key-file",
    "AccessControlEnforcedDefaultAdminDelay": "try again then",
    "AlreadyEnrolled": "make another key on the meter: electro device provision",
    "AlreadyFaulted": "electro agreement show says what that notice did; only another meter ends it",
    "AlreadyStarted": "choose a later start: a proposal lapses at its own, and what has begun keeps its bands",
    "BadDeviceCount": "name 1 to 64 meters with --device; rotations count too",
    "BadDeviation": "only what the meter has signed counts; if it signs that, its program is at fault: update it",
    "BadLength": "a bands file has a row for each interval, at most one pass of the schedule",
    "BandNarrowed": "widen it, or let the consumer sign a draft (electro agreement draft): submit --together",
    "BandTooHigh": "plan less, or let the operator agree: electro agreement submit --together",
    "BandTooWide": "a narrower band, or let the operator agree: electro agreement submit --together",
    "BeyondSchedule": "renominate up to the end of the pass, and the rest with another --first",
    "BadAmount": "electro agreement show says how much there is",
    "BadOutage": "only what the meter has signed counts: submit its message as it is",
    "BadSignature": "sign again, with the consumer's key, for this contract and chain, what is proposed now",
    "CurrencyFixed": "deploy another contract for another currency",
    "DeviceBusy": "let the new agreement begin when the meter's last one has ended",
    "Expired": "ask the signer for a new signature with a later deadline",
    "AheadOfReports": "submit the reports of those intervals first",
    "BaseMismatch": "choose a start and an interval that are multiples of it, or provision the meter with another",
    "HeldInEscrow": "electro agreement collect pays what an account is owed",
    "DuplicateDevice": "name each meter once; one that has served an agreement does not come back to it",
    "FromTheFuture": "send it again once that has ended",
    "InvalidTerms": "correct that field in the terms file; electro agreement check shows them",
    "InvoiceRedeemed": "redeem the rest against another invoice",
    "KnownOutage": "nothing needs to be done",
    "NoConsumer": "name the consumer's account with --consumer",
    "NoViewingKey": "electro device viewing-key KEY --out WORD.json, and electro agreement submit WORD.json",
    "NoEscrow": "the parties settle money among themselves; there is nothing to do here",
    "NoSuchRotation": "the operator proposes first: electro agreement rotate ID OLD NEW",
    "NoSuchPlace": "places are numbered from 0 in the order of the meters; electro agreement show lists them",
    "NoticeTooLong": "wait until the agreement ends",
    "NotConsumer": "sign with the consumer's key; electro agreement show says who that is",
    "NotEnrolled": "enrol it first: electro agreement enrol ENROLMENT.json",
    "NotFunder": "send it with the account that proposed the agreement",
    "NotFunded": "the token must bring the whole amount; this one keeps a part",
    "NotOffered": "the present consumer offers first: electro agreement hand-over ID --to ADDRESS",
    "NotParty": "sign with the operator's or the consumer's key",
    "NotRenewable": "propose a new agreement: electro agreement propose",
    "NotWhatWasProposed": "look at what is proposed now, electro agreement show, and sign that if you agree",
    "NotToken": "name the address of an ERC-20 token on this chain",
    "NothingToAcknowledge": "electro agreement audit lists what was redeemed against which invoice",
    "NothingToTake": "electro agreement show says what is owed",
    "OtherForm": "of sealed readings tools need --viewing-key, meters firmware that seals, other bands both parties",
    "OtherStart": "the meter asks for its agreements again by itself, and signs by what it learns",
    "OtherTerms": "the meter asks for its agreements again by itself, and signs by what it learns",
    "OutsideTerm": "electro agreement show says up to where this counts",
    "OverlappingOutage": "the meter numbers its outages in their order: submit the earlier ones first",
    "ProposalsPaused": "the operator takes them again with electro agreement resume",
    "RevokedDevice": "enrol another meter and name that",
    "SafeERC20FailedOperation": "has the paying account enough of the token, and allowed it? electro agreement approve",
    "SilenceTooCheap": "a higher price of missing intervals (electro agreement check), or a band that risks less",
    "StaleRenomination": "draft it again, electro agreement draft, on what holds now, and sign that",
    "TooEarly": "try again then",
    "TooLate": "electro agreement show says what can still be done",
    "UnsoundBand": "each row needs least, then greatest, up to the capacity that electro agreement terms shows",
    "UnknownDevice": "electro agreement show lists the agreement's meters",
    "WrongOutage": "submit the meter's outages in the order of their numbers",
    "WrongSequence": "submit the meter's reports one after the other",
    "WrongState": "electro agreement show says what can be done",
}
_ERROR_STRING = keccak256(b"Error(string)")[:4]
# ERC-6093, which most tokens follow
_ERC20 = {
    keccak256(b"ERC20InsufficientAllowance(address,uint256,uint256)")[
        :4
    ]: "it is not allowed to draw so much",
    keccak256(b"ERC20InsufficientBalance(address,uint256,uint256)")[
        :4
    ]: "the paying account has less than that",
}


def explain(data: bytes, when: When = instant_text, say: Say = str) -> tuple[str, str | None]:
    """Return a sentence for revert data, and a hint what to do, if there is one.

    Args:
        data: of the refusal.
        when: tells instants.
        say: returns a sentence of ours in another language.
    """
    foreign = _foreign(data)
    if foreign is not None:
        return f"the token in escrow says: {foreign}", HINTS["SafeERC20FailedOperation"]
    error = errors.decode(data)
    if len(_INPUTS.get(error.name, ())) != len(error.args) or error.name not in _INPUTS:
        return error.sentence, HINTS.get(error.name)
    return tell(error.name, error.args, when, say) or error.sentence, HINTS.get(error.name)


def tell(
    name: str, arguments: Sequence[int | str | bytes], when: When = instant_text, say: Say = str
) -> str | None:
    """Return the sentence of an error of the contract, whoever has found it; None if it has none."""
    sentence = SENTENCES.get(name)
    if sentence is None:
        return None
    shown = [
        _shown(name, each, value, when, say) for each, value in zip(_INPUTS[name], arguments, strict=True)
    ]
    return say(sentence).format(*shown)


def _foreign(data: bytes) -> str | None:
    """Return the words of a refusal that is not the contract's own: only a token's passes through it."""
    if data[:4] == _ERROR_STRING:
        length = int.from_bytes(data[36:68], "big")
        return data[68 : 68 + min(length, 200)].decode("utf-8", "replace") or "nothing"
    return _ERC20.get(data[:4])


def _shown(error: str, declared: dict[str, Any], value: int | str | bytes, when: When, say: Say) -> str:
    if isinstance(value, bytes):
        if declared["name"] == "neededRole":
            return say(ROLES[value]) if value in ROLES else f"a holder of the role 0x{value.hex()}"
        return word_text(value) if declared["name"] == "invoice" else "0x" + value.hex()
    if isinstance(value, str):
        return value
    named = NAMED.get((error, declared["type"]))
    if named is not None:
        return say(named[value]) if value < len(named) else str(value)
    if (declared["name"] in _TIMES or error in ("NoticeTooLong", "OtherStart")) and value:
        return when(value)
    return str(value)
