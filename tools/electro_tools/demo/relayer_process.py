# SPDX-License-Identifier: Apache-2.0
"""The relayer in a process of its own, as an operator would run it; it can be killed and started again."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from typing import TYPE_CHECKING

from electro_contracts.node.access import VARIABLES
from electro_tools import lifeline
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from electro_contracts.node.access import Endpoint

# in accelerated time everybody waits for the batch, and the three meters report within milliseconds of each other
_SETTINGS = {"ELECTRO_RELAYER_BATCH_MS": "25"}


class RelayerProcess:
    """`electro relayer` on loopback.

    Args:
        node: reached with the same credentials and certificates.
        contract: the agreements contract, EIP-55.
        key_file: the key that pays.
        log_file: where its log lines go.
        settings: further ones, by the names of environment variables.
    """

    def __init__(
        self,
        node: Endpoint,
        contract: str,
        key_file: Path,
        log_file: Path,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self._arguments = ["--contract", contract, "--key-file", str(key_file)]
        files = {VARIABLES[part]: str(file) for part in VARIABLES if (file := getattr(node.access, part))}
        # the address may hold a secret, and everybody sees a command line
        self._settings = {**_SETTINGS, **files, "ELECTRO_RELAYER_RPC_URL": node.given, **(settings or {})}
        self._log_file = log_file
        self._process: asyncio.subprocess.Process | None = None
        self._port = 0
        self.url = ""

    async def start(self) -> None:
        """Start it, on the port it had before if there was one, and wait until it is ready.

        Raises:
            ToolError: it does not become ready; with its own sentence.
        """
        with self._log_file.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *lifeline.tied([sys.executable, "-m", "electro_tools.cli", "relayer", *self._arguments]),
                *("--port", str(self._port)),
                pass_fds=lifeline.pass_fds(),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env={**os.environ, **self._settings},
            )
        assert self._process.stdout is not None
        line = (await self._process.stdout.readline()).decode()  # empty once it has ended
        ready = re.search(r"(http://\S+:(\d+))", line)
        if ready is None:
            await self._process.wait()
            words = self._log_file.read_text(errors="replace").strip().splitlines()
            raise ToolError("the relayer did not start", words[-1] if words else None)
        self.url, self._port = ready[1], int(ready[2])

    async def kill(self) -> None:
        """End it with SIGKILL: no warning, no clean-up."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()

    async def stop(self) -> None:
        """End it with SIGTERM and wait until it has drained."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.communicate()
