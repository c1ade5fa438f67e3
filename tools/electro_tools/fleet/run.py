# SPDX-License-Identifier: Apache-2.0
"""Run a fleet: make its meters, bring them under agreements, move time on for all, and see what has arrived."""

from __future__ import annotations

import asyncio
import math
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.readings import NO_DATA, unpack
from electro_tools.demo.scenario import feeder
from electro_tools.errors import ToolError
from electro_tools.fleet import failures
from electro_tools.fleet.onboarding import MOST_PLACES, agree, enrol
from electro_tools.fleet.workers import Workers
from electro_tools.load import LoadCurve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from pathlib import Path

    from eth_account.signers.local import LocalAccount
    from web3.contract import Contract

    from electro_tools.demo.scenario import MeterPlan
    from electro_tools.fleet.failures import Failure
    from electro_tools.fleet.pace import Pace

_HOUR_S = 3600
_PEAK_W = 80_000.0
_POWER_FACTOR = 0.9
_STEP_S = 5  # in real time: how far meters go at a time
_BEFORE_S = 60  # from the last enrolment to the first interval; agreements are accepted in it
_DRAIN_INTERVALS = 48  # after the end: what is still under way may arrive
_QUIET_INTERVALS = 8  # nothing came for so long: nothing will


@dataclass(frozen=True)
class Wish:
    """What is to be run: so many meters for so many intervals, reporting after so many, on so many processes."""

    meters: int
    interval_s: int
    intervals: int
    report_every: int
    windows: int
    processes: int
    relayers: tuple[str, ...]
    shares: Mapping[str, float]


@dataclass
class Standing:
    """How one meter stands."""

    device: str
    failure: Failure | None
    agreement_id: int = 0
    told: dict[str, Any] = field(default_factory=dict)
    on_chain: int = 0  # intervals
    without_data: int = 0  # of these


@dataclass(frozen=True)
class Progress:
    """What is told as the run goes on: the stage, how far it is, and how the meters stand."""

    stage: str
    done: int
    total: int
    standings: tuple[Standing, ...] = ()


