# SPDX-License-Identifier: Apache-2.0
"""`electro agreement hand-over`: another account takes the consumer's place, once it is offered and it agrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from electro_console.refusals import STATES
from electro_contracts.events import ConsumerChanged, SuccessorOffered
from electro_contracts.terms import Terms
from electro_protocol import address
from electro_tools.commands import Command
from electro_tools.contract.desk import acts, agreement_argument
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS
from electro_tools.viewing import opened, viewing_option

from .terms_commands import describe

if TYPE_CHECKING:
    from pathlib import Path

    from electro_tools.contract.desk import Desk

_NOBODY = "0x" + "00" * 20


@click.command(cls=Command)
@agreement_argument
@click.option("--to", "successor", type=ADDRESS, help="As the consumer: offer your place to this account.")
@click.option("--withdraw", is_flag=True, help="As the consumer: take the offer back.")
@click.option("--accept", "accepts", is_flag=True, help="As the one it is offered to: take the place.")
@viewing_option
@acts
def hand_over(
    desk: Desk,
    agreement_id: int,
    successor: str | None,
    withdraw: bool,
    accepts: bool,
    viewing_file: Path | None,
) -> None:
    """Hand the consumer's place in an agreement over to another account.

    The consumer offers; until the other accepts, nothing changes and the offer can be withdrawn. Whoever takes the
    place takes what is left of the bonus and all that has accrued; money that is owed already stays with the former.
    A sealed agreement is taken over only with the viewing key that opens it.
    """
    if [bool(successor), withdraw, accepts].count(True) != 1:
        raise click.UsageError("Give one of --to, --withdraw and --accept.")
    if accepts:
        _accept(desk, agreement_id, viewing_file)
        return
    lasting = None
    if successor:
        lasting = (
            f"{successor} can then take your place in agreement {agreement_id}, until you withdraw the offer"
        )
    sent = desk.send("offerSuccession", agreement_id, successor or _NOBODY, lasting=lasting)
    event = sent.event(SuccessorOffered)
    offered = address.checksum(event.successor) if any(event.successor) else None
    facts = Facts().count("agreement", agreement_id).add("offered to", offered, offered or "nobody any more")
    desk.report(facts, sent)


def _accept(desk: Desk, agreement_id: int, viewing_file: Path | None) -> None:
    kept = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    terms = opened(kept, viewing_file)
    found = desk.record("agreement", agreement_id)
    about = Facts().count("agreement", agreement_id).add("state", STATES[found["state"]])
    about.add("consumer", found["consumer"]).add("bonus", found["bonus"] + found["grants"])
    about.add("accrued", found["accrued"]).add("remaining", found["remaining"])
    describe(about, terms, are_sealed=kept.seal is not None)
    lasting = f"this makes you the consumer of agreement {agreement_id}, with all that has accrued"
    sent = desk.send("acceptSuccession", agreement_id, lasting=lasting, about=about)
    event = sent.event(ConsumerChanged)
    facts = Facts().count("agreement", agreement_id).add("consumer", address.checksum(event.new))
    desk.report(facts.add("before", address.checksum(event.old)), sent)
