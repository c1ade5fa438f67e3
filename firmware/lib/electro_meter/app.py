# SPDX-License-Identifier: Apache-2.0
"""Run the meter: measure, follow outages, close intervals, talk to relayers. The world comes in through the Board."""

from electro_protocol.eip712 import Domain
from electro_protocol.messages import CAUSE_CONSUMER, CAUSE_GRID, CAUSE_UNKNOWN, DeviceEnrollment
from electro_protocol.signed import SignedMessage

from .acting import Acting
from .agreements import Agreements
from .clock import Clock
from .config import Config
from .intervals import Intervals
from .journal import OUTAGE, RESTORED, Journal, Record
from .keys import load_signer
from .linearisation import straighten
from .metering import Calibration, Metering
from .outage import DOWN, RISING, OutageDetector, current_flows, voltage_present
from .quality import CLOCK_UNSURE
from .sampling import BLOCK_US, GLANCE_US, Sampler
from .sensors import SensorTable
from .uplink import Uplink
from .world import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

# While supply is out there is no energy to miss, only its return to date: look this often.
OUTAGE_POLL_MS = 5_000
# Less than this part of rated current is no current: a quarter of a percent is the noise of the ADC.
_NO_CURRENT_DIVISOR = 100
ENROLLMENT_VALID_S = 30 * 86_400


