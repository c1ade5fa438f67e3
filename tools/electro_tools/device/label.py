# SPDX-License-Identifier: Apache-2.0
"""Draw a meter's label: its address in words and as a QR code, and its enrolment as another, for whoever mounts it."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from electro_protocol import address
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from .enrolment import Enrolment

_SIDE = 200  # user units of a code
_MARGIN = 16


def write(folder: Path, enrolment: Enrolment, words: str) -> list[Path]:
    """Write ADDRESS.svg, the label, and ADDRESS.png, the address' code alone.

    Raises:
        ToolError: segno is not installed, or a file can't be written.
    """
    try:
        import segno
    except ImportError as error:
        raise ToolError(
            "segno is not installed", "install it with: pip install 'electro-grid[device]'"
        ) from error
    device = address.checksum(enrolment.device)
    codes: list[Any] = [
        segno.make(f"ethereum:{device}@{enrolment.chain_id}", error="m", micro=False),  # ERC-681
        segno.make(json.dumps(enrolment.to_json(), separators=(",", ":")), error="l", micro=False),
    ]
    svg, png = folder / f"{device}.svg", folder / f"{device}.png"
    try:
        svg.write_text(_label(codes, device, words), encoding="utf-8")
        codes[0].save(str(png), scale=8)
    except OSError as error:
        raise ToolError(f"the label can't be written: {error}") from error
    return [svg, png]


def _label(codes: list[Any], device: str, words: str) -> str:
    width = 2 * _SIDE + 3 * _MARGIN
    height = _SIDE + 2 * _MARGIN + 60
    parts = []
    for place, code in enumerate(codes):
        modules = code.symbol_size(scale=1, border=4)[0]
        inner = code.svg_inline(scale=1, border=4, omitsize=False)
        scale = _SIDE / modules
        parts.append(
            f'<g transform="translate({_MARGIN + place * (_SIDE + _MARGIN)} {_MARGIN}) scale({scale:.4f})">{inner}</g>'
        )
    text = (("address", 0), ("enrolment", 1))
    captions = "".join(
        f'<text x="{_MARGIN + at * (_SIDE + _MARGIN)}" y="{_SIDE + _MARGIN + 12}">{word}</text>'
        for word, at in text
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="12"><rect width="100%" height="100%" fill="#fff"/>{"".join(parts)}{captions}'
        f'<text x="{_MARGIN}" y="{height - 30}" font-family="monospace">{escape(device)}</text>'
        f'<text x="{_MARGIN}" y="{height - 12}">{escape(words)}</text></svg>\n'
    )
