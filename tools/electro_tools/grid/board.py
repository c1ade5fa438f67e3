# SPDX-License-Identifier: Apache-2.0
"""A Board without hardware: a grid, a load, an ADC and a clock that the meter takes for the world."""

import asyncio
from array import array

from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS, READ_US, Converter, clip_to_range
from electro_tools.grid.load import LoadCurve
from electro_tools.grid.periods import GRID, Periods
from electro_tools.grid.randomness import Randomness
from electro_tools.grid.virtual_board import VirtualBoard

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class SimulatedBoard(VirtualBoard):
    """See electro_meter.world.Board; virtual time, real TCP."""

    pairs_a_run = 64  # nobody waits in virtual time, and a loss of voltage may be known 16 ms later

    def __init__(
        self,
        directory: str,
        start_s: int,
        load: LoadCurve,
        converter: Converter,
        randomness: Randomness,
        nominal_v: float,
        rated_a: float,
        power_factor: float,
        interruptions: Periods,
        network_down: Periods,
        private_key: "bytes | None" = None,
    ) -> None:
        super().__init__(directory, start_s, READ_US)
        self.load = load
        self.interruptions = interruptions
        self._converter = converter
        self._randomness = randomness
        self._counts_per_watt = RATED_COUNTS / rated_a / (nominal_v * power_factor)
        self._network_down = network_down
        self._private_key = private_key
        self._pace_us = 0
        self._origin_us = 0
        self._next_us = 0  # when the next pair can be read, since then
        self.outputs = (False, False, False)
        self.last_log = ""
        self.blobs: "dict[str, bytes]" = {}  # what a chip has in NVS
        self.memory: "bytes | None" = None  # and in RTC memory

    def begin(self) -> int:
        self._pace_us = self._converter.pace()
        self._origin_us = self.time.now_us
        self._next_us = 0
        return self.uptime_us()

    def sample(
        self, times_us: "array[int]", volts: "array[int]", amps: "array[int]", first: int, end: int
    ) -> None:
        self._sample(times_us, volts, amps, first, end, False)

    def sample_grid(self, volts: "array[int]", first: int, end: int) -> bool:
        # the second input has no current beside it
        self._sample(array("i", [0] * end), volts, array("H", volts), first, end, True)
        return True

    def _sample(
        self,
        times_us: "array[int]",
        volts: "array[int]",
        amps: "array[int]",
        first: int,
        end: int,
        grid_side: bool,
    ) -> None:
        """Convert a run piece by piece, each between two changes of load or supply, and let its time pass."""
        pace_us, run_us, run_first = self._pace_us, self._next_us, first
        for k in range(first, end):
            times_us[k] = self._next_us
            self._next_us += pace_us
        start_us = self._origin_us + run_us
        end_us = self._origin_us + self._next_us
        # whole cycles a second or not: only continuity within the stretch matters
        phase0_us = self._origin_us % 1_000_000
        at_us = start_us
        while first < end:
            edge_us = self.interruptions.next_edge_us(at_us, self.load.next_edge_us(at_us, end_us))
            last = min(end, max(first + 1, run_first + (edge_us - start_us + pace_us - 1) // pace_us))
            gone = self.interruptions.at(at_us)
            volts_counts = 0.0 if gone and (gone.side == GRID or not grid_side) else float(NOMINAL_COUNTS)
            amps_counts = 0.0 if gone else clip_to_range(self.load.watts_at(at_us) * self._counts_per_watt)
            self._converter.fill(times_us, volts, amps, first, last, phase0_us, volts_counts, amps_counts)
            first = last
            at_us = start_us + (first - run_first) * pace_us
        self.time.now_us = end_us

    async def connect(self, address: str, port: int, server_hostname: "str | None") -> "tuple[Any, Any]":
        if self._network_down.at(self.time.now_us) is not None:
            raise OSError("the network is down")
        if server_hostname is not None:
            raise OSError("a simulated meter speaks http only")
        return await asyncio.open_connection(address, port)

    def entropy(self, count: int) -> bytes:
        return self._randomness.octets(count)

    def load_key(self) -> "bytes | None":
        return self._private_key

    def store_key(self, private_key: bytes) -> None:
        self._private_key = private_key

    def show(self, alive: bool, warning: bool, shed: bool) -> None:
        self.outputs = (alive, warning, shed)

    def load_blob(self, name: str) -> "bytes | None":
        return self.blobs.get(name)

    def store_blob(self, name: str, content: bytes) -> None:
        self.blobs[name] = content

    def retained(self) -> "bytes | None":
        return self.memory

    def retain(self, content: bytes) -> None:
        self.memory = content

    def reset(self, reason: str) -> None:
        raise SystemExit(reason)

    def feed_watchdog(self) -> None:
        pass  # nothing to feed

    def log(self, sentence: str) -> None:
        self.last_log = sentence
