# SPDX-License-Identifier: Apache-2.0
"""Measure one to three phases, one block after the other, as one load; and tell whether any of them has supply.

A round is one block of each phase. Its energy is the sum of the phases' powers times the time from the first window's
start to the last one's end: each phase stands for the while in which the others are sampled. A phase without voltage
carries none. One whose block was no measurement (clipped, say) goes on with its last power, for max_gap at most; after
that it counts nothing and makes the interval an estimate, as does a phase with current and no voltage. Import and
export are counted by the sign of the sum.

By IEC 61000-4-30 (5.4, 5.5) a polyphase interruption begins when all phases are below its threshold and ends when one
is back; the loss of fewer is a dip. A phase about which something is undecided keeps its turn until it is.
"""

from .events import Tally
from .linearisation import straighten
from .metering import Calibration, Metering
from .outage import NOTICED_FLAT_US, OutageDetector, current_flows
from .quality import PHASE_MISSING, SENSOR_FAULT
from .sampling import GLANCE_US, Sampler
from .sensors import SensorTable
from .world import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .settings import Channel, Settings

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
        self, sampler: Sampler, calibration: Calibration, detector: OutageDetector, rated_ma: int
    ) -> None:
        self.sampler = sampler
        self.metering = Metering(calibration)
        self.window = self.metering.window
        self.detector = detector
        self.fault = False  # current flows, and there is no voltage
        self.fresh = False  # measured in the running round
        self.start_us = 0  # of the last window, unix
        self.end_us = 0
        self._calibration = calibration
        self._rated_ma = rated_ma

    @property
    def undecided(self) -> bool:
        """Return whether the next block should follow this one at once."""
        detector = self.detector
        return detector.undecided or (detector.supplied and self.sampler.flat_us >= NOTICED_FLAT_US)

    def take(self) -> bool:
        """Take a block and look at its voltage; return whether that was there all through."""
        sampler, detector = self.sampler, self.detector
        whole = detector.supplied or detector.undecided
        sampler.take(detector.span_us(sampler.flat_us) if whole else GLANCE_US)
        self.metering.learn_middle(sampler)
        steady = detector.feed_block(sampler, self.metering.volts_middle)
        sampler.watch(detector.flat_counts if detector.supplied else 0)
        self.fault = (
            not detector.supplied and sampler.count > 0 and current_flows(sampler, self._least_current())
        )
        return steady

    def measure(self) -> bool:
        """Measure the block; False if it is a gap, as one is that hit the rails: the next one is in the other range."""
        sampler, window = self.sampler, self.window
        if sampler.clipped:
            sampler.go_on(0, self._rated_ma)
            return False
        if not self.metering.measure(sampler):
            return False
        sampler.go_on(window.irms_ma, self._rated_ma)
        self.start_us = sampler.start_us + window.start_us
        self.end_us = sampler.start_us + window.end_us
        self.fresh = True
        return True

    def _least_current(self) -> int:
        """Return the RMS, in the sampler's counts, from which on current counts as flowing."""
        sampler, calibration = self.sampler, self._calibration
        ua = calibration.fine_ua_per_count if sampler.amplified else calibration.ua_per_count
        return (self._rated_ma * 1000 << sampler.fine_bits) // ua // _NO_CURRENT_DIVISOR


class Phases:
    """All phases of the meter, and the round that is running."""

    def __init__(self, board: Board, config: "Settings") -> None:
        table = straighten(config.linearisation) if config.linearisation else None
        self.tally = Tally(len(config.channels))
        self.all: "list[Phase]" = []
        for number, channel in enumerate(config.channels):
            share = self.all[0].sampler if self.all else None
            sampler = Sampler(board, table, channel=number, share=share)
            detector = OutageDetector(
                config.nominal_mv, channel.uv_per_count, config.mains_hz, sampler.fine_bits, self.tally
            )
            self.all.append(Phase(sampler, calibration_of(config, channel), detector, config.rated_ma))
        self._max_gap_us = config.max_gap_ms * 1000
        self._turn = -1
        self.start_us = 0  # of the last round
        self.end_us = 0
        self.energy_uj = 0
        self.power_mw = 0
        self.flags = 0

    @property
    def supplied(self) -> bool:
        """Return whether any phase has voltage."""
        return any(phase.detector.supplied for phase in self.all)

    @property
    def undecided(self) -> bool:
        """Return whether the next block should follow at once."""
        return any(phase.undecided for phase in self.all)

    @property
    def fault(self) -> bool:
        """Return whether current flows in a phase that has no voltage."""
        return any(phase.fault for phase in self.all)

    @property
    def first(self) -> bool:
        """Return whether no block was taken yet."""
        return self._turn < 0

    @property
    def between_rounds(self) -> bool:
        return self._turn in (-1, len(self.all) - 1)

    @property
    def started_us(self) -> int:
        """Return when the last phase went."""
        return max([phase.detector.started_us for phase in self.all])

    @property
    def ended_us(self) -> int:
        """Return when the first phase came back."""
        return min([phase.detector.ended_us for phase in self.all if phase.detector.supplied])

    def next(self) -> Phase:
        """Return the phase whose block is next."""
        if self._turn < 0 or not self.all[self._turn].undecided:
            self._turn = (self._turn + 1) % len(self.all)
        return self.all[self._turn]

    def shift(self, by_us: int) -> None:
        """Move every date by as much as the clock was set."""
        self.tally.shift(by_us)
        for phase in self.all:
            phase.detector.shift(by_us)
            phase.sampler.shift(by_us)
            phase.start_us += by_us
            phase.end_us += by_us

    def conclude(self) -> bool:
        """End the round after its last phase: leave its energy and power here; False if it is not over, or a gap."""
        if self._turn < len(self.all) - 1:
            return False
        fresh = [phase for phase in self.all if phase.fresh]
        self.flags = SENSOR_FAULT | PHASE_MISSING if self.fault else 0
        if not fresh:
            return False
        self.start_us = start_us = min([phase.start_us for phase in fresh])
        self.end_us = end_us = max([phase.end_us for phase in fresh])
        energy_uj = 0
        for phase in self.all:
            phase.fresh = False
            if not phase.detector.supplied:
                continue
            if end_us - phase.end_us > self._max_gap_us:
                self.flags |= PHASE_MISSING
            elif phase.end_us > phase.start_us:
                energy_uj += phase.window.energy_uj * (end_us - start_us) // (phase.end_us - phase.start_us)
        self.energy_uj = energy_uj
        self.power_mw = energy_uj * 1000 // (end_us - start_us)
        return True
