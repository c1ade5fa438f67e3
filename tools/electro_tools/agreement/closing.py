# SPDX-License-Identifier: Apache-2.0
"""What ends an agreement: settle; redeem, sign-redemption and acknowledge of a promise; collect in escrow."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_contracts.events import Collected, Settled
from electro_contracts.invoices import word_text
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import DiscountRedemption
from electro_protocol.signed import SignedMessage
from electro_tools.accounts import key_options
from electro_tools.commands import Command
from electro_tools.contract.desk import acts, agreement_argument, contract_option, json_option
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS, AMOUNT, INSTANT, WORD

from . import wallet

if TYPE_CHECKING:
    from electro_tools.accounts import KeyFile
    from electro_tools.contract.desk import Desk

_file = click.Path(dir_okay=False, path_type=Path)
_GOOD_FOR_S = 30 * 86_400
_invoice_argument = click.argument("invoice", type=WORD)


@click.command(cls=Command)
@agreement_argument
@acts
def settle(desk: Desk, agreement_id: int) -> None:
    """Turn what is left of the bonus into the discount, once the dispute window is over. Anyone may."""
    sent = desk.send("settle", agreement_id)
    event = sent.event(Settled)
    facts = Facts().count("agreement", agreement_id).add("state", "settled").add("accrued", event.accrued)
    facts.add("remaining", event.remaining).add("discount", event.discount)
    good_until = desk.record("agreement", agreement_id)["redeemableUntil"]
    desk.report(facts.time("good until", good_until), sent)


@click.command(cls=Command)
@agreement_argument
@_invoice_argument
@click.argument("amount", type=AMOUNT)
@wallet.folder_option
@acts
def redeem(desk: Desk, agreement_id: int, invoice: bytes, amount: int, folder: Path | None) -> None:
    """Set AMOUNT of the discount against an INVOICE of the operator, each invoice once.

    INVOICE is its number, up to 32 bytes, or 0x and the 64 hex digits of its hash. With --from it is written to a
    folder for another wallet to sign or send.
    """
    lasting = f"this uses {amount:,} of the discount for invoice {word_text(invoice)} for good"
    message = DiscountRedemption(agreement_id, invoice, amount, desk.now() + _GOOD_FOR_S)
    for_wallet = wallet.hand(desk, folder, message)
    sent = desk.send("redeem", agreement_id, invoice, amount, lasting=lasting, wallet=for_wallet)
    facts = Facts().count("agreement", agreement_id).add("invoice", word_text(invoice)).add("amount", amount)
    found = desk.record("agreement", agreement_id)
    desk.report(facts.add("left", found["discount"] - found["redeemed"]), sent)


@click.command(cls=Command)
@agreement_argument
@_invoice_argument
@click.argument("amount", type=AMOUNT)
@click.option(
    "--chain-id", type=click.IntRange(1), required=True, envvar="ELECTRO_CHAIN_ID", help="Of the contract."
)
@contract_option
@click.option(
    "--deadline", type=INSTANT, help="Until when the signature can be used; default: 30 days from now."
)
@click.option("--out", type=_file, required=True, help="The signed file to write.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
@key_options
@json_option
def sign_redemption(
    agreement_id: int,
    invoice: bytes,
    amount: int,
    chain_id: int,
    contract_address: str,
    deadline: int | None,
    out: Path,
    yes: bool,
    key: KeyFile,
    as_json: bool,
) -> None:
    """Sign, as the consumer, that AMOUNT of the discount goes against an INVOICE; no network is needed.

    What is signed is shown first. Anyone can then submit the signed file.
    """
    from electro_tools.contract.asking import confirm
    from electro_tools.papers import must_be_new, write

    from .consent import Consent

    must_be_new(out)
    account = key.open()

    until = int(time.time()) + _GOOD_FOR_S if deadline is None else deadline
    message = DiscountRedemption(agreement_id, invoice, amount, until)
    domain = Domain(chain_id, address.parse(contract_address))
    if not yes:
        about = Facts().count("agreement", agreement_id).count("chain", chain_id)
        about.add("contract", contract_address).add("consumer", account.address)
        about.add("invoice", word_text(invoice)).add("amount", amount, f"{amount:,} minor units")
        about.time("good until", until)
        lasting = (
            f"with your signature anyone can use {amount:,} of the discount for invoice {word_text(invoice)}"
        )
        confirm(f"{lasting}, for good", about)
    write(out, Consent(domain, SignedMessage.make(message, domain, bytes(account.key))))
    Facts().add("signed", str(out)).time("good until", until).print(as_json=as_json)


@click.command(cls=Command)
@agreement_argument
@_invoice_argument
@acts
def acknowledge(desk: Desk, agreement_id: int, invoice: bytes) -> None:
    """Confirm, as the operator, that an INVOICE is lower by what was redeemed against it."""
    amount = desk.record("redemption", agreement_id, invoice)["amount"]
    lasting = f"this confirms that invoice {word_text(invoice)} is {amount:,} lower"
    sent = desk.send("acknowledge", agreement_id, invoice, lasting=lasting)
    facts = Facts().count("agreement", agreement_id).add("invoice", word_text(invoice)).add("amount", amount)
    desk.report(facts, sent)


@click.command(cls=Command)
@click.argument("account", type=ADDRESS, required=False)
@click.option("--to", type=ADDRESS, help="Pay what your own account is owed to another one.")
@acts
def collect(desk: Desk, account: str | None, to: str | None) -> None:
    """In escrow: pay an ACCOUNT, by default your own, all that it is owed."""
    if account and to:
        raise click.UsageError("--to pays out what your own account is owed: name no other.")
    sent = desk.send("collectTo", to) if to else desk.send("collect", account or desk.sender)
    event = sent.event(Collected)
    facts = Facts().add("account", address.checksum(event.account)).add("to", address.checksum(event.to))
    desk.report(facts.add("paid", event.amount), sent)
