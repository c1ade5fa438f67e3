# SPDX-License-Identifier: Apache-2.0
"""Follow the chain: range by range of final blocks into the database, and on as new ones become final.

What is entered is complete up to a block, and that block's hash stays: before anything is added the chain must still
have it. A range comes in whole or not at all, so that the process may end at any instruction. Several nodes stand in
for each other; one that contradicts what is entered is passed over.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import sqlalchemy as sa

from electro_plan.sentence import sentence

from . import schema
from .decoding import TOPICS
from .entering import Writer
from .errors import DatabaseFailure, NodeFailure, OtherChain
from .final import birth_of, final_block, header, must_be_there
from .logs import Logs
from .ranges import Ranges
from .verified import mark_verified, must_have_entered
from .verifying import Verifier

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Sequence

    from .database import Database
    from .decoding import Batch
    from .final import Block
    from .node import Nodes

log = logging.getLogger(__name__)

_PAUSE_S = 2.0  # between looks for a new final block
_MOST_PAUSE_S = 60.0  # of a node that does not answer


@dataclass(frozen=True)
class Progress:
    """How far the index is: `block` of `final`, which began at `begins`; `logs` that came in since the start."""

    begins: int
    block: int
    final: int
    logs: int
    intervals: int

    @property
    def is_caught_up(self) -> bool:
        return self.block >= self.final


class Follower:
    """The one who writes: create it while the database is locked for it.

    Args:
        database: where to.
        nodes: where from; each is asked only while the others fail.
        contract: 20 bytes.
        final: the rule by which a block is final, see `final`.
        begins: the first block to look at; None: the one that brought the contract.
        verify: hold all logs against the headers.
        tell: called behind every range.
    """

    def __init__(
        self,
        database: Database,
        nodes: Nodes,
        contract: bytes,
        *,
        final: str = "auto",
        begins: int | None = None,
        verify: bool = False,
        tell: Callable[[Progress], object] = lambda _progress: None,
    ) -> None:
        self._database = database
        self._nodes = nodes
        self._contract = contract
        self._final = final
        self._tell = tell
        self._logs = Logs(nodes, contract, [[TOPICS]])
        self._ranges = Ranges()
        self._verifier = Verifier(nodes, contract) if verify else None
        self._said, self._intervals = 0, 0
        self._begins, partial = self._prepare(begins)
        self._writer = Writer(contract, partial=partial)

    def _prepare(self, begins: int | None) -> tuple[int, bool]:
        """Make the tables, or find them; return where they begin, and whether that may be after the contract."""
        chain_id = self._nodes.chain_id
        found = self._database.facts()
        if found:
            self._database.must_be_of(found, chain_id, self._contract)
        if found.get("version") != str(schema.VERSION):
            must_be_there(self._nodes, self._contract)
            birth = birth_of(self._nodes, self._contract) if begins is None else begins
            with self._database.writing() as connection:
                self._database.prepare(
                    connection, chain_id, self._contract, birth, partial=begins is not None
                )
            found = self._database.facts()
        if begins is not None and begins < int(found["begins"]):
            raise DatabaseFailure(
                sentence("the index in {0} begins at block {1}", self._database.shown, found["begins"]),
                sentence("electro index rebuild --from-block {0}", begins),
            )
        return int(found["begins"]), found["partial"] == "1"

    # -- Once, and for ever

    def catch_up(self, stop: threading.Event | None = None) -> Progress:
        """Enter all final blocks that are not entered yet; return how far that came.

        Raises:
            NodeFailure: no node answers as it should; what has come is kept.
            OtherChain: the chain has given up what was final; see `rewind`.
            DatabaseFailure: nothing can be written.
        """
        failures: list[NodeFailure | OtherChain] = []
        while True:
            try:
                return self._catch_up(stop)
            except (NodeFailure, OtherChain) as failure:
                failures.append(failure)
                if len(failures) >= len(self._nodes):
                    raise self._worst(failures) from failure
                log.warning("%s; asking another node", failure.sentence)
                self._nodes.next()

    @staticmethod
    def _worst(failures: Sequence[NodeFailure | OtherChain]) -> NodeFailure | OtherChain:
        """Return what to say when no node is left: that the chain is another one only if all say so."""
        return next((each for each in failures if not isinstance(each, OtherChain)), failures[-1])

    def _catch_up(self, stop: threading.Event | None) -> Progress:
        done, digest = self._entered()
        self._must_still_have(done, digest)
        final = final_block(self._nodes, self._final)
        newest = done if final is None else final.number
        if self._verifier:
            self._verify_entered(self._verifier, done)
        progress = Progress(self._begins, done, newest, self._said, self._intervals)
        while done < newest and not (stop and stop.is_set()):
            done, digest = self._step(done, digest, newest)
            progress = Progress(self._begins, done, newest, self._said, self._intervals)
            self._tell(progress)
        return progress

    def _step(self, done: int, digest: bytes, final: int) -> tuple[int, bytes]:
        """Enter the next range; return its last block, and that one's hash."""

        def attempt(last: int) -> int:
            nonlocal digest
            batch, end = self._logs.fetch(done + 1, last)
            if self._verifier:
                self._verifier.check(batch, done + 1, last, digest if done >= self._begins else None)
                self._verifier.compare(end)
            self._enter(batch, done, end, final)
            digest = end.hash
            return batch.logs

        return self._ranges.take(done + 1, final, attempt), digest

    def _verify_entered(self, verifier: Verifier, done: int) -> None:
        """Verify what was entered without that."""
        with self._database.reading() as connection:
            verified: int = connection.execute(sa.select(schema.progress.c.verified)).scalar_one()

        def attempt(last: int) -> int:
            batch, end = self._logs.fetch(verified + 1, last)
            verifier.check(batch, verified + 1, last, None)
            verifier.compare(end)
            with self._database.writing() as connection:
                must_have_entered(connection, batch, verified + 1, last)
                mark_verified(connection, verified, last)
            return batch.logs

        while verified < done:
            verified = self._ranges.take(verified + 1, done, attempt)

    def _enter(self, batch: Batch, done: int, end: Block, final: int) -> None:
        try:
            with self._database.writing() as connection:
                self._writer.enter(connection, batch, done, (end.number, end.hash, end.time), final)
                if self._verifier:
                    mark_verified(connection, done, end.number)
        except BaseException:
            self._writer.forget()
            raise
        self._said += batch.logs
        self._intervals += sum(report.intervals for report in batch.reports)

    def _entered(self) -> tuple[int, bytes]:
        progress = schema.progress
        with self._database.reading() as connection:
            block, digest = connection.execute(sa.select(progress.c.block, progress.c.hash)).one()
        return block, digest

    def _must_still_have(self, block: int, digest: bytes) -> None:
        """The chain's past is what was entered.

        Raises:
            OtherChain: it is not.
        """
        if block < self._begins:
            return
        found = header(self._nodes, block)
        if found.hash != digest:
            raise OtherChain(
                sentence(
                    "the node {0} has another block {1} than the one that was final", self._nodes.shown, block
                ),
                sentence("if the chain began anew: electro index rebuild"),
            )

    def follow(self, stop: threading.Event, pause_s: float = _PAUSE_S) -> None:
        """Enter what becomes final until told to stop; waits out nodes that do not answer.

        Raises:
            OtherChain: the chain has given up what was final.
            DatabaseFailure: nothing can be written.
        """
        wait_s = pause_s
        while not stop.is_set():
            try:
                self.catch_up(stop)
                wait_s = pause_s
            except NodeFailure as failure:
                wait_s = min(2 * wait_s, _MOST_PAUSE_S)
                log.warning("%s; asked again in %.0f s", failure.sentence, wait_s)
            stop.wait(wait_s)
