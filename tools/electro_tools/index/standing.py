# SPDX-License-Identifier: Apache-2.0
"""`electro index status`: of what an index is, and how far."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import click

from electro_protocol import address
from electro_tools.commands import Command
from electro_tools.contract.desk import asks
from electro_tools.contract.indexed import index_options
from electro_tools.facts import Facts

if TYPE_CHECKING:
    from electro_tools.contract.desk import Desk
    from electro_tools.contract.indexed import Kept


@click.command(cls=Command)
@index_options
@asks
def status(desk: Desk, kept: Kept) -> None:
    """Say of what an index is, how far it is, and whether a process follows the chain into it."""
    from electro_console.index.reading import Index

    with contextlib.closing(kept.open(desk)) as database:
        found = Index(database).status()
        facts = Facts().add("database", database.shown)
    facts.count("chain", found.chain_id).add("contract", address.checksum(found.contract))
    facts.count("begins", found.begins).count("block", found.block)
    facts.time("block time", found.block_time).count("final", found.final)
    behind = desk.web3.eth.block_number - found.block
    facts.add("behind", behind, f"{behind:,} blocks behind the newest")
    checked = (
        f"up to block {found.verified:,}"
        if found.verified >= found.begins
        else "never: follow --verify does it"
    )
    facts.add("verified", found.verified, checked)
    facts.add("followed", found.followed, "now, by another process" if found.followed else "by nobody now")
    facts.add("agreements", found.agreements).add("meters", found.meters).add("reports", found.reports)
    facts.print(as_json=desk.as_json)
