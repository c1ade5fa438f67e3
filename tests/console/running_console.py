# SPDX-License-Identifier: Apache-2.0
"""Run a console in a thread of the test, following a node."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any, Self

from electro_console.index.reading import Index
from electro_console.web.following import Following
from electro_console.web.serving import Settings, running
from tests.waiting import LIMIT_S

if TYPE_CHECKING:
    from pathlib import Path


class RunningConsole:
    """A console that follows a node; use it as a context manager.

    Args:
        node: address of JSON-RPC.
        contract: 20 bytes.
        database: a path.
        final: how many blocks deep is final.
        more: of Settings.
    """

    def __init__(self, node: str, contract: bytes, database: Path, final: str = "0", **more: Any) -> None:
        self.settings = Settings(
            nodes=(node,), contract=contract, database=str(database), port=0, final=final, **more
        )
        self.url = ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="console", daemon=True)
        self._ended, self._answers = asyncio.Event(), threading.Event()

    def __enter__(self) -> Self:
        settings = self.settings
        assert settings.database is not None
        self.following = Following(
            settings.database, settings.nodes, settings.contract, settings.final, pause_s=0.05
        )
        self.following.__enter__()
        self.index = Index.open(settings.database, settings.keys)
        self._thread.start()
        self._answers.wait()
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._ended.set)
        self._thread.join()
        self._loop.close()
        self.index.close()
        self.following.close()

    def has(self, block: int) -> None:
        """Wait until the index has a block."""
        began = time.monotonic()  # not by asyncio: the browser's own loop runs in this thread
        while self.index.status().block < block:
            assert time.monotonic() - began < LIMIT_S, f"the index does not reach block {block}"
            time.sleep(0.02)

    def _run(self) -> None:
        self._loop.run_until_complete(self._answer())

    async def _answer(self) -> None:
        try:
            async with running(self.settings, self.index, self.following) as (self.url, self.questions):
                self._answers.set()
                await self._ended.wait()
        finally:
            self._answers.set()
