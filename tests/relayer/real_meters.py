# SPDX-License-Identifier: Apache-2.0
"""Real meters on a real network: the firmware's journal and uplink, on a clock that runs SPEED times as fast.

Only the metering is left out: the test says what an interval measured, and it is journalled as the meter would.
"""

import asyncio
import os
import time

from electro_meter.agreements import Agreements
from electro_meter.config import Config
from electro_meter.journal import INTERVAL, Journal
from electro_meter.keys import Signer
from electro_meter.uplink import Uplink
from electro_meter.world import Board
from electro_protocol.address import checksum
from electro_protocol.eip712 import Domain
from tests.relayer.world import INTERVAL_S

SPEED = 300  # a meter asks every ten minutes what has become final, and here every two seconds
RESEND_MS = 450_000  # 1.5 s: longer than a block
MAX_BACKOFF_MS = 300_000


class LiveBoard(Board):
    """Real sockets, a fast clock that begins at the agreement's end, no other hardware."""

    def __init__(self, began_s):
        self._began_us, self._started = began_s * 1_000_000, time.monotonic()
        self.said = []

    def unix_us(self):
        return self._began_us + int((time.monotonic() - self._started) * SPEED * 1_000_000)

    async def wait(self, signal, timeout_ms):
        return await super().wait(signal, timeout_ms / SPEED)

    async def connect(self, host, port, tls):
        return await asyncio.open_connection(host, port)

    def entropy(self, count):
        return os.urandom(count)

    def log(self, sentence):
        self.said.append(sentence)


class Closed:
    """What the uplink asks of the metering: up to where the intervals are closed."""

    def __init__(self):
        self.end = 0

    def open_index(self, agreement):
        return min(self.end, agreement.intervals)


class RealMeter:
    def __init__(self, world, meter, folder, relayers, nodes=()):
        self.meter, self.world = meter, world
        self._board, self._folder, self._closed = LiveBoard(world.now), str(folder), Closed()
        self._config = Config({
            "chain_id": world.chain_id,
            "contract": checksum(world.address),
            "hardware_id": "0x" + "11" * 32,
            "relayers": list(relayers),
            "nodes": list(nodes),
            "resend_ms": RESEND_MS,
            "max_backoff_ms": MAX_BACKOFF_MS,
        })  # fmt: skip
        self._signer = Signer(meter.secret, Domain(world.chain_id, world.address), self._board.log)
        assert self._signer.address == meter.device

    def power_on(self):
        """Begin with what is in the folder, as after a reset."""
        self.journal, self.agreements = Journal(self._folder), Agreements(self._folder)
        self.uplink = Uplink(
            self._board, self._config, self._signer, self.agreements, self.journal, self._closed
        )
        self._task = asyncio.create_task(self.uplink.run())

    async def power_off(self):
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    def measure(self):
        """Close one more interval, with a reading of its own."""
        index = self._closed.end
        reading = 20 + (self.meter.device[0] + 7 * index) % 150
        last = self.journal.last_register
        self.journal.append(
            INTERVAL,
            agreement_id=self.meter.agreement_id,
            index=index,
            reading=reading,
            register_wh=(last.register_wh if last else 0) + 10 * reading,
            start_s=self.world.start + index * INTERVAL_S,
        )
        self._closed.end += 1
        self.uplink.wake.set()

    @property
    def measured(self):
        return self._closed.end

    @property
    def relayers(self):
        """The addresses that it knows, to be changed in place."""
        return self._config.relayers

    @property
    def position(self):
        """What the meter knows of the contract: its next interval at the latest and at the final block."""
        agreement = self.agreements.by_id(self.meter.agreement_id)
        return (agreement.next_latest, agreement.next_final) if agreement else (0, 0)

    def journalled(self):
        """Every interval's reading, and the register at its end, as they are on the flash."""
        records = [self.journal.find(self.meter.agreement_id, index) for index in range(self._closed.end)]
        return [(record.reading, record.register_wh) for record in records]

    def on_chain(self):
        """The same as the contract's events tell it; the register is None but at the end of a report."""
        logs = self.world.contract.events.EnergyReported().get_logs(
            from_block=0, argument_filters={"device": "0x" + self.meter.device.hex()}
        )
        found = []
        for entry in logs:
            told = entry["args"]
            assert told["firstInterval"] == len(found)  # in order, none twice, none missing
            lanes = [
                int.from_bytes(told["readings"][at : at + 2], "big")
                for at in range(0, len(told["readings"]), 2)
            ]
            found += [(lane, None) for lane in lanes[:-1]] + [(lanes[-1], told["registerWh"])]
        return found

    def agrees(self):
        """Tell whether contract and journal say the same, and the meter knows that it is final."""
        count = self._closed.end
        if self.position != (count, count) or self.world.next_interval(self.meter) != count:
            return False
        journalled = self.journalled()
        assert [
            (reading, register if told is not None else None)
            for (reading, register), (_, told) in zip(journalled, self.on_chain(), strict=True)
        ] == self.on_chain()
        return True
