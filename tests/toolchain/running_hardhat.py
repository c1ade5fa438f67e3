# SPDX-License-Identifier: Apache-2.0
"""Run Hardhat's node on a free port for a test, and end it whatever happens to the test."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from typing import TYPE_CHECKING

from electro_tools import lifeline

from . import fetch

if TYPE_CHECKING:
    from typing import Self


class Hardhat:
    """A running node: `url` of its JSON-RPC. It funds the same first accounts as anvil."""

    def __init__(self) -> None:
        folder = fetch.hardhat()
        program = folder / "node_modules" / "hardhat" / "internal" / "cli" / "cli.js"
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # it tells of every call; close() closes it
        self._process = subprocess.Popen(
            lifeline.tied(
                [str(fetch.node()), str(program), "node", "--hostname", "127.0.0.1", "--port", "0"]
            ),
            cwd=folder,  # where its settings are
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            env={**os.environ, "HARDHAT_DISABLE_TELEMETRY_PROMPT": "true"},
            pass_fds=lifeline.pass_fds(),
        )
        try:
            self.url = self._listening()
        except BaseException:
            self.close()
            raise

    def _listening(self) -> str:
        while not (found := re.search(r"http://127\.0\.0\.1:\d+", self._said())):
            if self._process.poll() is not None:
                raise fetch.ToolchainError(f"Hardhat's node ended at once: {self._said().strip()[-500:]}")
            time.sleep(0.05)
        return found[0]

    def _said(self) -> str:
        return os.pread(self._output.fileno(), 1 << 16, 0).decode(errors="replace")

    def close(self) -> None:
        """End the process; calling it again does nothing."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._output.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
