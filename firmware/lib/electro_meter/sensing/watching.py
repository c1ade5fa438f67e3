# SPDX-License-Identifier: Apache-2.0
"""Watch the sensors while the meter runs: what looks wrong is flagged in the record and told, never silently counted.

| trouble | seen by |
|---|---|
| no voltage | current flows and there is none: a transformer, its fuse or its wire |
| reversed | energy flows back though the plant does not export: a current transformer, or a voltage, is turned |
| crossed | the angle between current and voltage is another phase's: they are of two conductors |
| low voltage | below 80% of nominal for a minute: a wrong tap, a loose neutral, a transformer for another voltage |
| clipped | codes at the rails in the direct range: the current transformer is too small, or the burden too large |
| open | the input does not ride on its bias: a wire is off |
| missing | a phase has no voltage while others have |

Simulated: no sensor has been turned, crossed or cut on a real chip yet.
"""

from .linearisation import FINE_BITS

NO_VOLTAGE = 1
REVERSED = 2
CROSSED = 4
LOW_VOLTAGE = 8
CLIPPED = 16
OPEN = 32
MISSING = 64

# In the order of the bits, for people.
WORDS = ("no voltage", "reversed", "crossed", "low voltage", "clipped", "open", "missing")

# EN 50160 lets a voltage fall to 85% of nominal: below 80% it is no voltage of a grid that is well.
_LOW_PERCENT = 80
# A motor's start lowers the voltage and turns the angle for seconds.
_LASTING_US = 60_000_000
# Less than this of rated current has no angle that noise could not have made.
_SIGNIFICANT_PERCENT = 2
# Without its bias of 1.30 V (1,614 counts) an input floats; resistors of 1% and the moving bias stay far within.
_LEAST_MIDDLE = 1_200 << FINE_BITS
_MOST_MIDDLE = 2_030 << FINE_BITS
# Codes out of range in 200 ms that noise does not explain (`sampling` has the same for the amplified range).
_MOST_OUTLIERS = 12

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .phases import Phase


class Watch:
    """What of one phase looks wrong, and since when."""

    def __init__(self, nominal_mv: int, rated_ma: int, exports: bool, several: bool) -> None:
        self._low_mv = nominal_mv * _LOW_PERCENT // 100
        self._least_ma = rated_ma * _SIGNIFICANT_PERCENT // 100
        self._exports = exports
        self._several = several
        self._suspected = 0  # seen in the last window, not yet for a minute
        self._since_us = 0
        self.found = 0

    def look(self, phase: "Phase") -> None:
        """Look at the stretch of a phase that is measured."""
        window, sampler, metering = phase.window, phase.sampler, phase.metering
        at_once = lasting = 0
        most = _MOST_OUTLIERS * (1 + sampler.elapsed_us() // 200_000)
        if sampler.volts_outside > most or (sampler.amps_outside > most and not sampler.amplified):
            at_once |= CLIPPED
        for middle in (metering.volts_middle, metering.amps_middle):
            if not _LEAST_MIDDLE < middle < _MOST_MIDDLE:
                at_once |= OPEN
        if window.urms_mv < self._low_mv:
            lasting |= LOW_VOLTAGE
        if window.irms_ma >= self._least_ma and not self._exports:
            if window.power_mw < 0:
                far = 2 * abs(window.reactive_mvar) > window.apparent_mva and self._several
                lasting |= CROSSED if far else REVERSED
            elif self._several and -5 * window.reactive_mvar > 4 * window.apparent_mva:
                lasting |= CROSSED
        if lasting != self._suspected:
            self._suspected = lasting
            self._since_us = phase.start_us
        if phase.end_us - self._since_us < _LASTING_US:
            lasting &= self.found
        self.found = at_once | lasting
