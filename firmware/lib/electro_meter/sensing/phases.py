# SPDX-License-Identifier: Apache-2.0
"""Measure one to three phases, one stretch after the other, as one load; and tell whether any of them has supply.

A round is one stretch of each phase. Its energy is the sum of the phases' powers times the time from the first
window's start to the last one's end: each phase stands for the while in which the others are sampled. A phase without
voltage carries what was measured until it went. One whose stretch was no measurement (clipped, say) goes on with its
last power, for max_gap at most; after that it counts nothing and the round is not measured, nor is one with current
and no voltage in a phase. Import and export are counted by the sign of the sum.

By IEC 61000-4-30 (5.4, 5.5) a polyphase interruption begins when all phases are below its threshold and ends when one
is back; the loss of fewer is a dip. A phase about which something is undecided keeps its turn until it is.
"""

from ..world import Board
from .events import Tally
from .frames import ENDED
from .linearisation import FINE_BITS
from .metering import Calibration, Metering, SensorTable
from .sampling import GAP, LOST, PIECE, RING, TIME, WINDOW_US, Sampler
from .supply import SupplyDetector, current_flows
from .watching import MISSING, NO_VOLTAGE, Watch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..life.settings import Channel, Settings

# Windows of 200 ms in a stretch: what follows one takes 5 to 15 ms, in which nothing is sampled.
_WINDOWS = 10
_WINDOWS_OF_SEVERAL = 2  # phases: each stands for the time of the others, so the round is kept short
# Three cycles at 45 Hz: enough to tell whether voltage is there.
_GLANCE_US = 66_000
# Ten cycles at 40 Hz, and the way to the first: after that there is no voltage with whole cycles.
_LONGEST_WINDOW_US = 275_000
# When no crossing came for more than a cycle, a loss of supply is known by then.
_DECISION_US = 40_000
# Less than this part of rated current is no current: a quarter of a percent is the noise of the ADC.
_NO_CURRENT_DIVISOR = 100


def calibration_of(config: "Settings", channel: "Channel") -> Calibration:
    """Return what turns counts into volts and amperes in one channel."""
    return Calibration(
        channel.uv_per_count,
        channel.ua_per_count,
        channel.phase_mdeg,
        config.creep_mw,
        channel.fine_ua_per_count,
        SensorTable(channel.sensors),
        channel.no_load_mw,
        channel.fine_no_load_mw,
    )


class Phase:
    """One pair of voltage and current."""

    def __init__(
        self,
        sampler: Sampler,
        metering: Metering,
        detector: SupplyDetector,
        calibration: Calibration,
        rated_ma: int,
        windows: int = _WINDOWS,
        watch: "Watch | None" = None,
    ) -> None:
        """windows: of 200 ms, in a stretch."""
        self.sampler = sampler
        self.metering = metering
        self.window = self.metering.window
        self.detector = detector
        self.watch = watch
        self.fault = False  # current flows, and there is no voltage
        self.fresh = False  # measured in the running round
        self.start_us = 0  # of the last window, uptime
        self.end_us = 0
        self.running = False  # a stretch is
        self._calibration = calibration
        self._rated_current_ma = rated_ma
        self._windows = windows
        self._most_us = windows * _LONGEST_WINDOW_US

    def begin(self) -> None:
        """Begin a stretch if none is running: from here to its end nothing is allocated."""
        if not self.running:
            self.running = True
            self.metering.begin(self.sampler, self._windows)
            self.detector.begin(self.sampler.start_us, self.metering.volts_middle)

    def take(self) -> bool:
        """Sample on for 200 ms at most; return whether the stretch is over, and something is to be done about it."""
        self.begin()
        if self._sample(self.detector.supplied):
            return False
        self.running = False
        self.detector.end(self.sampler.start_us, self.sampler.end_us())
        self.fault = (
            not self.detector.supplied
            and self.sampler.count >= RING
            and current_flows(self.sampler, self._least_current())
        )
        return True

    def _sample(self, supplied: bool) -> bool:
        """Sample on; return whether the stretch goes on."""
        detector = self.detector
        until_us = self.sampler.elapsed_us() + (WINDOW_US if supplied else _GLANCE_US)
        while True:
            ended = self.sampler.take(self.metering.frame, detector.frame, until_us)
            if ended == PIECE:
                detector.decide(self.sampler.start_us)
                if detector.supplied != supplied:
                    return False
            elif ended == TIME:
                return detector.undecided or (
                    supplied and self.metering.running and self.sampler.elapsed_us() < self._most_us
                )
            elif ended == LOST:
                until_us = self.sampler.elapsed_us() + _DECISION_US
            elif not detector.undecided:
                return False

    def measure(self) -> bool:
        """Measure the stretch; False if it is a gap."""
        sampler, window = self.sampler, self.window
        if not self.metering.measure(sampler):
            if sampler.clipped:
                sampler.go_on(0, self._rated_current_ma)
            return False
        sampler.go_on(window.irms_ma, self._rated_current_ma)
        self.start_us = sampler.start_us + window.start_us
        self.end_us = sampler.start_us + window.end_us
        self.fresh = True
        if self.watch is not None:
            self.watch.look(self)
        return True

    @property
    def cut(self) -> bool:
        """Return whether the core had something else to do in the stretch: it says nothing of the mains then."""
        return self.metering.frame[ENDED] == GAP

    @property
    def trouble(self) -> int:
        """Return what looks wrong, as bits of `watching`."""
        found = self.watch.found if self.watch is not None else 0
        return found | NO_VOLTAGE if self.fault else found

    def _least_current(self) -> int:
        """Return the RMS, in the sampler's counts, from which on current counts as flowing."""
        sampler, calibration = self.sampler, self._calibration
        ua = calibration.fine_ua_per_count if sampler.amplified else calibration.ua_per_count
        return (self._rated_current_ma * 1000 << FINE_BITS) // ua // _NO_CURRENT_DIVISOR


