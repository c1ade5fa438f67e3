# SPDX-License-Identifier: Apache-2.0
"""Scenarios of bands that are not replaced: by the consumer, the operator, or both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol.messages import Renomination
from electro_protocol.readings import pack
from tests.contracts.world import CONSUMER, DAY, START, Key, World, day

from .messages import METER, STRANGER, agreed
from .stage import Act, call, scene
from .steps import starved

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = 2 * 96  # a day ahead
BY = ("renominate", "renominateTogether", "widen")
GOOD = [(0, 1100)]


def change(
    world: World, how: str, bands: list[tuple[int, int]] | bytes, first: int = FIRST, *, says: tuple[object, ...] = (),
    sequence: int = 1, place: int = 0, signer: Key = CONSUMER, deadline: int = 2**40 - 1,
) -> Act:  # fmt: skip
    """One of the three calls that replace bands."""
    packed = bands
    if not isinstance(packed, bytes):
        packed = pack([least for least, _ in bands] + [greatest for _, greatest in bands])
    if how == "widen":
        return call(world, how, 1, place, first, packed, by=world.operator, says=says)
    message = Renomination(1, place, first, sequence, b"\0\0\0\1", deadline)
    message.bands = packed  # of any length
    signature = signer.sign(message, world.domain).signature
    by = world.operator if how == "renominateTogether" else ""
    return call(world, how, message.values(), signature, by=by, says=says)


def each(title: str, *only: str) -> Callable[[Callable[[World, str], Act]], None]:
    """A scenario of all calls, or of some."""

    def add(play: Callable[[World, str], Act]) -> None:
        for how in only or BY:
            scene(f"{how}: {title}")(_bind(play, how))

    return add


def _bind(play: Callable[[World, str], Act], how: str) -> Callable[[World], Act]:
    return lambda world: play(world, how)


SIGNED = BY[:2]


@scene("widen: NoSuchPlace in _mustBeReplaceable")
def _(world: World) -> Act:
    agreed(world)
    return change(world, "widen", GOOD, place=1, says=(1, 1))


@each("NoSuchPlace in _mustBeReplaceable", *SIGNED)
def _(world: World, how: str) -> Act:
    agreed(world)
    return change(world, how, GOOD, place=1, says=(1, 1))


@each("Expired in _mustHaveSigned", *SIGNED)
def _(world: World, how: str) -> Act:
    agreed(world)
    return change(world, how, GOOD, deadline=world.now - 1, says=(world.now - 1, world.now))


@each("BadSignature in _mustHaveSigned", *SIGNED)
def _(world: World, how: str) -> Act:
    agreed(world)
    return change(world, how, GOOD, signer=STRANGER)


def _unsigned(world: World, deadline: int, by: str, says: tuple[object, ...]) -> Act:
    return call(world, "renominate", (1, 0, FIRST, 1, pack([0, 100]), deadline), b"", by=by, says=says)


@scene("renominate: Expired in _mustBeAuthorised")
def _(world: World) -> Act:
    agreed(world)
    return _unsigned(world, world.now - 1, CONSUMER.text, (world.now - 1, world.now))


@scene("renominate: NotConsumer in _mustBeConsumer")
def _(world: World) -> Act:
    agreed(world)
    return _unsigned(world, world.now, STRANGER.text, (STRANGER.text,))


@each("StaleRenomination in _renominateSigned", *SIGNED)
def _(world: World, how: str) -> Act:
    agreed(world)
    made = change(world, "renominate", [(300, 1000)], sequence=7)
    world.send(made.data)
    return change(world, how, GOOD, sequence=7, says=(7, 7))


@each("BadLength in _mustBeAhead")
def _(world: World, how: str) -> Act:
    agreed(world)
    return change(world, how, bytes(388), says=(388, 384))


@each("BeyondSchedule in _mustBeAhead")
def _(world: World, how: str) -> Act:
    agreed(world)
    return change(world, how, GOOD * 3, FIRST + 94, says=(2, 3))


@each("OutsideTerm in _mustBeAhead")
def _(world: World, how: str) -> Act:
    agreed(world)
    return change(world, how, GOOD, 960, says=(960, 961))


@each("AlreadyStarted in _mustBeAhead")
def _(world: World, how: str) -> Act:
    agreed(world)
    return change(world, how, GOOD, 96, says=(world.now, world.now))


@scene("renominate: TooLate in _mustBeAhead")
def _(world: World) -> Act:
    agreed(world)
    until = START + FIRST * 900 - DAY.lead_seconds
    world.set_time(until + 1)
    return change(world, "renominate", [(300, 1000)], says=(until, until + 1))


@each("UnsoundBand in _mustBeAllowed")
def _(world: World, how: str) -> Act:
    agreed(world)
    return change(world, how, [(0, 1201)], says=(0, 0, 1201))


@scene("renominate: BandTooWide in _mustBeAllowed")
def _(world: World) -> Act:
    agreed(world)
    return change(world, "renominate", [(100, 1001)], says=(0, 900, 901))


@scene("renominate: BandTooHigh in _mustBeAllowed")
def _(world: World) -> Act:
    agreed(world)
    return change(world, "renominate", [(300, 1101)], says=(0, 1100, 1101))


@scene("widen: BandNarrowed in _mustBeAllowed")
def _(world: World) -> Act:
    agreed(world)
    return change(world, "widen", [(101, 1000)], says=(0, 100, 1000))


def _cheap(world: World) -> None:
    world.agree([METER], day(missing_penalty=2705))
    world.set_time(START + 86_400)


@each("SilenceTooCheap in mustPriceSilence", *SIGNED)
def _(world: World, how: str) -> Act:
    _cheap(world)
    return change(world, how, [(100, 999)], says=(0, 2712, 2705))


@each("TermsNotStored in _create")
def _(world: World, how: str) -> Act:
    world.agree([METER], day(bands=((100, 1000),) * 672, intervals=2000))
    return starved(world, change(world, how, [(100, 1000)] * 672, 672))
