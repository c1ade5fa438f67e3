# SPDX-License-Identifier: Apache-2.0
"""What makes and ends an agreement: accept, call off, give notice, hand the consumer's place over."""

from __future__ import annotations

from electro_console.index.addresses import checksum
from electro_console.index.records import Phase, State
from electro_console.web.errors import BadRequest
from electro_console.web.words import mark
from electro_contracts import foresight
from electro_contracts.terms import devices_hash
from electro_plan.sentence import sentence
from electro_protocol.messages import AgreementAcceptance

from .act import Act, Field, Given, Prepared, Setting, account

_NOBODY = bytes(20)


def _can_accept(s: Setting) -> tuple[Field, ...] | None:
    if (
        s.questions.index.keys.opened(s.agreement.terms) is None
    ):  # nobody should accept what this page can't show
        return None
    return () if s.consumer and s.agreement.phase is Phase.OPEN else None


async def _accept(s: Setting, _given: Given) -> Prepared:
    a, w = s.agreement, s.w
    devices = [
        each.device for each in sorted(a.meters, key=lambda each: each.place)
    ] or await _proposed_devices(s)
    message = AgreementAcceptance(a.id, a.terms.hash, devices_hash(devices), a.money.bonus, a.terms.start)
    lines = (
        (w.say("Bonus"), w.money(a.money.bonus)),
        (w.say("Begins"), w.instant(a.terms.start)),
        (w.say("Ends"), w.instant(a.terms.end)),
        (w.say("Meters"), ", ".join(s.names.account(each) or checksum(each) for each in devices)),
        (w.say("Outside its band an interval costs"), w.money(a.terms.violation_penalty)),
        (w.say("Silence costs, an interval"), w.money(a.terms.missing_penalty)),
        (w.say("Hash of the terms"), "0x" + a.terms.hash.hex()),
    )
    means = w.say("This binds you to agreement %(id)s, on the terms that this page shows.", id=a.id)
    return Prepared(means, lines, ("accept", message.values()[:4]), message)


async def _proposed_devices(s: Setting) -> list[bytes]:
    from electro_protocol import address

    record = await s.questions.node.view("agreement", s.agreement.id)
    return [address.parse(each) for each in record["devices"]]


def _can_cancel(s: Setting) -> tuple[Field, ...] | None:
    phase = s.agreement.phase
    mine = (s.consumer and phase in (Phase.OPEN, Phase.WAITING)) or (
        s.operator and phase in (Phase.OPEN, Phase.LAPSED)
    )
    return () if mine else None


async def _cancel(s: Setting, _given: Given) -> Prepared:
    a, w = s.agreement, s.w
    lines = (
        ((w.say("Bonus that goes with it"), w.money(a.money.bonus + a.money.grants)),)
        if a.state.binds
        else ()
    )
    return Prepared(w.say("Agreement %(id)s is called off for good.", id=a.id), lines, ("cancel", (a.id,)))


def _can_terminate(s: Setting) -> tuple[Field, ...] | None:
    a = s.agreement
    ahead = a.phase is Phase.RUNNING and a.state is State.ACCEPTED and s.now < a.dates.notice_until
    return () if ahead and (s.consumer or s.operator) else None


async def _terminate(s: Setting, _given: Given) -> Prepared:
    a, w = s.agreement, s.w
    does = foresight.leaving(a.terms, a.money.bonus, s.now)
    lines = (
        (w.say("Ends then"), f"{w.instant(does.end)}, {w.say('in %(span)s', span=w.span(does.end - s.now))}"),
        (w.say("Intervals left out"), f"{w.number(does.left_out)} / {w.number(a.terms.intervals)}"),
        (w.say("Of the bonus is given up"), w.money(does.forfeited if s.consumer else 0)),
        (w.say("Bonus"), w.money(a.money.bonus)),
    )
    means = (
        w.say(
            "You leave: the agreement ends early, and the share of the bonus for what is left out is lost to you."
        )
        if s.consumer
        else w.say(
            "You leave: the agreement ends early, and the consumer keeps the whole bonus, less penalties."
        )
    )
    return Prepared(means, lines, ("terminate", (a.id,)))


def _can_offer(s: Setting) -> tuple[Field, ...] | None:
    bound = s.agreement.state.binds and s.agreement.phase is not Phase.EXPIRED
    return (Field("to", s.w.say("To this account"), "account"),) if s.consumer and bound else None


async def _offer(s: Setting, given: Given) -> Prepared:
    to, w = account(given, "to"), s.w
    if to == _NOBODY:
        raise BadRequest(sentence("to: the zero account is nobody; an offer is taken back by its own button"))
    means = w.say(
        "%(account)s can then take your place, until you take the offer back.", account=checksum(to)
    )
    lines = ((w.say("What remains of the bonus goes along"), w.money(s.agreement.money.remaining)),)
    return Prepared(means, lines, ("offerSuccession", (s.agreement.id, to)))


def _can_withdraw(s: Setting) -> tuple[Field, ...] | None:
    return () if s.consumer and s.agreement.successor else None


async def _withdraw(s: Setting, _given: Given) -> Prepared:
    return Prepared(s.w.say("The offer is taken back."), (), ("offerSuccession", (s.agreement.id, _NOBODY)))


def _can_succeed(s: Setting) -> tuple[Field, ...] | None:
    return () if s.agreement.successor == s.sender else None


async def _succeed(s: Setting, _given: Given) -> Prepared:
    a, w = s.agreement, s.w
    lines = (
        (w.say("Bonus and grants"), w.money(a.money.bonus + a.money.grants)),
        (w.say("Taken so far"), w.money(a.money.accrued)),
        (w.say("Remains"), w.money(a.money.remaining)),
    )
    means = w.say("This makes you the consumer of agreement %(id)s, with all that has accrued.", id=a.id)
    return Prepared(means, lines, ("acceptSuccession", (a.id,)))


ACTS = (
    Act("accept", mark("Accept"), _can_accept, _accept),
    Act("cancel", mark("Call off"), _can_cancel, _cancel),
    Act("terminate", mark("Give notice"), _can_terminate, _terminate),
    Act("hand-over", mark("Hand over"), _can_offer, _offer),
    Act("withdraw", mark("Take the offer back"), _can_withdraw, _withdraw),
    Act("succeed", mark("Take the consumer's place"), _can_succeed, _succeed),
)
