# SPDX-License-Identifier: Apache-2.0
"""Sealed and open agreements that live the same life: `python -m tests.contracts.twins --calls 1000000 --minutes 30`.

Whatever happens to the one happens to the other. Each call must be taken or refused alike, and as the model says; what
is left of both must be the same to the unit; and no keystream may cover two plaintexts in a life, however often a meter
signs an interval anew.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from electro_contracts import artifact, calldata, errors, events, sealed
from electro_contracts.model import Agreement, By, Refused
from electro_contracts.terms import pack_bands, unpack_bands
from electro_protocol import judging, sealing
from electro_protocol.messages import EnergyReport, OutageReport, Renomination, SealedReport
from electro_protocol.readings import NO_DATA, pack

from .engines import Reverted
from .fuzz.chain import Signer
from .world import BONUS, CONSUMER, DAY, START, World, key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_contracts.terms import Bands, Terms
    from electro_protocol.signed import SignedMessage

    Pair = tuple[
        tuple[bytes, SignedMessage], ...
    ]  # of the sealed agreement and of the open one: who signed, and what

VIEWING = bytes(range(100, 132))
# Two passes a day, so that passes and ends lie close together.
SHORT = replace(
    DAY,
    intervals=60,
    bands=tuple((100 + i, 1000 + i) for i in range(12)),
    capacity_units=1200,
    missing_penalty=101 + 1009 + 15 * 13 + 1200 * 7,
)
METER, TWIN, SPARE, SPARE_TWIN = (key(name) for name in ("sealed", "open", "spare", "spare twin"))
_SIGNERS = {meter: Signer(meter) for meter in (METER, TWIN, SPARE, SPARE_TWIN)}
_WITHOUT_ID = ("revoke", "renominateTogether")
COMPARED = ("next", "end", "accrued", "outageAccrued", "unexplained", "nextOutage", "lastEndedAt", "faulted")


class Twins:
    """A sealed and an open agreement, and the model of each; `calls` counts those of the contract."""

    def __init__(self, world: World, terms: Terms = SHORT) -> None:
        self.world, self.terms = world, terms
        self.meters = [(METER, TWIN)]
        world.enrol(SPARE, SPARE_TWIN)
        self.ids = world.agree_sealed([METER], terms, VIEWING), world.agree([TWIN], terms)
        self.code_hashes = [world.call("scheduleOf", id_, 0, 0)[1] for id_ in self.ids]
        self.models = tuple(
            Agreement(id_, each, [meter.address], BONUS, code_hash)
            for id_, each, meter, code_hash in zip(
                self.ids, (sealed.seal(terms, VIEWING), terms), self.meters[0], self.code_hashes, strict=True
            )
        )
        self.calls = 0
        self.by_replaced = 0  # reports taken of passes whose bands were replaced
        self._held: dict[int, bytes] = {}  # packed bands by pass, where they are not the agreed ones
        self._covered: dict[bytes, bytes] = {}  # keystream → plaintext

    def next(self, which: int = -1) -> int:
        """The interval that the contract expects of a meter."""
        return self.models[1].points[self.meters[which][1].address].next

    # -- What meters send

    def reports(self, first: int, lanes: list[int], which: int = -1) -> Pair:
        """What both meters sign of the same readings."""
        hidden, seen = self.meters[which]
        pass_, slot = divmod(first, len(self.terms.bands))
        held = self._held.get(pass_, pack_bands(self.terms.bands))
        words = judging.deviations(pack(lanes[: len(self.terms.bands) - slot]), held, slot)
        model = self.models[0]
        schedule = model.believed(model.points[hidden.address], first)[:16]
        whose = self.world.domain.separator, hidden.address, self.ids[0], first, schedule, len(lanes)
        about, register = sealing.report(*whose), 1000 * first
        covered = sealing.seal_report(VIEWING, about, register, pack(lanes), words)
        self._must_be_new(sealing.report_key(VIEWING, about, covered[:16]), register, lanes)
        one = SealedReport(self.ids[0], self.terms.start, schedule, first, covered, words)
        two = EnergyReport(
            self.ids[1], self.terms.start, self.code_hashes[1][:16], first, register, pack(lanes)
        )
        return tuple(
            (meter.address, _SIGNERS[meter].sign(message, self.world.domain))
            for meter, message in ((hidden, one), (seen, two))
        )

    def _must_be_new(self, keystream: bytes, register: int, lanes: list[int]) -> None:
        plain = register.to_bytes(8, "big") + pack(lanes)
        assert self._covered.setdefault(keystream, plain) == plain, "one keystream covers two plaintexts"

    def is_by_what_holds(self, pair: Pair) -> bool:
        """Whether the sealed one was judged by the bands that hold now; else it is refused, as no open one is."""
        device, item = pair[0]
        assert isinstance(item.message, SealedReport)
        model, message = self.models[0], item.message
        return message.schedule == model.believed(model.points[device], message.first_interval)[:16]

    def report(self, lanes: list[int], which: int = -1) -> str:
        return self.deliver(self.reports(self.next(which), lanes, which))

    def outage(self, number: int, started: int, ended: int, cause: int) -> str:
        return self.deliver(
            tuple(
                (
                    meter.address,
                    _SIGNERS[meter].sign(OutageReport(id_, number, started, ended, cause), self.world.domain),
                )
                for meter, id_ in zip(self.meters[-1], self.ids, strict=True)
            )
        )

    def deliver(self, pair: Pair) -> str:
        """Send a pair of messages; return why they were refused, for both have the same reason."""
        said = self._expected(pair)
        for _, item in pair:
            assert self._refusal(lambda item=item: self.world.submit(item)) == said
        return said

    def batch(self, pairs: Sequence[Pair]) -> None:
        """Send pairs of reports in two batches, each foretold by what checks it."""
        forms: tuple[tuple[Any, Any], ...] = (
            (calldata.check_sealed, calldata.submit_sealed_batch),
            (calldata.check, calldata.submit_batch),
        )
        foretold = [
            calldata.decode_reasons(self.world.ask(check([pair[k][1] for pair in pairs])))
            for k, (check, _) in enumerate(forms)
        ]
        expected = [self._expected(pair) for pair in pairs]
        for k, (_, submit) in enumerate(forms):
            assert [errors.REASONS.get(each, "") for each in foretold[k]] == expected
            self.calls += 2
            self.world.send(submit([pair[k][1] for pair in pairs]))
            skipped = [each for each in self.world.events if isinstance(each, events.ReportSkipped)]
            found = [(each.index, errors.REASONS[each.reason]) for each in skipped]
            assert found == [(i, reason) for i, reason in enumerate(expected) if reason]

    def _expected(self, pair: Pair) -> str:
        """Let the models take a pair; return why both refuse it."""
        said = []
        for (device, item), model in zip(pair, self.models, strict=True):
            take = model.outage if isinstance(item.message, OutageReport) else model.report
            try:
                take(device, item.message, self.world.now)
                said.append("")
            except Refused as refused:
                said.append(refused.reason)
        assert said[0] == said[1]
        first = getattr(pair[0][1].message, "first_interval", None)
        self.by_replaced += not said[0] and first is not None and first // len(self.terms.bands) in self._held
        return said[0]

    # -- What the parties do

    def act(self, name: str, caller: str, step: Callable[[Agreement, int], object], *more: object) -> str:
        """Let the same happen to both; step: the model's, of the one whose number is 0, then of the other."""
        said = []
        for k, (id_, model) in enumerate(zip(self.ids, self.models, strict=True)):
            try:
                step(model, k)
                said.append("")
            except Refused as refused:
                said.append(refused.reason)
            arguments = [each(k) if callable(each) else each for each in more]
            arguments = arguments if name in _WITHOUT_ID else [id_, *arguments]
            assert self._refusal(lambda a=arguments: self.world.call(name, *a, caller=caller)) == said[-1]
        assert said[0] == said[1]
        return said[0]

    def rotate(self) -> str:
        world, now = self.world, self.world.now
        world.hand_key(VIEWING, SPARE)
        old, new = self.meters[0], (SPARE, SPARE_TWIN)
        for id_, one, other in zip(self.ids, old, new, strict=True):
            world.call("proposeRotation", id_, one.text, other.text, caller=world.operator)
        said = self.act(
            "acceptRotation", CONSUMER.text, lambda model, k: model.rotate(old[k].address, new[k].address, now),
            lambda k: old[k].text, lambda k: new[k].text,
        )  # fmt: skip
        if not said:
            self.meters.append(new)
        return said

    def renominate(self, first: int, bands: Bands, sequence: int) -> str:
        """Both parties replace the bands of a pass; the open twin's in as many words, without those beyond the term."""
        world, now = self.world, self.world.now
        pass_ = first // len(self.terms.bands)
        hidden = sealed.seal_pass(bands, VIEWING, self.ids[0], 0, pass_)
        seen = pack_bands(bands[: max(1, self.models[1].intervals - first)])
        wishes = [
            Renomination(id_, 0, first, sequence, packed, 2**40 - 1)
            for id_, packed in zip(self.ids, (hidden, seen), strict=True)
        ]

        def step(model: Agreement, k: int) -> None:
            if k == 0:
                model.renominate_sealed(0, first, hidden, now, sequence)
            else:
                model.renominate(0, first, unpack_bands(seen), By.BOTH, now, sequence)

        said = self.act(
            "renominateTogether", world.operator, step,
            lambda k: wishes[k].values(), lambda k: CONSUMER.sign(wishes[k], world.domain).signature,
        )  # fmt: skip
        if not said:
            self._held[pass_] = pack_bands(bands)
        return said

    def revoke(self) -> str:
        last, now = self.meters[-1], self.world.now
        return self.act(
            "revoke", self.world.operator, lambda model, k: model.revoke(last[k].address, now), lambda k: last[k].text
        )  # fmt: skip

    def _refusal(self, call: Callable[[], object]) -> str:
        self.calls += 1
        try:
            call()
        except Reverted as refused:
            return refused.error.name
        return ""

    # -- What is left

    def compare(self) -> None:
        told = [self.world.agreement(id_) for id_ in self.ids]
        for name in ("accrued", "remaining", "discount", "forfeited", "neutralIntervals", "settlesAt"):
            assert getattr(told[0], name) == getattr(told[1], name), name
        assert [model.accrued(self.world.now) for model in self.models] == [told[0].accrued] * 2
        for hidden, seen in self.meters:
            points = self.world.point(self.ids[0], hidden), self.world.point(self.ids[1], seen)
            for name in COMPARED:
                assert getattr(points[0], name) == getattr(points[1], name), name


