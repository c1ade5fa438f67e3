# SPDX-License-Identifier: Apache-2.0
"""What an address asks for: numbers, choices, accounts, instants; anything else is refused with a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.web.errors import BadRequest
from electro_plan import quantities
from electro_plan.sentence import foreign, sentence
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
        raise BadRequest(sentence("{0} is a whole number from 0 to {1}", name, most))
    return int(text)


def identity(request: web.Request) -> int:
    """Return the agreement that the path names."""
    return int(request.match_info["id"])


def choice(request: web.Request, name: str, possible: tuple[str, ...]) -> str | None:
    """Return one of some words; None if nothing is chosen."""
    text = request.query.get(name) or None
    if text is not None and text not in possible:
        raise BadRequest(sentence("{0} is one of {1}", name, ", ".join(possible)))
    return text


def account(request: web.Request, name: str) -> bytes | None:
    """Return an account of the query; None if nothing is asked for."""
    text = request.query.get(name, "").strip()
    if not text:
        return None
    try:
        return address.parse(text)
    except ValueError as error:
        raise BadRequest(
            sentence("{0} is an account or a meter, 0x and 40 hex digits{1}", name, foreign(error))
        ) from error


def instant(request: web.Request, name: str) -> int | None:
    """Return an instant of the query, unix seconds or ISO 8601 with an offset."""
    text = request.query.get(name, "").strip()
    if not text:
        return None
    try:
        return quantities.instant(text.replace(" ", "+"))
    except ValueError as error:
        raise BadRequest(
            sentence(
                "{0}: write a time as 2027-01-31T10:00:00+03:00, or as unix seconds{1}", name, foreign(error)
            )
        ) from error
