# SPDX-License-Identifier: Apache-2.0
"""Real meters on a real network: the firmware's journal and uplink, on a clock that runs SPEED times as fast.

Only the metering is left out: the test says what an interval measured, and it is journalled as the meter would.
"""

import asyncio
import math
import os
import time

from electro_meter.account.journal import BASE_FILES, BASE_SLOTS, Ring
from electro_meter.account.records import BASE, JOINED, START
from electro_meter.account.reports import Reports
from electro_meter.life.config import Config
from electro_meter.life.keys import Signer
from electro_meter.uplink.clock import Clock
from electro_meter.uplink.exchange import Uplink
from electro_meter.world import Board
from electro_protocol.address import checksum
from electro_protocol.eip712 import Domain
from electro_protocol.readings import unpack
from tests.relayer.world import INTERVAL_S

SPEED = 300  # a meter asks every ten minutes what has become final, and here every two seconds
RESEND_MS = 450_000  # 1.5 s: longer than a block
MAX_BACKOFF_MS = 300_000
WH_J = 3_600


class LiveBoard(Board):
    """Real sockets, a fast clock that begins at the agreement's end, no other hardware."""

    clock_is_true = True

    def __init__(self, began_s, directory):
        self._began_us, self._started = began_s * 1_000_000, time.monotonic()
        self.directory = directory
        self.said = []
        self._connections = []

    def uptime_us(self):
        return 1 + int((time.monotonic() - self._started) * SPEED * 1_000_000)

    def kept_unix_us(self):
        return self._began_us + self.uptime_us()

    async def wait(self, signal, timeout_ms):
        return await super().wait(signal, timeout_ms / SPEED)

    async def connect(self, address, port, server_hostname):
        reader, writer = await asyncio.open_connection(address, port)
        self._connections.append(writer)
        return reader, writer

    def hang_up(self):
        """End every connection that is still open, as a reset does."""
        for writer in self._connections:
            writer.close()
        self._connections.clear()

    def entropy(self, count):
        return os.urandom(count)

    def log(self, sentence):
        self.said.append(sentence)


class Measuring:
    """What reports ask of the metering: up to where bases are closed, and that there was no outage, as all can read."""

    version = unread = 0
    is_all_known = True

    def __init__(self, base_s):
        self.base_us = base_s * 1_000_000
        self.until_s = 0
        self.ring = self

    def open_s(self):
        return self.until_s

    def undecided_s(self):
        return 0

    def touching(self, _from_s, _to_s):
        return []


class Urls(list):
    """The addresses of a meter's relayers; what is put in their place is asked from then on."""

    def __init__(self, sources):
        super().__init__(source.url for source in sources)
        self._sources = sources

    def __setitem__(self, where, urls):
        super().__setitem__(where, urls)
        for source, url in zip(self._sources, self, strict=True):
            source.url = url


class RealMeter:
    def __init__(self, world, meter, folder, relayers, nodes=()):
        self.meter, self.world = meter, world
        self._folder = str(folder)
        self._board = LiveBoard(world.now, self._folder)
        self._base_s = math.gcd(world.start, INTERVAL_S)
        self._measuring = Measuring(self._base_s)
        self._count = 0
        self._config = Config({
            "chain_id": world.chain_id,
            "contract": checksum(world.address),
            "hardware_id": "0x" + "11" * 32,
            "relayers": list(relayers),
            "nodes": list(nodes),
            "base_seconds": self._base_s,
            "resend_ms": RESEND_MS,
            "max_backoff_ms": MAX_BACKOFF_MS,
        })  # fmt: skip
        self._signer = Signer(meter.secret, Domain(world.chain_id, world.address), self._board.log)
        assert self._signer.address == meter.device

    def power_on(self):
        """Begin with what is in the folder, as after a reset."""
        self.journal = Ring(self._folder, ".base", BASE_SLOTS, BASE_FILES)
        clock = Clock(self._board)
        self.reports = Reports(self.journal, self._measuring, self._measuring, clock)
        self._wake = self._board.signal()
        self.uplink = Uplink(self._board, self._config, self._signer, clock, self.reports, self._wake)
        self._task = asyncio.create_task(self.uplink.exchange_task())

    async def power_off(self):
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._board.hang_up()

    def measure(self):
        """Close one more interval, with a reading of its own."""
        reading = 20 + (self.meter.device[0] + 7 * self._count) % 150
        first = (self.world.start + self._count * INTERVAL_S) // self._base_s
        register_j = self.journal.newest[4] if self.journal.newest else 0
        if not self._count:
            self.journal.append(START, 0, 0, first, 0, 0, 0, 0, 0)
        parts = INTERVAL_S // self._base_s
        for part in range(parts):
            if part == parts - 1:
                register_j += 10 * reading * WH_J
            joined = JOINED if self._count or part else 0
            self.journal.append(BASE, joined, 10 * self._base_s, first + part, register_j, 0, 0, 0, 0)
        self._count += 1
        self._measuring.until_s = self.world.start + self._count * INTERVAL_S
        self._wake.set()

    @property
    def measured(self):
        return self._count

    @property
    def relayers(self):
        """The addresses that it knows, to be changed in place."""
        return Urls([source for source in self.uplink.turns.sources if not source.is_node])

    @property
    def position(self):
        """What the meter knows of the contract: its next interval at the latest and at the final block."""
        for agreement in self.uplink.agreements.all:
            if agreement.id == self.meter.agreement_id:
                return agreement.next_latest, agreement.next_final
        return 0, 0

    def journalled(self):
        """Every interval's reading, and the register at its end in Wh, as they are on the flash."""
        found, before_j = [], 0
        for index in range(self._count):
            last = (self.world.start + (index + 1) * INTERVAL_S) // self._base_s - 1
            register_j = self.journal.read(self.journal.find(last))[4]
            found.append(((register_j - before_j) // (10 * WH_J), register_j // WH_J))
            before_j = register_j
        return found

    def on_chain(self):
        """The same as the contract's events tell it; the register is None but at the end of a report."""
        found = []
        for entry in self.world.report_events(self.meter):
            told = entry["args"]
            assert told["firstInterval"] == len(found)  # in order, none twice, none missing
            lanes = unpack(told["readings"])
            found += [(lane, None) for lane in lanes[:-1]] + [(lanes[-1], told["registerWh"])]
        return found

    def agrees(self):
        """Tell whether contract and journal say the same, and the meter knows that it is final."""
        count = self._count
        if self.position != (count, count) or self.world.next_interval(self.meter) != count:
            return False
        journalled = self.journalled()
        assert [
            (reading, register if told is not None else None)
            for (reading, register), (_, told) in zip(journalled, self.on_chain(), strict=True)
        ] == self.on_chain()
        return True
