# SPDX-License-Identifier: Apache-2.0
"""`electro index follow` and `rebuild`: bring the contract's logs into the database, block by final block."""

from __future__ import annotations

import contextlib
import signal
import threading
from typing import TYPE_CHECKING, Any

import click

from electro_protocol import address
from electro_tools.commands import Command
from electro_tools.contract.desk import asks
from electro_tools.contract.indexed import index_options, progress
from electro_tools.facts import Facts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from electro_console.index.following import Follower, Progress
    from electro_tools.contract.desk import Desk
    from electro_tools.contract.indexed import Kept


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command what says how to follow."""
    for option in (
        click.option(
            "--verify", is_flag=True, help="Hold the logs against every block's header; see the README."
        ),
        click.option(
            "--final",
            default="auto",
            show_default=True,
            help="What counts as final: auto, a tag such as finalized or safe, or how many blocks deep.",
        ),
        click.option(
            "--also",
            "others",
            multiple=True,
            metavar="URL",
            help="Another node that stands in for the first one. May be given again.",
        ),
        click.option(
            "--from-block",
            type=click.IntRange(0),
            help="Where to begin; default: where the contract was made.",
        ),
        index_options,
    ):
        command = option(command)
    return command


@click.command(cls=Command)
@click.option("--once", is_flag=True, help="End when all final blocks are in.")
@_options
@asks
def follow(
    desk: Desk,
    kept: Kept,
    once: bool,
    others: tuple[str, ...],
    final: str,
    from_block: int | None,
    verify: bool,
) -> None:
    """Follow the chain's final blocks into the database, range by range, until interrupted.

    It may be ended at any moment and goes on from where it was. One process writes; any number may read meanwhile.
    """
    stop = threading.Event()
    with _follower(desk, kept, others, final, from_block, verify=verify) as follower:
        if once:
            _tell(desk, follower.catch_up())
            return
        _stop_on_signals(stop)
        follower.follow(stop)


@click.command(cls=Command)
@_options
@asks
def rebuild(
    desk: Desk, kept: Kept, others: tuple[str, ...], final: str, from_block: int | None, verify: bool
) -> None:
    """Forget everything but people's notes, and bring all final blocks in anew."""
    from electro_console.index.upkeep import rebuild as forget

    with contextlib.closing(kept.open(desk)) as database, database.locked():
        forget(database)
    with _follower(desk, kept, others, final, from_block, verify=verify) as follower:
        _tell(desk, follower.catch_up())


@contextlib.contextmanager
def _follower(
    desk: Desk, kept: Kept, others: tuple[str, ...], final: str, from_block: int | None, *, verify: bool
) -> Iterator[Follower]:
    from electro_console.index.following import Follower

    contract = address.parse(desk.contract.address)
    with contextlib.ExitStack() as stack:
        nodes = stack.enter_context(contextlib.closing(desk.nodes(others)))
        database = stack.enter_context(contextlib.closing(kept.open(desk)))
        stack.enter_context(database.locked())
        tell = stack.enter_context(progress())
        yield Follower(database, nodes, contract, final=final, begins=from_block, verify=verify, tell=tell)


def _stop_on_signals(stop: threading.Event) -> None:
    """Let the range that comes in be entered first."""
    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, lambda *_: stop.set())


def _tell(desk: Desk, done: Progress) -> None:
    facts = Facts().count("block", done.block).count("final", done.final)
    facts.add("logs", done.logs).add("intervals", done.intervals)
    facts.print(as_json=desk.as_json)
