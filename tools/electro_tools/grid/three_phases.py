# SPDX-License-Identifier: Apache-2.0
"""Put three phases on the bench: one chip that samples them one after the other, each with its own transformers."""

from electro_meter.life.settings import Channel, Settings
from electro_meter.sensing.phases import Phases
from electro_meter.world import Board
from electro_tools.grid.calibrating import NOMINAL_V, RATED_A, Calibrated

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from electro_tools.grid.bench import Bench


class ThreePhases(Board):
    """Three benches as one board; the second phase is a third of a cycle behind the first, the third two."""

    def __init__(self, phases: "list[Bench]") -> None:
        self.phases = phases
        self.channels = len(phases)
        self.skew_us = phases[0].skew_us
        self.has_fine = phases[0].has_fine
        self.now_us = phases[0].now_us
        self._selected = phases[0]
        for number, phase in enumerate(phases):
            phase.turn(-number / len(phases))

    @property
    def true_power(self) -> float:
        """Return the sum, in nominal volts times rated amperes of one phase."""
        return sum([phase.true_power for phase in self.phases])

    def uptime_us(self) -> int:
        return self.now_us

    def select_channel(self, channel: int) -> None:
        self._selected = self.phases[channel]

    def select_range(self, fine: bool) -> None:
        self._selected.select_range(fine)

    def step_bias(self, step: int) -> None:
        self._selected.step_bias(step)

    def begin(self) -> int:
        phase = self._selected
        phase.advance(self.now_us - phase.now_us)  # while the others were sampled
        phase.begin()
        self.now_us = phase.now_us
        return self.now_us

    def sample(
        self, times_us: "array[int]", volts: "array[int]", amps: "array[int]", first: int, end: int
    ) -> None:
        self._selected.sample(times_us, volts, amps, first, end)
        self.now_us = self._selected.now_us


def meter(board: ThreePhases, mains_hz: int, devices: "list[Calibrated]") -> Phases:
    """Return the meter's phases with what was found for each; the table is the first one's."""
    settings = Settings()
    settings.nominal_mv = int(NOMINAL_V * 1000)
    settings.rated_ma = int(RATED_A * 1000)
    settings.mains_hz = mains_hz
    settings.max_gap_ms = 5_000
    settings.window_period_ms = 0
    settings.creep_mw = 0
    settings.exports = 0
    settings.linearisation = devices[0].table_rows
    settings.channels = []
    for device in devices:
        one = device.calibration
        channel = Channel()
        channel.uv_per_count = one.uv_per_count
        channel.ua_per_count = one.ua_per_count
        channel.phase_mdeg = one.phase_mdeg
        channel.fine_ua_per_count = one.fine_ua_per_count
        channel.no_load_mw = one.no_load_mw
        channel.fine_no_load_mw = one.fine_no_load_mw
        channel.sensors = device.sensor_rows
        settings.channels.append(channel)
    return Phases(board, settings)
