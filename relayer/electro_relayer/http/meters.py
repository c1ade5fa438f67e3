# SPDX-License-Identifier: Apache-2.0
"""Tell a meter where it stands, for as little work as taking a report from it; and what its agreement's terms are.

The answer has a weak ETag over all that concerns the meter: a 304 says that only the chain's time and its newest
blocks have moved on.
"""

from __future__ import annotations

import re
from hashlib import blake2b

import orjson
from aiohttp import web

from electro_relayer.errors import Malformed, NoSuchMeter, NoSuchTerms, UnknownDevice
from electro_relayer.hashing import checksum, keccak256
from electro_relayer.http.parts import ADMISSION, CHAIN, REFUSALS, SETTINGS, parse_address, sender_in
from electro_relayer.http.viewing_keys import offered

PATH = "/v1/meters/"
MOST_AHEAD = 672  # slots: a week of quarter hours, the most that terms have
USUAL = re.compile(PATH + r"(0x[0-9a-fA-F]{40})(?:\?ahead=([0-9]{1,3}))?")


async def get_meter(request: web.Request) -> web.Response:
    """Tell a meter everything it asks; `?ahead=N` chooses for how many slots bounds are told."""
    return await tell(request.app, request, request.match_info["address"], request.query.get("ahead"))


async def tell(
    app: web.Application, request: web.Request, untrusted_address: str, untrusted_ahead: str | None
) -> web.Response:
    """Answer for the application or past its router; raises a Refusal."""
    device, ahead = parse_address(untrusted_address), _ahead(untrusted_ahead, app[SETTINGS].slots_ahead)
    try:
        standing = await app[ADMISSION].read(device, sender_in(app, request), ahead)
    except UnknownDevice:
        raise NoSuchMeter(checksum(device)) from None
    chain = app[CHAIN]
    moving, lasting = standing.to_json(chain.chain_id, chain.contract)
    refused = app[REFUSALS].of_device(device)
    if refused:
        lasting["refused"] = refused
    if offered(app[SETTINGS].viewing_keys, device):
        lasting["viewing_keys"] = True
    told = orjson.dumps(lasting)
    tag = f'W/"{blake2b(told, digest_size=12).hexdigest()}"'
    # "no-cache": it may be kept, and is asked for again with its tag
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _is_known(request.headers.get("If-None-Match"), tag):
        return web.Response(status=304, headers=headers)
    body = orjson.dumps(moving)[:-1] + b"," + told[1:]
    return web.Response(body=body, content_type="application/json", headers=headers)


async def get_schedule(request: web.Request) -> web.Response:
    """Tell a meter that judges its own readings by which bands: those of the pass with an interval, at its place."""
    app, device = request.app, parse_address(request.match_info["address"])
    agreement_id = _number("agreement", request.match_info["agreement"], 64)
    interval = _number("interval", request.match_info["interval"], 16)
    try:
        place, (account, code_hash) = await app[ADMISSION].schedule(
            device, agreement_id, interval, sender_in(app, request)
        )
    except UnknownDevice:
        raise NoSuchMeter(checksum(device)) from None
    told = {"place": place, "account": checksum(account), "code_hash": "0x" + code_hash.hex()}
    return web.Response(
        body=orjson.dumps(told), content_type="application/json", headers={"Cache-Control": "no-store"}
    )


async def get_receipt(request: web.Request) -> web.Response:
    """Prove to a meter where it stands at the final block: electro_protocol.receipt checks it."""
    app, device = request.app, parse_address(request.match_info["address"])
    try:
        receipt = await app[ADMISSION].receipt(device, sender_in(app, request))
    except UnknownDevice:
        raise NoSuchMeter(checksum(device)) from None
    tag = f'"{blake2b(receipt, digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _is_known(request.headers.get("If-None-Match"), tag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=receipt, content_type="application/octet-stream", headers=headers)


async def get_terms(request: web.Request) -> web.Response:
    """Tell the terms themselves: who hashes them knows what to believe of the other answers. They never change."""
    app, account = request.app, parse_address(request.match_info["account"])
    code = await app[ADMISSION].terms(account, sender_in(app, request))
    if code is None:
        raise NoSuchTerms("No agreement's terms are at this address.")
    tag = f'"{keccak256(code).hex()}"'
    headers = {"ETag": tag, "Cache-Control": "public, max-age=31536000, immutable"}
    if _is_known(request.headers.get("If-None-Match"), tag):
        return web.Response(status=304, headers=headers)
    return web.Response(body=code, content_type="application/octet-stream", headers=headers)


def _number(name: str, untrusted: str, bits: int) -> int:
    if untrusted.isascii() and untrusted.isdigit() and len(untrusted) <= 20:
        number = int(untrusted)
        if number < 1 << bits:
            return number
    raise Malformed(f"{name} must be a whole number below {1 << bits}.")


def _ahead(untrusted: str | None, usual: int) -> int:
    if untrusted is None:
        return usual
    if not (
        untrusted.isascii() and untrusted.isdigit() and len(untrusted) <= 3 and int(untrusted) <= MOST_AHEAD
    ):
        raise Malformed(f"ahead must be a whole number from 0 to {MOST_AHEAD}.")
    return int(untrusted)


def _is_known(untrusted: str | None, tag: str) -> bool:
    """Tell whether If-None-Match names the tag, by RFC 9110's weak comparison."""
    if untrusted is None:
        return False
    named = {part.strip().removeprefix("W/") for part in untrusted.split(",")}
    return "*" in named or tag.removeprefix("W/") in named
