# SPDX-License-Identifier: Apache-2.0
"""What an administrator does: appoint and dismiss operators, hand over, choose an escrow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from electro_protocol.keccak import keccak256
from electro_tools.commands import Command
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS

from .desk import acts

if TYPE_CHECKING:
    from .desk import Desk

_OPERATOR = keccak256(b"OPERATOR_ROLE")


@click.command(cls=Command)
@click.argument("account", type=ADDRESS)
@acts
def appoint(desk: Desk, account: str) -> None:
    """Make ACCOUNT an operator: it enrols meters, proposes, grants, waives and acknowledges."""
    sent = desk.send("grantRole", _OPERATOR, account)
    desk.report(Facts().add("operator", account), sent)


@click.command(cls=Command)
@click.argument("account", type=ADDRESS)
@acts
def dismiss(desk: Desk, account: str) -> None:
    """Let ACCOUNT be an operator no more. What it has proposed stays as it is."""
    sent = desk.send("revokeRole", _OPERATOR, account)
    desk.report(Facts().add("dismissed", account), sent)


@click.command(cls=Command)
@click.argument("account", type=ADDRESS)
@acts
def hand_over(desk: Desk, account: str) -> None:
    """Name ACCOUNT the next administrator; it takes over when the delay is over."""
    sent = desk.send("beginDefaultAdminTransfer", account)
    _, earliest = desk.ask("pendingDefaultAdmin")
    desk.report(Facts().add("next", account).time("not before", earliest), sent)


@click.command(cls=Command)
@acts
def take_over(desk: Desk) -> None:
    """Become the administrator, if the one before has named you and the delay is over."""
    sent = desk.send(
        "acceptDefaultAdminTransfer", lasting="this makes you the administrator, and nobody else"
    )
    desk.report(Facts().add("admin", desk.sender), sent)


@click.command(cls=Command)
@click.argument("token", type=ADDRESS)
@acts
def use_escrow(desk: Desk, token: str) -> None:
    """Let all money be the ERC-20 TOKEN, held in escrow; before the first proposal.

    It can't be changed later. A token that keeps a fee funds nothing.
    """
    sent = desk.send("useEscrow", token, lasting=f"all money of this contract is then {token}, for good")
    desk.report(Facts().add("token", token), sent)
