# SPDX-License-Identifier: Apache-2.0
"""Be a Board as far as time goes: a clock that is always right, and waits that cost nothing."""

from electro_meter.world import Board, Signal
from electro_tools.grid.virtual_time import VirtualSignal, VirtualTime

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import Any


class VirtualBoard(Board):
    """A subclass adds the grid and the network."""

    def __init__(self, directory: str, start_s: int, skew_us: int) -> None:
        self.directory = directory
        self.skew_us = skew_us
        self.time = VirtualTime(start_s * 1_000_000)
        self._started_us = self.time.now_us - 1  # an uptime of 0 would be none

    clock_is_true = True

    def uptime_us(self) -> int:
        return self.time.now_us - self._started_us

    def kept_unix_us(self) -> int:
        return self.time.now_us

    def set_chip_clock(self, unix_s: int) -> None:
        pass  # it is right

    async def sleep_ms(self, ms: int) -> None:
        await self.time.sleep_until(self.time.now_us + ms * 1000)

    async def wait(self, signal: Signal, timeout_ms: int) -> bool:
        assert isinstance(signal, VirtualSignal)  # made by this Board
        return await self.time.sleep_until(self.time.now_us + timeout_ms * 1000, signal)

    def signal(self) -> Signal:
        return VirtualSignal(self.time)

    def spawn(self, task: "Coroutine[Any, Any, None]") -> None:
        self.time.spawn(task)
