# SPDX-License-Identifier: Apache-2.0
"""Run anvil on a free port for a test, and end it whatever happens to the test."""

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
    from types import TracebackType
    from typing import Self

# The account anvil funds first, known to everybody from its start-up text: worthless anywhere else.
FUNDED_PRIVATE_KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
FUNDED_ADDRESS = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


class Anvil:
    """A running anvil: `url` of its JSON-RPC, `chain_id`, `pid`, `log()` for a failing test's message.

    Mines each transaction at once; with many in flight give "--block-time", "1", since that way it stalls.
    """

    def __init__(self, *arguments: str, chain_id: int = 31337) -> None:
        self.chain_id = chain_id
        self._output = tempfile.TemporaryFile()  # noqa: SIM115  # lives as long as the process; close() closes it
        command = [
            str(fetch.anvil()),
            "--host",
            "127.0.0.1",
            "--port",
            "0",
            "--chain-id",
            str(chain_id),
            *arguments,
        ]
        self._process = subprocess.Popen(
            lifeline.tied(command),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=self._output,
            pass_fds=lifeline.pass_fds(),
        )
        try:
            self.url = self._listening()
        except BaseException:
            self.close()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    def log(self) -> str:
        """Return everything anvil has said so far."""
        # pread, since seeking would move the place where anvil writes: the descriptor is one and the same.
        return os.pread(self._output.fileno(), 1 << 20, 0).decode(errors="replace")

    def close(self) -> None:
        """End the process; calling it again does nothing."""
        if self._process.poll() is None:
            self._process.kill()  # what it holds in memory is nobody's any more
            self._process.wait()
        self._output.close()

    def _listening(self) -> str:
        """Return the address, 50 ms after the start on an idle machine, or say why it has ended."""
        while not (found := re.search(r"Listening on (127\.0\.0\.1:\d+)", self.log())):
            if self._process.poll() is not None:
                raise fetch.ToolchainError(f"anvil ended at once: {self.log().strip()[-500:]}")
            time.sleep(0.01)
        return f"http://{found.group(1)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
