# SPDX-License-Identifier: Apache-2.0
"""Fetch a release from where meters fetch it, bounded: its paper, and the bundle that this names."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import requests

from electro_meter.updating.bundle import MOST_BYTES, MOST_HEAD_BYTES, MOST_LIST_BYTES
from electro_tools.errors import ToolError

from . import release

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_MOST_PAPER_BYTES = 16_384
_ANSWER_S = 30.0
_PIECE = 65_536


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def fetch(url: str, architecture: str, folder: Path) -> tuple[release.Paper, release.Built]:
    """Bring a release into a folder, the bundle beside its paper, and return it.

    Args:
        url: of a paper, which ends with .json, or of the place that has one for each architecture: as in the setting
            `releases` of a meter, such as a relayer's /v1/releases.
        architecture: of the chip, as mpy-cross calls it.
        folder: to write to.

    Raises:
        ToolError: it is not there, too large, or no release.
    """
    paper_url = url if url.endswith(".json") else f"{url.rstrip('/')}/{architecture}.json"
    paper_file = folder / "release.json"
    paper_file.write_bytes(_get(paper_url, _MOST_PAPER_BYTES))
    with _called(paper_file, paper_url):
        manifest = release.read_paper(paper_file).message.manifest.hex()
    bundle_url = f"{paper_url.rpartition('/')[0]}/{manifest}.bundle"
    bundle_file = folder / f"{manifest}.bundle"
    bundle_file.write_bytes(_get(bundle_url, MOST_HEAD_BYTES + MOST_LIST_BYTES + MOST_BYTES))
    with _called(bundle_file, bundle_url):
        return release.read_release(paper_file)


@contextlib.contextmanager
def _called(file: Path, url: str) -> Iterator[None]:
    """Say of a file by its URL what is wrong with it."""
    try:
        yield
    except ToolError as error:
        raise ToolError(error.sentence.replace(str(file), url), error.hint) from error


def _get(url: str, most: int) -> bytes:
    content = bytearray()
    try:
        with requests.get(url, timeout=_ANSWER_S, stream=True) as answer:
            if answer.status_code != 200:
                raise ToolError(
                    f"{url} answers {answer.status_code}",
                    "a relayer hands out releases if its setting `releases` names their folder",
                )
            for piece in answer.iter_content(_PIECE):
                content += piece
                if len(content) > most:
                    raise ToolError(f"{url} is larger than any release: more than {most} bytes")
    except requests.RequestException as error:
        raise ToolError(f"{url} can't be fetched: {type(error).__name__}", "is the address right?") from error
    return bytes(content)
