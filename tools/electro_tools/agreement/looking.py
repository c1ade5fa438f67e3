# SPDX-License-Identifier: Apache-2.0
"""`electro agreement list` and `show`: where agreements stand now."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import click

from electro_console.refusals import STATES
from electro_contracts.invoices import word_text
from electro_plan.quantities import instant_text, span_text
from electro_protocol import address
from electro_tools.commands import Command
from electro_tools.contract.desk import agreement_argument, asks
from electro_tools.contract.indexed import index_options, indexed
from electro_tools.errors import ToolError
from electro_tools.facts import Facts, safe
from electro_tools.parameters import ADDRESS, WORD
from electro_tools.validators import VALIDATORS

from . import meters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_console.index.reading import Index
    from electro_console.index.records import Override
    from electro_contracts.terms import Terms
    from electro_tools.contract.desk import Desk
    from electro_tools.contract.indexed import Kept
    from electro_tools.validators import Validators

_PROPOSED, _SETTLED, _CANCELLED = (STATES.index(state) for state in ("proposed", "settled", "cancelled"))
_NOBODY = "0x" + "00" * 20
_MOST_SHOWN = 5  # renominated passes of a meter on a screen; --json has all


@click.command("list", cls=Command)
@click.option("--consumer", type=ADDRESS, help="Only this consumer's.")
@click.option("--state", type=click.Choice(STATES[1:]), help="Only those in this state.")
@click.option(
    "--last", type=click.IntRange(1), default=20, show_default=True, help="Show so many, newest first."
)
@click.option("--behind", is_flag=True, help="Only those with meters that are behind; say how far.")
@index_options
@asks
def list_agreements(
    desk: Desk, consumer: str | None, state: str | None, last: int, behind: bool, kept: Kept
) -> None:
    """List agreements, the newest first."""
    now = desk.now()
    with indexed(desk, kept) as index:
        count = index.status().agreements
        found = _chosen(index, now, consumer, state, last, behind=behind)
    rows = []
    for agreement_id, late in found:
        record = desk.record("agreement", agreement_id)
        row = {**record, "agreement": agreement_id, "state": STATES[record["state"]]}
        if behind:
            row["meters"] = [
                {**meter, "words": meters.words(meter, record, interval_s, now)} for meter, interval_s in late
            ]
        rows.append(row)
    if desk.as_json:
        click.echo(json.dumps(safe(rows)))
        return
    if not rows:
        click.echo(f"none of {count} agreements")
        return
    click.echo(f"{'id':>6}  {'state':11}  {'consumer':13}  {'start':10}  {'end':10}  {'remaining':>16}")
    for row in rows:
        consumer_short = row["consumer"][:6] + "…" + row["consumer"][-6:]
        days = "  ".join(instant_text(row[each])[:10] for each in ("start", "end"))
        click.echo(
            f"{row['agreement']:>6}  {row['state']:11}  {consumer_short}  {days}  {row['remaining']:>16,}"
        )
        for meter in row.get("meters", ()):
            click.echo(f"        {meter['device']}\n          {meter['words']}")


def _chosen(
    index: Index, now: int, consumer: str | None, state: str | None, last: int, *, behind: bool
) -> list[tuple[int, list[tuple[dict[str, Any], int]]]]:
    """Return the numbers of agreements, each with its meters that are behind and its interval's seconds."""
    from electro_console.index.records import State

    wanted = None if state is None else State(STATES.index(state))
    party = None if consumer is None else address.parse(consumer)
    found: list[tuple[int, list[tuple[dict[str, Any], int]]]] = []
    page = 0
    while len(found) < last:
        some = index.agreements(now, state=wanted, consumer=party, page=page)
        for row in some.items:
            late = (
                meters.behind(index.agreement(row.id, now), row.interval_s) if behind and row.behind else []
            )
            if late or not behind:
                found.append((row.id, late))
        page += 1
        if page >= some.pages:
            break
    return found[:last]


