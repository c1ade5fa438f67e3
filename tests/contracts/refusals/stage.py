# SPDX-License-Identifier: Apache-2.0
"""How a scenario is written: a world is brought to where one call is refused, and the call, with what it must say.

    @scene("grant: BadAmount")
    def _(world): …; return call(world, "grant", 1, 0, by=world.operator, says=(most, 0))

The title is the refusal's (see `sites.Refusal`); `says` are the error's arguments, all of them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from electro_contracts import calldata
from electro_protocol.messages import EnergyReport
from tests.contracts.world import World, encode_call

if TYPE_CHECKING:
    from electro_protocol.signed import SignedMessage


class Act(NamedTuple):
    """The call that is refused. `item` is the message in it, which batches and checks are asked about too."""

    data: bytes
    says: tuple[object, ...]
    by: str = ""
    item: SignedMessage | None = None
    gas: int | None = None


Scene = Callable[[World], Act]
SCENES: dict[str, Scene] = {}


def scene(*titles: str) -> Callable[[Scene], Scene]:
    def add(play: Scene) -> Scene:
        for title in titles:
            assert title not in SCENES, title
            SCENES[title] = play
        return play

    return add


def by_either(first: str, second: str, title: str) -> Callable[[Callable[[World, str], Act]], None]:
    """A scenario of two calls that do the same, by transaction and by signature; it is told which."""

    def add(play: Callable[[World, str], Act]) -> None:
        for how in (first, second):
            scene(f"{how}: {title}")(functools.partial(play, how=how))

    return add


def call(world: World, name: str, *arguments: Any, says: tuple[object, ...] = (), by: str = "") -> Act:
    return Act(encode_call(name, *arguments), says, by or world.anyone)


def submit(world: World, item: SignedMessage, *says: object) -> Act:
    report = isinstance(item.message, EnergyReport)
    data = calldata.submit(item) if report else calldata.submit_outage(item)
    return Act(data, says, world.anyone, item)
