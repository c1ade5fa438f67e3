# SPDX-License-Identifier: Apache-2.0
"""Say who sends a request: the other end of the connection, or whom a trusted proxy names."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from aiohttp import web

Networks = tuple[IPv4Network | IPv6Network, ...]
_ONE_SENDER_BITS = 64  # of an IPv6 address: every household has 2^64 of them


def sender_of(request: web.BaseRequest, trusted: Networks) -> str:
    """Return the address that answers for a request; of IPv6 its network of 64 bits.

    Each proxy adds whom it heard to X-Forwarded-For: the last one that no trusted proxy is, is who sends.
    """
    sender = request.remote or ""
    if trusted and _is_within(sender, trusted):
        for named in reversed(",".join(request.headers.getall("X-Forwarded-For", [])).split(",")):
            if _as_one(named.strip()) is None:
                break  # no address: what stands before it is not believed either
            sender = named.strip()
            if not _is_within(sender, trusted):
                break
    return _as_one(sender) or sender


def end_of(transport: asyncio.Transport, trusted: Networks) -> str | None:
    """Return whose connection it is, as `sender_of` does; None of a trusted proxy's, which is of many."""
    peer = transport.get_extra_info("peername")
    address = str(peer[0]) if peer else ""  # it has gone already
    if trusted and _is_within(address, trusted):
        return None
    return _as_one(address) or address


@lru_cache(maxsize=4096)
def _is_within(address: str, networks: Networks) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)


@lru_cache(maxsize=4096)
def _as_one(address: str) -> str | None:
    try:
        found = ip_address(address)
    except ValueError:
        return None
    if found.version == 4:
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(ip_network((found, _ONE_SENDER_BITS), strict=False).network_address)
