# SPDX-License-Identifier: Apache-2.0
"""Put the relayer together and run it: from settings to a listening service, and down again in good order."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiohttp import web

from electro_relayer.chain.chain import Chain
from electro_relayer.chain.comparison import Comparison
from electro_relayer.chain.failover import Nodes
from electro_relayer.chain.standing import Standings
from electro_relayer.chain.upkeep import Upkeep
from electro_relayer.gauges import add_gauges
from electro_relayer.hashing import checksum
from electro_relayer.http.listening import listen
from electro_relayer.http.routes import (
    ADMISSION,
    CHAIN,
    METRICS,
    REFUSALS,
    SETTINGS,
    STANDINGS,
    UNMINED,
    add_routes,
    errors_as_json,
    straight,
)
from electro_relayer.metrics import Metrics
from electro_relayer.paying.admission import Admission
from electro_relayer.paying.batch import Queue
from electro_relayer.paying.key import Key, key_of
from electro_relayer.paying.limits import Buckets, Budgets
from electro_relayer.paying.refusals import Refusals
from electro_relayer.paying.spend import Spender
from electro_relayer.paying.submit import Lane
from electro_relayer.paying.unmined import Unmined
from electro_relayer.paying.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from electro_relayer.settings import Settings

log = logging.getLogger(__name__)

QUEUE = web.AppKey("queue", Queue)
_LINGER_S = 1.0  # after an answer to a body that was not read: lets the sender see the answer
_CLOSE_S = 1.0  # answers are made at once, so an open request has a second to end once the lane is empty


@dataclass(frozen=True, slots=True)
class Ready:
    """What a caller may tell about a relayer that has begun to listen."""

    url: str
    port: int
    chain_id: int
    contract: str
    sender: str

    def __str__(self) -> str:
        payer = f"paying from {self.sender}"
        return f"relayer ready on {self.url}, chain {self.chain_id}, contract {self.contract}, {payer}"


def create_app(settings: Settings, key: Key | None = None) -> web.Application:
    """Return the service as an aiohttp application; its start opens the chain and may raise a StartError."""
    paying = key if key is not None else key_of(settings)
    app = web.Application(client_max_size=settings.body_limit, middlewares=[errors_as_json])
    app[SETTINGS], app[METRICS] = settings, Metrics()

    async def lifetime(app: web.Application) -> AsyncIterator[None]:
        clock, metrics = time.monotonic, app[METRICS]
        nodes = Nodes(settings.rpc_urls, timeout_s=settings.rpc_timeout_s, clock=clock, metrics=metrics)
        async with nodes:
            chain = Chain(nodes, settings, paying.address, clock)
            await chain.open()
            tasks = [asyncio.create_task(each) for each in _parts(app, chain, nodes, paying)]
            yield
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    app.cleanup_ctx.append(lifetime)
    add_routes(app)
    return app


def _parts(app: web.Application, chain: Chain, nodes: Nodes, paying: Key) -> list[Coroutine[Any, Any, None]]:
    """Make everything that works on the opened chain; returns what is to run."""
    settings, metrics, clock = app[SETTINGS], app[METRICS], chain.clock
    comparison = Comparison(chain, nodes, metrics)

    def suspicious(why: str) -> None:
        log.warning("node %s: %s", nodes.shown, why)
        metrics.count("node_backwards_total")
        comparison.hint()

    chain.suspicious = suspicious
    queue = Queue(
        size=settings.queue_size,
        device_limit=settings.device_in_flight,
        batch_size=settings.batch_size,
        batch_gas=settings.batch_gas,
        window_s=settings.batch_ms / 1000,
        clock=clock,
    )
    standings = Standings(chain.standing, clock, suspicious)
    refusals = Refusals(clock)
    unmined = Unmined(settings.unmined_transactions, clock)
    upkeep = Upkeep(chain, metrics)
    spender = Spender(
        chain=chain,
        key=paying,
        queue=queue,
        standings=standings,
        refusals=refusals,
        unmined=unmined,
        metrics=metrics,
        settings=settings,
    )
    lane = Lane(chain=chain, queue=queue, unmined=unmined, spender=spender, batch_gas=settings.batch_gas)
    watch = Watch(
        chain=chain,
        key=paying,
        queue=queue,
        standings=standings,
        unmined=unmined,
        spender=spender,
        upkeep=upkeep,
        metrics=metrics,
        settings=settings,
    )
    app[CHAIN], app[QUEUE], app[STANDINGS] = chain, queue, standings
    app[REFUSALS], app[UNMINED] = refusals, unmined
    app[ADMISSION] = Admission(
        chain=chain,
        queue=queue,
        standings=standings,
        refusals=refusals,
        buckets=Buckets(settings.device_rate, settings.device_burst, clock),
        budgets=Budgets(settings.device_gas_per_day, clock),
        metrics=metrics,
    )
    add_gauges(metrics, queue, unmined, upkeep, nodes)
    return [lane.run(), watch.run(), upkeep.run(), comparison.run()]


async def drain(app: web.Application) -> bool:
    """Take nothing new and wait until everything accepted is mined; returns whether it was in time."""
    app[ADMISSION].draining = True
    try:
        async with asyncio.timeout(app[SETTINGS].drain_s):
            await app[QUEUE].empty()
    except TimeoutError:
        log.warning("going down with %d messages unmined; their meters will send them again", len(app[QUEUE]))
        return False
    return True


async def serve(
    settings: Settings, *, ready: Callable[[Ready], None] | None = None, stop: asyncio.Event | None = None
) -> None:
    """Serve until `stop` is set; raises a StartError. With port 0 `ready` tells which port was taken."""
    app = create_app(settings)
    runner = web.AppRunner(app, shutdown_timeout=_CLOSE_S)
    listening: asyncio.Server | None = None
    try:
        await runner.setup()
        assert runner.server is not None
        runner.server.request_handler = straight(app, runner.server.request_handler)
        listening, port = await listen(
            runner.server,
            settings.host,
            settings.port,
            settings.connections,
            access_log=None,
            keepalive_timeout=settings.idle_timeout_s,
            auto_decompress=False,  # a small body that unfolds into a large one is refused, not unfolded
            lingering_time=_LINGER_S,
        )
        chain = app[CHAIN]
        told = Ready(
            url=f"http://{_in_url(settings.host)}:{port}",
            port=port,
            chain_id=chain.chain_id,
            contract=checksum(chain.contract),
            sender=checksum(chain.sender),
        )
        log.info("%s", told)
        if ready is not None:
            ready(told)
        await (stop if stop is not None else asyncio.Event()).wait()
        await drain(app)
    finally:
        if listening is not None:
            listening.close()
        await runner.cleanup()


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def run(settings: Settings, *, ready: Callable[[Ready], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted; raises a StartError with one sentence."""
    # What is loaded by now stays: the collector need not look at it again. Thousands of messages in memory are
    # no garbage either, so it begins later than after 700 new objects: 10 µs less for each message. Not much
    # later, for it takes a millisecond for 7,000, and everybody waits; and the middle generation often enough, for
    # each connection leaves 18 objects in it when it closes.
    gc.freeze()
    gc.set_threshold(5_000, 10, 50)
    asyncio.run(_serve_until_signalled(settings, ready))


async def _serve_until_signalled(settings: Settings, ready: Callable[[Ready], None] | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, ready=ready, stop=stop)
