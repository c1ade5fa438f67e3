# SPDX-License-Identifier: Apache-2.0
"""Scenarios of refused messages: what `submit` and `submitOutage` say is also what batches and checks say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.contracts.world import DAY, START, World, inside, key

from .stage import Act, call, scene, submit

if TYPE_CHECKING:
    from electro_protocol.signed import SignedMessage

METER = key("meter")
STRANGER = key("stranger")
HIGH_S = ((0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141 >> 1) + 1).to_bytes(32, "big")


def agreed(world: World, days: int = 1) -> int:
    """The agreement of one meter, so many days into it."""
    agreement_id = world.agree([METER])
    world.set_time(START + days * 86_400)
    return agreement_id


def forged(item: SignedMessage) -> SignedMessage:
    item.signature = item.signature[:32] + HIGH_S + item.signature[64:]
    return item


@scene("submit: BadLength in _admit", "submit: … in _refuse")
def _(world: World) -> Act:
    item = world.report(METER, agreed(world), 0, [500])
    item.message.readings = bytes(1346)  # which the protocol's own record would refuse
    return submit(world, item, 1346, 1344)


@scene("submit: BadSignature in _admit", "submit: BadSignature in _refuse")
def _(world: World) -> Act:
    return submit(world, forged(world.report(METER, agreed(world), 0, [500])))


@scene("submit: UnknownDevice in _admit")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    return submit(world, world.report(STRANGER, agreement_id, 0, [500]), STRANGER.text, agreement_id)


@scene("submit: OtherStart in _admit")
def _(world: World) -> Act:
    item = world.report(METER, agreed(world), 0, [500])
    item.message.start = START + 900  # type: ignore[attr-defined]
    return submit(world, METER.sign(item.message, world.domain), START, START + 900)


@scene("submit: OtherTerms in _admit")
def _(world: World) -> Act:
    item = world.report(METER, agreed(world), 0, [500])
    half = item.message.terms  # type: ignore[attr-defined]
    item.message.terms = bytes(16)  # type: ignore[attr-defined]
    return submit(world, METER.sign(item.message, world.domain), half, bytes(16))


@scene("submit: WrongSequence in _admit")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    world.submit(world.report(METER, agreement_id, 0, inside(0, 3)))
    return submit(world, world.report(METER, agreement_id, 2, inside(2, 3)), 3, 2)


@scene("submit: BeyondSchedule in _admit")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    world.submit(world.report(METER, agreement_id, 0, inside(0, 90)))
    return submit(world, world.report(METER, agreement_id, 90, inside(90, 7)), 6, 7)


@scene("submit: OutsideTerm in _admit")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    world.call("revoke", METER.text, caller=world.operator)
    world.set_time(START + 97 * 900)
    world.submit(world.report(METER, agreement_id, 0, inside(0, 96)))
    world.submit(world.report(METER, agreement_id, 96, inside(96, 1)))
    return submit(world, world.report(METER, agreement_id, 97, inside(97, 2)), 97, 99)


@scene("submit: FromTheFuture in _admit")
def _(world: World) -> Act:
    item = world.report(METER, agreed(world), 0, inside(0, 96))
    world.set_time(world.now - 1)
    return submit(world, item, START + 86_400, START + 86_399)


@scene("submit: TooLate in _admit")
def _(world: World) -> Act:
    item = world.report(METER, agreed(world), 0, inside(0, 96))
    world.set_time(DAY.reports_until + 1)
    return submit(world, item, DAY.reports_until, DAY.reports_until + 1)


@scene("submitOutage: BadSignature in _admitOutage", "submitOutage: BadSignature in _refuse")
def _(world: World) -> Act:
    return submit(world, forged(world.outage(METER, agreed(world), 0, START, START + 60)))


@scene("submitOutage: UnknownDevice in _admitOutage", "submitOutage: … in _refuse")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    return submit(world, world.outage(STRANGER, agreement_id, 0, START, 0), STRANGER.text, agreement_id)


@scene("submitOutage: BadOutage in _admitOutage")
def _(world: World) -> Act:
    item = world.outage(METER, agreed(world), 0, START + 60, 0)
    item.message.ended_at = START + 60  # type: ignore[attr-defined]  # which the protocol's own record would refuse
    item.signature = METER.sign_digest(item.message.digest(world.domain))
    return submit(world, item, START + 60, START + 60)


@scene("submitOutage: KnownOutage in _admitOutage")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    world.submit(world.outage(METER, agreement_id, 0, START, 0))
    return submit(world, world.outage(METER, agreement_id, 0, START + 1, 0), 0, START + 1)


@scene("submitOutage: WrongOutage in _admitOutage")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    world.submit(world.outage(METER, agreement_id, 0, START - 60, START))
    return submit(world, world.outage(METER, agreement_id, 0, START, 0), 1, 0)


@scene("submitOutage: OverlappingOutage in _admitOutage")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    world.submit(world.outage(METER, agreement_id, 0, START - 60, START))
    return submit(world, world.outage(METER, agreement_id, 1, START - 1, START + 5), START, START - 1)


@scene("submitOutage: AheadOfReports in _admitOutage")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    world.submit(world.report(METER, agreement_id, 0, inside(0, 2)))
    return submit(world, world.outage(METER, agreement_id, 0, START, START + 2701), 4, 2)


@scene("submitOutage: FromTheFuture in _admitOutage")
def _(world: World) -> Act:
    item = world.outage(METER, agreed(world), 0, START, START + 86_401)
    return submit(world, item, START + 86_401, START + 86_400)


@scene("submitOutage: TooLate in _admitOutage")
def _(world: World) -> Act:
    item = world.outage(METER, agreed(world), 0, START, 0)
    world.set_time(DAY.reports_until + 1)
    return submit(world, item, DAY.reports_until, DAY.reports_until + 1)


# -- What is asked


@scene("meterState: NotEnrolled")
def _(world: World) -> Act:
    return call(world, "meterState", METER.text, 1, says=(METER.text,))


@scene("point: UnknownDevice")
def _(world: World) -> Act:
    agreement_id = agreed(world)
    return call(world, "point", agreement_id, STRANGER.text, says=(STRANGER.text, agreement_id))


@scene("quote: BadLength")
def _(world: World) -> Act:
    return call(world, "quote", agreed(world), 0, 0, bytes(1346), says=(1346, 1344))


@scene("quote: BeyondSchedule")
def _(world: World) -> Act:
    return call(world, "quote", agreed(world), 0, 90, bytes(14), says=(6, 7))


@scene("quote: OutsideTerm")
def _(world: World) -> Act:
    return call(world, "quote", agreed(world), 0, 960, bytes(2), says=(960, 961))


@scene("quote: NoSuchPlace")
def _(world: World) -> Act:
    return call(world, "quote", agreed(world), 1, 0, bytes(2), says=(1, 1))
