# SPDX-License-Identifier: Apache-2.0
"""Scenarios of who may not, and of agreements that are not in the state for it."""

from __future__ import annotations

from typing import Any

from electro_protocol.keccak import keccak256
from tests.contracts.world import CONSUMER, DAY, START, World

from .messages import METER, STRANGER, agreed
from .stage import Act, Scene, call, scene
from .steps import INVOICE, NEW, TERMS, proposed

OPERATORS_ONLY: dict[str, tuple[Any, ...]] = {
    "enrol": (INVOICE, 900, 2**40 - 1, INVOICE, INVOICE),
    "propose": (CONSUMER.text, TERMS, [METER.text], 1),
    "renew": (1, DAY.end, 1, 0, b""),
    "proposeRotation": (1, METER.text, NEW.text),
    "pauseProposals": (True,),
    "grant": (1, 5),
    "waive": (1, 5),
    "revoke": (METER.text,),
    "acknowledge": (1, INVOICE),
    "widen": (1, 0, 96, b"\0\0\3\0"),
    "renominateTogether": ((1, 0, 96, 1, b"\0\0\3\0", 2**40 - 1), b""),
}
OPERATOR = keccak256(b"OPERATOR_ROLE")


def _by_a_stranger(name: str) -> Scene:
    def play(world: World) -> Act:
        return call(world, name, *OPERATORS_ONLY[name], by=STRANGER.text, says=(STRANGER.text, OPERATOR))

    return play


for _name in OPERATORS_ONLY:
    scene(f"{_name}: AccessControlUnauthorizedAccount in _mustBeOperator")(_by_a_stranger(_name))


@scene("useEscrow: AccessControlUnauthorizedAccount")
def _(world: World) -> Act:
    return call(world, "useEscrow", METER.text, by=STRANGER.text, says=(STRANGER.text, bytes(32)))


@scene("cancel: NotParty in _mustBeParty")
def _(world: World) -> Act:
    return call(world, "cancel", proposed(world), by=STRANGER.text, says=(STRANGER.text,))


@scene("terminate: NotParty in _mustBeParty")
def _(world: World) -> Act:
    return call(world, "terminate", proposed(world), by=STRANGER.text, says=(STRANGER.text,))


# -- Agreements that are not in the state for it

WITHOUT_AGREEMENT: dict[str, tuple[Any, ...]] = {
    "agreement": (7,), "termsOf": (7,), "hashesOf": (7,), "quote": (7, 0, 0, b"\0\0"), "overrideOf": (7, 0, 0),
    "accept": (7, INVOICE, INVOICE, 1), "acceptBySignature": (7, INVOICE, INVOICE, 1, 2**40 - 1, b""),
    "redeem": (7, INVOICE, 1), "redeemBySignature": (7, INVOICE, 1, 2**40 - 1, b""),
    "cancel": (7,), "terminate": (7,), "offerSuccession": (7, NEW.text), "acceptSuccession": (7,),
    "settle": (7,), "grant": (7, 5), "waive": (7, 5), "proposeRotation": (7, METER.text, NEW.text),
    "acceptRotation": (7, METER.text, NEW.text), "fault": (7, 0), "widen": (7, 0, 96, b""),
    "renominate": ((7, 0, 96, 1, b"", 2**40 - 1), b""),
    "renominateTogether": ((7, 0, 96, 1, b"", 2**40 - 1), b""),
}  # fmt: skip
NOT_RUNNING: dict[str, tuple[Any, ...]] = {
    "settle": (), "grant": (5,), "waive": (5,), "proposeRotation": (METER.text, NEW.text),
    "acceptRotation": (METER.text, NEW.text), "fault": (0,), "widen": (0, 96, b""),
}  # fmt: skip


def _without_agreement(name: str) -> Scene:
    def play(world: World) -> Act:
        return call(world, name, *WITHOUT_AGREEMENT[name], by=world.operator, says=(7, 0))

    return play


def _not_running(name: str) -> Scene:
    def play(world: World) -> Act:
        return call(world, name, proposed(world), *NOT_RUNNING[name], by=world.operator, says=(1, 1))

    return play


for _name in WITHOUT_AGREEMENT:
    scene(f"{_name}: WrongState in _loaded")(_without_agreement(_name))
for _name in NOT_RUNNING:
    scene(f"{_name}: WrongState in _running")(_not_running(_name))


@scene("cancel: WrongState")
def _(world: World) -> Act:
    return call(world, "cancel", agreed(world), by=world.operator, says=(1, 2))


@scene("cancel: AlreadyStarted")
def _(world: World) -> Act:
    agreement_id = world.agree([METER])
    world.set_time(START)
    return call(world, "cancel", agreement_id, by=CONSUMER.text, says=(START, START))


@scene("terminate: WrongState")
def _(world: World) -> Act:
    return call(world, "terminate", proposed(world), by=world.operator, says=(1, 1))


@scene("terminate: TooEarly")
def _(world: World) -> Act:
    agreement_id = world.agree([METER])
    world.set_time(START - 1)
    return call(world, "terminate", agreement_id, by=CONSUMER.text, says=(START, START - 1))


@scene("terminate: NoticeTooLong")
def _(world: World) -> Act:
    agreement_id = world.agree([METER])
    world.set_time(DAY.end - DAY.notice - 900)
    return call(world, "terminate", agreement_id, by=world.operator, says=(DAY.end, DAY.end))


@scene("settle: TooEarly")
def _(world: World) -> Act:
    agreement_id = world.agree([METER])
    world.set_time(DAY.settles_at - 1)
    return call(world, "settle", agreement_id, says=(DAY.settles_at, DAY.settles_at - 1))


# -- Renominations and succession


def _together(name: str) -> Scene:
    def play(world: World) -> Act:
        agreement_id = proposed(world)
        change = ((agreement_id, 0, 96, 1, b"\0\0\3\0", 2**40 - 1), b"")
        return call(world, name, *change, by=world.operator, says=(1, 1))

    return play


for _name in ("renominate", "renominateTogether"):
    scene(f"{_name}: WrongState in _running")(_together(_name))


def _bound(name: str) -> Scene:
    def play(world: World) -> Act:
        arguments = (NEW.text,) if name == "offerSuccession" else ()
        return call(world, name, proposed(world), *arguments, by=CONSUMER.text, says=(1, 1))

    return play


for _name in ("offerSuccession", "acceptSuccession"):
    scene(f"{_name}: WrongState in _bound")(_bound(_name))


@scene("offerSuccession: NotConsumer in _mustBeConsumer")
def _(world: World) -> Act:
    return call(world, "offerSuccession", agreed(world), NEW.text, by=STRANGER.text, says=(STRANGER.text,))


@scene("acceptSuccession: NotOffered")
def _(world: World) -> Act:
    return call(world, "acceptSuccession", agreed(world), by=STRANGER.text, says=(1, STRANGER.text))


@scene("overrideOf: NoSuchPlace")
def _(world: World) -> Act:
    return call(world, "overrideOf", agreed(world), 1, 0, says=(1, 1))
