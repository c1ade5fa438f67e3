# SPDX-License-Identifier: Apache-2.0
"""`electro agreement accept`, `offer`, `sign-acceptance` and `submit`: how a consumer says yes."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_contracts.events import AgreementAccepted, AgreementProposed
from electro_contracts.terms import Terms
from electro_protocol import address
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.accounts import key_options
from electro_tools.commands import Command
from electro_tools.contract.asking import confirm
from electro_tools.contract.desk import acts, agreement_argument, asks, json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import INSTANT
from electro_tools.viewing import opened, viewing_option

from . import wallet

if TYPE_CHECKING:
    from electro_tools.accounts import KeyFile
    from electro_tools.contract.desk import Desk

    from .offer import Offer

_file = click.Path(dir_okay=False, path_type=Path)
_terms_option = click.option(
    "--terms", "terms_file", type=_file, help="Refuse unless the terms are exactly those of this file."
)


@click.command(cls=Command)
@agreement_argument
@_terms_option
@viewing_option
@wallet.folder_option
@acts
def accept(
    desk: Desk, agreement_id: int, terms_file: Path | None, viewing_file: Path | None, folder: Path | None
) -> None:
    """Accept a proposal, as its consumer, by a transaction.

    What is accepted is shown first and named by its hashes, worked out here from what is shown. With --from it is
    shown, and written to a folder for another wallet: as typed data with its descriptor, as a transaction. Sealed terms
    are accepted only with the viewing key that opens them.
    """
    from . import offer

    proposal = offer.of_agreement(desk, agreement_id)
    terms = opened(proposal.terms, viewing_file)
    _compare(terms, proposal.agreement_id, terms_file)
    acceptance = proposal.acceptance(proposal.terms.start)
    _, terms_hash, devices_hash, bonus, _ = acceptance.values()
    binding = f"this binds you to agreement {agreement_id}"
    names = (agreement_id, terms_hash, devices_hash, bonus)
    for_wallet = wallet.hand(desk, folder, acceptance)
    sent = desk.send("accept", *names, lasting=binding, about=_facts(proposal, terms), wallet=for_wallet)
    facts = Facts().count("agreement", agreement_id).add("state", "accepted")
    desk.report(facts.add("bonus", bonus).time("begins", proposal.terms.start), sent)


@click.command(cls=Command)
@agreement_argument
@click.option("--out", type=_file, required=True, help="The file to write.")
@asks
def offer(desk: Desk, agreement_id: int, out: Path) -> None:
    """Write a proposal that is on chain to a file, whole, for the consumer to read and sign offline."""
    from electro_tools.papers import write

    from .offer import of_agreement

    write(out, of_agreement(desk, agreement_id))
    Facts().count("agreement", agreement_id).add("offer", str(out)).print(as_json=desk.as_json)


@click.command(cls=Command)
@click.argument("offer_file", metavar="OFFER", type=_file)
@_terms_option
@viewing_option
@click.option(
    "--deadline", type=INSTANT, help="Until when the signature can be used; default: the start of the term."
)
@click.option("--out", type=_file, required=True, help="The signed file to write.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
@key_options
@json_option
def sign_acceptance(
    offer_file: Path,
    terms_file: Path | None,
    viewing_file: Path | None,
    deadline: int | None,
    out: Path,
    yes: bool,
    key: KeyFile,
    as_json: bool,
) -> None:
    """Sign the acceptance of an offer; no network is needed.

    OFFER is what `electro agreement propose --offer` or `offer` wrote. What it says is shown, and what is signed
    are the hashes of just that. Anyone can then submit the signed file.
    """
    from electro_tools.papers import must_be_new, write

    from .offer import read

    proposal = read(offer_file)
    terms = opened(proposal.terms, viewing_file)
    _compare(terms, proposal.agreement_id, terms_file)
    must_be_new(out)
    account = key.open()
    if address.parse(account.address) != proposal.consumer:
        raise ToolError(
            f"the offer is to {address.checksum(proposal.consumer)}, and this key is of {account.address}",
            "a smart wallet accepts by its own transaction: electro agreement accept --from WALLET prints it",
        )
    if not yes:
        confirm(f"your signature binds you to agreement {proposal.agreement_id}", _facts(proposal, terms))
    message = proposal.acceptance(proposal.terms.start if deadline is None else deadline)
    signed = SignedMessage.make(message, proposal.domain, bytes(account.key))
    write(out, dataclasses.replace(proposal, signed=signed))
    Facts().add("signed", str(out)).time("good until", message.deadline).print(as_json=as_json)


@click.command(cls=Command)
@click.argument("file", type=_file)
@click.option(
    "--together", is_flag=True, help="As the operator, agree to a renomination that the consumer signed."
)
@viewing_option
@acts
def submit(desk: Desk, file: Path, together: bool, viewing_file: Path | None) -> None:
    """Send what a consumer has signed (acceptance, renewal, redemption, renomination), or a meter's message.

    Anyone may send it and pays the gas; only a renewal and --together need the operator's key. Sealed bands are sent
    only with the viewing key that opens them, after what they change was shown.
    """
    from . import carrying, consent, offer

    content = papers.content_of(file)
    if carrying.is_one(content):
        carrying.submit(desk, file, content)
        return
    if consent.is_one(content):
        signed = consent.from_content(file, content)
        consent.submit(desk, signed, together=together, viewing_file=viewing_file)
        return
    proposal = offer.from_content(file, content)
    if proposal.signed is None:
        raise ToolError(
            f"{file} is not signed yet", "the consumer signs it with electro agreement sign-acceptance"
        )
    consent.must_be_here(desk, file, proposal.domain)
    deadline, signature = proposal.signed.message.values()[4], proposal.signed.signature
    if proposal.renews is not None:
        sent = desk.send("renew", proposal.renews, proposal.terms.start, proposal.bonus, deadline, signature)
        event = sent.event(AgreementProposed)
        facts = Facts().count("agreement", event.agreement_id).count("renews", proposal.renews)
    else:
        sent = desk.send("acceptBySignature", *proposal.signed.message.values(), signature)
        facts = Facts().count("agreement", proposal.agreement_id)
    accepted = sent.event(AgreementAccepted)
    facts.add("state", "accepted").add("consumer", address.checksum(accepted.consumer))
    desk.report(facts.add("bonus", proposal.bonus).time("begins", proposal.terms.start), sent)


def _compare(offered: Terms, agreement_id: int, terms_file: Path | None) -> None:
    """Refuse offered terms, opened if they are sealed, that are not those of the consumer's own file."""
    if terms_file is None:
        return
    from . import terms_file as file

    wanted = file.read(terms_file)
    if wanted == offered:
        return
    names = [field.name for field in dataclasses.fields(Terms)]
    other = [name for name in names if getattr(wanted, name) != getattr(offered, name)]
    raise ToolError(
        f"what is offered is not what {terms_file} says: {', '.join(other)} differ",
        f"electro agreement check {terms_file} and electro agreement terms {agreement_id} show both",
    )


def _facts(proposal: Offer, terms: Terms) -> Facts:
    """Return what is to be accepted; terms: in the clear."""
    from .terms_commands import describe

    facts = Facts().count("agreement", proposal.agreement_id).count("chain", proposal.domain.chain_id)
    facts.add("contract", address.checksum(proposal.domain.contract))
    facts.add("consumer", address.checksum(proposal.consumer)).add("bonus", proposal.bonus)
    for device in proposal.devices:
        facts.say("meter", address.checksum(device))
    describe(facts, terms, are_sealed=proposal.terms.seal is not None)
    if proposal.terms.seal is not None:
        facts.add("viewing key hash", "0x" + proposal.terms.seal.key_hash.hex())
        facts.add("sealed terms hash", "0x" + proposal.terms.hash.hex())
    return facts
