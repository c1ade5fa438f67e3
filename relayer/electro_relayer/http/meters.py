# SPDX-License-Identifier: Apache-2.0
"""Tell a meter where it stands, for as little work as taking a report from it.

The answer has a weak ETag over all that concerns the meter: a 304 says that only the chain's time and its newest
blocks have moved on.
"""

from __future__ import annotations

import re
from binascii import unhexlify
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from electro_relayer.errors import Malformed, MistypedAddress, NoSuchMeter, UnknownDevice
from electro_relayer.hashing import checksum
from electro_relayer.http.parts import ADMISSION, CHAIN, REFUSALS, SETTINGS, sender_in

if TYPE_CHECKING:
    from electro_relayer.chain.chain import Chain
    from electro_relayer.chain.standing import Agreement, Standing

PATH = "/v1/meters/"
MOST_AHEAD = 672  # slots: a week of quarter hours, the most that terms have
USUAL = re.compile(PATH + r"(0x[0-9a-fA-F]{40})(?:\?ahead=([0-9]{1,3}))?")
_ADDRESS = re.compile("0x[0-9a-fA-F]{40}")


async def get_meter(request: web.Request) -> web.Response:
    """Tell a meter everything it asks; `?ahead=N` chooses for how many slots bounds are told."""
    return await tell(request.app, request, request.match_info["address"], request.query.get("ahead"))


async def tell(
    app: web.Application, request: web.Request, untrusted_address: str, untrusted_ahead: str | None
) -> web.Response:
    """Answer for the application or past its router; raises a Refusal."""
    device, ahead = _device(untrusted_address), _ahead(untrusted_ahead, app[SETTINGS].slots_ahead)
    try:
        standing = await app[ADMISSION].read(device, sender_in(app, request), ahead)
    except UnknownDevice:
        raise NoSuchMeter(checksum(device)) from None
    lasting = _lasting(standing, app[CHAIN])
    refused = app[REFUSALS].of_device(device)
    if refused:
        lasting["refused"] = refused
    told = orjson.dumps(lasting)
    tag = f'W/"{blake2b(told, digest_size=12).hexdigest()}"'
    # "no-cache": it may be kept, and is asked for again with its tag
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    if _is_known(request.headers.get("If-None-Match"), tag):
        return web.Response(status=304, headers=headers)
    moving = {"time": standing.chain_time_s, "block": {"latest": standing.latest, "final": standing.final}}
    body = orjson.dumps(moving)[:-1] + b"," + told[1:]
    return web.Response(body=body, content_type="application/json", headers=headers)


def _lasting(standing: Standing, chain: Chain) -> dict[str, Any]:
    """Write what concerns the meter; the rest moves with every block."""
    return {
        "device": checksum(standing.device),
        "chain_id": chain.chain_id,
        "contract": checksum(chain.contract),
        "agreements": [_agreement(each) for each in standing.agreements],
    }


def _agreement(agreement: Agreement) -> dict[str, Any]:
    state = agreement.state
    return {
        "agreement_id": state.agreement_id,
        "state": state.state,
        "start": state.start,
        "interval_seconds": state.interval_seconds,
        "intervals": state.intervals,
        "slots": state.slots,
        "unit_wh": state.unit_wh,
        "next": {"latest": agreement.next_latest, "final": agreement.next_final},
        "remaining_bonus": str(state.remaining_bonus),
        "bounds": {
            "first_interval": state.bounds_from,
            "min": [least for least, _ in state.bounds],
            "max": [greatest for _, greatest in state.bounds],
        },
    }


def _device(untrusted: str) -> bytes:
    if not _ADDRESS.fullmatch(untrusted):
        raise Malformed("The path must end in a meter's address: an address is 0x and 40 hex digits.")
    device, digits = unhexlify(untrusted[2:]), untrusted[2:]
    if digits not in (digits.lower(), digits.upper()) and checksum(device) != untrusted:
        raise MistypedAddress(
            "No meter has this address: the address fails its EIP-55 checksum: a digit is wrong."
        )
    return device


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
