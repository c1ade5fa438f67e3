# SPDX-License-Identifier: Apache-2.0
"""Commands under headings, each imported when it is used, so that `--help` comes in a blink; options in two parts."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import click

from electro_contracts.node.access import VARIABLES

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


class Command(click.Command):
    """A command whose help shows what is its own first, and what commands share behind it."""

    _SHARED = ("rpc_url", *(f"rpc_{part}" for part in VARIABLES), "chain_id", "contract_address",
               "key_file", "password_file", "key_number", "sender", "dry_run", "yes", "as_json")  # fmt: skip

    _READING = ("zone", "unit", "quantity", "peak_kw", "time_column", "energy_columns", "meters", "interval_s",
                "dialect", "file_format")  # fmt: skip

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        parts: dict[str, list[tuple[str, str]]] = {
            "Options": [],
            "How a load file is read": [],
            "Node, contract, key and output": [],
        }
        for parameter in self.get_params(ctx):
            record = parameter.get_help_record(ctx) if isinstance(parameter, click.Option) else None
            if record is not None:
                part = 2 if parameter.name in self._SHARED else 1 if parameter.name in self._READING else 0
                parts[list(parts)[part]].append(record)
        for heading, records in parts.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