class Meter:
    """The parts of one meter, wired together."""

    def __init__(
        self, board: Board, config: Config, on_signed: "Callable[[SignedMessage], None] | None" = None
    ) -> None:
        self._board = board
        self._config = config
        self.signer = load_signer(board, Domain(config.chain_id, config.contract))
        self.clock = Clock(board)
        self.journal = Journal(board.directory)
        self.agreements = Agreements(board.directory)
        self.intervals = Intervals(
            self.journal,
            self.agreements,
            config.max_gap_ms,
            0 if config.window_period_ms else config.least_coverage_permille,
        )
        self.intervals.running.dated = self.clock.is_set()
        self.uplink = Uplink(
            board, config, self.signer, self.agreements, self.journal, self.intervals, on_signed
        )
        self.sampler = Sampler(board, straighten(config.linearisation) if config.linearisation else None)
        self.metering = Metering(
            Calibration(
                config.uv_per_count,
                config.ua_per_count,
                config.phase_mdeg,
                config.creep_mw,
                config.fine_ua_per_count,
                SensorTable(config.sensors),
                config.no_load_mw,
                config.fine_no_load_mw,
            )
        )
        self.detector = OutageDetector(
            config.nominal_mv, config.uv_per_count, config.mains_hz, self.sampler.fine_bits
        )
        self.acting = Acting(self.intervals)
        self.sensor_fault = False
        self.windows = 0
        self._dark_since_us = 0  # the outage being followed; 0: none
        self._dark_until_us = 0  # accounted up to here
        if self.journal.open_outage is not None:  # a restart in the middle of an outage goes on with it
            self._dark_since_us = self.journal.open_outage.started_at * 1_000_000
            self.detector.state = DOWN
            self.detector.started_us = self._dark_since_us

    def enrollment(self) -> SignedMessage:
        """Sign the wish to be enrolled with this operator's contract."""
        deadline = self.clock.unix_s() + ENROLLMENT_VALID_S
        return self.signer.sign(DeviceEnrollment(self._config.hardware_id, deadline))

    def start(self) -> None:
        """Start the tasks; they never end."""
        self._board.spawn(self.clock.run())
        self._board.spawn(self._measure())
        self._board.spawn(self.uplink.run())

    async def _measure(self) -> None:
        while True:
            await self._board.sleep_ms(self._pause_ms())
            self._follow_clock()
            if self.detector.supplied or self.detector.undecided:
                self.sampler.take(self.detector.span_us(self._board.flat_us))
            else:
                self.sampler.take(GLANCE_US)
            self._follow()
            self._board.feed_watchdog()
            self._board.show(self.uplink.reached, self.acting.warning, self.acting.shed)

    def _pause_ms(self) -> int:
        """Return the time to the next block: none while an outage is undecided, else to the middle of a period.

        Windows in the middle of their periods, on the clock, lie evenly about the boundaries of the intervals.
        """
        if self.detector.undecided or not self._config.window_period_ms:
            return 0
        now_ms = self._board.unix_us() // 1000
        if not self.detector.supplied:
            return OUTAGE_POLL_MS - now_ms % OUTAGE_POLL_MS
        period_ms = self._config.window_period_ms
        lead_ms = (period_ms - BLOCK_US // 1000) // 2
        return period_ms - (now_ms - lead_ms) % period_ms

    def _follow(self) -> None:
        """Take one block into the account."""
        sampler, metering, detector = self.sampler, self.metering, self.detector
        metering.learn_middle(sampler)
        steady = detector.feed_block(sampler, metering.volts_middle)
        self.sampler.watch(detector.flat_counts if detector.supplied else 0)
        if detector.state in (DOWN, RISING):
            if not self.clock.is_set():
                return  # nothing can be dated; the voltage's return will be, once somebody tells the time
            self.sensor_fault = current_flows(sampler, self._least_current())
            self._follow_outage()
            return
        if self._dark_since_us and self.clock.is_set():
            self._end_outage()
        self.sensor_fault = False
        if sampler.clipped:  # a gap, and the next block is in the other range
            sampler.go_on(0, self._config.rated_ma)
            return
        if not metering.measure(sampler):
            if steady:
                self._board.log("voltage without whole cycles: is the mains frequency right?")
            return  # a gap: bridged if short, else the interval becomes an estimate
        window = metering.window
        sampler.go_on(window.irms_ma, self._config.rated_ma)
        self.windows += 1
        closed = self.intervals.closed
        self.intervals.add(
            sampler.start_us + window.start_us, sampler.start_us + window.end_us, window.energy_uj
        )
        self.acting.update(sampler.end_us(), window.power_mw)
        if self.intervals.closed != closed:
            self.uplink.wake.set()

    def _follow_clock(self) -> None:
        """Move what is dated by as much as somebody has set the clock since the last block."""
        intervals, was_dated = self.intervals, self.intervals.running.dated
        intervals.running.flags = 0 if self.clock.is_sure() else CLOCK_UNSURE
        by_us = self.clock.step_us()
        if not by_us:
            return
        self._board.log(f"the clock was set by {by_us // 1000} ms")
        self.detector.shift(by_us)
        if was_dated:
            if self._dark_since_us and self.journal.open_outage is None:
                self._dark_since_us += by_us
            if self._dark_until_us:
                self._dark_until_us += by_us
        closed = intervals.closed
        intervals.step(by_us, self.clock.is_set())
        if intervals.closed != closed:
            self.uplink.wake.set()

    def _least_current(self) -> int:
        """Return the RMS, in the sampler's counts, from which on current counts as flowing."""
        config = self._config
        ua = config.fine_ua_per_count if self.sampler.amplified else config.ua_per_count
        return (config.rated_ma * 1000 << self.sampler.fine_bits) // ua // _NO_CURRENT_DIVISOR

    def _follow_outage(self) -> None:
        """Follow a confirmed interruption: declare it when it has lasted, and let its energy be zero."""
        now_us = self.sampler.end_us()
        self._dark_since_us = self._dark_since_us or self.detector.started_us
        lasted_us = now_us - self._dark_since_us
        self._close_at_terms_end(now_us // 1_000_000)
        declared = self.journal.open_outage is not None
        if not declared and not self.sensor_fault and lasted_us >= self._config.outage_declare_ms * 1000:
            declared = self._declare(now_us // 1_000_000, self._cause())
        if declared and self.detector.state == DOWN:
            self._account_dark(now_us, True)

    def _close_at_terms_end(self, now_s: int) -> None:
        """Close an outage that outlasts its agreement: the contract takes its end only until the grace is over.

        What goes on of it is declared anew for the agreement that follows, from that one's start.
        """
        outage = self.journal.open_outage
        agreement = self.agreements.by_id(outage.agreement_id) if outage is not None else None
        if outage is not None and agreement is not None and now_s >= agreement.end_s:
            self._account_dark(agreement.end_s * 1_000_000, True)
            self._restored(outage, agreement.end_s)

    def _restored(self, outage: Record, ended_s: int) -> None:
        self.journal.append_outage(
            RESTORED,
            outage.agreement_id,
            outage.outage,
            outage.started_at,
            max(ended_s, outage.started_at + 1),
            outage.cause,
        )
        self.uplink.wake.set()

    def _end_outage(self) -> None:
        """Close the account of an interruption that is over, and write its end if it was declared."""
        ended_us = self.detector.ended_us
        outage = self.journal.open_outage
        self._account_dark(ended_us, outage is not None)
        if outage is not None:
            agreement = self.agreements.by_id(outage.agreement_id)
            ended_s = ended_us // 1_000_000
            self._restored(outage, min(ended_s, agreement.end_s) if agreement else ended_s)
        self._dark_since_us = self._dark_until_us = 0

    def _account_dark(self, until_us: int, declared: bool) -> None:
        closed = self.intervals.closed
        self.intervals.add_no_supply(self._dark_until_us or self._dark_since_us, until_us, declared)
        self._dark_until_us = until_us
        if self.intervals.closed != closed:
            self.uplink.wake.set()

    def _declare(self, now_s: int, cause: int) -> bool:
        """Write the outage into the journal, from where the uplink takes it; False if no agreement cares."""
        started_s = self._dark_since_us // 1_000_000
        agreement = self.agreements.at(started_s)
        if agreement is None or now_s >= agreement.end_s:
            agreement = self.agreements.at(now_s)
            if agreement is None:
                return False
            started_s = max(started_s, agreement.start_s)
        self.journal.append_outage(OUTAGE, agreement.id, 0, started_s, 0, cause)
        self.uplink.wake.set()
        return True

    def _cause(self) -> int:
        """Look at the grid side of the breaker: voltage there means that the consumer's side went away."""
        if not self.sampler.take_grid():
            return CAUSE_UNKNOWN
        middle = sum(memoryview(self.sampler.volts)[: self.sampler.count]) // self.sampler.count
        return CAUSE_CONSUMER if voltage_present(self.sampler, middle, self.detector) else CAUSE_GRID

    def status(self) -> "dict[str, object]":
        """Return what a person wants to see."""
        window = self.metering.window
        agreements = {}
        for agreement in self.agreements.all:
            agreements[str(agreement.id)] = {
                "closed": self.intervals.open_index(agreement),
                "next_latest": agreement.next_latest,
                "next_final": agreement.next_final,
                "intervals": agreement.intervals,
            }
        last = self.intervals.running.last_quality
        return {
            "register_wh": self.intervals.register_wh,
            "export_wh": self.intervals.registers.export_wh,
            "intervals_closed": self.intervals.closed,
            "coverage_permille": last.coverage_permille if last else 0,
            "longest_gap_ms": last.longest_gap_ms if last else 0,
            "doubt_permille": last.doubt_permille if last else 0,
            "quality_flags": last.flags if last else 0,
            "windows": self.windows,
            "supplied": self.detector.supplied,
            "sensor_fault": self.sensor_fault,
            "dips": self.detector.events.dips,
            "swells": self.detector.events.swells,
            "interruptions": self.detector.events.interruptions,
            "clock_set": self.clock.is_set(),
            "clock_sure": self.clock.is_sure(),
            "clock_steps": self.clock.steps,
            "reached": self.uplink.reached,
            "exchanges": self.uplink.exchanges,
            "signatures": self.uplink.signatures,
            "outages_to_tell": len(self.journal.outages),
            "warning": self.acting.warning,
            "shed": self.acting.shed,
            "urms_mv": window.urms_mv,
            "irms_ma": window.irms_ma,
            "power_mw": window.power_mw,
            "reactive_mvar": window.reactive_mvar,
            "apparent_mva": window.apparent_mva,
            "power_factor_permille": window.power_factor_permille,
            "frequency_mhz": window.frequency_mhz,
            "agreements": agreements,
        }
