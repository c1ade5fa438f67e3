# SPDX-License-Identifier: Apache-2.0
"""What changes an agreement on its way: rotate, revoke, grant, waive, cancel, terminate; approve in escrow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from electro_contracts.events import DeviceRotated, Terminated
from electro_plan.quantities import instant_text, span_text
from electro_tools.commands import Command
from electro_tools.contract.desk import acts, agreement_argument
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS, AMOUNT

if TYPE_CHECKING:
    from electro_tools.contract.desk import Desk

_ERC20 = [
    {"type": "function", "name": name, "stateMutability": mutability, "inputs": inputs, "outputs": outputs}
    for name, mutability, inputs, outputs in (
        (
            "approve",
            "nonpayable",
            [{"type": "address", "name": "spender"}, {"type": "uint256", "name": "amount"}],
            [{"type": "bool", "name": ""}],
        ),
    )
]
_NOBODY = "0x" + "00" * 20


@click.command(cls=Command)
@agreement_argument
@click.argument("old", type=ADDRESS)
@click.argument("new", type=ADDRESS)
@acts
def rotate(desk: Desk, agreement_id: int, old: str, new: str) -> None:
    """Propose that the enrolled meter NEW measures on in the place of OLD.

    The consumer agrees with `electro agreement accept-rotation`; until then nothing changes.
    """
    sent = desk.send("proposeRotation", agreement_id, old, new)
    desk.report(Facts().count("agreement", agreement_id).add("old", old).add("new", new), sent)


@click.command(cls=Command)
@agreement_argument
@click.argument("old", type=ADDRESS)
@click.argument("new", type=ADDRESS)
@acts
def accept_rotation(desk: Desk, agreement_id: int, old: str, new: str) -> None:
    """Agree, as the consumer, that NEW measures on in the place of OLD.

    The running interval is the last of the old meter, the next one the first of the new.
    """
    lasting = f"{old} measures nothing more in agreement {agreement_id} after the running interval"
    sent = desk.send("acceptRotation", agreement_id, old, new, lasting=lasting)
    event = sent.event(DeviceRotated)
    facts = Facts().count("agreement", agreement_id).add("old", old).add("new", new)
    desk.report(facts.add("first", event.first_interval), sent)


@click.command(cls=Command)
@click.argument("device", type=ADDRESS)
@acts
def revoke(desk: Desk, device: str) -> None:
    """End what a meter measures, in all its agreements, with the running interval.

    For a key that is lost or stolen. What it measured before is still taken.
    """
    lasting = f"the key of {device} never measures again, in no agreement"
    sent = desk.send("revoke", device, lasting=lasting)
    desk.report(Facts().add("revoked", device), sent)


@click.command(cls=Command)
@agreement_argument
@click.argument("amount", type=AMOUNT)
@acts
def grant(desk: Desk, agreement_id: int, amount: int) -> None:
    """Add AMOUNT, minor units, to the bonus of an agreement that is not yet settled."""
    _move(desk, "grant", agreement_id, amount, "adds {} to the bonus", "granted")


@click.command(cls=Command)
@agreement_argument
@click.argument("amount", type=AMOUNT)
@acts
def waive(desk: Desk, agreement_id: int, amount: int) -> None:
    """Take AMOUNT, minor units, off the penalties: from the end of the grace to the settlement."""
    _move(desk, "waive", agreement_id, amount, "takes {} off the penalties", "waived")


@click.command(cls=Command)
@agreement_argument
@acts
def cancel(desk: Desk, agreement_id: int) -> None:
    """Call an agreement off before its start.

    The operator can take back a proposal; the consumer can decline one, and give up what it has accepted.
    """
    found = desk.record("agreement", agreement_id)
    lasting = f"agreement {agreement_id} is called off for good"
    if found["state"] == 2:
        lasting += f", and with it the bonus of {found['bonus'] + found['grants']:,}"
    sent = desk.send("cancel", agreement_id, lasting=lasting)
    desk.report(Facts().count("agreement", agreement_id).add("state", "cancelled"), sent)


@click.command(cls=Command)
@agreement_argument
@acts
def terminate(desk: Desk, agreement_id: int) -> None:
    """Give notice, as operator or consumer; says first what it costs.

    The agreement runs until the notice is over. The bonus stays whole if the operator leaves; a consumer that
    leaves gives up the share for the intervals left out.
    """
    found = desk.record("agreement", agreement_id)
    lasting = _cost_of_leaving(desk, agreement_id, found)
    sent = desk.send("terminate", agreement_id, lasting=lasting)
    event = sent.event(Terminated)
    facts = Facts().count("agreement", agreement_id).add("intervals", event.intervals)
    desk.report(facts.time("ends", event.end).add("forfeited", event.forfeited), sent)


def _cost_of_leaving(desk: Desk, agreement_id: int, found: dict[str, Any]) -> str:
    """Return what giving notice now would do, as a sentence."""
    from electro_contracts import foresight
    from electro_contracts.terms import Terms

    terms, now = Terms.from_tuple(desk.ask("termsOf", agreement_id)), desk.now()
    does = foresight.leaving(terms, found["bonus"], now)
    sentence = (
        f"agreement {agreement_id} then ends at {instant_text(does.end)}, in {span_text(does.end - now)}, "
        f"{does.left_out:,} of {terms.intervals:,} intervals early"
    )
    if desk.sender == found["consumer"]:
        return f"{sentence}; you give up {does.forfeited:,} of the bonus of {found['bonus']:,}, on top of penalties"
    return f"{sentence}; the consumer keeps the whole bonus of {found['bonus']:,}, less penalties"


@click.command(cls=Command)
@click.argument("amount", type=AMOUNT)
@acts
def approve(desk: Desk, amount: int) -> None:
    """In escrow: allow the contract to draw up to AMOUNT of the token from your account.

    What the discount can come to is drawn from who proposed when the consumer accepts, and with a grant what that
    adds. An earlier allowance is replaced.
    """
    token = desk.ask("currency")
    if token == _NOBODY:
        raise ToolError("money here is a promise in minor units: there is no escrow to pay into")
    erc20 = desk.web3.eth.contract(token, abi=_ERC20)
    sent = desk.send("approve", desk.contract.address, amount, to=erc20)
    desk.report(Facts().add("token", token).add("allowed", amount), sent)


def _move(desk: Desk, call: str, agreement_id: int, amount: int, does: str, label: str) -> None:
    """Change what remains by an amount, and say what that is then."""
    lasting = f"this {does.format(f'{amount:,}')} of agreement {agreement_id} for good"
    sent = desk.send(call, agreement_id, amount, lasting=lasting)
    facts = Facts().count("agreement", agreement_id).add(label, amount)
    desk.report(facts.add("remaining", desk.record("agreement", agreement_id)["remaining"]), sent)
