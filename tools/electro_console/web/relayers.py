# SPDX-License-Identifier: Apache-2.0
"""What relayers say of themselves in their metrics: whether they are ready, and what money they have left."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from .node import BESIDE_S
from .words import mark

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_BYTES = 1 << 20
_WANTED = {
    "electro_relayer_balance_wei": "balance_wei",
    "electro_relayer_queue_messages": "queued",
    "electro_relayer_oldest_message_seconds": "oldest_s",
}


async def ask_relayers(urls: Sequence[str]) -> list[dict[str, Any]]:
    """Return a record for each relayer, in their order; `trouble` says why there is no more."""
    if not urls:
        return []
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=BESIDE_S)) as session:
        return list(await asyncio.gather(*(_ask(session, url) for url in urls)))


async def _ask(session: aiohttp.ClientSession, url: str) -> dict[str, Any]:
    empty = {"url": url, **dict.fromkeys(_WANTED.values()), "trouble": None}
    try:
        async with session.get(url) as response:
            if response.status != 200:
                return {**empty, "trouble": f"HTTP {response.status}"}
            text = (await response.content.read(_MOST_BYTES)).decode("utf-8", "replace")
        return {**empty, **_read(text)}
    except (TimeoutError, aiohttp.ClientError):
        return {**empty, "trouble": mark("no answer")}
    except ValueError:
        return {**empty, "trouble": mark("these are no metrics")}


def _read(text: str) -> dict[str, int]:
    return {
        _WANTED[sample.name]: int(sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name in _WANTED
    }
