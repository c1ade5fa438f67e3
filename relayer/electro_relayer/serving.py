# SPDX-License-Identifier: Apache-2.0
"""Run the relayer: listen for meters and for those who operate it, and go down again in good order."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from electro_relayer.app import QUEUE, create_app, create_operations
from electro_relayer.hashing import checksum
from electro_relayer.http.health import READINESS
from electro_relayer.http.listening import Listening, connections_possible, listen
from electro_relayer.http.parts import CHAIN, METRICS
from electro_relayer.http.routes import straight

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.settings import Settings

log = logging.getLogger(__name__)

_LINGER_S = 1.0  # after an answer to a body that was not read: lets the sender see the answer
_CLOSE_S = 1.0  # answers are made at once, so an open request has a second to end once the lane is empty
_OPERATORS = 32  # connections of Prometheus, supervisors and proxies that look after health


@dataclass(frozen=True, slots=True)
class Ready:
    """What a caller may tell about a relayer that has begun to listen."""

    url: str
    port: int
    chain_id: int
    contract: str
    sender: str
    metrics_url: str

    def __str__(self) -> str:
        what = f"chain {self.chain_id}, contract {self.contract}, paying from {self.sender}"
        return f"relayer ready on {self.url}, {what}, metrics on {self.metrics_url}"


async def serve(
    settings: Settings,
    *,
    ready: Callable[[Ready], None] | None = None,
    stop: asyncio.Event | None = None,
    hasten: asyncio.Event | None = None,
) -> None:
    """Serve until `stop` is set, and for `drain_s` at most what was accepted, until `hasten` is set.

    Raises a StartError. With port 0 `ready` tells which port was taken.
    """
    app = create_app(settings)
    async with contextlib.AsyncExitStack() as stack:
        runner = web.AppRunner(app, shutdown_timeout=_CLOSE_S)
        stack.push_async_callback(runner.cleanup)
        await runner.setup()
        assert runner.server is not None
        runner.server.request_handler = straight(app, runner.server.request_handler)
        # health first: it is to answer even where meters' connections have taken all the files there are
        operations = await _listen_for_operations(app, settings, stack)
        possible = connections_possible(settings.connections)
        listening = await listen(
            runner.server,
            settings.host,
            settings.port,
            possible,
            trusted=settings.trusted_networks,
            head_timeout_s=settings.head_timeout_s,
            access_log=None,
            keepalive_timeout=settings.idle_timeout_s,
            auto_decompress=False,  # a small body that unfolds into a large one is refused, not unfolded
            lingering_time=_LINGER_S,
        )
        stack.callback(listening.close)
        app[METRICS].gauge("connections", "open connections of meters", listening.connections)
        app[METRICS].gauge("connections_limit", "so many at once", lambda: possible)
        chain = app[CHAIN]
        told = Ready(
            url=f"http://{_in_url(settings.host)}:{listening.port}",
            port=listening.port,
            chain_id=chain.chain_id,
            contract=checksum(chain.contract),
            sender=checksum(chain.sender),
            metrics_url=f"http://{_in_url(settings.metrics_host)}:{operations.port}/metrics",
        )
        log.info("%s", told)
        if ready is not None:
            ready(told)
        await (stop if stop is not None else asyncio.Event()).wait()
        await drain(app, settings.drain_s, hasten)


async def drain(app: web.Application, within_s: float, hasten: asyncio.Event | None = None) -> bool:
    """Take nothing new and wait until everything accepted is mined; returns whether it was in time."""
    app[READINESS].draining = True
    waits: list[asyncio.Task[object]] = [asyncio.create_task(app[QUEUE].empty())]
    if hasten is not None:
        waits.append(asyncio.create_task(hasten.wait()))
    await asyncio.wait(waits, timeout=within_s, return_when=asyncio.FIRST_COMPLETED)
    done = waits[0].done()
    for each in waits:
        each.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    if not done:
        log.warning("going down with %d messages unmined; their meters will send them again", len(app[QUEUE]))
    return done


def run(settings: Settings, *, ready: Callable[[Ready], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted; a second one ends that too.

    Raises a StartError with one sentence.
    """
    # What is loaded by now stays: the collector need not look at it again. Thousands of messages in memory are
    # no garbage either, so it begins later than after 700 new objects: 10 µs less for each message. Not much
    # later, for it takes a millisecond for 7,000, and everybody waits; and the middle generation often enough, for
    # each connection leaves 18 objects in it when it closes.
    gc.freeze()
    gc.set_threshold(5_000, 10, 50)
    asyncio.run(_serve_until_signalled(settings, ready))


async def _serve_until_signalled(settings: Settings, ready: Callable[[Ready], None] | None) -> None:
    stop, hasten = asyncio.Event(), asyncio.Event()

    def signalled() -> None:
        (hasten if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, signalled)
    await serve(settings, ready=ready, stop=stop, hasten=hasten)


async def _listen_for_operations(
    app: web.Application, settings: Settings, stack: contextlib.AsyncExitStack
) -> Listening:
    runner = web.AppRunner(create_operations(app), shutdown_timeout=_CLOSE_S)
    stack.push_async_callback(runner.cleanup)
    await runner.setup()
    assert runner.server is not None
    listening = await listen(
        runner.server,
        settings.metrics_host,
        settings.listens_for_metrics_on,
        _OPERATORS,
        head_timeout_s=settings.head_timeout_s,
        access_log=None,
        keepalive_timeout=settings.head_timeout_s,  # who asks for metrics asks more often, or may connect again
    )
    stack.callback(listening.close)
    return listening


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
