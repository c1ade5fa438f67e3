# SPDX-License-Identifier: Apache-2.0
"""Bring an index up to the final block before a command reads it, unless another process does so already."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .errors import Busy, OtherChain
from .following import Follower

if TYPE_CHECKING:
    from collections.abc import Callable

    from .database import Database
    from .following import Progress
    from .node import Nodes

log = logging.getLogger(__name__)


def bring_up(
    database: Database,
    nodes: Nodes,
    contract: bytes,
    *,
    final: str = "auto",
    begins: int | None = None,
    tell: Callable[[Progress], object] = lambda _progress: None,
) -> None:
    """Enter what is final; an index of a past that the chain has given up is built anew.

    Raises:
        NodeFailure: no node answers as it should; what has come is kept.
        OtherChain: the database is of another chain or contract.
        DatabaseFailure: nothing can be written.
    """
    try:
        with database.locked():
            follower = Follower(database, nodes, contract, final=final, begins=begins, tell=tell)
            try:
                follower.catch_up()
            except OtherChain as other:
                log.warning("%s; the index is built anew", other.sentence)
                rebuild(database)
                Follower(database, nodes, contract, final=final, begins=begins, tell=tell).catch_up()
    except Busy:
        # whoever follows enters it; what is missing until then is asked of the node
        log.info("another process follows the chain into %s", database.shown)


def rebuild(database: Database) -> None:
    """Forget everything but people's notes, while the database is locked for it."""
    with database.writing() as connection:
        database.empty(connection)