class Phases:
    """All phases of the meter, and the round that is running."""

    def __init__(self, board: Board, config: "Settings") -> None:
        from .linearisation import table_of  # which is not needed again

        table = table_of(config.linearisation)
        count = len(config.channels)
        self.tally = Tally(count)
        self.all: "list[Phase]" = []
        windows = _WINDOWS if count == 1 else _WINDOWS_OF_SEVERAL
        if config.window_period_ms:
            windows = 1
        for number, channel in enumerate(config.channels):
            share = self.all[0].sampler if self.all else None
            sampler = Sampler(board, table, channel=number, share=share)
            detector = SupplyDetector(config.nominal_mv, channel.uv_per_count, config.mains_hz, self.tally)
            calibration = calibration_of(config, channel)
            metering = Metering(calibration, config.mains_hz)
            watch = Watch(config.nominal_mv, config.rated_ma, bool(config.exports), count > 1)
            self.all.append(Phase(sampler, metering, detector, calibration, config.rated_ma, windows, watch))
        self._max_gap_us = config.max_gap_ms * 1000
        self._turn = -1
        self.start_us = 0  # of the last round, uptime
        self.end_us = 0
        self.energy_uj = 0
        self.power_mw = 0
        self.measured = True  # the last round is a measurement of all that has supply
        self.trouble = 0  # of all phases, by the last round

    @property
    def supplied(self) -> bool:
        """Return whether any phase has voltage."""
        for phase in self.all:  # noqa: SIM110 - a generator would take memory in the middle of a stretch
            if phase.detector.supplied:
                return True
        return False

    @property
    def pressing(self) -> bool:
        """Return whether sampling should go on at once: in the middle of a stretch, of a round, or of a decision."""
        turn = self._turn
        if turn >= 0 and (self.all[turn].running or turn < len(self.all) - 1):
            return True
        for phase in self.all:  # noqa: SIM110 - as above
            if phase.detector.undecided:
                return True
        return False

    @property
    def fault(self) -> bool:
        """Return whether current flows in a phase that has no voltage."""
        for phase in self.all:  # noqa: SIM110 - as above
            if phase.fault:
                return True
        return False

    @property
    def first(self) -> bool:
        """Return whether nothing was sampled yet."""
        return self._turn < 0

    @property
    def started_us(self) -> int:
        """Return when the last phase went."""
        return max([phase.detector.started_us for phase in self.all])

    @property
    def ended_us(self) -> int:
        """Return when the first phase came back."""
        return min([phase.detector.ended_us for phase in self.all if phase.detector.supplied])

    def next(self) -> Phase:
        """Return the phase that is to be sampled next."""
        if self._turn < 0 or not (self.all[self._turn].running or self.all[self._turn].detector.undecided):
            self._turn = (self._turn + 1) % len(self.all)
        return self.all[self._turn]

    def conclude(self) -> bool:
        """End the round after its last phase: leave its energy and power here; False if it is not over, or a gap."""
        if self._turn < len(self.all) - 1:
            return False
        fresh = [phase for phase in self.all if phase.fresh]
        self.trouble = 0
        for phase in self.all:
            self.trouble |= phase.trouble
            if self.supplied and not phase.detector.supplied:
                self.trouble |= MISSING
        if not fresh:
            return False
        self.measured = not self.fault
        self.start_us = start_us = min([phase.start_us for phase in fresh])
        self.end_us = end_us = max([phase.end_us for phase in fresh])
        energy_uj = 0
        for phase in self.all:
            measured, phase.fresh = phase.fresh, False
            if not phase.detector.supplied:
                energy_uj += phase.window.energy_uj if measured else 0
                continue
            if end_us - phase.end_us > self._max_gap_us:
                self.measured = False
            elif phase.end_us > phase.start_us:
                energy_uj += phase.window.energy_uj * (end_us - start_us) // (phase.end_us - phase.start_us)
        self.energy_uj = energy_uj
        self.power_mw = energy_uj * 1000 // (end_us - start_us)
        return True
