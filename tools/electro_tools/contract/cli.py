# SPDX-License-Identifier: Apache-2.0
"""The commands of `electro contract`."""

from __future__ import annotations

import click

from electro_tools.commands import Sections

_COMMANDS = {
    "deploy": ("electro_tools.contract.deploying:deploy", "Put the contract on a chain."),
    "verify": ("electro_tools.contract.verifying:verify", "Check that the code at an address is this."),
    "use-escrow": ("electro_tools.contract.deploying:use_escrow", "Let money be a token in escrow, once."),
}


@click.group(cls=Sections, sections={"Commands": _COMMANDS})
def contract() -> None:
    """Put the agreements contract on a chain, and check one that is there."""
