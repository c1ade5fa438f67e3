# SPDX-License-Identifier: Apache-2.0
"""Put the relayer together and run it: from settings to a listening service, and down again in good order."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from electro_relayer.addresses import checksum
from electro_relayer.admission import Admission
from electro_relayer.batch import Queue
from electro_relayer.chain import Chain
from electro_relayer.errors import PortInUse
from electro_relayer.key import Key, read_key
from electro_relayer.refusals import Refusals
from electro_relayer.routes import (
    ADMISSION,
    CHAIN,
    REFUSALS,
    SETTINGS,
    STANDINGS,
    UNMINED,
    add_routes,
    errors_as_json,
)
from electro_relayer.rpc import Node
from electro_relayer.standing import Standings
from electro_relayer.submit import Lane
from electro_relayer.unmined import Unmined
from electro_relayer.watch import Watch

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

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
    paying = key if key is not None else read_key(settings.key_file, settings.key_password_file)
    app = web.Application(client_max_size=settings.body_limit, middlewares=[errors_as_json])
    app[SETTINGS] = settings

    async def lifetime(app: web.Application) -> AsyncIterator[None]:
        async with Node(settings.rpc_url, timeout_s=settings.rpc_timeout_s) as node:
            chain = Chain(node, settings, paying.address)
            await chain.open()
            queue = Queue(
                size=settings.queue_size,
                device_limit=settings.device_in_flight,
                batch_size=settings.batch_size,
                batch_gas=settings.batch_gas,
                window_s=settings.batch_ms / 1000,
                clock=chain.clock,
            )
            standings = Standings(chain.standing, chain.clock)
            app[CHAIN], app[QUEUE], app[STANDINGS] = chain, queue, standings
            app[REFUSALS] = refusals = Refusals(chain.clock)
            app[ADMISSION] = Admission(chain, queue, standings, refusals)
            app[UNMINED] = unmined = Unmined(settings.unmined_transactions, chain.clock)
            lane = Lane(
                chain=chain,
                key=paying,
                queue=queue,
                standings=standings,
                refusals=refusals,
                unmined=unmined,
                settings=settings,
            )
            watch = Watch(
                chain=chain,
                key=paying,
                queue=queue,
                standings=standings,
                unmined=unmined,
                lane=lane,
                settings=settings,
            )
            tasks = [asyncio.create_task(lane.run()), asyncio.create_task(watch.run())]
            yield
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    app.cleanup_ctx.append(lifetime)
    add_routes(app)
    return app


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
    # auto_decompress off: a small body that unfolds into a large one is refused, not unfolded
    runner = web.AppRunner(
        app,
        access_log=None,
        keepalive_timeout=settings.idle_timeout_s,
        auto_decompress=False,
        lingering_time=_LINGER_S,
        shutdown_timeout=_CLOSE_S,
    )
    try:
        await runner.setup()
        site = web.TCPSite(runner, settings.host, settings.port, backlog=1024)
        await _listen(site, settings)
        chain = app[CHAIN]
        told = Ready(
            url=f"http://{settings.host}:{site.port}",
            port=site.port,
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
        await runner.cleanup()


async def _listen(site: web.TCPSite, settings: Settings) -> None:
    try:
        await site.start()
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        if error.errno == errno.EADDRINUSE:
            raise PortInUse(f"Another program listens on {where} already; choose another port.") from error
        raise PortInUse(f"The relayer can't listen on {where}: {error.strerror or error}.") from error


def run(settings: Settings, *, ready: Callable[[Ready], None] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish what was accepted; raises a StartError with one sentence."""
    # What is loaded by now stays: the collector need not look at it again. Thousands of messages in memory are
    # no garbage either, so it begins later than after 700 new objects: 10 µs less for each message.
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    asyncio.run(_serve_until_signalled(settings, ready))


async def _serve_until_signalled(settings: Settings, ready: Callable[[Ready], None] | None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await serve(settings, ready=ready, stop=stop)
