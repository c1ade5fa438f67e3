# SPDX-License-Identifier: Apache-2.0
"""The commands of `electro index`."""

from __future__ import annotations

import click

from electro_tools.commands import Sections

_HERE = "electro_tools.index."
_SECTIONS = {
    "Index": {
        "follow": (_HERE + "following:follow", "Follow final blocks into the database, and go on."),
        "status": (_HERE + "standing:status", "Say of what an index is, and how far."),
        "rebuild": (_HERE + "following:rebuild", "Forget all but notes, and follow from the beginning."),
    },
}


@click.group(cls=Sections, sections=_SECTIONS)
def index() -> None:
    """Keep the contract's logs as tables, in SQLite or PostgreSQL, for audits, lists and the console."""
