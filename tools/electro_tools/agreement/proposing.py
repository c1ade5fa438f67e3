# SPDX-License-Identifier: Apache-2.0
"""`electro agreement propose`, `renew`, `pause` and `resume`: what an operator offers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_contracts import sealed
from electro_contracts.bill import first_cheap_silence
from electro_contracts.events import AgreementProposed
from electro_plan.quantities import instant_text
from electro_protocol import address
from electro_tools import papers
from electro_tools.commands import Command
from electro_tools.contract.desk import acts, agreement_argument
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS, BONUS, INSTANT
from electro_tools.viewing import read, viewing_option

if TYPE_CHECKING:
    from electro_tools.contract.desk import Desk, Sent

_file = click.Path(dir_okay=False, path_type=Path)
_offer_option = click.option(
    "--offer", "offer_file", type=_file, help="Also write the offer to a file, for the consumer to sign."
)


@click.command(cls=Command)
@click.argument("terms_file", metavar="TERMS", type=_file)
@click.option(
    "--consumer", type=ADDRESS, required=True, help="Who is to accept: an account or a smart wallet."
)
@click.option(
    "--device", "devices", type=ADDRESS, multiple=True, required=True, help="A meter; repeat for more."
)
@click.option("--bonus", type=BONUS, required=True, help="Minor units, credited at the acceptance.")
@_offer_option
@viewing_option
@acts
def propose(
    desk: Desk,
    terms_file: Path,
    consumer: str,
    devices: tuple[str, ...],
    bonus: int,
    offer_file: Path | None,
    viewing_file: Path | None,
) -> None:
    """Propose an agreement on the terms of a file.

    It binds nobody until the consumer accepts, and lapses at its start. With --viewing-key the bands are sealed, and
    the readings will be: the consumer needs the same key to accept, and each meter has to hold it.
    """
    from . import offer
    from . import terms_file as file

    terms = file.read(terms_file)
    if viewing_file is not None:
        terms = sealed.seal(terms, read(viewing_file))
        cheap = first_cheap_silence(terms.bands, terms)
        if cheap is not None:
            raise ToolError(
                f"silence costs {terms.missing_penalty}, and in some band the truth could cost {cheap[1]}",
                "of sealed bands nobody knows how wide they are: raise missing to that",
            )
    _must_lie_ahead(desk, terms.start)
    if offer_file is not None:
        papers.must_be_new(offer_file)
    sent = desk.send("propose", consumer, terms.to_tuple(), list(devices), bonus)
    facts = _proposed(sent)
    if offer_file is not None:
        proposal = offer.of_agreement(desk, facts.to_json()["agreement"])
        papers.write(offer_file, proposal)
        facts.add("offer", str(offer_file))
    desk.report(facts, sent)


@click.command(cls=Command)
@agreement_argument
@click.option(
    "--start", type=INSTANT, required=True, help="First instant of the new period, ISO 8601 with offset."
)
@click.option("--bonus", type=BONUS, required=True, help="Minor units for the new period.")
@click.option(
    "--offer",
    "offer_file",
    type=_file,
    help="Propose nothing yet: write the offer for the consumer to sign; submit then renews and accepts at once.",
)
@acts
def renew(desk: Desk, agreement_id: int, start: int, bonus: int, offer_file: Path | None) -> None:
    """Propose a new period with the same consumer, terms and meters.

    With --offer it costs one transaction in all: the consumer signs the file first. It names the id that
    comes next, so let no other proposal come between.
    """
    from . import offer

    _must_lie_ahead(desk, start)
    if offer_file is not None:
        proposal = offer.of_renewal(desk, agreement_id, start, bonus)
        papers.must_be_new(offer_file)
        papers.write(offer_file, proposal)
        facts = Facts().count("agreement", proposal.agreement_id).add("offer", str(offer_file))
        facts.silent("sent", value=False).print(as_json=desk.as_json)
        return
    sent = desk.send("renew", agreement_id, start, bonus, 0, b"")
    desk.report(_proposed(sent).count("renews", agreement_id), sent)


@click.command(cls=Command)
@acts
def pause(desk: Desk) -> None:
    """Take no new proposals and renewals until they are resumed. Nothing else can be paused."""
    _pause(desk, paused=True)


@click.command(cls=Command)
@acts
def resume(desk: Desk) -> None:
    """Take new proposals and renewals again."""
    _pause(desk, paused=False)


def _pause(desk: Desk, *, paused: bool) -> None:
    sent = desk.send("pauseProposals", paused)
    desk.report(Facts().add("proposals", "paused" if paused else "taken"), sent)


def _proposed(sent: Sent) -> Facts:
    """Return what was proposed, from the contract's own event."""
    event = sent.event(AgreementProposed)
    facts = Facts().count("agreement", event.agreement_id).add("consumer", address.checksum(event.consumer))
    facts.add("bonus", event.bonus).time("lapses at", event.terms.start)
    return facts.add("terms hash", "0x" + event.terms.hash.hex())


def _must_lie_ahead(desk: Desk, start: int) -> None:
    now = desk.now()
    if start <= now:
        raise ToolError(
            f"the term would begin at {instant_text(start)}, and the chain's time is {instant_text(now)}",
            "nobody could accept it any more: choose a later start",
        )
