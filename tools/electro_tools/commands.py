# SPDX-License-Identifier: Apache-2.0
"""A group of commands under headings, each imported when it is used, so that `--help` comes in a blink."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

Words = tuple[str, str]
"""Where a command is (module:attribute), and what it does in one line."""


class Sections(click.Group):
    """Commands in the order and under the headings that they were given in.

    Args:
        sections: heading to (name to words).
    """

    def __init__(self, *args: Any, sections: Mapping[str, Mapping[str, Words]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sections = sections
        self._words = {name: words for section in sections.values() for name, words in section.items()}

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self._words)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in self._words:
            return None
        module, _, attribute = self._words[name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        width = max(map(len, self._words))
        for heading, commands in self._sections.items():
            with formatter.section(heading):
                formatter.write_dl([(name.ljust(width), words) for name, (_, words) in commands.items()])