def life(seed: int) -> Twins:
    """Play one life from the acceptance to the settlement; return the twins, with what they have counted."""
    chance = random.Random(seed)
    twins = Twins(World())
    world, slots = twins.world, len(SHORT.bands)
    now = START - 2000
    kept: list[Pair] = []
    while now < SHORT.reports_until + 2000:
        now += chance.randrange(300, 6000)
        world.set_time(now)
        for _ in range(chance.randrange(1, 4)):
            which = chance.randrange(len(twins.meters))
            lanes = _lanes(chance, chance.choice((1, 2, slots, slots + 1)))
            pair = twins.reports(twins.next(which), lanes, which)
            kept.append(pair)
            twins.deliver(pair)
        if chance.random() < 0.3:  # signed anew, as if a record had been lost meanwhile
            first = max(0, twins.next() - 1)
            kept.append(twins.reports(first, [NO_DATA, *_lanes(chance, 1)]))
        if chance.random() < 0.4:
            first = twins.next()
            ahead = [twins.reports(first, _lanes(chance, 1)), twins.reports(first + 1, _lanes(chance, 2))]
            kept = [pair for pair in kept if twins.is_by_what_holds(pair)]
            pairs = [*ahead, *chance.sample(kept, min(2, len(kept)))]
            chance.shuffle(pairs)
            twins.batch(pairs)
        if chance.random() < 0.3:
            started = now - chance.randrange(1, 20_000)
            number = len(twins.models[0].points[twins.meters[-1][0].address].outages) + (
                chance.random() < 0.1
            )
            ended = 0 if chance.random() < 0.2 else chance.randrange(started + 1, now + 1)
            twins.outage(number, started, ended, chance.randrange(3))
        _party(twins, chance)
        twins.compare()
    world.set_time(SHORT.settles_at + 100_000)
    twins.act("settle", world.anyone, lambda model, _: model.settle(world.now))
    twins.compare()
    return twins


