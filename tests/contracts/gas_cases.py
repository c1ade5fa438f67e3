# SPDX-License-Identifier: Apache-2.0
"""The transactions whose gas is promised: made once on py-evm by Prague's rules, for the tests and the benchmark.

All are in steady state: the meters have reported before. Readings are those of a load between 120 and 254 units,
other each interval; in the violating day all are above their bands.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from electro_contracts import calldata, sealed
from electro_contracts.terms import devices_hash
from electro_protocol.keccak import keccak256
from electro_protocol.messages import (
    AgreementAcceptance,
    DiscountRedemption,
    EnergyReport,
    Renomination,
    SealedReport,
)
from electro_protocol.readings import pack

from .engines import PyEvm, Revm
from .world import CONSUMER, DAY, START, Key, World, day, key

if TYPE_CHECKING:
    from electro_contracts.terms import Bands, Terms
    from electro_protocol.messages import Message
    from electro_protocol.signed import SignedMessage

METERS = 50
VIEWING_KEY = bytes(range(32))
REGISTER_WH = 123_456_789
SNAPSHOT = Path(__file__).with_name("gas_snapshot.json")
WEEK = day(bands=tuple((100, 1000) for _ in range(672)), intervals=6720)


@dataclass(frozen=True)
class Case:
    """One transaction: what it carried, what it cost, and the logs it left, by their size."""

    name: str
    reports: int
    intervals: int
    gas: int
    data: bytes
    log_bytes: int = 0
    log_topics: int = 0

    @property
    def calldata_gas(self) -> int:
        """4 gas a zero byte, 16 another (EIP-2028)."""
        return sum(16 if byte else 4 for byte in self.data)

    @property
    def floor(self) -> int:
        """What no contract that believes signatures and logs them can go below, for this very transaction.

        21,000; calldata; for each report ecrecover 3,000 and the call to it 100 (EIP-2929: precompiles are warm), a
        cold slot read and changed 5,000, a cold account's code 2,600 and its hash 100, the log. Or the least price of
        calldata, 10 gas a token (EIP-7623), where that is more.
        """
        logs = self.reports * 375 + 375 * self.log_topics + 8 * self.log_bytes
        execution = 21_000 + self.calldata_gas + self.reports * (3_100 + 5_000 + 2_700) + logs
        return max(execution, self.calldata_floor)

    @property
    def calldata_floor(self) -> int:
        """EIP-7623."""
        return 21_000 + 10 * sum(4 if byte else 1 for byte in self.data)


def readings(count: int, shift: int = 0) -> list[int]:
    return [120 + ((i + shift) * 37) % 135 for i in range(count)]


@cache
def setting_up() -> tuple[int, int, int]:
    """The gas of enrolling a meter, proposing and accepting an agreement of 96 slots with it."""
    world, meter = World(PyEvm()), key("meter")
    world.enrol(key("first"))
    world.agree([key("first")])
    world.enrol(meter)
    enrol = world.gas_used
    agreement_id = world.propose([meter])
    acceptance = world.acceptance(agreement_id, [meter])
    propose = world.gas_used
    world.accept(acceptance)
    return enrol, propose, world.gas_used


def parties() -> dict[str, int]:
    """The gas of what the parties do with one agreement of 96 slots and one meter, each in a transaction of its own."""
    world, meter, spare = World(PyEvm()), key("meter"), key("spare")
    world.enrol(spare)
    agreement_id = world.agree([meter], bonus=10**8)
    gas: dict[str, int] = {}

    def act(name: str, *arguments: object, caller: str = world.operator) -> None:
        world.call(name, *arguments, caller=caller)
        gas[name] = world.gas_used

    def sign(message: Message) -> bytes:
        return CONSUMER.sign(message, world.domain).signature

    renewed = AgreementAcceptance(2, day(start=DAY.end).hash, devices_hash([meter.address]), 5000, DAY.start)
    act("renew", agreement_id, DAY.end, 5000, DAY.start, sign(renewed))
    act("grant", agreement_id, 1000)
    act("widen", agreement_id, 0, 96, pack([0, 1200]))
    world.set_time(START + 86_400)
    act("proposeRotation", agreement_id, meter.text, spare.text)
    act("terminate", agreement_id)
    act("revoke", meter.text)
    world.set_time(DAY.reports_until + 2)
    act("waive", agreement_id, 500)
    world.set_time(DAY.settles_at + 2)
    act("settle", agreement_id, caller=world.anyone)
    redemption = DiscountRedemption(agreement_id, keccak256(b"invoice"), 100, 2**40 - 1)
    act("redeemBySignature", *redemption.values(), sign(redemption), caller=world.anyone)
    act("acknowledge", agreement_id, keccak256(b"invoice"))
    return gas


def snapshot() -> dict[str, int]:
    """All gas that is promised or worth watching, to the unit."""
    reports = {case.name: case.gas for case in [*days(), week(), *sealed_days()]}
    replaced, *overridden = replaced_days()
    return {
        **reports,
        **{case.name: case.gas for case in overridden},
        **dict(zip(("enrol", "propose", "accept"), setting_up(), strict=True)),
        **parties(),
        "renominateTogether, a sealed day": replaced,
    }


@cache
def days() -> list[Case]:
    """Lone reports and batches under a daily schedule."""
    world = World(PyEvm())
    meters = [key(f"meter {i}") for i in range(METERS)]
    ids = {meter: world.agree([meter]) for meter in meters}
    world.set_time(START + 9 * 86_400)

    def report(meter: Key, first: int, lanes: list[int]) -> SignedMessage:
        return meter.sign(
            EnergyReport(ids[meter], *world.believed(ids[meter], meter), first, REGISTER_WH, pack(lanes)),
            world.domain,
        )

    def batch(first: int, lanes: list[int]) -> list[SignedMessage]:
        return [report(meter, first, lanes) for meter in meters]

    world.send(calldata.submit_batch(batch(0, readings(1))))
    fifty = _case(world, "50 meters, an interval each", batch(1, readings(1, 1)))
    world.send(calldata.submit_batch(batch(2, readings(94, 2))))
    one = _case(world, "one interval", [report(meters[0], 96, readings(1))])
    world.submit(report(meters[0], 97, readings(95)))
    lone = _case(world, "a day of 96", [report(meters[0], 192, readings(96))])
    world.submit(report(meters[0], 288, [2000] * 96))
    bad = _case(world, "a day, all in violation", [report(meters[0], 384, [2000 + i for i in range(96)])])
    others = [report(meter, 96, readings(96)) for meter in meters[1:]]
    many = _case(world, "50 days in a batch", [*others, report(meters[0], 480, readings(96))])
    return [one, lone, fifty, many, bad]


@cache
def week() -> Case:
    """A report of a whole weekly schedule of 672 quarter hours."""
    world, meter = World(PyEvm()), key("meter")
    terms: Terms = WEEK
    agreement_id = world.agree([meter], terms)
    world.set_time(START + 20 * 86_400)
    believed = world.believed(agreement_id, meter)
    first, second = (
        meter.sign(EnergyReport(agreement_id, *believed, at, REGISTER_WH, pack(readings(672))), world.domain)
        for at in (0, 672)
    )
    world.submit(first)
    return _case(world, "a week of 672", [second])


@cache
def sealed_days() -> list[Case]:
    """The same, of sealed readings."""
    world = World(PyEvm())
    meters = [key(f"meter {i}") for i in range(METERS)]
    ids = {meter: world.agree_sealed([meter], DAY, VIEWING_KEY) for meter in meters}
    world.set_time(START + 9 * 86_400)

    def report(meter: Key, first: int, lanes: list[int]) -> SignedMessage:
        return world.sealed_report(
            meter, ids[meter], first, lanes, VIEWING_KEY, DAY.bands, register=REGISTER_WH
        )

    def batch(first: int, lanes: list[int]) -> list[SignedMessage]:
        return [report(meter, first, lanes) for meter in meters]

    world.send(calldata.submit_sealed_batch(batch(0, readings(1))))
    fifty = _case(world, "50 meters, a sealed interval each", batch(1, readings(1, 1)))
    world.send(calldata.submit_sealed_batch(batch(2, readings(94, 2))))
    one = _case(world, "one sealed interval", [report(meters[0], 96, readings(1))])
    world.submit(report(meters[0], 97, readings(95)))
    lone = _case(world, "a sealed day of 96", [report(meters[0], 192, readings(96))])
    world.submit(report(meters[0], 288, [2000] * 96))
    bad = _case(
        world, "a sealed day, all in violation", [report(meters[0], 384, [2000 + i for i in range(96)])]
    )
    others = [report(meter, 96, readings(96)) for meter in meters[1:]]
    many = _case(world, "50 sealed days in a batch", [*others, report(meters[0], 480, readings(96))])
    return [one, lone, fifty, many, bad]


def replace_sealed(world: World, agreement_id: int, bands: Bands) -> int:
    """The gas of replacing the bands of the second pass by both parties."""
    packed = sealed.seal_pass(bands, VIEWING_KEY, agreement_id, 0, 1)
    wish = Renomination(agreement_id, 0, len(bands), 1, packed, 2**40 - 1)
    signature = CONSUMER.sign(wish, world.domain).signature
    world.call("renominateTogether", wish.values(), signature, caller=world.operator)
    return world.gas_used


def replaced_week() -> int:
    """The same of the longest schedule there can be."""
    world = World(PyEvm())
    terms = replace(WEEK, missing_penalty=2 * WEEK.missing_penalty)
    agreement_id = world.agree_sealed([key("meter")], terms, VIEWING_KEY)
    return replace_sealed(world, agreement_id, tuple((200 + i, 901) for i in range(672)))


@cache
def replaced_days() -> tuple[int, Case, Case]:
    """The same of a day; and a report of that day, and one of the next, which has the agreed bands."""
    world, meter = World(PyEvm()), key("meter")
    agreement_id = world.agree_sealed([meter], DAY, VIEWING_KEY)
    bands = tuple((200, 900 + i) for i in range(96))
    gas = replace_sealed(world, agreement_id, bands)
    world.set_time(START + 9 * 86_400)

    def report(first: int, lanes: list[int]) -> SignedMessage:
        held = bands if 96 <= first < 192 else DAY.bands
        return world.sealed_report(meter, agreement_id, first, lanes, VIEWING_KEY, held, register=REGISTER_WH)

    world.submit(report(0, readings(96)))
    inside = _case(world, "one sealed interval, replaced bands", [report(96, [201])])
    world.submit(report(97, [201] * 95))
    return gas, inside, _case(world, "one sealed interval, beside replaced bands", [report(192, readings(1))])


def check_per_item(count: int) -> float:
    """The gas of an item in a check of so many reports of ten meters: on revm, for no transaction is so long."""
    engine = Revm()
    world = World(engine)
    meters = [key(f"meter {i}") for i in range(10)]
    ids = [world.agree([meter]) for meter in meters]
    world.set_time(START + 9 * 86_400)
    items = [world.report(meters[i % 10], ids[i % 10], i // 10, readings(1)) for i in range(count)]
    reasons = calldata.decode_reasons(world.ask(calldata.check(items)))
    assert reasons == [bytes(4)] * count
    assert engine.evm.result is not None
    return engine.evm.result.gas_used / count


def _case(world: World, name: str, items: list[SignedMessage]) -> Case:
    if isinstance(items[0].message, SealedReport):
        data = calldata.submit_sealed(items[0]) if len(items) == 1 else calldata.submit_sealed_batch(items)
    else:
        data = calldata.submit(items[0]) if len(items) == 1 else calldata.submit_batch(items)
    outcome = world.engine.send(world.anyone, world.address, data)
    assert len(outcome.logs) >= len(items), "an item was skipped"
    counts = [
        item.message.intervals for item in items if isinstance(item.message, EnergyReport | SealedReport)
    ]
    reported = [(topics, log) for topics, log in outcome.logs if len(topics) == 3]
    return Case(
        name,
        len(items),
        sum(counts),
        outcome.gas,
        data,
        sum(len(log) for _, log in reported),
        sum(len(topics) for topics, _ in reported),
    )