@click.command(cls=Command)
@agreement_argument
@click.option("--invoice", type=WORD, help="Also show what was redeemed against this invoice.")
@click.option("--prove", is_flag=True, help="Also prove where the meters stand, by eth_getProof.")
@click.option(
    "--validators",
    type=VALIDATORS,
    metavar="FILE|ADDR,…",
    help="With --prove: of a QBFT network, whose seals the block must have.",
)
@index_options
@asks
def show(
    desk: Desk,
    agreement_id: int,
    invoice: bytes | None,
    prove: bool,
    validators: Validators | None,
    kept: Kept,
) -> None:
    """Show an agreement: state, times, money, and for each meter what the contract waits for.

    A meter is behind by the intervals that have ended and are not yet on chain. What is proved does not rest on the
    node's word, but on the seals of validators, or without them on the header of the block that it names.
    """
    if validators is not None and not prove:
        raise ToolError("--validators says whom --prove believes: give both")
    from electro_contracts.terms import Terms

    count = desk.ask("agreementCount")
    if agreement_id > count:
        raise ToolError(
            f"there is no agreement {agreement_id}; the newest is {count}", "electro agreement list"
        )
    found, now = desk.record("agreement", agreement_id), desk.now()
    terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    code, words = phase(found, terms, now)
    facts = Facts().count("agreement", agreement_id).add("state", STATES[found["state"]])
    facts.add("phase", code, words).add("consumer", found["consumer"])
    successor = None if found["successor"] == _NOBODY else found["successor"]
    if successor:
        facts.add("successor", successor, f"offered to {successor}")
    else:
        facts.silent("successor", None)
    facts.time("chain time", now)
    for label, key in (
        ("start", "start"),
        ("end", "end"),
        ("grace until", "reportsUntil"),
        ("settles at", "settlesAt"),
    ):
        facts.time(label, found[key], _away(found[key], now))
    _add_money(facts, desk, found, now)
    _add_seal(facts, desk, found, terms)
    with indexed(desk, kept) as index:
        overrides = index.overrides(agreement_id)
    _add_meters(facts, desk, agreement_id, found, terms, now, overrides)
    if invoice is not None:
        _add_invoice(facts, desk, agreement_id, invoice)
    if prove:
        from .proving import add_proof

        add_proof(facts, desk, agreement_id, found["devices"], validators.addresses if validators else ())
    facts.print(as_json=desk.as_json)


def phase(found: dict[str, Any], terms: Terms, now: int) -> tuple[str, str]:
    """Return where an agreement stands, as a word for machines and as words for people."""
    state, start, end = found["state"], found["start"], found["end"]
    good_until = found["redeemableUntil"]
    interval_s = terms.interval_seconds
    running = (now - start) // interval_s
    closed = (
        found["settlesAt"] - terms.dispute_window
    )  # sooner than the grace if all is reported after a notice
    steps: dict[int, list[tuple[float, str, str]]] = {
        _CANCELLED: [(math.inf, "cancelled", "called off; it binds nobody")],
        _PROPOSED: [
            (start, "open", f"the consumer can accept until {instant_text(start)}"),
            (math.inf, "lapsed", "nobody accepted it before its start"),
        ],
        _SETTLED: [
            (good_until + 1, "redeemable", f"the discount is good until {instant_text(good_until)}"),
            (math.inf, "expired", "what was not redeemed has expired"),
        ],
    }
    bound = [
        (start, "waiting", "accepted; the term has not begun"),
        (end, "running", f"interval {running} of {(end - start) // interval_s} is running"),
        (closed, "grace", "the term is over; reports are still taken"),
        (found["settlesAt"], "dispute", "the operator may waive penalties"),
        (math.inf, "due", "anyone can settle it: electro agreement settle"),
    ]
    return next((code, words) for until, code, words in steps.get(state, bound) if now < until)


def _away(instant: int, now: int) -> str:
    return f"  in {span_text(instant - now)}" if instant > now else f"  {span_text(now - instant)} ago"


