# SPDX-License-Identifier: Apache-2.0
"""Run the console: follow the chain into the index in a thread of its own, and answer for pages until told to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

from electro_console.index.database import default_path
from electro_console.index.reading import Index
from electro_console.viewing_keys import ViewingKeys
from electro_plan.sentence import sentence
from electro_protocol.address import checksum

from .answers import prepare
from .app import make
from .errors import ConsoleError, NodeTrouble
from .following import Following
from .guarding import Guard, is_local, local_hosts, read_password
from .names import Names
from .node import Node
from .questions import Questions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable
    from pathlib import Path

    from electro_contracts.node.access import Endpoint
    from electro_plan.sections import Section

log = logging.getLogger("electro.console")

_LOOK_EVERY_S = 0.1


@dataclass(frozen=True)
class Settings:
    """What a console is started with.

    Args:
        nodes: their addresses, or how each is reached.
        contract: 20 bytes.
        database: a path or URL; None: the usual place.
        host: to listen at.
        port: 0 takes a free one.
        hosts: further names under which it is asked.
        password_file: needed beyond loopback.
        behind_proxy: a proxy before it asks for passwords and names.
        relayers: addresses of relayers' metrics.
        sections: of the network.
        names: for people.
        final: which block is final, see electro_console.index.final.
        keys: viewing keys of agreements that are sealed.
        whole: its address is told once the index has the block that was the newest at the start.
    """

    nodes: tuple[Endpoint | str, ...]
    contract: bytes
    database: str | None = None
    host: str = "127.0.0.1"
    port: int = 8600
    hosts: tuple[str, ...] = ()
    password_file: Path | None = None
    behind_proxy: bool = False
    relayers: tuple[str, ...] = ()
    sections: tuple[Section, ...] = ()
    names: Names = field(default_factory=Names)
    final: str = "auto"
    keys: ViewingKeys = field(default_factory=ViewingKeys)
    whole: bool = False


def guard_of(settings: Settings) -> Guard:
    """Return who may ask.

    Raises:
        ConsoleError: others could ask, and nothing asks them for a password.
    """
    local = is_local(settings.host)
    if not local and settings.password_file is None and not settings.behind_proxy:
        raise ConsoleError(
            sentence("at {0} others than this machine can read everything", settings.host),
            sentence("give --password-file, or --behind-proxy if a proxy before it asks for a password"),
        )
    password = read_password(settings.password_file) if settings.password_file else None
    named = frozenset(each.lower() for each in settings.hosts)
    if settings.behind_proxy and not named:
        return Guard(frozenset(), password, proxied=True)
    everywhere = {"0.0.0.0", "::"}  # noqa: S104 - no name of anybody's
    return Guard(
        named | local_hosts() | ({settings.host.lower()} - everywhere), password, settings.behind_proxy
    )


def serve(
    settings: Settings, tell: Callable[[str], None], then: Callable[[str], Awaitable[None]] | None = None
) -> None:
    """Follow the chain and answer for pages until interrupted, or until `then` is over.

    Args:
        settings: of it all.
        tell: called with the address once pages are answered.
        then: given the address too; by default to wait for an interrupt.

    Raises:
        ConsoleError: it can't listen, or is open to others.
        IndexFailure: the database can't be used, or no node answers.
    """
    guard_of(settings)  # before anything is begun
    database = settings.database or str(
        default_path(asyncio.run(_chain_id(settings)), checksum(settings.contract))
    )
    with (
        Following(database, settings.nodes, settings.contract, settings.final) as following,
        Index.open(database, settings.keys) as index,
    ):
        asyncio.run(_serve(settings, index, following, tell, then))


async def _chain_id(settings: Settings) -> int:
    node = Node(settings.nodes, settings.contract)
    try:
        return int(await node.ask("eth_chainId"), 16)
    except (TypeError, ValueError) as error:
        raise NodeTrouble(sentence("the node does not say which chain it serves")) from error
    finally:
        await node.close()


async def _serve(
    settings: Settings,
    index: Index,
    following: Following,
    tell: Callable[[str], None],
    then: Callable[[str], Awaitable[None]] | None,
) -> None:
    async with running(settings, index, following) as (url, questions):
        if settings.whole:
            newest, _ = await questions.node.newest()
            while following.trouble is None and index.status().block < newest:  # noqa: ASYNC110 - a thread follows
                await asyncio.sleep(_LOOK_EVERY_S)
        tell(url)
        if then is not None:
            await then(url)
            return
        ended = asyncio.Event()
        for each in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(each, ended.set)
        await ended.wait()


@contextlib.asynccontextmanager
async def running(
    settings: Settings, index: Index, following: Following | None = None
) -> AsyncIterator[tuple[str, Questions]]:
    """Answer for pages while the block runs; yields the address, and what pages ask."""
    node = Node(settings.nodes, settings.contract)
    questions = Questions(index, node, settings.sections, settings.relayers, following)
    await asyncio.to_thread(prepare)
    runner = web.AppRunner(make(questions, settings.names, guard_of(settings)), access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, settings.host, settings.port)
        try:
            await site.start()
        except OSError as error:
            raise ConsoleError(
                sentence(
                    "the console can't listen at {0}:{1}: {2}", settings.host, settings.port, error.strerror
                ),
                sentence("choose another port: --bind 127.0.0.1:0 takes a free one"),
            ) from error
        port = runner.addresses[0][1]
        shown = f"[{settings.host}]" if ":" in settings.host else settings.host
        yield f"http://{shown}:{port}", questions
    finally:
        await runner.cleanup()
        await node.close()