class Fleet:
    """One run.

    Args:
        contract: to which the meters report; `operator` enrols and proposes.
        pace: the chain's clock.
        at_once: transactions of one account that the chain's pool is sure to hold.
        folder: of the meters' journals.
        tell: called as things go on.
        trouble: awaited after each step with the part of the run that is over, 0 to 1.
    """

    def __init__(
        self,
        wish: Wish,
        contract: Contract,
        operator: LocalAccount,
        pace: Pace,
        at_once: int,
        folder: Path,
        tell: Callable[[Progress], None],
        trouble: Callable[[float], Awaitable[None]] | None = None,
    ) -> None:
        self._wish, self._contract, self._operator, self._pace = wish, contract, operator, pace
        self._at_once, self._folder, self._tell = at_once, folder, tell
        self._trouble = trouble
        self._workers = Workers(wish.processes)
        self.domain = Domain(contract.w3.eth.chain_id, address.parse(contract.address))
        self.standings: list[Standing] = []
        self.start_s = self.end_s = self._first_block = 0

    async def run(self) -> list[Standing]:
        """Live through the run; raises ToolError where it can't go on."""
        try:
            await self._open()
            await self._pass_time()
        finally:
            await self._workers.stop()
        return self.standings

    async def _open(self) -> None:
        wish, pace = self._wish, self._pace
        now_s = await asyncio.to_thread(pace.now_s)
        self._first_block = self._contract.w3.eth.block_number
        # time for the enrolments, a handful in each block, if the clock goes on by itself
        ready_s = 0 if pace.moves else _BEFORE_S + wish.meters
        self.start_s = -(-(now_s + ready_s + 2 * wish.interval_s) // wish.interval_s) * wish.interval_s
        self.end_s = self.start_s + wish.intervals * wish.interval_s
        plans = failures.plan(wish.meters, wish.shares, self.start_s, self.end_s)
        plan = self._plan()
        self._tell(Progress("start the meters", 0, wish.meters))
        configurations = [
            self._configuration(index, plan, plans[index], now_s) for index in range(wish.meters)
        ]
        ready = await self._workers.start(configurations)
        self._tell(Progress("start the meters", wish.meters, wish.meters))
        devices = await asyncio.to_thread(
            enrol, self._contract, self._operator, ready, self._at_once,
            lambda done: self._tell(Progress("enrol", done, wish.meters)),
        )  # fmt: skip
        self.standings = [Standing(*each) for each in zip(devices, plans, strict=True)]
        for first in range(0, wish.meters, MOST_PLACES):
            some = self.standings[first : first + MOST_PLACES]
            if await asyncio.to_thread(pace.now_s) >= self.start_s:
                raise ToolError(
                    "enrolling took longer than was thought", "try fewer meters, or quicker blocks"
                )
            agreement_id, _ = await asyncio.to_thread(
                agree, self._contract, self.domain, self._operator, plan.terms, plan.bonus, [s.device for s in some]
            )  # fmt: skip
            for standing in some:
                standing.agreement_id = agreement_id
            self._tell(Progress("propose, accept", first + len(some), wish.meters))
        await self._workers.tell_agreements([standing.agreement_id for standing in self.standings])

    def _plan(self) -> MeterPlan:
        wish = self._wish
        energy = [_load_w(index, wish) * wish.interval_s / _HOUR_S for index in range(wish.intervals)]
        # the schedule goes over the run once: a day's slots would be too many for short intervals
        length_s = wish.interval_s * wish.intervals
        curve = LoadCurve(self.start_s, wish.interval_s, tuple(energy), "a fleet's", length_s)
        return feeder("fleet", curve, 1.0, _POWER_FACTOR)

    def _configuration(
        self, index: int, plan: MeterPlan, failure: Failure | None, now_s: int
    ) -> dict[str, Any]:
        wish = self._wish
        folder = self._folder / f"meter{index}"
        folder.mkdir()
        shift = index % len(wish.relayers)
        return {
            "chain_id": self.domain.chain_id,
            "contract": address.checksum(self.domain.contract),
            "hardware_id": "0x" + (index + 1).to_bytes(32, "big").hex(),
            "relayers": list(wish.relayers[shift:] + wish.relayers[:shift]),
            "load_w": list(plan.load_w),
            "load_start": self.start_s,
            "start": min(now_s, self.start_s - wish.interval_s),
            "interval_seconds": wish.interval_s,
            "directory": str(folder),
            "seed": index + 1,
            "private_key": "0x" + secrets.token_hex(32),
            "power_factor": plan.power_factor,
            "windows_per_interval": wish.windows,
            "report_every": wish.report_every,
            "base_seconds": math.gcd(self.start_s, wish.interval_s, _HOUR_S),
            **({"failure": list(failure)} if failure else {}),
        }

    async def _pass_time(self) -> None:
        wish = self._wish
        step_s = wish.interval_s if self._pace.moves else min(_STEP_S, wish.interval_s)
        at_s = self.start_s
        while at_s < self.end_s:
            at_s = await self._live(at_s + step_s)
            done = min(wish.intervals, max(0, at_s - self.start_s) // wish.interval_s)
            self._tell(Progress("metering", done, wish.intervals, tuple(self.standings)))
            if self._trouble is not None:
                await self._trouble(done / wish.intervals)
        moved_s, before = at_s, -1
        for _ in range(_DRAIN_INTERVALS * wish.interval_s // step_s):
            waiting = [each for each in self.standings if not is_through(each, wish.intervals)]
            arrived = wish.meters - len(waiting)
            self._tell(Progress("the last reports arrive", arrived, wish.meters, tuple(self.standings)))
            there = sum(int(each.told.get("latest", 0)) for each in self.standings)
            if there != before:
                moved_s, before = at_s, there
            if not waiting or at_s - moved_s > _QUIET_INTERVALS * wish.interval_s:
                break
            at_s = await self._live(at_s + step_s)
        await asyncio.to_thread(self._look)

    async def _live(self, unix_s: int) -> int:
        reached_s = await self._pace.reach(unix_s)
        for standing, told in zip(self.standings, await self._workers.live_until(reached_s), strict=True):
            standing.told = told
        return reached_s

    def _look(self) -> None:
        """Ask the contract itself how far it has come with each meter."""
        for standing in self.standings:
            point = self._contract.functions.point(standing.agreement_id, standing.device).call()
            standing.on_chain = int(point[1])
        by_device = {standing.device: standing for standing in self.standings}
        for log in self._contract.events.EnergyReported().get_logs(from_block=self._first_block):
            told = by_device.get(log["args"]["device"])
            if told is not None:
                told.without_data += unpack(log["args"]["readings"]).count(NO_DATA)


def is_through(standing: Standing, intervals: int) -> bool:
    """Tell whether everything a meter had to report is on chain, as it knows itself."""
    return standing.told.get("latest") == intervals and not standing.told.get("outages")


def _load_w(index: int, wish: Wish) -> float:
    """Return the power of an interval: a day's wave between half and full load, whatever an interval's length."""
    return _PEAK_W * (0.75 - 0.25 * math.cos(2 * math.pi * index / max(1, wish.intervals)))
