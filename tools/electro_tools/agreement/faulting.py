# SPDX-License-Identifier: Apache-2.0
"""`electro agreement fault`: a consumer's notice that the meter of a place is at fault, with what it costs first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from electro_console import refusals
from electro_contracts import foresight
from electro_contracts.events import FaultDeclared
from electro_contracts.terms import Terms
from electro_plan.quantities import duration_text, instant_text
from electro_protocol import address
from electro_tools.commands import Command
from electro_tools.contract.desk import acts, agreement_argument
from electro_tools.errors import ToolError
from electro_tools.facts import Facts

if TYPE_CHECKING:
    from electro_tools.contract.desk import Desk


@click.command(cls=Command)
@agreement_argument
@click.option(
    "--place", type=click.IntRange(0, 63), required=True, help="The metering point; electro agreement show."
)
@acts
def fault(desk: Desk, agreement_id: int, place: int) -> None:
    """Declare, as the consumer, that the meter of a place is at fault. This can't be taken back.

    The running interval is the meter's last and still counts. Later ones are neutral until you accept another meter,
    and so are those of the look-back that never come: they cost their share of the bonus at the settlement.
    """
    found = desk.record("agreement", agreement_id)
    if place >= len(found["devices"]):
        sentence = refusals.tell("NoSuchPlace", (agreement_id, place))
        assert sentence is not None  # the contract's own error
        raise ToolError(sentence, refusals.HINTS["NoSuchPlace"])
    facts = _cost(desk, agreement_id, place, found)
    lasting = (
        f"this ends what {found['devices'][place]} measures at place {place} of agreement {agreement_id}"
    )
    sent = desk.send("fault", agreement_id, place, lasting=f"{lasting}, for good", about=facts)
    event = sent.event(FaultDeclared)
    done = Facts().count("agreement", agreement_id).count("place", place)
    done.add("meter", address.checksum(event.device)).count("end", event.end)
    done.silent("look_from", event.look_from).silent("look_to", event.look_to)
    words = "what is not measured from there on is neutral" if event.decides else "an earlier cut decides"
    desk.report(done.add("decides", event.decides, words), sent)


def _cost(desk: Desk, agreement_id: int, place: int, found: dict[str, Any]) -> Facts:
    """Return what the notice would do if it were given now."""
    terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    device, now = found["devices"][place], desk.now()
    point = desk.record("point", agreement_id, device)
    kept = (found["end"] - found["start"]) // terms.interval_seconds
    places = len(found["devices"])
    does = foresight.fault(terms, found["bonus"], places, kept, point["next"], point["end"], now)
    facts = Facts().count("agreement", agreement_id).count("place", place).add("meter", device)
    if does.decides:
        price = f"reported it is judged, not reported it costs {terms.missing_penalty:,}"
        until = instant_text(terms.instant(does.last + 1))
        facts.add("last", does.last, f"the running interval {does.last}, up to {until}")
        facts.say("", price)
    else:
        facts.say("last", f"interval {does.last}: an earlier end decides, and no gap becomes neutral")
    facts.add("neutral", does.ahead, f"up to {does.ahead:,} intervals ahead, until you accept another meter")
    span = duration_text(terms.fault_lookback)
    facts.add("look-back", does.back, f"{does.back:,} unreported of the last {span}, unless they still come")
    if does.lost:
        words = f"{does.lost:,} unreported before that, {does.owed:,} unless they still come"
        facts.add("missing", does.lost, words)
    words = f"at most {does.share:,} of the bonus of {found['bonus']:,}: their share of all intervals"
    return facts.add("costs", does.share, words)
