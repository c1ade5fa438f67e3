# SPDX-License-Identifier: Apache-2.0
"""What moves money: grant, waive, settle, redeem, acknowledge, collect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.index.records import Kind, Phase
from electro_console.web.errors import BadRequest
from electro_console.web.words import mark
from electro_contracts.invoices import word_text
from electro_plan.sentence import sentence
from electro_protocol.messages import DiscountRedemption

from .act import SIGNED_FOR_S, Act, Field, Given, Prepared, Setting, amount, instant, number, text, word

if TYPE_CHECKING:
    from electro_console.index.records import Redemption

_RUNS = (Phase.WAITING, Phase.RUNNING, Phase.GRACE, Phase.DISPUTE, Phase.DUE)
_MOST_REASON = 1000


def _can_grant(s: Setting) -> tuple[Field, ...] | None:
    funder = s.agreement.funder == s.sender or (s.agreement.funder is None and s.operator)
    return (Field("amount", s.w.say("Amount"), "amount"),) if funder and s.agreement.phase in _RUNS else None


async def _grant(s: Setting, given: Given) -> Prepared:
    a, w = s.agreement, s.w
    more = amount(given, "amount", w)
    lines = (
        (w.say("Remains now"), w.money(a.money.remaining)),
        (w.say("Remains then"), w.money(a.money.remaining + more)),
    )
    means = w.say("This adds %(amount)s to the bonus for good.", amount=w.money(more))
    return Prepared(means, lines, ("grant", (a.id, more)))


def _can_waive(s: Setting) -> tuple[Field, ...] | None:
    if not s.operator or s.agreement.phase not in (Phase.DISPUTE, Phase.DUE):
        return None
    w = s.w
    return (
        Field("reason", w.say("Reason, kept in the notes"), "text"),
        Field("amount", w.say("Amount; empty: what these intervals cost"), "amount", optional=True),
        Field("place", w.say("Place"), "number", "0", optional=True),
        Field("since", w.say("From"), "instant", optional=True),
        Field("until", w.say("To"), "instant", optional=True),
    )


async def waived(s: Setting, given: Given) -> tuple[int, int | None, int | None, int | None]:
    """Return how much is to be waived, and of which place and intervals; None: of no particular ones."""
    a = s.agreement
    if not text(given, "since") and not text(given, "until"):
        return amount(given, "amount", s.w), None, None, None
    place = number({"place": text(given, "place") or "0"}, "place", 63)
    length = a.terms.interval_seconds
    first = max(0, (instant(given, "since", s.w.zone) - a.terms.start) // length)
    behind = min(a.kept, -(-(instant(given, "until", s.w.zone) - a.terms.start) // length))
    if first >= behind:
        raise BadRequest(sentence("until: it must be behind since, both within the term"))
    if text(given, "amount"):
        return amount(given, "amount", s.w), place, first, behind - 1
    index = s.questions.index
    found = await s.questions.ask(index.readings, a.id, place, s.now, first=first, count=behind - first)
    ended = found.kind != Kind.AHEAD
    cost = sum(int(each) for part in (found.penalty, found.silence) for each in part[ended])
    if not cost:
        raise BadRequest(sentence("these intervals cost nothing: there is nothing to waive"))
    return cost, place, first, behind - 1


async def _waive(s: Setting, given: Given) -> Prepared:
    a, w = s.agreement, s.w
    reason = text(given, "reason", _MOST_REASON)
    if not reason:
        raise BadRequest(sentence("reason: say why; whoever audits this will ask"))
    less, place, first, last = await waived(s, given)
    lines = [(w.say("Reason"), reason)]
    if first is not None and last is not None:
        when = w.stretch(a.terms.instant(first), a.terms.instant(last + 1))
        lines.append((w.say("For"), w.say("place %(place)s, %(when)s", place=place, when=when)))
    left = a.money.remaining + less
    lines += [
        (w.say("Remains now"), w.money(a.money.remaining)),
        (w.say("Remains then, at most"), w.money(left)),
    ]
    means = w.say("This takes %(amount)s off the penalties for good.", amount=w.money(less))
    note = (
        {}
        if first is None or last is None or place is None
        else {"place": place, "first": first, "last": last}
    )
    return Prepared(means, tuple(lines), ("waive", (a.id, less)), note=note)


def _can_settle(s: Setting) -> tuple[Field, ...] | None:
    return () if s.agreement.phase is Phase.DUE else None


async def _settle(s: Setting, _given: Given) -> Prepared:
    a, w = s.agreement, s.w
    lines = (
        (w.say("Taken"), w.money(a.money.accrued)),
        (w.say("Waived"), w.money(a.money.waived)),
        (w.say("Remains"), w.money(a.money.remaining)),
        (w.say("Becomes a discount of"), w.money(a.money.foreseen_discount)),
    )
    return Prepared(
        w.say("What remains becomes the discount; nothing can be waived or granted after."),
        lines,
        ("settle", (a.id,)),
    )


def _can_redeem(s: Setting) -> tuple[Field, ...] | None:
    money = s.agreement.money
    left = (money.discount or 0) - money.redeemed
    if not s.consumer or s.agreement.phase is not Phase.REDEEMABLE or not left:
        return None
    return Field("invoice", s.w.say("Invoice"), "word"), Field(
        "amount", s.w.say("Amount"), "amount", s.w.entry(left)
    )


async def _redeem(s: Setting, given: Given) -> Prepared:
    a, w = s.agreement, s.w
    invoice, used = word(given, "invoice"), amount(given, "amount", w)
    left = (a.money.discount or 0) - a.money.redeemed
    lines = (
        (w.say("Invoice"), word_text(invoice)),
        (w.say("Left of the discount then"), w.money(left - used)),
    )
    means = w.say("This uses %(amount)s of the discount for invoice %(invoice)s for good.", amount=w.money(used),
                  invoice=word_text(invoice))  # fmt: skip
    message = DiscountRedemption(a.id, invoice, used, s.now + SIGNED_FOR_S)
    return Prepared(means, lines, ("redeem", (a.id, invoice, used)), message)


def open_redemptions(s: Setting) -> tuple[Redemption, ...]:
    """Return what the operator has not acknowledged."""
    return s.questions.index.redemptions(s.agreement.id, unacknowledged=True).items


def _can_acknowledge(s: Setting) -> tuple[Field, ...] | None:
    if not s.operator or s.agreement.phase not in (Phase.REDEEMABLE, Phase.EXPIRED):
        return None
    waiting = open_redemptions(s)
    choices = tuple(
        (word_text(each.invoice), f"{word_text(each.invoice)}: {s.w.money(each.amount)}") for each in waiting
    )
    return (Field("invoice", s.w.say("Invoice"), "choice", choices=choices),) if choices else None


async def _acknowledge(s: Setting, given: Given) -> Prepared:
    invoice, w = word(given, "invoice"), s.w
    used = next((each.amount for each in open_redemptions(s) if each.invoice == invoice), 0)
    means = w.say(
        "This confirms that invoice %(invoice)s is %(amount)s lower.",
        invoice=word_text(invoice),
        amount=w.money(used),
    )
    return Prepared(means, (), ("acknowledge", (s.agreement.id, invoice)))


def _can_collect(s: Setting) -> tuple[Field, ...] | None:
    return () if s.owed else None


async def _collect(s: Setting, _given: Given) -> Prepared:
    means = s.w.say("The escrow pays you %(amount)s, all that it owes you.", amount=s.w.money(s.owed))
    return Prepared(means, (), ("collect", (s.sender,)))


ACTS = (
    Act("grant", mark("Grant"), _can_grant, _grant),
    Act("waive", mark("Waive"), _can_waive, _waive),
    Act("settle", mark("Settle"), _can_settle, _settle),
    Act("redeem", mark("Redeem"), _can_redeem, _redeem),
    Act("acknowledge", mark("Acknowledge"), _can_acknowledge, _acknowledge),
    Act("collect", mark("Collect"), _can_collect, _collect),
)
