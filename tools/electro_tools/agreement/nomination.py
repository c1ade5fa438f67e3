# SPDX-License-Identifier: Apache-2.0
"""Other bands for intervals of one pass of the schedule, told at the terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts.places import By
from electro_plan.quantities import instant_text
from electro_protocol import address
from electro_tools.errors import ToolError
from electro_tools.facts import Facts

from . import nomination_picture

if TYPE_CHECKING:
    from electro_console.nomination import Nomination
    from electro_contracts.bill import Band

    from .draft import Draft

WHO = {By.CONSUMER: "consumer alone", By.OPERATOR: "operator alone", By.BOTH: "together"}
_MOST_STRETCHES = 12  # on a screen; the picture and --json have all


def facts_of(draft: Draft, now: int) -> Facts:
    """Return what a draft would change, with a picture."""
    facts = Facts().count("agreement", draft.agreement_id)
    facts.add("consumer", address.checksum(draft.consumer))
    describe(facts, draft.nomination, now)
    if draft.ciphertext is not None:
        facts.say("sealed", "on chain, in the draft and in what is signed these bands are ciphertext")
    return facts.say("picture", "\n" + nomination_picture.in_terminal(draft.nomination))


def must_be_allowed(draft: Draft, by: By, now: int) -> None:
    """Refuse, before anything is signed or sent, what the contract would refuse; raise ToolError."""
    refusal = draft.nomination.refusal(by, now)
    if refusal is not None:
        sentence, hint = refusal
        raise ToolError(f"the contract would refuse: {sentence}", hint)


def binding(draft: Draft) -> str:
    """Return what can't be undone by it."""
    new = draft.nomination
    return (
        f"this replaces the bands of intervals {new.first} to {new.last} at place {new.place} "
        f"of agreement {draft.agreement_id}; once begun an interval keeps its band"
    )


def describe(facts: Facts, nomination: Nomination, now: int) -> None:
    """Add what would change, what that is worth, and who may order it."""
    terms = nomination.terms
    unit_kwh = terms.unit_wh / 1000
    facts.count("place", nomination.place)
    until = instant_text(terms.instant(nomination.last + 1))
    times = f"{instant_text(nomination.begins)} to {until}"
    facts.say("intervals", f"{nomination.first} to {nomination.last}: {times}")
    facts.silent("first", nomination.first).silent("intervals", len(nomination.after()))
    facts.silent("bands", [list(band) for band in nomination.bands])
    changed = [each for each in nomination.stretches() if each[2] != each[3]]
    for first, last, was, becomes in changed[:_MOST_STRETCHES]:
        times = f"{instant_text(terms.instant(first))[:16]} to {instant_text(terms.instant(last + 1))[11:16]}"
        facts.say("changes", f"{times}  {_band(was, unit_kwh)} → {_band(becomes, unit_kwh)} kWh")
    if len(changed) > _MOST_STRETCHES:
        facts.say("changes", f"and {len(changed) - _MOST_STRETCHES} more stretches")
    if not changed:
        facts.say("changes", "nothing: these bands hold already")
    least, greatest = (
        [sum(band[side] for band in bands) * unit_kwh for bands in (nomination.before(), nomination.after())]
        for side in (0, 1)
    )
    words = f"from {least[0]:,.10g}…{greatest[0]:,.10g} to {least[1]:,.10g}…{greatest[1]:,.10g} kWh"
    facts.say("in all", words)
    saves, costs = nomination.saves(), nomination.costs()
    facts.add("saves", saves, f"up to {saves:,}: so much would cost now what is allowed then")
    facts.add("costs", costs, f"up to {costs:,}: so much would cost then what is allowed now")
    refused = {}
    for by, who in WHO.items():
        refusal = nomination.refusal(by, now)
        words = refusal[0] if refusal else "may"
        if refusal is None and by is By.CONSUMER:
            words += f", until {instant_text(nomination.begins - terms.lead_seconds)}"
        facts.say(who, words if refusal is None else f"no: {words}")
        refused[who.replace(" ", "_")] = refusal[0] if refusal else None
    facts.silent("refused", refused)


def _band(band: Band, unit_kwh: float) -> str:
    return f"{band[0] * unit_kwh:,.10g}…{band[1] * unit_kwh:,.10g}"
