# SPDX-License-Identifier: Apache-2.0
"""Relayers to test: in this process for the interface, in their own for being killed."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from electro_relayer import Settings, serve
from electro_relayer.paying.key import Key
from electro_tools import lifeline
from tests.relayer.faults import FaultyNode
from tests.relayer.world import World
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def shared_world(start_anvil: Callable[..., Any]) -> World:
    """A chain for tests that stop nothing; each makes its own agreement."""
    return World(start_anvil().url)


@pytest.fixture
def world(anvil: Any) -> World:
    """A chain for one test alone."""
    return World(anvil.url)


@pytest.fixture
async def faulty(world: World) -> AsyncIterator[FaultyNode]:
    """The world's node behind a proxy that fails on demand."""
    async with FaultyNode(world.url) as node:
        yield node


@pytest.fixture
async def faulty_shared(shared_world: World) -> AsyncIterator[FaultyNode]:
    """The shared world's node behind a proxy that fails on demand."""
    async with FaultyNode(shared_world.url) as node:
        yield node


@pytest.fixture
def settings_for(tmp_path: Path) -> Callable[..., Settings]:
    """A function from a world to settings of a relayer with a funded key of its own."""

    def make(world: World, key: int = 1, **more: Any) -> Settings:
        secret = (0xE1EC << 64 | key).to_bytes(32, "big")
        file = tmp_path / f"key{key}"
        file.write_text(secret.hex())
        file.chmod(0o600)
        world.fund(Key(secret).address)
        defaults = {"port": 0, "finality": "latest", "batch_ms": 20, "drain_s": 10, "rpc_url": world.url}
        return Settings.load(environ={}, contract=world.address, key_file=file, **{**defaults, **more})

    return make


@dataclass
class Client:
    """A meter's view of a relayer."""

    url: str
    session: aiohttp.ClientSession
    metrics_url: str = ""

    async def post(self, body: Any) -> tuple[int, Any]:
        async with self.session.post(self.url + "/v1/messages", json=body) as response:
            return response.status, await response.json()

    async def get(self, path: str) -> tuple[int, Any]:
        async with self.session.get(self.url + path) as response:
            return response.status, await response.json()

    async def metrics(self) -> dict[tuple[str, ...], float]:
        """Everything that is counted: by name and the labels' values."""
        async with self.session.get(self.metrics_url) as response:
            text = await response.text()
        return {
            (sample.name.removeprefix("electro_relayer_"), *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }

    async def next(self, meter: Any) -> dict[str, int]:
        _, body = await self.get("/v1/meters/0x" + meter.device.hex())
        found: dict[str, int] = body["agreements"][0]["next"]
        return found


@pytest.fixture
async def relay() -> AsyncIterator[Callable[..., Any]]:
    """A function that serves settings in this process and returns a client."""
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def start(settings: Settings) -> Client:
            stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
            task = asyncio.create_task(serve(settings, ready=ready.set_result, stop=stop))

            async def end() -> None:
                stop.set()
                await task

            stack.push_async_callback(end)
            await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            told = await ready
            return Client(told.url, session, told.metrics_url)

        yield start


_PROGRAM = """from electro_relayer import Settings, run
run(Settings.load(), ready=lambda ready: print(ready.url, ready.port, ready.metrics_url, flush=True))
"""


_LIMIT = """import resource
resource.setrlimit(resource.RLIMIT_NOFILE, ({0}, {0}))
"""


class Process:
    """`run(Settings.load())` in a process of its own, on a port it keeps when it is started again."""

    def __init__(self, settings: Settings, files: int | None = None) -> None:
        self._files = files  # as many as it may open
        self._environ = {
            **os.environ,
            "ELECTRO_RELAYER_RPC_URL": settings.rpc_url,
            "ELECTRO_RELAYER_CONTRACT": settings.contract.hex(),
            "ELECTRO_RELAYER_KEY_FILE": str(settings.key_file),
            "ELECTRO_RELAYER_FINALITY": settings.finality,
            "ELECTRO_RELAYER_BATCH_MS": str(settings.batch_ms),
            "ELECTRO_RELAYER_RPC_TIMEOUT_S": str(settings.rpc_timeout_s),
            "ELECTRO_RELAYER_HEAL_S": str(settings.heal_s),
            "ELECTRO_RELAYER_BUMP_S": str(settings.bump_s),
            "ELECTRO_RELAYER_PORT": "0",
            "ELECTRO_RELAYER_METRICS_PORT": "0",
        }
        self.url = self.metrics_url = ""
        self.start()

    def start(self) -> None:
        limit = "" if self._files is None else _LIMIT.format(self._files)
        self._process = subprocess.Popen(
            lifeline.tied([sys.executable, "-c", limit + _PROGRAM]),
            pass_fds=lifeline.pass_fds(),
            env=self._environ,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        told = self._process.stdout.readline()
        if not told:  # it said why on stderr
            self.end()
            raise ValueError("the relayer did not start")
        self.url, port, self.metrics_url = told.split()
        self._environ["ELECTRO_RELAYER_PORT"] = port

    def end(self, number: int = signal.SIGKILL) -> int:
        if self._process.poll() is None:
            self._process.send_signal(number)
        code = self._process.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code


@pytest.fixture
def spawn() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def start(settings: Settings, files: int | None = None) -> Process:
        started.append(Process(settings, files))
        return started[-1]

    yield start
    for process in started:
        process.end()


@pytest.fixture
def eventually() -> Callable[..., Any]:
    """A function that waits until a question is answered with yes."""
    return until
