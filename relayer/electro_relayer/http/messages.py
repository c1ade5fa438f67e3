# SPDX-License-Identifier: Apache-2.0
"""Take posted messages: one, or up to fifty, each of which gets the answer that it would have got alone."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from aiohttp import web

from electro_relayer.errors import http_answer
from electro_relayer.hashing import checksum
from electro_relayer.http.parts import ADMISSION, CHAIN, METRICS, SETTINGS, json_answer, read_body, sender_in
from electro_relayer.incoming.intake import Verified, parse, quick, verify, verify_signed
from electro_relayer.paying.admission import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

PATH = "/v1/messages"
AT_ONCE = 8  # messages of many, half a millisecond's work: then others get their turn
_STATUS = {Outcome.ACCEPTED: 202, Outcome.FINAL: 200}


async def post_messages(request: web.Request) -> web.Response:
    """Take one signed message, or many; each of many gets the answer it would have got alone."""
    return await take(request.app, request)


async def take(app: web.Application, request: web.Request) -> web.Response:
    """Take what a request brings, for the application or past its router; raises a Refusal."""
    body = await read_body(app[SETTINGS], request)
    sender = sender_in(app, request)
    signed = quick(body)
    if signed is not None:
        return _taken(*await _admit(app, verify_signed(signed, app[CHAIN].domain), sender))
    many, messages = parse(body)
    if not many:
        return _taken(*await _admit(app, verify(messages[0], app[CHAIN].domain), sender))
    results = []
    for number, untrusted in enumerate(messages, 1):  # in order: a later one may continue an earlier one
        try:
            status, answer = await _admit(app, verify(untrusted, app[CHAIN].domain), sender)
            results.append({**answer, "status_code": status})
        except Exception as error:  # noqa: BLE001 - one bad message costs the others nothing
            status, refusal, _ = http_answer(error)
            app[METRICS].count("refused_total", code=refusal["error"]["code"])
            results.append({**refusal, "status_code": status})
        if number % AT_ONCE == 0:
            await asyncio.sleep(0)
    return json_answer(200, {"results": results})


async def _admit(
    app: web.Application, verified: Verified, sender: Callable[[], str]
) -> tuple[int, dict[str, Any]]:
    outcome = await app[ADMISSION].admit(verified, sender)
    return _STATUS[outcome], {
        "status": outcome.value,
        "digest": "0x" + verified.digest.hex(),
        "device": checksum(verified.device),
    }


def _taken(status: int, answer: dict[str, str]) -> web.Response:
    """Write the answer that nearly all get; nothing in it needs escaping."""
    text = (
        f'{{"status": "{answer["status"]}", "digest": "{answer["digest"]}", "device": "{answer["device"]}"}}'
    )
    return web.Response(status=status, body=text.encode(), content_type="application/json")
