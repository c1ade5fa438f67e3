# SPDX-License-Identifier: Apache-2.0
"""What a command found or did: printed as aligned lines for people, or as one JSON object for machines."""

from __future__ import annotations

import json
from typing import Any

import click

from electro_plan.quantities import instant_text

_JSON_SAFE = 1 << 53  # from here on JavaScript would round a JSON number


def safe(value: Any) -> Any:
    """Return what JSON can carry without loss everywhere: integers from 2^53 up become their digits."""
    if isinstance(value, dict):
        return {key: safe(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [safe(each) for each in value]
    return str(value) if isinstance(value, int) and value >= _JSON_SAFE else value


class Facts:
    """Named values in order; a label becomes a JSON key with underscores for spaces."""

    def __init__(self, zone: str | None = None) -> None:
        """Begin with nothing; times are told in `zone`, by default in UTC."""
        self._zone = zone
        self._values: dict[str, Any] = {}
        self._lines: list[tuple[str, str]] = []

    def add(self, label: str, value: Any, words: str | None = None) -> Facts:
        """Add a value; people read `words`, by default the value itself, integers with thousands apart."""
        self._values[label.replace(" ", "_")] = value
        if words is None:
            words = f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
        self._lines.append((label, words))
        return self

    def count(self, label: str, value: int) -> Facts:
        """Add a number that is a name, such as an id or a block: without thousands apart."""
        return self.add(label, value, str(value))

    def time(self, label: str, unix_s: int, words: str = "") -> Facts:
        """Add a time: unix seconds for machines."""
        return self.add(label, unix_s, instant_text(unix_s, self._zone) + words)

    def silent(self, label: str, value: Any) -> Facts:
        """Add what only machines read."""
        self._values[label.replace(" ", "_")] = value
        return self

    def say(self, label: str, words: str) -> Facts:
        """Add what only people read."""
        self._lines.append((label, words))
        return self

    def to_json(self) -> dict[str, Any]:
        return {label: safe(value) for label, value in self._values.items()}

    def text(self) -> str:
        """Return the lines, their words one below the other."""
        width = max((len(label) for label, _ in self._lines), default=0)
        return "\n".join(f"{label:{width}}  {words}".rstrip() for label, words in self._lines)

    def print(self, *, as_json: bool) -> None:
        click.echo(json.dumps(self.to_json()) if as_json else self.text())
