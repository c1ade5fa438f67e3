# SPDX-License-Identifier: Apache-2.0
"""Let a meter speak to sources in virtual time: its uplink is the meter's own, its journal and all hosts stand-ins."""

import asyncio
import unittest

import scratch
from network_board import NetworkBoard
from simulated_relayer import SimulatedRelayer

from electro_meter.life.config import Config
from electro_meter.life.keys import Signer
from electro_meter.uplink.clock import Clock
from electro_meter.uplink.exchange import Uplink
from electro_protocol.address import checksum
from electro_protocol.eip712 import Domain
from electro_protocol.readings import pack
from electro_protocol.reports import EnergyReport

START = 1_800_000_000
CONTRACT = bytes(range(20))
INTERVAL_S = 900
S = 1_000_000


class Reports:
    """A journal in which interval k has k units."""

    def __init__(self, board):
        self._board = board
        self.outage_version = 0
        self.lost = []  # (started, ended, cause)

    def closed(self, agreement):
        passed_s = self._board.true_us // S - agreement.start_s
        return max(0, min(agreement.end, passed_s // agreement.interval_s))

    def fits(self, agreement):
        return True

    def forget_keys(self):
        pass

    async def build(self, agreement, first, end, url):
        end = min(end, first + agreement.slots - first % agreement.slots)
        lanes = pack([k & 0x7FFF for k in range(first, end)])
        return EnergyReport(agreement.id, agreement.start_s, agreement.terms, first, end, lanes)

    def outages(self, agreement):
        return [(number,) + one for number, one in enumerate(self.lost)]

    def outage(self, agreement, number):
        if number >= len(self.lost):
            return None

        from electro_protocol.reports import OutageReport  # for an exchange, as the meter imports it

        started, ended, cause = self.lost[number]
        return OutageReport(agreement.id, number, started, ended, cause)


@unittest.skipUnless(hasattr(asyncio, "run"), "the WebAssembly build has no event loop of its own")
class Exchanges(unittest.TestCase):
    intervals = 96

    def setUp(self):
        self.folder = scratch.folder()
        self.addCleanup(scratch.remove, self.folder)
        self.ledger = self.new_ledger()
        self.board = NetworkBoard(self.folder, START - 120)

    def new_ledger(self, **others):
        agreement = {
            "agreement_id": 7,
            "state": "accepted",
            "start": START,
            "interval_seconds": INTERVAL_S,
            "intervals": self.intervals,
            "slots": self.intervals,
            "unit_wh": 10,
            "bounds": {"first_interval": 0, "min": [1] * 96, "max": [600] * 96},
        }
        agreement.update(others)
        return SimulatedRelayer(1337, CONTRACT, agreement)

    def new_reports(self, clock):
        return Reports(self.board)

    def make(self, *sources, true_clock=True, **entries):
        """sources: (url, by)."""
        self.board.clock_is_true = true_clock
        settings = {
            "chain_id": 1337,
            "contract": checksum(CONTRACT),
            "hardware_id": "0x" + "11" * 32,
            "relayers": [{"url": url, "by": by} for url, by in sources],
        }
        settings.update(entries)
        self.signer = Signer(b"\x07" * 32, Domain(1337, CONTRACT), self.board.log)
        self.address = checksum(self.signer.address)
        self.ledger.enrol(self.address)
        clock = Clock(self.board)
        self.reports = self.new_reports(clock)
        self.wake = self.board.signal()
        self.uplink = Uplink(self.board, Config(settings), self.signer, clock, self.reports, self.wake)
        return self.uplink

    def run_to(self, *stops):
        """Run to each stop, seconds after START, or call it."""

        async def go():
            self.board.time.spawn(self.uplink.exchange_task())
            self.board.time.spawn(self.uplink.time_task())
            for stop in stops:
                if isinstance(stop, int):
                    while self.board.true_us < (START + stop) * S:
                        # the account wakes the uplink with each base
                        await self.board.time.run_until(min(self.board.true_us + 60 * S, (START + stop) * S))
                        self.wake.set()
                else:
                    stop()

        asyncio.run(go())

    @property
    def readings(self):
        return self.ledger.readings[self.address]

    def assert_all(self, count):
        self.assertEqual(self.readings, list(range(count)))

    def asked(self, host):
        return len([one for one in self.board.asked if one.split(" ")[0] == host])

    def posts(self, host):
        return len([one for one in self.board.asked if one.startswith(host + " POST")])
