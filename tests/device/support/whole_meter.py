# SPDX-License-Identifier: Apache-2.0
"""Run the whole meter on a simulated grid, in virtual time, against a ledger that checks every signature."""

import asyncio
import unittest

import scratch
from simulated_relayer import SimulatedRelayer, connect

from electro_meter.life.app import Meter
from electro_meter.life.config import Config
from electro_protocol.address import checksum
from electro_tools.grid.board import SimulatedBoard
from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS, Converter
from electro_tools.grid.load import LoadCurve
from electro_tools.grid.periods import Periods
from electro_tools.grid.randomness import Randomness

START = 1_800_000_000
CONTRACT = bytes(range(20))
INTERVAL_S = 900
WATTS = 20_000
S = 1_000_000


def register_wh(meter):
    """Return what the meter shows."""
    return meter.account.import_uj // 3_600_000_000


class LoopbackBoard(SimulatedBoard):
    """A simulated Board whose network leads to a ledger, by the name of the host."""

    ledgers = None

    async def connect(self, address, port, server_hostname):
        if self._network_down.at(self.time.now_us) is not None or address not in self.ledgers:
            raise OSError("no route")
        return connect(self.ledgers[address])


class Meters(unittest.TestCase):
    def setUp(self):
        if not hasattr(asyncio, "run"):
            raise unittest.SkipTest("the WebAssembly build has no event loop of its own")
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.ledger = SimulatedRelayer(
            1337,
            CONTRACT,
            {
                "agreement_id": 7,
                "state": "accepted",
                "start": START,
                "interval_seconds": INTERVAL_S,
                "intervals": 12,
                "slots": 8,
                "unit_wh": 10,
                "remaining_bonus": "1",
                "bounds": {"first_interval": 0, "min": [1] * 12, "max": [600] * 12},
            },
        )
        self.signed = []

    def make(
        self,
        interruptions=(),
        network_down=(),
        relayers=("http://one",),
        watts=None,
        start_s=START - 300,
        **entries,
    ):
        randomness = Randomness(5)
        board = LoopbackBoard(
            self.folder,
            start_s,
            LoadCurve(watts or [WATTS] * 12, START, INTERVAL_S, 3),
            Converter(randomness, 50, 0.58),
            randomness,
            230.0,
            200.0,
            0.58,
            Periods(list(interruptions)),
            Periods(list(network_down)),
            b"\x07" * 32,
        )
        board.ledgers = {"one": self.ledger}
        settings = {
            "chain_id": 1337,
            "contract": checksum(CONTRACT),
            "hardware_id": "0x" + "11" * 32,
            "relayers": list(relayers),
            "report_every": 2,
            "window_period_ms": 180_000,
            "max_gap_ms": 300_000,
            "uv_per_count": int(230e6 / NOMINAL_COUNTS),
            "ua_per_count": int(200e6 / RATED_COUNTS),
            "rated_ma": 200_000,
        }
        settings.update(entries)
        self.config = Config(settings)
        return board, self.meter_of(board)

    def meter_of(self, board):
        """Return a meter on a board, with the last configuration made."""
        meter = Meter(board, self.config, self.signed.append)
        self.address = checksum(meter.signer.address)
        if self.address not in self.ledger.readings:
            self.ledger.enrol(self.address)
        return meter

    def run_to(self, board, meter, *stops):
        """Run to each stop; a stop is seconds after START, or a function that changes the world in between."""

        async def go():
            meter.start()
            for stop in stops:
                if isinstance(stop, int):
                    await board.time.run_until((START + stop) * 1_000_000)
                else:
                    stop()

        asyncio.run(go())

    @property
    def readings(self):
        return self.ledger.readings[self.address]

    def assert_measured(self, readings, watts=WATTS):
        for reading in readings:
            self.assertLess(abs(reading - watts / 40), watts / 40 * 0.03)
