# SPDX-License-Identifier: Apache-2.0
"""Run a real Besu from a network's folder for a test, its only validator, on free ports of this machine."""

from __future__ import annotations

import asyncio
import socket
import subprocess
from typing import TYPE_CHECKING, Self

import requests
from tests.waiting import until

from electro_tools import lifeline

if TYPE_CHECKING:
    from pathlib import Path


class Besu:
    """A running node: `url` of its JSON-RPC."""

    def __init__(self, program: str, folder: Path) -> None:
        own = folder / "nodes" / "validator-1"
        rpc, p2p = _free(), _free()
        self._log = folder / "besu.log"
        overrides = {
            "data-path": folder / "data",
            "genesis-file": folder / "genesis.json",
            "node-private-key-file": own / "key",
            "static-nodes-file": folder / "static-nodes.json",
            "permissions-accounts-config-file": folder / "permissions.toml",
            "rpc-http-authentication-jwt-public-key-file": folder / "jwt-public.pem",
            "rpc-http-host": "127.0.0.1",
            "rpc-http-port": rpc,
            "p2p-host": "127.0.0.1",
            "p2p-port": p2p,
        }
        command = [program, f"--config-file={own / 'config.toml'}"]
        command += [f"--{name}={value}" for name, value in overrides.items()]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                lifeline.tied(command), stdout=log, stderr=log, pass_fds=lifeline.pass_fds()
            )
        self.url = f"http://127.0.0.1:{rpc}"

    def _seals(self) -> bool:
        assert self._process.poll() is None, self._log.read_text()[-2000:]
        try:
            return requests.get(self.url + "/liveness", timeout=5).ok
        except requests.RequestException:
            return False

    def __enter__(self) -> Self:
        asyncio.run(until(self._seals))
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()


def _free() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])
