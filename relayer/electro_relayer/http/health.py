# SPDX-License-Identifier: Apache-2.0
"""Say whether the process lives, whether messages can be carried now and why not, and what is counted."""

from __future__ import annotations

from aiohttp import web

from electro_relayer.hashing import checksum
from electro_relayer.http.parts import CHAIN, METRICS, json_answer
from electro_relayer.metrics import CONTENT_TYPE
from electro_relayer.paying.readiness import Readiness

READINESS = web.AppKey("readiness", Readiness)


async def get_health(_: web.Request) -> web.Response:
    return json_answer(200, {"status": "alive"})


async def get_readiness(request: web.Request) -> web.Response:
    """Say whether messages can be carried now: the node answers for the right chain, and the key can pay."""
    chain, readiness = request.app[CHAIN], request.app[READINESS]
    body = {
        "status": "ready",
        "chain_id": chain.chain_id,
        "contract": checksum(chain.contract),
        "sender": checksum(chain.sender),
        "block": await readiness.ask(),
    }
    warnings = readiness.warnings()
    return json_answer(200, {**body, "warnings": warnings} if warnings else body)


async def get_metrics(request: web.Request) -> web.Response:
    return web.Response(body=request.app[METRICS].text().encode(), headers={"Content-Type": CONTENT_TYPE})
