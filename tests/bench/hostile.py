# SPDX-License-Identifier: Apache-2.0
"""Let the whole meter live a week in a world that means it ill, and count what it lost, billed wrongly or did unasked.

    python tests/bench/hostile.py [--days 7] [--seed 1] [--short] [--json]

Relayers, nodes, name servers, time servers and flash lie, stall, cut and fill at random (`hostile_world`): each is
honest for less than half of the time. The chip is reset and loses its power a few times a day, supply fails, the chain
goes back. For the first half the agreement is a plain one, for the second a sealed one, with other bands for every few
passes. Three honest hours follow.

| figure | what it counts |
|---|---|
| lost | intervals that were measured and are not on the chain as readings |
| wrong | readings that differ from the energy that was really taken, or of an unmeasurable interval are above it; |
| | intervals that read interrupted and were not, or the other way round |
| unconfirmed_acts | windows of load shed without a cause; reports too early, or judged by bands that don't hold |
| restarts | of tasks, and of the chip by the meter itself |
| unmeasurable | intervals with a loss of power, or a reset before the flash took them or anybody told the time |

The first four must be zero. Simulated, in CPython and virtual time; a window each ten seconds. --short lives half a
day, as the test does.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "device" / "support"), str(Path(__file__).parent)]

from hostile_chain import Chain  # noqa: E402 - after the path
from hostile_flash import Moods  # noqa: E402
from hostile_world import CHAIN_ID, CONTRACT, NODES, SOURCES, TIME, UNIT_WH, HostileBoard, S  # noqa: E402
from sealed_terms import VIEWING, SealedRelayer  # noqa: E402
from simulated_relayer import SimulatedRelayer  # noqa: E402

from electro_meter.account.sealing import keep  # noqa: E402
from electro_meter.life.app import Meter  # noqa: E402
from electro_meter.life.config import Config  # noqa: E402
from electro_protocol.address import checksum  # noqa: E402
from electro_protocol.readings import INTERRUPTED, NO_DATA, pack  # noqa: E402
from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS, Converter  # noqa: E402
from electro_tools.grid.load import LoadCurve  # noqa: E402
from electro_tools.grid.periods import CONSUMER, GRID, Period, Periods  # noqa: E402
from electro_tools.grid.randomness import Randomness  # noqa: E402

MUST_BE_ZERO = ("lost", "wrong", "unconfirmed_acts", "restarts")
START = 1_800_000_000
BEGIN = START - 3_600  # of the meter's life
INTERVAL_S = 900
HONEST_END_S = 3 * 3600
WINDOW_EVERY_S = 10
BASE_S = 300
REPLACED = 0.01  # bands, in a minute
EDGE_S = 60  # an interruption lasts as long, at least
DARK_S = (2, 8)  # with two windows' distance within the 5% that may lack
# Of a window each ten seconds, on a load that swings by 3% inside an interval, and a unit's rounding.
TOLERANCE = 0.04
TOLERANCE_UNITS = 3
# Of what the neighbours differ by: energy of an hour and more that was placed once somebody told the time (`undated`).
PLACED_TOLERANCE = 1 / 40
WATTS = (4_000, 60_000)
BAND = (0, 4_000)  # units; the load never takes more than 1,500 in an interval
SLOTS, SEALED_SLOTS = 96, 8  # a pass of two hours


class Life:
    """A meter, its world, and what really happened."""

    def __init__(self, folder: str, days: float, seed: int) -> None:
        self.chance = random.Random(seed)
        self.intervals = int(days * 86_400) // INTERVAL_S
        self.end_s = START + self.intervals * INTERVAL_S
        self.folder = folder
        chance = self.chance
        watts = [float(chance.randint(*WATTS)) for _ in range(self.intervals + 20)]
        self.load = LoadCurve(watts, START, INTERVAL_S, seed)
        self.interruptions = Periods(
            [
                Period(at_s, at_s + chance.randint(60, 4_000), chance.choice((GRID, CONSUMER)))
                for at_s in sorted(
                    chance.sample(range(START + 3_600, self.end_s - 9_000, 9_000), int(days * 2))
                )
            ]
        )
        half = self.intervals // 2
        self.chain = Chain(
            [
                SimulatedRelayer(CHAIN_ID, CONTRACT, _agreement(7, START, half, SLOTS)),
                SealedRelayer(
                    CHAIN_ID,
                    CONTRACT,
                    _agreement(8, START + half * INTERVAL_S, self.intervals - half, SEALED_SLOTS),
                    pack([BAND[0]] * SEALED_SLOTS + [BAND[1]] * SEALED_SLOTS),
                ),
            ]
        )
        keep(folder, VIEWING)
        randomness = Randomness(seed)
        self.board = HostileBoard(
            folder, BEGIN, self.load, Converter(randomness, 50, 0.9), randomness, 230.0, 200.0, 0.9,
            self.interruptions, Periods([]), b"\x07" * 32,
        )  # fmt: skip
        self.board.begin_life(seed, BEGIN * S)
        self.board.chain = self.chain
        self.board.moods = Moods(seed, BEGIN, self.end_s)
        self.lost_power: list[tuple[int, int]] = []  # energy since the last copy is gone with it
        self.undated: list[tuple[int, int]] = []  # since the start of the chip
        self.meter: Meter
        self.task_restarts = 0
        self.shed_windows = 0

    def settings(self) -> Config:
        urls = {name: {"url": url, "by": by} for name, (url, by, _) in SOURCES.items()}
        return Config(
            {
                "chain_id": CHAIN_ID, "contract": checksum(CONTRACT), "hardware_id": "0x" + "11" * 32,
                "relayers": [one for name, one in urls.items() if name not in NODES],
                "nodes": [urls[name] for name in NODES], "time_servers": list(TIME), "rated_ma": 200_000,
                "window_period_ms": WINDOW_EVERY_S * 1000, "max_gap_ms": 60_000,
                "uv_per_count": int(230e6 / NOMINAL_COUNTS), "ua_per_count": int(200e6 / RATED_COUNTS),
            }
        )  # fmt: skip

    async def live(self) -> None:
        """Live until the end, with resets and losses of power on the way."""
        chance = self.chance
        board = self.board
        while board.now_s < self.end_s + HONEST_END_S:
            self._begin()
            began_s = board.now_s
            until_s = min(board.now_s + chance.randint(3_600, 30_000), self.end_s + HONEST_END_S)
            while board.now_s < until_s:
                await board.time.run_until(min(board.now_s + 60, until_s) * S)
                self.shed_windows += self.meter.shedding.shed
                if not self.meter.clock.dated:
                    self.undated.append((began_s, board.now_s))
                if board.now_s < self.end_s and chance.random() < 0.002:
                    self.chain.reorganise(chance)
                if chance.random() < REPLACED:
                    self.chain.replace_bands(chance, board.now_s)
            if until_s < self.end_s + HONEST_END_S:
                await self._end(power=chance.random() < 0.5)

    def _begin(self) -> None:
        self.meter = Meter(self.board, self.settings())
        self.board.address = checksum(self.meter.signer.address)
        for ledger in self.chain.ledgers:
            if self.board.address not in ledger.readings:
                ledger.enrol(self.board.address)
        self.meter.start()

    async def _end(self, *, power: bool) -> None:
        """Reset the chip, or take its power away for some seconds."""
        board = self.board
        self.task_restarts += sum(self.meter.supervisor.restarts.values())
        began_s, up_s = board.now_s, board.uptime_us() // S
        await board.start_again()
        if not self.meter.clock.dated:  # nor can what nobody could date yet be kept through it
            self.lost_power.append((began_s - up_s, began_s))
        waiting = self.meter.ring.waiting + self.meter.outage_ring.waiting
        if waiting:  # what a failing flash did not take is gone with the RAM
            self.lost_power.append((began_s - BASE_S * waiting, began_s))
        if power:
            board.memory = None
            board.kept_us = 0
        board.pass_dark(self.chance.randint(*DARK_S))
        if power:
            self.lost_power.append((began_s, board.now_s))

    def _true(self, from_s: int) -> float:
        """Return the units that were really taken in an interval."""
        return self.load.energy_wh(from_s * S, (from_s + INTERVAL_S) * S, self.interruptions) / UNIT_WH

    def _dark_s(self, from_s: int, until_s: int) -> int:
        """Return how long supply was gone, to a window or so."""
        instants = range(from_s, until_s, WINDOW_EVERY_S)
        return WINDOW_EVERY_S * sum(self.interruptions.at(at_s * S) is not None for at_s in instants)

    def judge(self) -> dict[str, Any]:
        """Compare what is on the chain with what really happened."""
        lost, wrong, unmeasurable, interrupted = [], [], 0, 0
        readings = [lane for ledger in self.chain.ledgers for lane in ledger.readings[self.board.address]]
        for k in range(self.intervals):
            from_s = START + k * INTERVAL_S
            # an open base interval goes with the power, and the one of the loss may begin before
            whole = not any(
                began - 600 < from_s + INTERVAL_S and from_s < ended + 300 for began, ended in self.lost_power
            )
            unmeasurable += not whole
            lane = readings[k] if k < len(readings) else NO_DATA
            if lane == NO_DATA:
                if whole:
                    lost.append(k)
                continue
            true = self._true(from_s)
            if whole:
                flagged = bool(lane & INTERRUPTED)
                interrupted += flagged
                edge_s = EDGE_S if flagged else 0
                dark_s = self._dark_s(from_s - edge_s, from_s + INTERVAL_S + edge_s)
                if (flagged and not dark_s) or (not flagged and dark_s > EDGE_S):
                    wrong.append((k, lane, round(true)))
            slack = TOLERANCE_UNITS + TOLERANCE * true
            if any(began < from_s + INTERVAL_S and from_s < ended for began, ended in self.undated):
                neighbours = self._true(from_s - INTERVAL_S), self._true(from_s + INTERVAL_S)
                slack += PLACED_TOLERANCE * sum(abs(one - true) for one in neighbours)
            if lane >= INTERRUPTED:
                slack += 2 * WINDOW_EVERY_S * max(WATTS) / 3_600 / UNIT_WH  # its edges lie between windows
            over = (lane & ~INTERRUPTED) - true
            if over > slack or (
                whole and -over > slack
            ):  # what went with the power lacks; nothing is ever added
                wrong.append((k, lane & ~INTERRUPTED, round(true)))
        return {
            "intervals": self.intervals,
            "delivered": len(readings),
            "interrupted": interrupted,
            "lost": len(lost),
            "wrong": len(wrong),
            "unconfirmed_acts": self.shed_windows + self.chain.early + self.chain.misjudged,
            "restarts": self.task_restarts + len(self.board.resets),
            "unmeasurable": unmeasurable,
            "power_lost": len(self.lost_power),
            "requests": self.board.requests,
            "moods": self.board.moods.changes,
            "suffered": self.board.lied,
            "which_lost": lost[:20],
            "which_wrong": wrong[:20],
            "resets": self.board.resets[:5],
            "last_failure": self.meter.supervisor.last,
        }


def _agreement(number: int, start_s: int, intervals: int, slots: int) -> dict[str, Any]:
    return {
        "agreement_id": number, "state": "accepted", "start": start_s, "interval_seconds": INTERVAL_S,
        "intervals": intervals, "slots": slots, "unit_wh": UNIT_WH, "band": BAND,
        "bounds": {"first_interval": 0, "min": [], "max": []},
    }  # fmt: skip


def live(days: float, seed: int) -> dict[str, Any]:
    """Return what became of a meter in such a world."""
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        life = Life(folder, days, seed)
        with life.board.failing_flash():
            asyncio.run(life.live())
        found = life.judge()
    return {
        "simulated": True,
        "days": days,
        "seed": seed,
        **found,
        "seconds": round(time.perf_counter() - began),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    logging.disable()
    found = live(0.5 if chosen.short else chosen.days, chosen.seed)
    if chosen.json:
        print(json.dumps(found))
        return
    for name in (
        "intervals",
        "delivered",
        "interrupted",
        *MUST_BE_ZERO,
        "unmeasurable",
        "power_lost",
        "requests",
    ):
        print(f"{name:<18}{found[name]:>10,}")
    print("suffered:", ", ".join(f"{name} {count}" for name, count in sorted(found["suffered"].items())))


if __name__ == "__main__":
    main()
