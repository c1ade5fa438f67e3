# SPDX-License-Identifier: Apache-2.0
"""Scenarios of what is refused where readings are sealed; the calls for sealed reports are answered in the fallback."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from electro_contracts import calldata, sealed
from electro_contracts.terms import pack_bands
from electro_protocol import sealing, secp256k1
from electro_protocol.messages import SealedReport, ViewingKeyReady
from tests.contracts.world import BONUS, CONSUMER, DAY, START, World, inside, key

from .messages import HIGH_S, METER, STRANGER, forged
from .renominations import change
from .stage import Act, call, scene
from .steps import acceptance

if TYPE_CHECKING:
    from electro_contracts.terms import Terms
    from electro_protocol.signed import SignedMessage

VIEWING = bytes(range(100, 132))
HASH = sealing.key_hash(VIEWING)
PRICED = replace(DAY, missing_penalty=2 * DAY.missing_penalty)  # for sealed bands: any band may be the worst
OTHER = key("another meter")


def agreed(world: World, terms: Terms = PRICED) -> int:
    """A sealed agreement of one meter, a day into it."""
    agreement_id = world.agree_sealed([METER], terms, VIEWING)
    world.set_time(START + 86_400)
    return agreement_id


def report(world: World, first: int, count: int, signer: object = METER, **odd: object) -> SignedMessage:
    """A report of the agreement; `odd` are fields that its class would refuse."""
    good = world.sealed_report(METER, 1, first, inside(first, count), VIEWING, PRICED.bands).message
    message = SealedReport.__new__(SealedReport)
    message.__dict__.update(vars(good) | odd)
    return signer.sign(message, world.domain)  # type: ignore[attr-defined]


def submit(world: World, item: SignedMessage, *says: object) -> Act:
    return Act(calldata.submit_sealed(item), says, world.anyone, item)


@scene("submit: OtherForm in _admit")
def _(world: World) -> Act:
    agreed(world)
    item = world.report(METER, 1, 0, inside(0, 4))
    return Act(calldata.submit(item), (1, True), world.anyone, item)


@scene("fallback: OtherForm in _admit")
def _(world: World) -> Act:
    world.agree([METER])
    world.set_time(START + 86_400)
    return submit(world, report(world, 0, 4), 1, False)


@scene("fallback: BadLength in _admit", "fallback: … in _refuse")
def _(world: World) -> Act:
    agreed(world)
    return submit(world, report(world, 0, 1, sealed=bytes(24 + 1346)), 1346, 1344)


@scene("fallback: BadLength in _told")
def _(world: World) -> Act:
    agreed(world)
    return submit(world, report(world, 0, 1, deviations=bytes(3)), 3, 4)


@scene("fallback: BadSignature in _admit", "fallback: BadSignature in _refuse")
def _(world: World) -> Act:
    agreed(world)
    return submit(world, forged(report(world, 0, 1)))


@scene("fallback: UnknownDevice in _admit")
def _(world: World) -> Act:
    agreed(world)
    return submit(world, report(world, 0, 1, STRANGER), STRANGER.text, 1)


@scene("fallback: OtherStart in _admit")
def _(world: World) -> Act:
    agreed(world)
    return submit(world, report(world, 0, 1, start=START + 900), START, START + 900)


@scene("fallback: OtherTerms in _admit")
def _(world: World) -> Act:
    agreed(world)
    believed = world.call("scheduleOf", 1, 0, 0)[1][:16]
    return submit(world, report(world, 0, 1, schedule=bytes(16)), believed, bytes(16))


@scene("fallback: WrongSequence in _admit")
def _(world: World) -> Act:
    agreed(world)
    world.submit(report(world, 0, 3))
    return submit(world, report(world, 2, 3), 3, 2)


@scene("fallback: BeyondSchedule in _admit")
def _(world: World) -> Act:
    agreed(world)
    world.submit(report(world, 0, 90))
    return submit(world, report(world, 90, 1, sealed=bytes(24 + 2 * 7)), 6, 7)


@scene("fallback: OutsideTerm in _admit")
def _(world: World) -> Act:
    agreed(world)
    world.call("revoke", METER.text, caller=world.operator)
    world.set_time(START + 97 * 900)
    world.submit(report(world, 0, 96))
    world.submit(report(world, 96, 1))
    return submit(world, report(world, 97, 2), 97, 99)


@scene("fallback: FromTheFuture in _admit")
def _(world: World) -> Act:
    agreed(world)
    item = report(world, 0, 96)
    world.set_time(world.now - 1)
    return submit(world, item, START + 86_400, START + 86_399)


@scene("fallback: TooLate in _admit")
def _(world: World) -> Act:
    agreed(world)
    item = report(world, 0, 96)
    world.set_time(PRICED.reports_until + 1)
    return submit(world, item, PRICED.reports_until, PRICED.reports_until + 1)


# -- The viewing key


def _proposed(world: World) -> Terms:
    terms = sealed.seal(PRICED, VIEWING)
    world.enrol(METER)
    world.propose([METER], terms)
    return terms


@scene("accept: NoViewingKey in _mustHoldKey")
def _(world: World) -> Act:
    return acceptance(world, "accept", terms=_proposed(world), says=(METER.text, HASH))


@scene("acceptBySignature: NoViewingKey in _mustHoldKey")
def _(world: World) -> Act:
    return acceptance(world, "acceptBySignature", terms=_proposed(world), says=(METER.text, HASH))


@scene("acceptRotation: NoViewingKey in _mustHoldKey")
def _(world: World) -> Act:
    agreed(world)
    world.enrol(OTHER)
    world.call("proposeRotation", 1, METER.text, OTHER.text, caller=world.operator)
    says = (OTHER.text, HASH)
    return call(world, "acceptRotation", 1, METER.text, OTHER.text, by=CONSUMER.text, says=says)


def _ready(world: World, signer: object, *, high_s: bool = False) -> Act:
    message = ViewingKeyReady(sealing.key_hash(VIEWING))
    compact = secp256k1.compact(signer.sign(message, world.domain).signature)  # type: ignore[attr-defined]
    vs = HIGH_S if high_s else compact[32:]
    says = () if high_s else (signer.text,)  # type: ignore[attr-defined]
    return call(world, "noteViewingKey", message.viewing_key_hash, compact[:32], vs, says=says)


@scene("noteViewingKey: BadSignature")
def _(world: World) -> Act:
    return _ready(world, METER, high_s=True)


@scene("noteViewingKey: NotEnrolled")
def _(world: World) -> Act:
    return _ready(world, STRANGER)


# -- Terms and bands


@scene("propose: SilenceTooCheap in _validateSealed")
def _(world: World) -> Act:
    world.enrol(METER)
    units = DAY.capacity_units * max(DAY.over_rate, DAY.under_rate)  # the worst that bands could make of it
    least = DAY.violation_penalty + units + DAY.outage_penalty + 15 * DAY.outage_minute_penalty
    terms = replace(sealed.seal(PRICED, VIEWING), missing_penalty=least - 1)
    says = (0, least, least - 1)
    arguments = (CONSUMER.text, terms.to_tuple(), [METER.text], BONUS)
    return call(world, "propose", *arguments, by=world.operator, says=says)


@scene("quote: OtherForm")
def _(world: World) -> Act:
    agreed(world)
    return call(world, "quote", 1, 0, 0, b"\0\1", says=(1, True))


@scene("scheduleOf: NoSuchPlace")
def _(world: World) -> Act:
    agreed(world)
    return call(world, "scheduleOf", 1, 1, 0, says=(1, 1))


@scene("scheduleOf: WrongState in _loaded")
def _(world: World) -> Act:
    return call(world, "scheduleOf", 1, 0, 0, says=(1, 0))


@scene("widen: OtherForm in _mustBeReplaceable")
def _(world: World) -> Act:
    agreed(world)
    return change(world, "widen", pack_bands(PRICED.bands), 192, says=(1, True))


@scene("renominate: OtherForm in _mustBeReplaceable")
def _(world: World) -> Act:
    agreed(world)
    return change(world, "renominate", pack_bands(PRICED.bands), 192, says=(1, True))
