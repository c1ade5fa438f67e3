# SPDX-License-Identifier: Apache-2.0
"""The commands of `electro plan`, by what they are for."""

from __future__ import annotations

import click

from electro_tools.commands import Sections

_HERE = "electro_tools.plan."
_SECTIONS = {
    "Load histories": {
        "read": (_HERE + "read:read", "Read a load file; say what was understood."),
        "convert": (_HERE + "convert:convert", "Write a load file in another format."),
    },
    "Bands": {
        "bands": (_HERE + "bands:bands", "Make bands for a term; say what they would have cost."),
        "cost": (_HERE + "cost:cost", "Say what a history would have cost under terms."),
        "day": (_HERE + "day:day", "Propose a day's bands, shifted, never wider."),
    },
    "Operator": {
        "sections": (_HERE + "sections:sections", "Add up agreements by sections of the network."),
        "tariff": (_HERE + "tariff:tariff", "Work out a tariff from the wear of equipment."),
    },
}


@click.group(cls=Sections, sections=_SECTIONS)
def plan() -> None:
    """Read load histories, and plan bands, tariffs and sections from them."""
