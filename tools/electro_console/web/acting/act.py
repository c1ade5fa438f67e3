# SPDX-License-Identifier: Apache-2.0
"""What every act is made of: whose it is, what it asks for, what it means, and the call or message that it comes to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from electro_console.index.addresses import checksum
from electro_console.web.errors import BadRequest
from electro_contracts import invoices
from electro_plan import zones
from electro_plan.sentence import sentence
from electro_protocol import address

if TYPE_CHECKING:
    from electro_console.index.records import Agreement
    from electro_console.web.names import Names
    from electro_console.web.questions import Questions
    from electro_console.web.words import Words
    from electro_protocol.messages import Message

_MOST_MONEY = 2**128 - 1  # a uint128 in the contract
_MOST_TEXT = 200
_CALLED = {  # fields by their names in JSON, for sentences
    "account": sentence("account"), "amount": sentence("amount"), "bonus": sentence("bonus"),
    "consumer": sentence("consumer"), "file": sentence("file"), "greatest": sentence("greatest"),
    "invoice": sentence("invoice"), "least": sentence("least"), "meters": sentence("meters"), "new": sentence("new"),
    "old": sentence("old"), "over": sentence("over"), "place": sentence("place"), "reason": sentence("reason"),
    "since": sentence("since"), "to": sentence("to"), "under": sentence("under"), "until": sentence("until"),
    "violation": sentence("violation"),
}  # fmt: skip
SIGNED_FOR_S = 30 * 86_400  # so long a signature can be used, if nothing else bounds it


@dataclass(frozen=True)
class Field:
    """What an act asks for.

    Args:
        name: of it, in JSON.
        label: for people.
        kind: account, amount, word, instant, number, energy, text, file or choice.
        value: at first.
        choices: of a choice, (value, words).
        optional: may be left empty.
    """

    name: str
    label: str
    kind: str
    value: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    optional: bool = False


@dataclass(frozen=True)
class Setting:
    """Who acts on what, when; `operator`: the sender holds that role; `now`: of the newest block."""

    agreement: Agreement
    sender: bytes
    operator: bool
    now: int
    owed: int
    w: Words
    names: Names
    questions: Questions

    @property
    def consumer(self) -> bool:
        return self.agreement.consumer == self.sender


@dataclass(frozen=True)
class Prepared:
    """An act, ready to be rehearsed.

    Args:
        means: what it does for good, a sentence.
        lines: figures to be read first, (label, words).
        call: function and arguments of the contract's.
        message: what can be signed instead, for anybody to send; None: only a transaction does it.
        note: what is to be kept with the reason, by the names of a note: place, first and last interval.
        alone: its author may send it; else the other party must agree to what is signed.
    """

    means: str
    lines: tuple[tuple[str, str], ...]
    call: tuple[str, tuple[Any, ...]]
    message: Message | None = None
    note: Mapping[str, int] | None = None
    alone: bool = True


Given = Mapping[str, Any]
Prepare = Callable[[Setting, Given], Awaitable[Prepared]]


@dataclass(frozen=True)
class Act:
    """Something that can be done.

    Args:
        name: in addresses.
        title: for people; marked for translation, said later.
        possible: the fields it asks for, if it can be done; None if not.
        prepare: from what was given.
    """

    name: str
    title: str
    possible: Callable[[Setting], tuple[Field, ...] | None]
    prepare: Prepare


def places_of(s: Setting) -> tuple[tuple[str, str], ...]:
    """Return the places of an agreement as a choice, each with the meter that serves it."""
    serving = {each.place: each.device for each in s.agreement.meters if not each.replaced}
    return tuple(
        (str(place), f"{place}: {s.names.account(device) or checksum(device)}")
        for place, device in sorted(serving.items())
    )


def text(given: Given, name: str, most: int = _MOST_TEXT) -> str:
    """Return what was written."""
    untrusted = given.get(name, "")
    if not isinstance(untrusted, str) or len(untrusted) > most:
        raise BadRequest(sentence("{0} is a text of at most {1} characters", called(name), most))
    return untrusted.strip()


def account(given: Given, name: str) -> bytes:
    try:
        return address.parse(text(given, name))
    except ValueError as error:
        raise BadRequest(sentence("{0}: an account is 0x and 40 hex digits", called(name))) from error


def called(name: str) -> str:
    """Return what a field is called in a sentence."""
    return _CALLED.get(name, name)


def amount(given: Given, name: str, w: Words, least: int = 1) -> int:
    """Return minor units from what a person writes in the currency."""
    minor = _decimal(given, name) * 10**w.currency.decimals
    if minor != int(minor) or not least <= minor <= _MOST_MONEY:
        raise BadRequest(
            sentence(
                "{0}: an amount has at most {1} decimals, and is {2} minor unit at least",
                called(name),
                w.currency.decimals,
                least,
            )
        )
    return int(minor)


def units(given: Given, name: str, unit_wh: int) -> int:
    """Return units from kWh."""
    found = _decimal(given, name) * 1000 / unit_wh
    if found != int(found):
        raise BadRequest(
            sentence("{0}: an energy here is a multiple of {1:g} kWh", called(name), unit_wh / 1000)
        )
    return int(found)


def number(given: Given, name: str, most: int) -> int:
    written = text(given, name)
    if not (written.isascii() and written.isdigit()) or len(written) > 9 or int(written) > most:
        raise BadRequest(sentence("{0} is a whole number from 0 to {1}", called(name), most))
    return int(written)


def word(given: Given, name: str) -> bytes:
    try:
        return invoices.word(text(given, name))
    except ValueError as error:
        raise BadRequest(
            sentence(
                "{0}: an invoice is named by 32 bytes of text at most, or by 0x and 64 hex digits",
                called(name),
            )
        ) from error


def instant(given: Given, name: str, zone: str) -> int:
    """Return unix seconds from what a clock on the reader's wall shows."""
    try:
        moment = datetime.fromisoformat(text(given, name))
    except ValueError as error:
        raise BadRequest(sentence("{0}: write a time as 2027-01-31T10:00", called(name))) from error
    return int((moment if moment.tzinfo else moment.replace(tzinfo=zones.clock(zone))).timestamp())


def _decimal(given: Given, name: str) -> Decimal:
    written = text(given, name, 50).replace(" ", "").replace("\u00a0", "").replace(",", ".")
    try:
        found = Decimal(written)
    except InvalidOperation:
        raise BadRequest(sentence("{0} is a number", called(name))) from None
    if not found.is_finite() or found < 0 or found.adjusted() > 40:
        raise BadRequest(sentence("{0} is a number from 0 up", called(name)))
    return found
