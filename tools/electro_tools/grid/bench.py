# SPDX-License-Identifier: Apache-2.0
"""Put a chip, its transformers and a load on a test bench: known power, and pairs as the meter samples them."""

from electro_meter.world import Board
from electro_tools.grid.chip import BIAS_COUNTS, BIAS_STEP_COUNTS, READ_US, Chip
from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS
from electro_tools.grid.transformers import errors
from electro_tools.grid.waveforms import STEPS, cycle, power

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence

    from electro_tools.grid.disturbances import Disturbance

    Harmonics = Sequence[tuple[int, float, float]]

FINE_GAIN = 16
PAUSE_US = 8_000  # from stretch to stretch: what a chip may take to make energy of the sums
VT_PHASE_LEAD_DEG = 0.3  # a ZMPT101B with its burden; constant, so a calibration takes it out


class Bench(Board):
    """A Board that can only sample; `percent` of rated current flows."""

    def __init__(
        self,
        chip: Chip,
        transformer: "tuple[tuple[float, float, float], ...]",
        mains_hz: float,
        load: "tuple[Harmonics, Harmonics]",
        percent: float,
        has_fine: bool = True,
    ) -> None:
        self.skew_us = READ_US
        self.has_fine = has_fine
        self.now_us = 1_800_000_000_000_000
        self.mains_hz = mains_hz
        self.drift_hz_per_s = 0.0
        self.disturbance: "Disturbance | None" = None
        self._chip = chip
        self._transformer = transformer
        self._fine = False
        self._bias = 0
        self._phase = 0.137
        self._next_us = 0  # when the next pair can be read, since the stretch began
        self.carry(load, percent)

    def carry(self, load: "tuple[Harmonics, Harmonics]", percent: float) -> None:
        """Change the load."""
        volts, amps = load
        self._volts, self._amps = cycle(volts), cycle(amps)
        self.percent = percent
        # in nominal volts times rated amperes
        self.true_power = power(volts, amps) * percent / 100

    def uptime_us(self) -> int:
        return self.now_us

    def select_range(self, fine: bool) -> None:
        self._fine = fine

    def step_bias(self, step: int) -> None:
        self._bias = step * BIAS_STEP_COUNTS

    def begin(self) -> int:
        self.advance(PAUSE_US)
        self._next_us = 0
        self._chip.begin()
        return self.now_us

    def sample(
        self, times_us: "array[int]", volts: "array[int]", amps: "array[int]", first: int, end: int
    ) -> None:
        chip = self._chip
        began_us = self._next_us
        self._next_us = chip.times(times_us, first, end, began_us)
        ratio, lead_deg = errors(self._transformer, self.percent)
        amplitude = RATED_COUNTS * self.percent / 100 * ratio * (FINE_GAIN if self._fine else 1)
        pick_up = chip.pick_up * NOMINAL_COUNTS
        per_us = self.mains_hz / 1e6
        late = (READ_US * per_us + lead_deg / 360) * STEPS
        early = VT_PHASE_LEAD_DEG / 360 * STEPS
        noise, n, mask = chip.noise_from()
        read, wave_v, wave_i, disturbance = chip.read, self._volts, self._amps, self.disturbance
        bias_i = BIAS_COUNTS + self._bias
        mask_v = STEPS - 1
        for k in range(first, end):
            x = (self._phase + (times_us[k] - began_us) * per_us) * STEPS
            v = wave_v[int(x + early) & mask_v]
            if disturbance is not None:
                v *= disturbance.factor(self.now_us + times_us[k] - began_us)
            volts[k] = read(BIAS_COUNTS + NOMINAL_COUNTS * v, noise[n & mask])
            i = amplitude * wave_i[int(x + late) & mask_v] + pick_up * v
            amps[k] = read(bias_i + i, noise[n + 7 & mask])
            n += 2
        self.advance(self._next_us - began_us)

    def turn(self, cycles: float) -> None:
        """Move the mains' phase."""
        self._phase = (self._phase + cycles) % 1.0

    def advance(self, us: int) -> None:
        """Let time pass, and the mains' phase with it."""
        self.now_us += us
        self._phase = (self._phase + us * self.mains_hz / 1e6) % 1.0
        self.mains_hz += self.drift_hz_per_s * us / 1e6
