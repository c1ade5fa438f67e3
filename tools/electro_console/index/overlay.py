# SPDX-License-Identifier: Apache-2.0
"""An index up to the newest block for one question: what is not final is entered, read, and taken back again.

It happens in a transaction that is never committed, so that nobody else sees it. Where the database may only be read,
the answer is of the final block.
"""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import sqlalchemy as sa

from . import schema
from .decoding import TOPICS
from .entering import Writer
from .errors import DatabaseFailure
from .logs import Logs
from .ranges import Ranges
from .reading import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from sqlalchemy import Connection

    from .database import Database
    from .node import Nodes

log = logging.getLogger(__name__)


@contextlib.contextmanager
def up_to(database: Database, nodes: Nodes, last: int) -> Iterator[Index]:
    """Lend an index as it would be if a block were final; one that is ahead of it stays as it is.

    Args:
        database: of the index.
        nodes: the one in use is asked.
        last: block.

    Raises:
        NodeFailure: it does not answer as it should.
        DatabaseFailure: there is no index.
    """
    with database.in_words(), database.engine.connect() as connection:
        entered = False
        try:
            _enter(connection, database, nodes, last)
            entered = True
        except DatabaseFailure as failure:
            log.warning("%s; what is not final is left out", failure.sentence)
        if entered:
            yield Index(_Lent(database, connection))
        connection.rollback()
    if not entered:
        yield Index(database)


def _enter(connection: Connection, database: Database, nodes: Nodes, last: int) -> None:
    facts, progress = database.must_hold(connection), schema.progress
    contract = bytes.fromhex(facts["contract"])
    logs, ranges = Logs(nodes, contract, [[TOPICS]]), Ranges()
    writer = Writer(contract, partial=facts["partial"] == "1")
    done: int = connection.execute(sa.select(progress.c.block)).scalar_one()

    def attempt(until: int) -> int:
        batch, end = logs.fetch(done + 1, until)
        with database.in_words(), connection.begin_nested():
            writer.enter(connection, batch, done, (end.number, end.hash, end.time), -1)
        return batch.logs

    while done < last:
        done = ranges.take(done + 1, last, attempt)


class _Lent:
    """A database of which only one connection is used, as it is."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._database = database
        self._connection = connection
        self.is_followed = False

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend it."""
        with self._database.in_words():
            yield self._connection

    def writing(self) -> AbstractContextManager[Connection]:
        """Lend one on which what is written stays."""
        return self._database.writing()

    def close(self) -> None:
        """Leave it to its owner."""
