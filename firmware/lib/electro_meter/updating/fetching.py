# SPDX-License-Identifier: Apache-2.0
"""Fetch a release and its bundle from a URL, piece by piece, into the folder that does not run.

URL/<chip>.json is the release, URL/<manifest>.bundle the program; a relayer has both at /v1/releases, and the signed
validators of a network as validators.json. What was
fetched stays over a restart: a file that is right already is not asked for again. Nothing of it can run before
`bundle.close_folder` has seen every hash.
"""

from binascii import hexlify

from ..uplink.errors import SourceError
from .bundle import (
    HEAD_FILE,
    LIST_FILE,
    MOST_HEAD_BYTES,
    BundleError,
    Head,
    close_folder,
    entries,
    head_of,
    is_right,
    make_folder,
    open_folder,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from ..uplink.http import Client
    from ..world import Board

_PIECE = 1_024  # fits the buffer that every answer of a relayer fits
_PARTIAL = 206


class Fetching:
    """One place that releases come from."""

    def __init__(self, board: "Board", client: "Client", url: str) -> None:
        self._board = board
        self._client = client
        self._url = url

    async def paper(self, name: str) -> object:
        """Return what is offered by a name, as for a chip, untrusted; None if there is nothing.

        Raises SourceError.
        """
        answer = await self._client.request("GET", f"{self._url}/{name}.json")
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise SourceError(f"it answers {answer.status} when asked for {name}.json")
        return answer.json()

    async def head(self, manifest: bytes) -> Head:
        """Return a bundle's head, whatever it says.

        Raises SourceError and BundleError.
        """
        raw = await self._read(manifest, 0, MOST_HEAD_BYTES)
        return Head(raw[: raw.find(b"\n\n") + 2])

    async def fill(self, folder: str, manifest: bytes, may_go_on: "Callable[[], bool]") -> bool:
        """Fill a folder as far as there is time; return whether it is whole.

        Raises SourceError where the place does not answer, BundleError where what it has is not what was signed.
        """
        open_folder(folder)
        try:
            head = head_of(folder)
            known = head.manifest == manifest
        except BundleError:
            known = False
        if not known:
            head = await self.head(manifest)
            if head.manifest != manifest:
                raise BundleError("the head is not the one that was signed")
            with open(f"{folder}/{HEAD_FILE}", "wb") as file:  # noqa: ASYNC230 - flash; there is no other way
                file.write(head.raw)
        if not is_right(folder, LIST_FILE, head.list_bytes, head.list_sha256):
            await self._store(folder, LIST_FILE, manifest, len(head.raw), head.list_bytes)
        for path, size, sha256, at in entries(folder, head):
            await self._board.sleep_ms(0)
            if is_right(folder, path, size, sha256):
                continue
            if not may_go_on():
                return False
            make_folder(f"{folder}/{path[: path.rfind('/')]}")
            await self._store(folder, path, manifest, at, size)
            if not is_right(folder, path, size, sha256):
                raise BundleError(f"{path} is not what was signed")
        close_folder(folder, manifest)
        return True

    async def _store(self, folder: str, path: str, manifest: bytes, at: int, size: int) -> None:
        with open(f"{folder}/{path}", "wb") as file:  # noqa: ASYNC230 - the same
            end = at + size
            while at < end:
                piece = await self._read(manifest, at, min(_PIECE, end - at))
                file.write(piece)
                at += len(piece)

    async def _read(self, manifest: bytes, at: int, count: int) -> bytes:
        """Return so many bytes of a bundle, or fewer at its end."""
        url = f"{self._url}/{hexlify(manifest).decode()}.bundle"
        answer = await self._client.request("GET", url, None, f"bytes={at}-{at + count - 1}")
        if answer.status != _PARTIAL or not 0 < answer.length <= count:
            raise SourceError(f"it answers {answer.status} when asked for a part of a bundle")
        return answer.octets()
