# SPDX-License-Identifier: Apache-2.0
"""Run the meter: measure, follow outages, close intervals, talk to relayers. The world comes in through the Board."""

from electro_protocol.eip712 import Domain
from electro_protocol.reports import DeviceEnrollment
from electro_protocol.signed import SignedMessage

from .acting import Acting
from .agreements import Agreements
from .clock import Clock
from .counters import Counters
from .darkness import Darkness
from .intervals import Intervals
from .journal import Journal
from .keys import load_signer
from .lights import is_on, pattern
from .outage import DOWN
from .phases import Phase, Phases
from .quality import CLOCK_UNSURE, SENSOR_FAULT
from .sampling import WINDOW_US
from .uplink import Uplink
from .world import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .reserve import Reserve
    from .settings import Settings

# While supply is out there is no energy to miss, only its return to date: look this often.
OUTAGE_POLL_MS = 5_000
# A window, and at most a cycle on the way to its first crossing.
_TURN_MS = WINDOW_US // 1000 + 24
ENROLLMENT_VALID_S = 30 * 86_400


class Meter:
    """The parts of one meter, wired together."""

    def __init__(
        self,
        board: Board,
        config: "Settings",
        on_signed: "Callable[[SignedMessage], None] | None" = None,
        phases: "Phases | None" = None,
    ) -> None:
        """phases: made before, when the heap was still whole."""
        self._board = board
        self._config = config
        self.signer = load_signer(board, Domain(config.chain_id, config.contract))
        self.clock = Clock(board)
        self.journal = Journal(board.directory)
        self.agreements = Agreements(board.directory)
        self.counters = Counters(board.directory)
        self.intervals = Intervals(
            self.journal,
            self.agreements,
            config.max_gap_ms,
            0 if config.window_period_ms else config.least_coverage_permille,
        )
        self.intervals.running.dated = self.clock.is_set()
        self.intervals.registers.export_wh = self.counters.export_wh
        self.intervals.registers.export_uj = self.counters.export_uj
        self.uplink = Uplink(
            board, config, self.signer, self.agreements, self.journal, self.intervals, on_signed
        )
        self.phases = phases or Phases(board, config)
        self.acting = Acting(self.intervals, config.shed_min_on_ms, config.shed_min_off_ms)
        self.reserve: "Reserve | None" = None
        if config.reserve_mj:
            from .reserve import Reserve  # 1 KB for those who have one

            self.reserve = Reserve(board, config.reserve_mj)
        self.darkness = Darkness(
            self.journal,
            self.agreements,
            self.intervals,
            self.counters,
            config.outage_declare_ms,
            self.uplink.wake.set,
        )
        self.sensor_fault = False
        self.windows = 0
        if self.darkness.since_us:  # a restart in the middle of an outage goes on with it
            for phase in self.phases.all:
                phase.detector.state = DOWN
                phase.detector.started_us = self.darkness.since_us

    @property
    def gasping(self) -> bool:
        """Return whether the board lives on its reserve."""
        return self.reserve is not None and self.reserve.level > 0

    def enrollment(self) -> SignedMessage:
        """Sign the wish to be enrolled with this operator's contract."""
        deadline = self.clock.unix_s() + ENROLLMENT_VALID_S
        return self.signer.sign(
            DeviceEnrollment(self._config.hardware_id, self._config.base_seconds, deadline)
        )

    def start(self) -> None:
        """Start the tasks; they never end."""
        self._board.spawn(self.clock.run())
        self._board.spawn(self._measure())
        self._board.spawn(self.uplink.run())

    async def _measure(self) -> None:
        while True:
            await self._board.sleep_ms(self._pause_ms())
            self.step()

    def step(self) -> None:
        """Sample on for a fifth of a second at most, and follow what it tells once there is something."""
        phase = self.phases.next()
        if not phase.running:
            self._follow_clock()
        over = phase.take()
        if self.reserve is not None:  # before it is declared there is something to tell as well
            self.reserve.follow(self.uplink.sent.owes_outage or self.journal.open_outage is None)
        if over:
            self._follow_clock()
            self._follow(phase)
            self._board.feed_watchdog()
        self._show()

    def _pause_ms(self) -> int:
        """Return the time to sample on: none in a stretch or while an outage is undecided, else to mid-period.

        Windows in the middle of their periods, on the clock, lie evenly about the boundaries of the intervals.
        """
        phases = self.phases
        if phases.pressing:
            return 0
        now_ms = self._board.unix_us() // 1000
        if not phases.supplied:
            if phases.first:
                return 0  # after a restart in an outage
            return OUTAGE_POLL_MS - now_ms % OUTAGE_POLL_MS
        if not self._config.window_period_ms:
            return 0
        period_ms = self._config.window_period_ms
        lead_ms = (period_ms - len(phases.all) * _TURN_MS) // 2
        return period_ms - (now_ms - lead_ms) % period_ms

    def _follow_clock(self) -> None:
        """Move what is dated by as much as somebody has set the clock since the last step."""
        intervals, was_dated = self.intervals, self.intervals.running.dated
        intervals.running.flags = self.phases.flags | (0 if self.clock.is_sure() else CLOCK_UNSURE)
        by_us = self.clock.step_us()
        if not by_us:
            return
        self._board.log(f"the clock was set by {by_us // 1000} ms")
        self.phases.shift(by_us)
        if was_dated:
            self.darkness.shift(by_us)
        closed = intervals.closed
        intervals.step(by_us, self.clock.is_set())
        self._after(closed)

    def _follow(self, phase: Phase) -> None:
        """Take a stretch that is over into the account."""
        phases = self.phases
        self.sensor_fault = phases.fault
        if self.sensor_fault:
            self.intervals.running.quality.flags |= SENSOR_FAULT
        if self.darkness.since_us and phases.supplied and self.clock.is_set():
            self.darkness.end(phases.ended_us)
        whole = phase.measure()  # when supply is lost: up to then
        if phases.conclude():
            self.windows += 1
            closed = self.intervals.closed
            self.intervals.add(phases.start_us, phases.end_us, phases.energy_uj)
            self.acting.update(phases.end_us, phases.power_mw, self._board.uptime_us())
            self._after(closed)
        if not phases.supplied:
            if (
                self.clock.is_set()
            ):  # else nothing can be dated; its end will be, once somebody tells the time
                urgent = self.gasping
                now_us = phase.sampler.end_us()
                self.darkness.follow(phase, phases.started_us, now_us, self.sensor_fault, urgent)
        elif not whole and phase.detector.supplied and phase.detector.steady and not phase.sampler.clipped:
            self._board.log("voltage without whole cycles: is the mains frequency right?")

    def _after(self, closed: int) -> None:
        """Do what is to be done when intervals were closed."""
        if self.intervals.closed != closed:
            self.counters.gather(self.phases.tally, self.intervals.registers)
            self.uplink.wake.set()

    def status(self) -> "dict[str, object]":
        """Return what a person wants to see."""
        from .status import status

        return status(self)

    def _show(self) -> None:
        acting = self.acting
        if self.gasping:
            self._board.show(False, False, False)
            return
        steps = pattern(
            self.sensor_fault, self.phases.supplied, self.clock.is_set(), self.uplink.reached, acting.warning
        )
        self._board.show(is_on(steps, self._board.uptime_us() // 1000), acting.warning, acting.shed)
