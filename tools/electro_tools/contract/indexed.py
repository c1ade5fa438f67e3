# SPDX-License-Identifier: Apache-2.0
"""The index behind a command: brought up to the final block, and to the newest one for as long as the command reads."""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_protocol import address

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from electro_console.index.database import Database
    from electro_console.index.following import Progress
    from electro_console.index.reading import Index
    from electro_tools.contract.desk import Desk

_folder = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Kept:
    """Where the index is: a database by its URL or path, else a file in a folder, else in the usual one."""

    database: str | None = None
    cache: Path | None = None

    def open(self, desk: Desk) -> Database:
        """Open its database; there may be no index in it yet.

        Raises:
            DatabaseFailure: it can't be opened.
        """
        from electro_console.index.database import Database, default_path

        usual = default_path(desk.domain.chain_id, desk.contract.address, self.cache)
        return Database(self.database or usual)


def index_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `kept`, with --database and --cache."""

    @functools.wraps(command)
    def with_kept(*args: Any, database: str | None, cache: Path | None, **kwargs: Any) -> Any:
        return command(*args, kept=Kept(database, cache), **kwargs)

    cache = click.option(
        "--cache", type=_folder, help="Keep the index in this folder. Default: ~/.cache/electro/index."
    )
    return database_option(cache(with_kept))


def database_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --database."""
    return click.option(
        "--database",
        envvar="ELECTRO_DATABASE",
        metavar="URL",
        help="Where the index is: a path for SQLite, or postgresql://…",
    )(command)


@contextlib.contextmanager
def indexed(
    desk: Desk, kept: Kept, *, head: int | None = None, from_block: int | None = None
) -> Iterator[Index]:
    """Lend the index, up to a block, by default the newest.

    Args:
        desk: contract and node.
        kept: where the index is.
        head: the last block that must be in it.
        from_block: where an index that is made now begins; by default with the contract.

    Raises:
        IndexFailure: database or node do not do what they should.
    """
    from electro_console.index.errors import Damaged
    from electro_console.index.overlay import up_to
    from electro_console.index.upkeep import bring_up

    nodes = desk.nodes()
    with contextlib.closing(nodes), contextlib.closing(kept.open(desk)) as database, progress() as tell:
        contract = address.parse(desk.contract.address)
        try:
            bring_up(database, nodes, contract, begins=from_block, tell=tell)
        except Damaged as damaged:
            if kept.database is not None:
                raise
            click.echo(f"{damaged.sentence}; it is made anew", err=True)  # it is ours: a cache
            database.remove()
            bring_up(database, nodes, contract, begins=from_block, tell=tell)
        with up_to(database, nodes, desk.web3.eth.block_number if head is None else head) as index:
            yield index


@contextlib.contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """Show how far the index is, on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn()
    with Bar(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("index", total=None)

        def tell(done: Progress) -> None:
            total = done.final + 1 - done.begins
            bar.update(task, completed=done.block + 1 - done.begins, total=total)
            if done.is_caught_up:
                bar.update(task, visible=False)

        yield tell
