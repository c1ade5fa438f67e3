# SPDX-License-Identifier: Apache-2.0
"""The commands of `electro contract`."""

from __future__ import annotations

import click

from electro_tools.commands import Sections

_HERE = "electro_tools.contract."
_SECTIONS = {
    "Commands": {
        "deploy": (_HERE + "deploying:deploy", "Put the contract on a chain."),
        "verify": (_HERE + "verifying:verify", "Check that the code at an address is this."),
    },
    "Administrator": {
        "appoint": (_HERE + "administering:appoint", "Make an account an operator."),
        "dismiss": (_HERE + "administering:dismiss", "Let an account be one no more."),
        "hand-over": (_HERE + "administering:hand_over", "Name another administrator."),
        "take-over": (_HERE + "administering:take_over", "Be it, when the delay is over."),
        "use-escrow": (_HERE + "administering:use_escrow", "Let money be a token in escrow, once."),
    },
}


@click.group(cls=Sections, sections=_SECTIONS)
def contract() -> None:
    """Put the agreements contract on a chain, and check one that is there."""
