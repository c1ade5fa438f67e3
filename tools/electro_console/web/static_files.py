# SPDX-License-Identifier: Apache-2.0
"""Scripts and styles, under names with their hash: kept by browsers for good, compressed once."""

from __future__ import annotations

import functools
import gzip
import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files

from aiohttp import web

from electro_plan.sentence import sentence

from .errors import NoSuchPage

_KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
_NAMED = re.compile(rb'from "\./([\w.]+)"')
_FOREVER = "public, max-age=31536000, immutable"
UPLOT_VERSION = "1.6.32"
UPLOT_SHA256 = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
}
"""Of the copies of uPlot, MIT, that stand in `static`; a test holds them to the package of this version."""


@dataclass(frozen=True)
class StaticFile:
    """One file; `path` is under which a page names it."""

    path: str
    kind: str
    content: bytes
    packed: bytes


@functools.cache
def load() -> dict[str, StaticFile]:
    """Return the files by their plain names. Where a module names another, "./other.js", it gets that one's path."""
    sources = {each.name: each.read_bytes() for each in (files(__package__) / "static").iterdir()}
    found: dict[str, StaticFile] = {}
    for name in sources:
        if name[name.rfind(".") :] in _KINDS:
            _enter(name, sources, found)
    return found


def _enter(name: str, sources: dict[str, bytes], found: dict[str, StaticFile]) -> StaticFile:
    """Enter a file behind those that it names: its hash is that of all of them."""
    if name not in found:
        others = [other.decode() for other in _NAMED.findall(sources[name])]
        content = sources[name]
        for other in others:
            content = content.replace(
                f'"./{other}"'.encode(), f'"{_enter(other, sources, found).path}"'.encode()
            )
        stem, _, ending = name.rpartition(".")
        path = f"/static/{stem}.{hashlib.sha256(content).hexdigest()[:12]}.{ending}"
        found[name] = StaticFile(path, _KINDS[f".{ending}"], content, gzip.compress(content, 9, mtime=0))
    return found[name]


async def serve(request: web.Request) -> web.Response:
    """Answer for a file; an old hash is not there any more."""
    for file in load().values():
        if file.path == request.path:
            headers = {"Cache-Control": _FOREVER, "Vary": "Accept-Encoding"}
            if "gzip" in request.headers.get("Accept-Encoding", ""):
                headers["Content-Encoding"] = "gzip"
                return web.Response(
                    body=file.packed, content_type=file.kind, charset="utf-8", headers=headers
                )
            return web.Response(body=file.content, content_type=file.kind, charset="utf-8", headers=headers)
    raise NoSuchPage(
        sentence("there is no such file"), sentence("the console has a newer version: load the page again")
    )
