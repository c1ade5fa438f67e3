# SPDX-License-Identifier: Apache-2.0
"""Say what the meter may know of the world: the one object through which it samples, waits, keeps and speaks.

`board.Esp32Board` is the chip, `electro_tools.grid.board.SimulatedBoard` a grid with virtual time. Every wait of
the meter goes through `sleep_ms` and `wait`, so a simulation can let the clock jump when every task sleeps.
"""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Coroutine
    from typing import Any

CLOCK_NEVER_SET = 0  # since power-on nobody told the time: no interval may be closed
CLOCK_KEPT = 1  # set once and carried through a reset by the RTC
CLOCK_SYNCED = 2  # confirmed by NTP since this start


class Signal:
    """An event between tasks; `Board.wait` consumes it."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        self._event.set()

    def clear(self) -> None:
        self._event.clear()

    def is_set(self) -> bool:
        return self._event.is_set()

    async def wait(self) -> None:
        await self._event.wait()


class Board:
    """The world in real time; a subclass adds the hardware it has."""

    directory = "."  # where the journal and the state live
    skew_us = 0  # from the instant of a voltage sample to that of its current sample

    def uptime_us(self) -> int:
        """Return the microseconds since some start, which no step of the clock moves.

        A Board that does not say how is one whose clock never steps.
        """
        return self.unix_us()

    async def sleep_ms(self, ms: int) -> None:
        await asyncio.sleep(ms / 1000)

    async def wait(self, signal: Signal, timeout_ms: int) -> bool:
        """Return True once the signal is set (and clear it), False after the timeout."""
        try:
            await asyncio.wait_for(signal.wait(), timeout_ms / 1000)
        except asyncio.TimeoutError:
            return False
        signal.clear()
        return True

    def signal(self) -> Signal:
        return Signal()

    channels = 1  # pairs of voltage and current

    def select_channel(self, channel: int) -> None:
        """Read this pair from the next stretch on; range and bias are those of the pair that is selected."""
        # most Boards have one

    # Pairs sampled between two looks at them: a look takes some 200 µs on a chip, and a loss of voltage waits for it.
    pairs_a_run = 16

    has_fine = False  # the current has a second, amplified range, and its bias can be moved

    def on_reserve(self) -> bool:
        """Return whether the board lives on its supercapacitor; False where nobody can tell."""
        return False

    def save_power(self, level: int) -> None:
        """Switch off what a last gasp can do without: see `reserve` for the levels."""
        # most Boards have nothing to switch

    if TYPE_CHECKING:  # what a Board has to bring; on a chip these would take 1.5 KB for saying so
        # time

        def unix_us(self) -> int:
            """Return the microseconds since 1970, UTC; between two steps of the clock never falling."""
            ...

        def clock_quality(self) -> int:
            """Return CLOCK_NEVER_SET, CLOCK_KEPT or CLOCK_SYNCED."""
            ...

        async def sync_clock(self) -> bool:
            """Ask the network for the time; return whether the clock is set now."""
            ...

        def spawn(self, task: "Coroutine[Any, Any, None]") -> None:
            """Run a task of the meter beside the others."""
            ...

        # the grid

        def begin(self) -> None:
            """Begin a stretch: the times of its pairs count from now."""
            ...

        def sample(
            self, times_us: "array[int]", volts: "array[int]", amps: "array[int]", first: int, end: int
        ) -> None:
            """Fill places first … end-1 with the stretch's next raw ADC pairs.

            times_us belong to the voltage; the current is skew_us later.
            """
            ...

        def sample_grid(self, volts: "array[int]", first: int, end: int) -> bool:
            """Do so with the voltage on the grid side of the breaker; return False if that input does not exist."""
            ...

        def select_range(self, fine: bool) -> None:
            """Read the current through its amplifier from the next stretch on, or directly."""
            ...

        def step_bias(self, step: int) -> None:
            """Move the bias of the current's channel to one of eight steps, about eight counts apart."""
            ...

        # the network

        async def connect(self, host: str, port: int, tls: bool) -> "tuple[Any, Any]":
            """Open a connection and return (reader, writer).

            Raises OSError if the network, the name or the peer is not there.
            """
            ...

        # secrets

        def entropy(self, count: int) -> bytes:
            """Return random bytes; on the chip true-random only while the radio is on."""
            ...

        def load_key(self) -> "bytes | None": ...

        def store_key(self, private_key: bytes) -> None: ...

        # what else outlives the settings: the calibration

        def load_blob(self, name: str) -> "bytes | None":
            """Return what was stored under a name of at most 15 characters, None if nothing was."""
            ...

        def store_blob(self, name: str, content: bytes) -> None:
            """Store it, whole or not at all."""
            ...

        # outputs

        def show(self, alive: bool, warning: bool, shed: bool) -> None:
            """Set the status LED (see `lights`), the warning output and the load-shedding output."""
            ...

        # power

        def feed_watchdog(self) -> None: ...

        def log(self, sentence: str) -> None:
            """Tell a person at the serial line."""
            ...
