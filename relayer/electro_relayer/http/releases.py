# SPDX-License-Identifier: Apache-2.0
"""Hand meters the releases of their program that lie in a folder, and validators: files as they are, nothing checked.

A meter checks both signatures and every hash itself; a relayer that hands out something else is found out there.
"""

from __future__ import annotations

import re

from aiohttp import web

from electro_relayer.errors import NoSuchPath
from electro_relayer.http.parts import SETTINGS

PATH = "/v1/releases/"
# a chip's paper, as mpy-cross calls the chip, validators.json, and the bundles by their manifest's hash
NAME = "^([a-z0-9]{1,16}\\.json|[0-9a-f]{64}\\.bundle)$"
_NAME = re.compile(NAME)


async def get_release(request: web.Request) -> web.StreamResponse:
    """Hand out one file, or the part of it that is asked for."""
    folder, name = request.app[SETTINGS].releases, request.match_info["name"]
    if folder is None or not _NAME.fullmatch(name) or not (folder / name).is_file():
        raise NoSuchPath("There is no such release here.")
    lasting = name.endswith(".bundle")  # its name is its hash
    answer = web.FileResponse(
        folder / name,
        headers={"Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache"},
    )
    answer.content_type = "application/octet-stream" if lasting else "application/json"
    return answer
