# SPDX-License-Identifier: Apache-2.0
"""Scenarios of meters that are not enrolled, revoked or put in another's place."""

from __future__ import annotations

from electro_protocol.address import checksum
from tests.contracts.world import CONSUMER, DAY, NOW, START, World, day, key

from .messages import METER, STRANGER, agreed
from .stage import Act, call, scene
from .steps import NEW, enrolment


def rotation(world: World, to: str = NEW.text, by: str = CONSUMER.text, says: tuple[object, ...] = ()) -> Act:
    return call(world, "acceptRotation", 1, METER.text, to, by=by, says=says)


def rotating(world: World, now: int = START, to: str = NEW.text) -> None:
    """Agreement 1, for which the operator has proposed another meter."""
    world.agree([METER])
    if not world.call("isEnrolled", to):
        world.enrol(NEW)
    world.call("proposeRotation", 1, METER.text, to, caller=world.operator)
    world.set_time(now)


@scene("enrol: Expired")
def _(world: World) -> Act:
    return enrolment(world, NOW - 1, world.operator, says=(NOW - 1, NOW))


@scene("enrol: BadSignature")
def _(world: World) -> Act:
    return enrolment(world, NOW, world.operator, high_s=True)


@scene("enrol: BadAmount")
def _(world: World) -> Act:
    act = enrolment(world, NOW, world.operator, says=(2**32 - 1, 0))
    return act._replace(data=act.data[:36] + bytes(32) + act.data[68:])


@scene("enrol: AlreadyEnrolled")
def _(world: World) -> Act:
    world.enrol(METER)
    return enrolment(world, NOW, world.operator, says=(METER.text,))


@scene("revoke: NotEnrolled")
def _(world: World) -> Act:
    return call(world, "revoke", METER.text, by=world.operator, says=(METER.text,))


@scene("revoke: RevokedDevice")
def _(world: World) -> Act:
    world.enrol(METER)
    world.call("revoke", METER.text, caller=world.operator)
    return call(world, "revoke", METER.text, by=world.operator, says=(METER.text,))


@scene("proposeRotation: UnknownDevice")
def _(world: World) -> Act:
    agreed(world)
    return call(
        world, "proposeRotation", 1, STRANGER.text, METER.text, by=world.operator, says=(STRANGER.text, 1)
    )


@scene("proposeRotation: DuplicateDevice")
def _(world: World) -> Act:
    agreed(world)
    return call(world, "proposeRotation", 1, METER.text, METER.text, by=world.operator, says=(METER.text,))


@scene("proposeRotation: NotEnrolled in _mustFit")
def _(world: World) -> Act:
    agreed(world)
    return call(world, "proposeRotation", 1, METER.text, NEW.text, by=world.operator, says=(NEW.text,))


@scene("proposeRotation: RevokedDevice in _mustFit")
def _(world: World) -> Act:
    agreed(world)
    world.enrol(NEW)
    world.call("revoke", NEW.text, caller=world.operator)
    return call(world, "proposeRotation", 1, METER.text, NEW.text, by=world.operator, says=(NEW.text,))


@scene("proposeRotation: BaseMismatch in _mustFit")
def _(world: World) -> Act:
    agreed(world)
    world.enrol(NEW, base_seconds=400)
    return call(world, "proposeRotation", 1, METER.text, NEW.text, by=world.operator, says=(NEW.text, 400))


@scene("acceptRotation: NotConsumer in _mustBeConsumer")
def _(world: World) -> Act:
    rotating(world)
    return rotation(world, by=world.operator, says=(checksum(bytes.fromhex(world.operator[2:])),))


@scene("acceptRotation: NoSuchRotation")
def _(world: World) -> Act:
    rotating(world)
    return rotation(world, to=STRANGER.text, says=(1, METER.text, STRANGER.text))


@scene("acceptRotation: DuplicateDevice")
def _(world: World) -> Act:
    world.agree([METER, STRANGER])
    world.enrol(NEW)
    world.set_time(START)
    for old in (METER, STRANGER):
        world.call("proposeRotation", 1, old.text, NEW.text, caller=world.operator)
    world.call("acceptRotation", 1, STRANGER.text, NEW.text, caller=CONSUMER.text)
    return rotation(world, says=(NEW.text,))


@scene("acceptRotation: OutsideTerm")
def _(world: World) -> Act:
    rotating(world, DAY.end - 900)
    return rotation(world, says=(960, 960))


@scene("acceptRotation: BadDeviceCount")
def _(world: World) -> Act:
    world.agree([METER, *(key(f"meter {i}") for i in range(63))])
    world.enrol(NEW)
    world.call("proposeRotation", 1, METER.text, NEW.text, caller=world.operator)
    world.set_time(START)
    return rotation(world, says=(65,))


@scene("acceptRotation: RevokedDevice in _serve")
def _(world: World) -> Act:
    rotating(world)
    world.call("revoke", NEW.text, caller=world.operator)
    return rotation(world, says=(NEW.text,))


@scene("acceptRotation: DeviceBusy in _serve")
def _(world: World) -> Act:
    world.agree([METER])
    world.agree([NEW], day(start=START + 1000))
    world.set_time(START)
    world.call("proposeRotation", 1, METER.text, NEW.text, caller=world.operator)
    return rotation(world, says=(NEW.text, 2, DAY.end + 1000))


@scene("acceptRotation: DeviceBusy #2 in _serve")
def _(world: World) -> Act:
    short = day(intervals=1)
    world.agree([METER], day(intervals=9))
    for i in range(3):
        world.agree([NEW], day(start=START + 900 * i, intervals=1))
    world.call("proposeRotation", 1, METER.text, NEW.text, caller=world.operator)
    world.set_time(START + 2000)  # while the grace of the first of three is not over
    return rotation(world, says=(NEW.text, 2, short.reports_until))


# -- Faults


def faulted(world: World, place: int = 0, by: str = CONSUMER.text, says: tuple[object, ...] = ()) -> Act:
    return call(world, "fault", 1, place, by=by, says=says)


@scene("fault: NotConsumer in _mustBeConsumer")
def _(world: World) -> Act:
    agreed(world)
    return faulted(world, by=STRANGER.text, says=(STRANGER.text,))


@scene("fault: NoSuchPlace")
def _(world: World) -> Act:
    agreed(world)
    return faulted(world, 1, says=(1, 1))


@scene("fault: TooEarly")
def _(world: World) -> Act:
    world.agree([METER])
    return faulted(world, says=(START, NOW))


@scene("fault: TooLate")
def _(world: World) -> Act:
    agreed(world)
    world.set_time(DAY.reports_until + 1)
    return faulted(world, says=(DAY.reports_until, DAY.reports_until + 1))


@scene("fault: AlreadyFaulted")
def _(world: World) -> Act:
    agreed(world)
    world.call("fault", 1, 0, caller=CONSUMER.text)
    return faulted(world, says=(1, 0))
