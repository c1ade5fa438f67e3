# SPDX-License-Identifier: Apache-2.0
"""Say what the meter may know of the world: the one object through which it samples, waits, keeps and speaks.

`board.Esp32Board` is the chip, `electro_tools.grid.board.SimulatedBoard` a grid with virtual time. Every wait of
the meter goes through `sleep_ms` and `wait`, so a simulation can let the clock jump when every task sleeps.
"""

import asyncio

# In Board.directory: `account.sealing` keeps them there, and not all meters have that module.
KEYS_FILE = "viewing.keys"
# An OSError's number where a file is not there, in WebAssembly the second. Any other: the flash can't be read now, and
# what it has is not known. Whoever takes that for nothing measures, signs or throws away what it must not.
NO_FILE = (2, 44)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Coroutine
    from typing import Any


class SetupError(ValueError):
    """The meter can't start before a person does something; the sentence says what."""


class ConfigError(SetupError):
    """The configuration can't be used; the sentence names the entry."""


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
    start_reason = ""  # what started the chip: "power", or a word for a reset
    clock_is_true = False  # a simulation's clock is right from the start; nobody has to tell the time

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

    hears = False  # there is a serial line at which a person may ask

    async def heard(self) -> str:
        """Return the next character from the serial line."""
        while True:  # most Boards have none
            await self.sleep_ms(3_600_000)

    def network(self) -> "dict[str, object]":
        """Return what is known of the network that the Board is in, for people."""
        return {}

    def end_trial(self) -> None:
        """Stop the timer by which boot.py ends a trial that nobody ends."""
        # most Boards never try a program

    def on_reserve(self) -> bool:
        """Return whether the board lives on its supercapacitor; False where nobody can tell."""
        return False

    def save_power(self, level: int) -> None:
        """Switch off what a last gasp can do without: see `reserve` for the levels."""
        # most Boards have nothing to switch

    def retained(self) -> "bytes | None":
        """Return what `retain` kept through a reset, None after a loss of power or where there is no such memory."""
        return None

    def retain(self, content: bytes) -> None:
        """Keep at most 512 bytes through a reset, at no cost."""
        # where no such memory is a reset costs what the journal does not have

    async def join(self) -> None:
        """Join the network.

        Raises OSError if there is none.
        """
        # most Boards are in one

    def dns_servers(self) -> "list[str]":
        """Return the name servers that the network told; none where the system itself resolves."""
        return []

    if TYPE_CHECKING:  # what a Board has to bring; on a chip these would take 1.5 KB for saying so
        # time

        def uptime_us(self) -> int:
            """Return the microseconds since some start, which no setting of a clock moves."""
            ...

        def kept_unix_us(self) -> int:
            """Return what the chip's own clock shows, microseconds since 1970; 0 if it was never set."""
            ...

        def set_chip_clock(self, unix_s: int) -> None:
            """Set the clock that certificates are checked by, and that goes on through a reset."""
            ...

        def spawn(self, task: "Coroutine[Any, Any, None]") -> None:
            """Run a task of the meter beside the others; it never ends and never raises (`supervision`)."""
            ...

        def reset(self, reason: str) -> None:
            """Start the chip anew."""
            ...

        # the grid

        def begin(self) -> int:
            """Begin a stretch and return its uptime, from which the times of its pairs count."""
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

        async def connect(self, address: str, port: int, server_hostname: "str | None") -> "tuple[Any, Any]":
            """Open a connection to a numeric address and return (reader, writer); TLS if there is a name to verify.

            Raises OSError if the network or the peer is not there.
            """
            ...

        async def ask_datagram(
            self,
            address: str,
            port: int,
            question: bytes,
            timeout_ms: int,
            is_answer: "Callable[[bytes], bool]",
        ) -> bytes:
            """Send a datagram from a fresh random port and return the first answer from there that is_answer takes.

            Raises OSError if none comes in time.
            """
            ...

        # secrets

        def entropy(self, count: int) -> bytes:
            """Return random bytes; on the chip true-random only while the radio is on."""
            ...

        def load_key(self) -> "bytes | None":
            """Return the meter's private key, None if there is none. Raises OSError as `load_blob`."""
            ...

        def store_key(self, private_key: bytes) -> None: ...

        # what else outlives the settings: the calibration

        def load_blob(self, name: str) -> "bytes | None":
            """Return what was stored under a name of at most 15 characters, None if nothing was.

            Raises OSError if the storage can't be read now: that is another thing.
            """
            ...

        def store_blob(self, name: str, content: bytes) -> None:
            """Store it, whole or not at all."""
            ...

        # outputs

        def show(self, alive: bool, warning: bool, shed: bool) -> None:
            """Set the status LED (see `lights`), the warning output and the load-shedding output."""
            ...

        # power

        def start_watchdog(self) -> None:
            """From now on the chip starts anew if nobody feeds it; nothing can stop that."""
            ...

        def feed_watchdog(self) -> None: ...

        def log(self, sentence: str) -> None:
            """Tell a person at the serial line."""
            ...