def _add_money(facts: Facts, desk: Desk, found: dict[str, Any], now: int) -> None:
    facts.add("bonus", found["bonus"])
    for label in ("grants", "accrued", "waived", "forfeited"):
        words = f"{found[label]:,}" + ("  part of accrued" if label == "forfeited" else "")
        if found[label] or label == "accrued":
            facts.add(label, found[label], words)
        else:
            facts.silent(label, 0)
    neutral, share = found["neutralIntervals"], found["neutralShare"]
    facts.silent("neutral_intervals", neutral)
    if neutral:
        facts.add("neutral share", share, f"{share:,}  part of accrued, for {neutral:,} neutral intervals")
    else:
        facts.silent("neutral_share", share)
    facts.add("remaining", found["remaining"])
    if found["state"] == _SETTLED:
        facts.add("discount", found["discount"]).add("redeemed", found["redeemed"])
        facts.time("good until", found["redeemableUntil"], _away(found["redeemableUntil"], now))
    token = desk.ask("currency")
    facts.add(
        "currency",
        None if token == _NOBODY else token,
        "minor units, a promise" if token == _NOBODY else f"{token} in escrow",
    )
    if token != _NOBODY:
        facts.add("locked", found["locked"])
        owed = desk.ask("owed", found["consumer"])
        facts.add("owed", owed, f"{owed:,} to the consumer")


def _add_seal(facts: Facts, desk: Desk, found: dict[str, Any], terms: Terms) -> None:
    """Say by which key an agreement is sealed, and which of its meters have not said that they hold it."""
    if terms.seal is None:
        facts.silent("viewing_key_hash", None)
        return
    key_hash = terms.seal.key_hash
    without = [device for device in found["devices"] if not desk.ask("holdsViewingKey", device, key_hash)]
    words = f"0x{key_hash.hex()}  bands and readings are sealed"
    if without:
        words += "".join(f"\n  {device} has not said that it holds the key" for device in without)
    facts.add("viewing key hash", f"0x{key_hash.hex()}", words).silent("without_viewing_key", without)


def _add_meters(
    facts: Facts,
    desk: Desk,
    agreement_id: int,
    found: dict[str, Any],
    terms: Terms,
    now: int,
    overrides: Sequence[Override],
) -> None:
    standing = meters.standing(desk, agreement_id, found, terms.interval_seconds, now)
    for meter in standing or [{"device": device} for device in found["devices"]]:
        words = f"\n  {meters.words(meter, found, terms.interval_seconds, now)}" if standing else ""
        if standing:
            meter["overrides"] = _passes(overrides, meter, terms, now)
            words += "".join(
                f"\n  {_override_text(pass_, terms)}" for pass_ in meter["overrides"][:_MOST_SHOWN]
            )
            more = len(meter["overrides"]) - _MOST_SHOWN
            words += f"\n  and {more} more passes" if more > 0 else ""
        facts.say("meter", meter["device"] + words)
    facts.silent("meters", standing)


def _passes(overrides: Sequence[Override], meter: dict[str, Any], terms: Terms, now: int) -> list[int]:
    """Return the passes from the running one on in which other bands hold at a meter's place."""
    slots = len(terms.bands)
    running = max(0, now - terms.start) // terms.interval_seconds // slots
    held = {each.first // slots for each in overrides if each.place == meter["place"]}
    return sorted(pass_ for pass_ in held if running <= pass_ and pass_ * slots < meter["end"])


def _override_text(pass_: int, terms: Terms) -> str:
    first = pass_ * len(terms.bands)
    how = "renominated" if terms.seal is None else "renominated, sealed"
    return f"{how}: the pass of intervals {first} on, from {instant_text(terms.instant(first))[:16]}"


def _add_invoice(facts: Facts, desk: Desk, agreement_id: int, invoice: bytes) -> None:
    redeemed = desk.record("redemption", agreement_id, invoice)
    state = "acknowledged" if redeemed["acknowledged"] else "open"
    words = (
        f"{word_text(invoice)}: {redeemed['amount']:,}, {state}" if redeemed["amount"] else "nothing redeemed"
    )
    facts.add("invoice", {"invoice": word_text(invoice), **redeemed}, words)
