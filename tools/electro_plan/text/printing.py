# SPDX-License-Identifier: Apache-2.0
"""What comes out of a file, shown in a sentence: short, quoted, and nothing that could command a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_plan.sentence import Sentence, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_SHOWN = 40


def quoted(text: object) -> str:
    """Return a cell for a sentence."""
    return f'"{shown(text)}"'


def shown(text: object) -> str:
    """Return a heading or a name for a sentence."""
    words = str(text)
    words = words if len(words) <= _MOST_SHOWN else words[: _MOST_SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else "?" for c in words)


def within(place: str) -> object:
    """Return a place in a file without the name of the file, which the sentence has named before."""
    return place.figures[-1] if isinstance(place, Sentence) else place


def listed(names: Sequence[str], most: int = 12) -> str:
    """Return names for a sentence, the first of many."""
    first = ", ".join(shown(name) or "—" for name in names[:most])
    return sentence("{0} and {1} more", first, len(names) - most) if len(names) > most else first
