# SPDX-License-Identifier: Apache-2.0
"""Spread a fleet over a few processes, which end with this one, and speak to all of them at once."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any

from electro_tools import lifeline
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

_LINE_LIMIT = 1 << 26


class Workers:
    """The processes; meters keep the order in which they were given."""

    def __init__(self, processes: int) -> None:
        self._count = processes
        self._running: list[asyncio.subprocess.Process] = []

    async def start(self, configurations: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Start them; return each meter's address and signed enrolment.

        Raises:
            ToolError: a meter refuses its configuration.
        """
        parts = self._parts(configurations)
        for _ in parts:
            self._running.append(
                await asyncio.create_subprocess_exec(
                    *lifeline.tied([sys.executable, "-m", "electro_tools.fleet.worker"]),
                    pass_fds=lifeline.pass_fds(),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=_LINE_LIMIT,
                )
            )
        return await self._ask([{"meters": part} for part in parts], "ready")

    async def tell_agreements(self, agreements: Sequence[int]) -> None:
        """Say which agreement each meter is looked at for."""
        await self._ask([{"agreements": part} for part in self._parts(agreements)], "ok")

    async def live_until(self, unix_s: int) -> list[dict[str, Any]]:
        """Let all meters live until that instant; return how each stands."""
        return await self._ask([{"live_until": unix_s}] * len(self._running), "stands")

    async def stop(self) -> None:
        """End all of them, however they stand."""
        for each in self._running:
            if each.returncode is None:
                each.kill()
            await each.communicate()
        self._running = []

    def _parts(self, each: Sequence[Any]) -> list[list[Any]]:
        size = max(1, -(-len(each) // self._count))
        return [list(each[first : first + size]) for first in range(0, len(each), size)]

    async def _ask(self, requests: Sequence[dict[str, Any]], wanted: str) -> list[Any]:
        answers = await asyncio.gather(
            *(self._one(each, asked, wanted) for each, asked in zip(self._running, requests, strict=True))
        )
        return [one for answer in answers if isinstance(answer, list) for one in answer]

    async def _one(self, worker: asyncio.subprocess.Process, request: dict[str, Any], wanted: str) -> Any:
        assert worker.stdin is not None
        assert worker.stdout is not None
        try:
            worker.stdin.write(json.dumps(request).encode() + b"\n")
            await worker.stdin.drain()
            answer = json.loads(await worker.stdout.readline() or b"{}")
        except (ConnectionError, ValueError) as error:
            raise ToolError("a process of simulated meters broke off") from error
        if "error" in answer:
            raise ToolError(f"a simulated meter can't go on: {answer['error']}")
        if wanted not in answer:
            raise ToolError("a process of simulated meters ended early")
        return answer[wanted]
