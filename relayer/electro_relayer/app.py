# SPDX-License-Identifier: Apache-2.0
"""Put the relayer together: from settings to the application that answers, with everything that works behind it."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from electro_relayer.chain.chain import Chain
from electro_relayer.chain.comparison import Comparison
from electro_relayer.chain.failover import Nodes
from electro_relayer.chain.proofs import MOST_OF_ONE_SENDER
from electro_relayer.chain.standings import Standings
from electro_relayer.chain.upkeep import Upkeep
from electro_relayer.gauges import add_gauges
from electro_relayer.http.health import READINESS
from electro_relayer.http.parts import ADMISSION, CHAIN, METRICS, REFUSALS, SETTINGS
from electro_relayer.http.routes import add_operations, add_routes, errors_as_json
from electro_relayer.metrics import Metrics
from electro_relayer.paying.admission import Admission
from electro_relayer.paying.batch import Queue
from electro_relayer.paying.blame import Blame
from electro_relayer.paying.checking import Checking
from electro_relayer.paying.gas import GasLimits
from electro_relayer.paying.key import Key, key_of
from electro_relayer.paying.limits import Buckets, Budgets, too_many_receipts, too_many_strangers
from electro_relayer.paying.nonces.heal import Healer
from electro_relayer.paying.nonces.spend import Spender
from electro_relayer.paying.nonces.unmined import Unmined
from electro_relayer.paying.nonces.watch import Watch
from electro_relayer.paying.readiness import Readiness
from electro_relayer.paying.refusals import Refusals
from electro_relayer.paying.submit import Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from electro_relayer.settings import Settings

log = logging.getLogger(__name__)

AGAIN_S = 1.0  # after a fault of ours in a part that runs always

QUEUE = web.AppKey("queue", Queue)


def create_app(settings: Settings, key: Key | None = None) -> web.Application:
    """Return the service as an aiohttp application; its start opens the chain and may raise a StartError."""
    paying = key if key is not None else key_of(settings)
    app = web.Application(client_max_size=settings.body_limit, middlewares=[errors_as_json])
    app[SETTINGS], app[METRICS] = settings, Metrics()

    async def lifetime(app: web.Application) -> AsyncIterator[None]:
        clock, metrics = time.monotonic, app[METRICS]
        nodes = Nodes(
            settings.rpc_urls,
            timeout_s=settings.rpc_timeout_s,
            clock=clock,
            metrics=metrics,
            access=settings.access,
        )
        async with nodes:
            chain = Chain(nodes, settings, paying.address, clock)
            await chain.open()
            tasks = [asyncio.create_task(_kept_up(run)) for run in _parts(app, chain, nodes, paying)]
            yield
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    app.cleanup_ctx.append(lifetime)
    add_routes(app)
    return app


def create_operations(app: web.Application) -> web.Application:
    """Return what those who operate a started application may ask, as an application of its own."""
    operations = web.Application(middlewares=[errors_as_json])
    operations[CHAIN], operations[METRICS] = app[CHAIN], app[METRICS]
    operations[READINESS] = app[READINESS]
    add_operations(operations)
    return operations


async def _kept_up(run: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a part of the service, and again after a fault of ours: one that ended unseen would stop everybody."""
    while True:
        try:
            await run()
        except Exception:
            log.exception("a part of the service failed; it begins again")
            await asyncio.sleep(AGAIN_S)
        else:
            return


def _parts(
    app: web.Application, chain: Chain, nodes: Nodes, paying: Key
) -> list[Callable[[], Coroutine[Any, Any, None]]]:
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
    standings = Standings(chain, clock, limit=settings.meters_remembered, suspicious=suspicious)
    refusals = Refusals(clock)
    unmined = Unmined(settings.unmined_transactions or chain.profile.pool, clock)

    def taken_back() -> None:
        standings.forget_all()
        app[ADMISSION].forget_all()
        chain.terms.forget_all()
        chain.proofs.forget_all()

    upkeep = Upkeep(chain, metrics, taken_back)
    gas = GasLimits(chain)
    blame = Blame(queue=queue, standings=standings, refusals=refusals, metrics=metrics, clock=clock)
    spender = Spender(
        chain=chain, key=paying, queue=queue, unmined=unmined, blame=blame, gas=gas, metrics=metrics
    )
    lane = Lane(
        chain=chain,
        queue=queue,
        unmined=unmined,
        spender=spender,
        blame=blame,
        gas_limits=gas,
        checking=Checking(
            chain=chain, queue=queue, spender=spender, blame=blame, quick_s=settings.rpc_timeout_s / 2
        ),
        batch_gas=settings.batch_gas,
    )
    healer = Healer(
        chain=chain, key=paying, unmined=unmined, spender=spender, metrics=metrics, settings=settings
    )
    watch = Watch(
        chain=chain,
        queue=queue,
        standings=standings,
        unmined=unmined,
        spender=spender,
        healer=healer,
        gas=gas,
        upkeep=upkeep,
        metrics=metrics,
    )
    readiness = Readiness(
        chain=chain,
        upkeep=upkeep,
        queue=queue,
        unmined=unmined,
        spender=spender,
        stalled_s=settings.stalled_s,
    )
    app[CHAIN], app[QUEUE], app[REFUSALS], app[READINESS] = chain, queue, refusals, readiness
    app[ADMISSION] = Admission(
        chain=chain,
        queue=queue,
        standings=standings,
        refusals=refusals,
        buckets=Buckets(settings.device_rate, settings.device_burst, clock, limit=settings.meters_remembered),
        budgets=Budgets(settings.device_gas_per_day, clock, limit=settings.meters_remembered),
        senders=Buckets(
            settings.stranger_rate,
            settings.stranger_burst,
            clock,
            limit=settings.meters_remembered,
            refusal=too_many_strangers,
        ),
        receipts=Buckets(
            settings.stranger_rate,
            MOST_OF_ONE_SENDER,
            clock,
            limit=settings.meters_remembered,
            refusal=too_many_receipts,
        ),
        readiness=readiness,
        metrics=metrics,
    )
    add_gauges(
        metrics,
        settings,
        queue=queue,
        unmined=unmined,
        upkeep=upkeep,
        nodes=nodes,
        readiness=readiness,
        standings=standings,
    )
    return [lane.run, lane.tell_of_standstill, watch.run, upkeep.run, comparison.run]
