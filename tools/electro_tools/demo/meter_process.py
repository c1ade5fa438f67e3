# SPDX-License-Identifier: Apache-2.0
"""A simulated meter in a process of its own, under CPython or MicroPython, driven by JSON lines."""

from __future__ import annotations

import asyncio.subprocess
import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import electro_protocol
import electro_tools
from electro_protocol.signed import SignedMessage
from electro_tools import lifeline
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable

_PROCESS = Path(electro_tools.__file__).parent / "grid" / "process.py"
_LINE_LIMIT = 1 << 20


class MeterProcess:
    """One meter: start it, move its time on, and hear what it signs.

    Args:
        name: for sentences about it.
        interpreter: a MicroPython to run it in; None for this Python.
        signed: called with every message the meter signs, in order.
    """

    def __init__(self, name: str, interpreter: Path | None, signed: Callable[[SignedMessage], None]) -> None:
        self.name = name
        self._interpreter = interpreter
        self._signed = signed
        self._process: asyncio.subprocess.Process | None = None
        self.status: dict[str, Any] = {}

    async def start(self, configuration: dict[str, Any]) -> tuple[str, SignedMessage]:
        """Start the process; return the meter's address and its signed enrolment.

        Raises:
            ToolError: the interpreter can't be started, or the meter refuses its configuration.
        """
        # both Pythons find the same sources, wherever they are installed
        roots = [str(Path(module.__file__ or "").parents[1]) for module in (electro_protocol, electro_tools)]
        environment = {
            **os.environ,
            "MICROPYPATH": ":".join([".frozen", *roots]),
            "PYTHONPATH": ":".join(roots),
        }
        program = str(self._interpreter or sys.executable)
        if shutil.which(program) is None:
            raise ToolError(f"{program} can't be started: there is no such program")
        self._process = await asyncio.create_subprocess_exec(
            *lifeline.tied([program, str(_PROCESS)]),
            pass_fds=lifeline.pass_fds(),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            limit=_LINE_LIMIT,
        )
        ready = await self._ask(configuration, "ready")
        return ready["address"], SignedMessage.from_json(ready["enrollment"])

    async def advance_to(self, unix_s: int) -> None:
        """Let the meter live until that instant; `status` then says where it stands."""
        self.status = (await self._ask({"advance_to": unix_s}, "at"))["status"]

    async def stop(self) -> None:
        """End the process, however it stands."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.kill()
        await self._process.communicate()

    async def _ask(self, request: dict[str, Any], wanted: str) -> dict[str, Any]:
        """Send one line and read until the answer that has the wanted key."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(request).encode() + b"\n")
            await process.stdin.drain()
            while line := await process.stdout.readline():
                answer = json.loads(line)
                if "signed" in answer:
                    self._signed(SignedMessage.from_json(answer["signed"]))
                elif "error" in answer:
                    raise ToolError(f"the meter {self.name!r} stops: {answer['error']}")
                elif wanted in answer:
                    inner = answer[wanted]
                    return inner if isinstance(inner, dict) else answer
        except (ConnectionError, ValueError) as error:
            raise ToolError(
                f"the meter {self.name!r} broke off: {error}", await self._last_words()
            ) from error
        raise ToolError(f"the meter {self.name!r} ended early", await self._last_words())

    async def _last_words(self) -> str | None:
        assert self._process is not None
        assert self._process.stderr is not None
        words = (await self._process.stderr.read()).decode(errors="replace").strip().splitlines()
        return words[-1] if words else None