def _party(twins: Twins, chance: random.Random) -> None:
    """Let a party do what ends, moves or pays something, seldom."""
    world, now, dice = twins.world, twins.world.now, chance.random()
    slots = len(SHORT.bands)
    if chance.random() < 0.2:
        ahead = twins.models[0].begun(now) // slots + chance.randrange(3)
        bands = tuple((low, chance.randrange(low, 1200)) for low in chance.choices(range(1200), k=slots))
        sequence = twins.models[0].places[0].sequence + chance.choice((0, 1, 1, 1, 5))
        twins.renominate(ahead * slots, bands, sequence)
    if dice < 0.02 and len(twins.meters) == 1 and START < now < SHORT.end - 900:
        twins.rotate()
    elif dice < 0.03:
        twins.act("fault", CONSUMER.text, lambda model, _: model.fault(0, now), 0)
    elif dice < 0.04:
        twins.revoke()
    elif dice < 0.05:
        by = chance.random() < 0.5
        caller = CONSUMER.text if by else world.operator
        twins.act("terminate", caller, lambda model, _: model.terminate(by, now))
    elif dice < 0.1:
        amount = chance.randrange(1000)
        twins.act("grant", world.operator, lambda model, _: model.grant(amount), amount)
    elif dice < 0.15:
        amount = chance.randrange(1000)
        twins.act("waive", world.operator, lambda model, _: model.waive(amount, now), amount)


