# SPDX-License-Identifier: Apache-2.0
"""What comes out of a file, shown in a sentence: short, quoted, and nothing that could command a terminal."""

from __future__ import annotations

_MOST_SHOWN = 40


def quoted(text: object) -> str:
    """Return a cell for a sentence."""
    return f'"{shown(text)}"'


def shown(text: object) -> str:
    """Return a heading or a name for a sentence."""
    words = str(text)
    words = words if len(words) <= _MOST_SHOWN else words[: _MOST_SHOWN - 1] + "…"
    return "".join(c if c.isprintable() else "?" for c in words)


def listed(names: list[str], most: int = 12) -> str:
    """Return names for a sentence, the first of many."""
    return ", ".join(shown(name) or "(none)" for name in names[:most]) + (
        f" and {len(names) - most} more" if len(names) > most else ""
    )
