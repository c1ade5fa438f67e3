# SPDX-License-Identifier: Apache-2.0
"""Hand a meter the viewing keys in a folder that were wrapped for it; put its word that it has one beside them.

`electro key wrap` makes such a file for one meter: nobody else can unwrap it, the relayer neither. The word goes to
the contract by `electro agreement submit`. A state says `viewing_keys` where there is something, so that no meter asks
in vain.
"""

from __future__ import annotations

import contextlib
import logging
import re
from functools import lru_cache
from typing import TYPE_CHECKING

import orjson

from electro_protocol.eip712 import Domain, MessageError
from electro_protocol.messages import ViewingKeyReady
from electro_protocol.signed import SignedMessage
from electro_relayer.errors import BadSignature, Malformed, NoSuchPath, WordNotKept
from electro_relayer.hashing import checksum
from electro_relayer.http.parts import CHAIN, SETTINGS, json_answer, parse_address, read_body
from electro_relayer.incoming.digest import digest
from electro_relayer.incoming.intake import recover

if TYPE_CHECKING:
    from pathlib import Path

    from aiohttp import web

log = logging.getLogger(__name__)

PATH = "/v1/viewing-keys/"
MOST = 2  # of a meter at once: each takes a chip as long as ten signatures
_WRAPPED = re.compile("0x[0-9a-f]{130}")  # 65 bytes
_MOST_WORDS = 8  # files for one meter, whatever it signs


def offered(folder: Path | None, device: bytes) -> list[str]:
    """Return what is there for a meter, in hex; none of a file that holds something else, or can't be read now."""
    if folder is None:
        return []
    file = folder / f"{checksum(device)}.wrapped"
    try:
        known = file.stat()
        return list(_wrapped_in(file, known.st_mtime_ns, known.st_size))
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        _warn(file, str(error))
        return []


@lru_cache(maxsize=1024)
def _warn(file: Path, why: str) -> None:
    """Say what is wrong with a file, once: each state that is told asks for it."""
    log.warning("no meter gets the viewing keys in %s: %s", file, why)


@lru_cache(maxsize=4096)
def _wrapped_in(file: Path, _changed_ns: int, _size: int) -> tuple[str, ...]:
    """Return what a file holds; read once while it does not change, for each state that is told asks for it."""
    found = [line for line in file.read_text(encoding="ascii").split() if _WRAPPED.fullmatch(line)]
    if not found:
        _warn(file, "none in it is wrapped as `electro key wrap` does it")
    return tuple(found[:MOST])


async def get_viewing_keys(request: web.Request) -> web.Response:
    """Hand a meter what was wrapped for it."""
    found = offered(request.app[SETTINGS].viewing_keys, parse_address(request.match_info["address"]))
    if not found:
        raise NoSuchPath("There is no viewing key for this meter here.")
    return json_answer(200, {"wrapped": found}, {"Cache-Control": "no-store"})


async def post_word(request: web.Request) -> web.Response:
    """Take a meter's word that it holds a viewing key: only of one for which there is something here."""
    app, device = request.app, parse_address(request.match_info["address"])
    folder = app[SETTINGS].viewing_keys
    if folder is None or not offered(folder, device):
        raise NoSuchPath("There is no viewing key for this meter here.")
    try:
        signed = SignedMessage.from_json(orjson.loads(await read_body(app[SETTINGS], request)))
    except (ValueError, MessageError) as error:
        raise Malformed(f"This is no meter's word: {str(error)[:200].rstrip('.')}.") from error
    if not isinstance(signed.message, ViewingKeyReady):
        raise Malformed(f"Here a ViewingKeyReady is taken, not {type(signed.message).__name__}.")
    domain = Domain(app[CHAIN].chain_id, app[CHAIN].contract)
    if recover(digest(signed.message, domain), signed.signature) != device:
        raise BadSignature("Another key than the meter's has signed this.")
    name = checksum(device)
    file = folder / f"{name}-{signed.message.viewing_key_hash[:8].hex()}.ready.json"
    if not file.exists():
        if len(list(folder.glob(f"{name}-*.ready.json"))) >= _MOST_WORDS:
            raise Malformed(
                f"There are {_MOST_WORDS} words of this meter here; somebody has to take them away."
            )
        _write(file, orjson.dumps(signed.to_json(), option=orjson.OPT_INDENT_2))
    return json_answer(202, {"device": name})


def _write(file: Path, content: bytes) -> None:
    """Write a file whole or not at all; raises WordNotKept."""
    beside = file.with_suffix(".new")
    try:
        beside.write_bytes(content)
        beside.replace(file)
    except OSError as error:  # full, or not ours to write in
        log.warning("a meter's word can't be kept in %s: %s", file.parent, error.strerror)
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
        raise WordNotKept("The relayer can't keep this word now; send it again later.") from error