def _lanes(chance: random.Random, count: int) -> list[int]:
    return [
        chance.choice(
            (
                chance.randrange(0x10000),
                chance.randrange(100, 1000),
                0x8000 | chance.randrange(1200),
                NO_DATA,
                0,
            )
        )
        for _ in range(count)
    ]


def main() -> int:
    """Return 0 if no life differed."""
    parser = argparse.ArgumentParser(prog="python -m tests.contracts.twins", description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="contract calls at least")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the first life; each further one has the next"
    )
    parser.add_argument("--minutes", type=float, default=float("inf"), help="stop then, with fewer calls")
    arguments = parser.parse_args()
    _hash_fast()
    began, done, by_replaced, seed = time.monotonic(), 0, 0, arguments.seed
    while done < arguments.calls and time.monotonic() - began < 60 * arguments.minutes:
        try:
            twins = life(seed)
        except Exception as error:
            error.add_note(f"life {seed}")
            raise
        done, by_replaced, seed = done + twins.calls, by_replaced + twins.by_replaced, seed + 1
    cpu = sum(os.times()[:2])
    sys.stdout.write(
        f"{done:,} calls in {seed - arguments.seed:,} twin lives from seed {arguments.seed}, {done / cpu:,.0f} in a"
        f" second of processor time; {by_replaced:,} reports by replaced bands; no disagreement\n"
        f"sources {artifact.load().source_hash}\n"
    )
    return 0


def _hash_fast() -> None:
    """Let the meters' own sealing hash in C; that both hashes are equal is tested elsewhere."""
    from electro_relayer import hashing

    sealing.keccak256 = lambda data: hashing.keccak256(bytes(data))


if __name__ == "__main__":
    sys.exit(main())
