# SPDX-License-Identifier: Apache-2.0
"""What moved an agreement's money, as sentences with their figures: "10:00–10:15: 300 units, 30 kWh, over …"."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .words import mark

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .words import Words

Facts = dict[str, Any]


def sentence(movement: Facts, terms: Mapping[str, Any], w: Words) -> str:
    """Return a movement in words. `terms` needs start, interval_seconds and unit_wh."""
    return _TELLERS[movement["kind"]](movement["figures"], movement, terms, w)


def _deviation(figures: Facts, movement: Facts, terms: Mapping[str, Any], w: Words) -> str:
    unit = terms["unit_wh"]
    over = movement["kind"] == "over"
    bound = figures["greatest"] if over else figures["least"]
    sealed = figures["used"] < 0  # the chain says by how much, and no more
    told = {
        "when": _when(figures["first"], figures["first"], terms, w),
        "used": w.kwh(figures["used"] * unit),
        "off_units": w.number(figures["units"]),
        "off": w.kwh(figures["units"] * unit),
        "bound": w.kwh(bound * unit),
        "flat": w.amount(figures["flat"]),
        "rate": w.amount(figures["rate"]),
        "sum": w.amount(movement["amount"]),
    }
    if sealed:
        message = (
            w.say("%(when)s: %(off_units)s units or %(off)s over the sealed band", **told)
            if over
            else w.say("%(when)s: %(off_units)s units or %(off)s under the sealed band", **told)
        )
        return f"{message}: {w.say('%(flat)s + %(off_units)s × %(rate)s = %(sum)s', **told)}"
    if over:
        return w.say(
            "%(when)s: %(used)s used, %(off_units)s units or %(off)s over %(bound)s: "
            "%(flat)s + %(off_units)s × %(rate)s = %(sum)s",
            **told,
        )
    return w.say(
        "%(when)s: %(used)s used, %(off_units)s units or %(off)s under %(bound)s: "
        "%(flat)s + %(off_units)s × %(rate)s = %(sum)s",
        **told,
    )


def _stretch(message_one: str, message_many: str) -> Callable[..., str]:
    def tell(figures: Facts, movement: Facts, terms: Mapping[str, Any], w: Words) -> str:
        return w.count(
            message_one,
            message_many,
            figures["count"],
            when=_when(figures["first"], figures["last"], terms, w),
            rate=w.amount(figures["rate"]),
            sum=w.amount(movement["amount"]),
        )

    return tell


def _outage(figures: Facts, movement: Facts, _terms: Mapping[str, Any], w: Words) -> str:
    causes = (w.say("cause unknown"), w.say("on the grid's side"), w.say("on the consumer's side"))
    return w.say(
        "%(when)s: supply was out, %(cause)s: %(event)s + %(minutes)s min × %(rate)s = %(sum)s",
        when=w.between(figures["started_at"], figures["ended_at"]),
        cause=causes[figures["cause"]],
        event=w.amount(figures["event"]),
        minutes=w.number(figures["minutes"]),
        rate=w.amount(figures["rate"]),
        sum=w.amount(movement["amount"]),
    )


def _forfeited(figures: Facts, _movement: Facts, _terms: Mapping[str, Any], w: Words) -> str:
    return w.say(
        "The consumer gave notice: the share of the bonus for %(left)s of %(of)s intervals is given up",
        left=w.number(figures["intervals"]),
        of=w.number(figures["of"]),
    )


def _neutral(figures: Facts, _movement: Facts, _terms: Mapping[str, Any], w: Words) -> str:
    return w.count(
        "Nobody was to measure %(n)s interval of %(of)s: its share of the bonus",
        "Nobody was to measure %(n)s intervals of %(of)s: their share of the bonus",
        figures["count"],
        of=w.number(figures["of"]),
    )


def _settled(figures: Facts, _movement: Facts, _terms: Mapping[str, Any], w: Words) -> str:
    return w.say(
        "Settled: %(accrued)s taken, %(remaining)s remain, a discount of %(discount)s",
        accrued=w.money(figures["accrued"]),
        remaining=w.money(figures["remaining"]),
        discount=w.money(figures["discount"]),
    )


def _plain(message: str) -> Callable[..., str]:
    def tell(figures: Facts, movement: Facts, _terms: Mapping[str, Any], w: Words) -> str:
        whose = movement["account"]
        return w.say(
            message,
            amount=w.money(figures["amount"]),
            invoice=movement["invoice"] or "",
            account=whose["address"] if whose else "",
        )

    return tell


def _when(first: int, last: int, terms: Mapping[str, Any], w: Words) -> str:
    start, length = terms["start"], terms["interval_seconds"]
    return w.between(start + first * length, start + (last + 1) * length)


_TELLERS: dict[str, Callable[..., str]] = {
    "under": _deviation,
    "over": _deviation,
    "no data": _stretch(
        "%(when)s: %(n)s interval in which the meter measured too little: %(n)s × %(rate)s = %(sum)s",
        "%(when)s: %(n)s intervals in which the meter measured too little: %(n)s × %(rate)s = %(sum)s",
    ),
    "missing": _stretch(
        "%(when)s: %(n)s interval that was never reported: %(n)s × %(rate)s = %(sum)s",
        "%(when)s: %(n)s intervals that were never reported: %(n)s × %(rate)s = %(sum)s",
    ),
    "unexplained": _stretch(
        "%(when)s: %(n)s interrupted interval that no outage explains: %(n)s × %(rate)s = %(sum)s",
        "%(when)s: %(n)s interrupted intervals that no outage explains: %(n)s × %(rate)s = %(sum)s",
    ),
    "outage": _outage,
    "forfeited": _forfeited,
    "neutral": _neutral,
    "settled": _settled,
    "granted": _plain(mark("The operator added to the bonus")),
    "waived": _plain(mark("The operator waived penalties")),
    "redeemed": _plain(mark("%(amount)s redeemed against invoice %(invoice)s")),
    "acknowledged": _plain(mark("The operator acknowledged %(amount)s on invoice %(invoice)s")),
    "credited": _plain(mark("%(amount)s credited to %(account)s")),
    "collected": _plain(mark("%(amount)s paid out to %(account)s")),
}
