# SPDX-License-Identifier: Apache-2.0
"""What an address asks for: numbers, choices, accounts, instants; anything else is refused with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.web.errors import BadRequest
from electro_plan import quantities
from electro_protocol import address

if TYPE_CHECKING:
    from aiohttp import web

_MOST = 1 << 62


def number(request: web.Request, name: str, default: int, most: int = _MOST) -> int:
    """Return a whole number of the query."""
    text = request.query.get(name)
    if text is None or text == "":
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or int(text) > most:
        raise BadRequest(f"{name} is a whole number from 0 to {most}")
    return int(text)


def identity(request: web.Request) -> int:
    """Return the agreement that the path names."""
    return int(request.match_info["id"])


def choice(request: web.Request, name: str, possible: tuple[str, ...]) -> str | None:
    """Return one of some words; None if nothing is chosen."""
    text = request.query.get(name) or None
    if text is not None and text not in possible:
        raise BadRequest(f"{name} is one of {', '.join(possible)}")
    return text


def account(request: web.Request, name: str) -> bytes | None:
    """Return an account of the query; None if nothing is asked for."""
    text = request.query.get(name, "").strip()
    if not text:
        return None
    try:
        return address.parse(text)
    except ValueError as error:
        raise BadRequest(f"{name} is an account or a meter, 0x and 40 hex digits: {error}"[:200]) from error


def instant(request: web.Request, name: str) -> int | None:
    """Return an instant of the query, unix seconds or ISO 8601 with an offset."""
    text = request.query.get(name, "").strip()
    if not text:
        return None
    try:
        return quantities.instant(text.replace(" ", "+"))
    except ValueError as error:
        raise BadRequest(f"{name}: {error}") from error
