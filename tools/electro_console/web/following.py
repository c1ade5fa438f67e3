# SPDX-License-Identifier: Apache-2.0
"""Follow the chain beside the pages, in a thread of its own; where another process follows, read what it writes."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Self

from electro_console.index.database import Database
from electro_console.index.errors import Busy, IndexFailure
from electro_console.index.following import Follower
from electro_console.index.node import Nodes
from electro_plan.sentence import foreign, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_contracts.node.access import Endpoint

log = logging.getLogger("electro.console")
_PAUSE_S = 2.0  # between looks for a new final block
_AGAIN_S = 30.0  # after a failure, and while another process follows


class Following:
    """The thread; use it as a context manager, which waits until the database can be read.

    Args:
        database: a path or URL.
        nodes: their addresses, or how each is reached.
        contract: 20 bytes.
        final: which block is final, see electro_console.index.final.
        pause_s: between looks for a new final block.
    """

    def __init__(
        self,
        database: str,
        nodes: Sequence[Endpoint | str],
        contract: bytes,
        final: str = "auto",
        pause_s: float = _PAUSE_S,
    ) -> None:
        self._database = database
        self._endpoints = nodes
        self._contract = contract
        self._final = final
        self._pause_s = pause_s
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="following", daemon=True)
        self.trouble: IndexFailure | None = None
        """Why nothing new comes, if it does not."""

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self.trouble is not None:
            self.close()
            raise self.trouble
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread; a range that is being entered is entered whole first."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except Busy:
                self.trouble = None  # another process follows: what it writes is read here
            except IndexFailure as failure:
                known = self.trouble is not None and self.trouble.sentence == failure.sentence
                if self._ready.is_set() and not known:  # before, whoever waits is told
                    log.warning("%s", failure.sentence)
                self.trouble = failure
            except Exception as error:  # a thread that ended would leave pages that grow old in silence
                log.exception("following the chain failed")
                said = foreign(f"{type(error).__name__}: {error}")
                self.trouble = IndexFailure(sentence("following the chain failed{0}", said))
            self._ready.set()
            self._stop.wait(_AGAIN_S)

    def _follow(self) -> None:
        with Database(self._database) as database, database.locked():
            nodes = Nodes(list(self._endpoints))
            try:
                follower = Follower(database, nodes, self._contract, final=self._final)
                self.trouble = None
                self._ready.set()
                follower.follow(self._stop, self._pause_s)
            finally:
                nodes.close()
