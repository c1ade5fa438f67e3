# SPDX-License-Identifier: Apache-2.0
"""Scenarios of agreements that don't come about: proposals, renewals and acceptances that are refused."""

from __future__ import annotations

from typing import Any

from electro_contracts.terms import devices_hash
from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256
from tests.contracts.tokens import FEE
from tests.contracts.world import DAY, NOW, START, World, day

from .messages import METER, STRANGER
from .stage import Act, Scene, by_either, scene
from .steps import BONUS, NEW, TERMS, acceptance, escrow, proposal, proposed, renewal, starved

NOBODY = "0x" + "00" * 20
LOCKED = BONUS // 4
OPERATOR = keccak256(b"OPERATOR_ROLE")
LEAST = {"grace": DAY.grace, "disputeWindow": DAY.dispute_window, "discountExpiry": DAY.discount_expiry}


def _paused(world: World) -> None:
    world.call("pauseProposals", True, caller=world.operator)


@scene("propose: ProposalsPaused")
def _(world: World) -> Act:
    _paused(world)
    return proposal(world)


@scene("propose: NoConsumer")
def _(world: World) -> Act:
    world.enrol(METER)
    return proposal(world, consumer=NOBODY)


@scene("propose: BadDeviceCount")
def _(world: World) -> Act:
    return proposal(world, devices=(METER.text,) * 65, says=(65,))


@scene("propose: NotEnrolled in _mustFit")
def _(world: World) -> Act:
    return proposal(world, says=(METER.text,))


@scene("propose: RevokedDevice in _mustFit")
def _(world: World) -> Act:
    world.enrol(METER)
    world.call("revoke", METER.text, caller=world.operator)
    return proposal(world, says=(METER.text,))


@scene("propose: DuplicateDevice")
def _(world: World) -> Act:
    world.enrol(METER, NEW)
    return proposal(world, devices=(METER.text, NEW.text, METER.text), says=(METER.text,))


_BANDS = len(TERMS) - 1  # they come last


def _with_terms(place: int, value: Any, *says: object) -> Scene:
    def play(world: World) -> Act:
        world.enrol(METER)
        return proposal(world, terms=(*TERMS[:place], value, *TERMS[place + 1 :]), says=says)

    return play


scene("propose: InvalidTerms in _validate")(_with_terms(_BANDS, bytes(2692), "bands"))
scene("propose: InvalidTerms #2 in _validate")(_with_terms(1, 0, "intervalSeconds"))
scene("propose: InvalidTerms #3 in _validate")(_with_terms(2, 65_536, "intervals"))
scene("propose: InvalidTerms #4 in _validate")(_with_terms(3, 0, "unitWh"))
scene("propose: InvalidTerms #5 in _validate")(_with_terms(9, 6, "penalisedCauses"))
scene("propose: InvalidTerms #6 in _validate")(_with_terms(14, 1_000_001, "discountRatePpm"))
scene("propose: InvalidTerms #10 in _validate")(_with_terms(16, 0x8000, "capacityUnits"))
scene("propose: InvalidTerms in _explain")(_with_terms(_BANDS, b"\0\5\0\4", "bands"))
scene("propose: InvalidTerms #2 in _explain")(_with_terms(16, 1022, "capacityUnits"))
scene("propose: SilenceTooCheap in mustPriceSilence")(_with_terms(10, 2704, 0, 2705, 2704))
scene("propose: AlreadyStarted in validateStart")(_with_terms(0, NOW, NOW, NOW))
scene("propose: InvalidTerms in validateStart")(_with_terms(0, 2**40 - 1, "start"))


def _too_short(place: int, field: str) -> Scene:
    def play(world: World) -> Act:
        world.enrol(METER)
        return proposal(world, terms=(*TERMS[:place], LEAST[field] - 1, *TERMS[place + 1 :]), says=(field,))

    return play


scene("propose: InvalidTerms #7 in _validate")(_too_short(11, "grace"))
scene("propose: InvalidTerms #8 in _validate")(_too_short(12, "disputeWindow"))
scene("propose: InvalidTerms #9 in _validate")(_too_short(15, "discountExpiry"))


@scene("propose: BaseMismatch in _mustFit")
def _(world: World) -> Act:
    world.enrol(METER, base_seconds=400)
    return proposal(world, says=(METER.text, 400))


@scene("propose: TermsNotStored in _create")
def _(world: World) -> Act:
    world.enrol(METER)
    return starved(world, proposal(world, terms=day(bands=((100, 1000),) * 672).to_tuple()))


# -- Renewals


def _agreed(world: World, bonus: int = BONUS) -> int:
    return world.agree([METER], bonus=bonus)


@scene("renew: ProposalsPaused")
def _(world: World) -> Act:
    _agreed(world)
    _paused(world)
    return renewal(world)


@scene("renew: NotRenewable")
def _(world: World) -> Act:
    proposed(world)
    return renewal(world, says=(1,))


@scene("renew: AlreadyStarted in validateStart")
def _(world: World) -> Act:
    _agreed(world)
    return renewal(world, NOW, says=(NOW, NOW))


@scene("renew: InvalidTerms in validateStart")
def _(world: World) -> Act:
    _agreed(world)
    act = renewal(world, says=("start",))
    start = DAY.end.to_bytes(32, "big")
    assert act.data[36:68] == start  # the record of terms would refuse it
    return act._replace(data=act.data[:36] + (2**40 - 1).to_bytes(32, "big") + act.data[68:])


@scene("renew: Expired in _mustHaveSigned")
def _(world: World) -> Act:
    _agreed(world)
    return renewal(world, deadline=NOW - 1, says=(NOW - 1, NOW))


@scene("renew: BadSignature in _mustHaveSigned")
def _(world: World) -> Act:
    _agreed(world)
    return renewal(world, by=STRANGER)


@scene("renew: RevokedDevice in _mustFit")
def _(world: World) -> Act:
    _agreed(world)
    world.call("revoke", METER.text, caller=world.operator)
    return renewal(world, says=(METER.text,))


@scene("renew: DeviceBusy in _serve")
def _(world: World) -> Act:
    _agreed(world)
    return renewal(world, DAY.end - 1, says=(METER.text, 1, DAY.end))


@scene("renew: DeviceBusy #2 in _serve")
def _(world: World) -> Act:
    _agreed(world)
    for i in (1, 2):
        world.agree([METER], day(start=DAY.end + 10**6 * i))
    return renewal(world, DAY.end + 3 * 10**6, says=(METER.text, 1, DAY.reports_until))


@scene("renew: NotFunded in _fund")
def _(world: World) -> Act:
    token = escrow(world)
    _agreed(world)
    token.become(FEE)
    return renewal(world, bonus=2000, says=(500, 495))


@scene("renew: BaseMismatch in _mustFit")
def _(world: World) -> Act:
    world.enrol(METER, base_seconds=300)
    _agreed(world)
    return renewal(world, DAY.end + 1, says=(METER.text, 300))


@by_either("accept", "acceptBySignature", "AccessControlUnauthorizedAccount in _mustBeOperator")
def _(world: World, how: str) -> Act:
    escrow(world)
    proposed(world)
    world.call("revokeRole", OPERATOR, world.operator, caller=world.admin)
    return acceptance(world, how, says=(checksum(bytes.fromhex(world.operator[2:])), OPERATOR))


# -- Acceptances, by the consumer's transaction and by its signature


@scene("accept: NotConsumer")
def _(world: World) -> Act:
    proposed(world)
    return acceptance(world, "accept", by=STRANGER, says=(STRANGER.text,))


@scene("acceptBySignature: Expired in _mustHaveSigned")
def _(world: World) -> Act:
    proposed(world)
    return acceptance(world, "acceptBySignature", deadline=NOW - 1, says=(NOW - 1, NOW))


@scene("acceptBySignature: BadSignature in _mustHaveSigned")
def _(world: World) -> Act:
    proposed(world)
    return acceptance(world, "acceptBySignature", by=STRANGER)


@by_either("accept", "acceptBySignature", "WrongState in _accept")
def _(world: World, how: str) -> Act:
    _agreed(world)
    return acceptance(world, how, says=(1, 2))


@by_either("accept", "acceptBySignature", "AlreadyStarted in _accept")
def _(world: World, how: str) -> Act:
    proposed(world)
    world.set_time(START)
    return acceptance(world, how, says=(START, START))


@by_either("accept", "acceptBySignature", "NotWhatWasProposed in _accept")
def _(world: World, how: str) -> Act:
    proposed(world)
    says = (DAY.hash, devices_hash([METER.address]), BONUS)
    return acceptance(world, how, devices_hash=keccak256(b"other"), says=says)


@by_either("accept", "acceptBySignature", "RevokedDevice in _serve")
def _(world: World, how: str) -> Act:
    proposed(world)
    world.call("revoke", METER.text, caller=world.operator)
    return acceptance(world, how, says=(METER.text,))


@by_either("accept", "acceptBySignature", "DeviceBusy in _serve")
def _(world: World, how: str) -> Act:
    _agreed(world)
    busy = day(start=DAY.end - 1)
    world.propose([METER], busy)
    return acceptance(world, how, 2, busy, says=(METER.text, 1, DAY.end))


@by_either("accept", "acceptBySignature", "DeviceBusy #2 in _serve")
def _(world: World, how: str) -> Act:
    for i in range(3):
        world.agree([METER], day(start=START + 10**6 * i))
    fourth = day(start=START + 3 * 10**6)
    world.propose([METER], fourth)
    return acceptance(world, how, 4, fourth, says=(METER.text, 1, DAY.reports_until))


@by_either("accept", "acceptBySignature", "NotFunded in _fund")
def _(world: World, how: str) -> Act:
    token = escrow(world)
    proposed(world)
    token.become(FEE)
    return acceptance(world, how, says=(LOCKED, LOCKED - LOCKED // 100))
