# SPDX-License-Identifier: Apache-2.0
"""A Board of up to three sines, made here and not by the simulated grid: what a test sets is what there is."""

import math
from array import array

from electro_meter.world import CLOCK_SYNCED, FLAT_US, LEAST_SPAN_US, Board

STEPS = 4_096
MIDDLE = 1_625
PAIR_US = 250
WORK_US = 12_000  # what a chip might take for a block
VOLT_COUNTS = 625.0 / 230  # a pin's counts for one volt
AMP_COUNTS = 562.5 / 100
UV_PER_COUNT = 368_000
UA_PER_COUNT = 177_778

_SINE = array("f", [math.sqrt(2) * math.sin(2 * math.pi * step / STEPS) for step in range(STEPS)])


class PhaseBoard(Board):
    """Time passes with what is sampled and with `rest`."""

    def __init__(self, directory, start_s, channels=3):
        self.directory = directory
        self.channels = channels
        self.now_us = start_s * 1_000_000
        self.hz = 50
        self.volts = [230.0] * channels
        self.amps = [10.0] * channels
        self.lag_deg = [0.0] * channels
        self.mains = True  # False: the board lives on its reserve
        self.level = 0
        self.levels = []  # (when, level)
        self.outputs = (False, False, False)
        self.grid_side = None  # volts of the second input
        self.sampled = []  # channel of each block
        self._channel = 0

    def unix_us(self):
        return self.now_us

    def clock_quality(self):
        return CLOCK_SYNCED

    def rest(self, us):
        self.now_us += us

    def select_channel(self, channel):
        self._channel = channel

    def select_range(self, fine):
        pass

    def step_bias(self, step):
        pass

    def sample(self, times_us, volts, amps, span_us):
        channel = self._channel
        self.sampled.append(channel)
        per_pair = STEPS * self.hz * PAIR_US / 1e6
        at = (self.now_us % 1_000_000) * STEPS * self.hz / 1e6 - channel * STEPS / 3
        late = self.lag_deg[channel] / 360 * STEPS
        v, a = self.volts[channel] * VOLT_COUNTS, self.amps[channel] * AMP_COUNTS
        flat_from, flat_to = self.flat_from, self.flat_to
        watched = flat_from < flat_to
        alive_us = -min(self.flat_us, FLAT_US - LEAST_SPAN_US)
        k = t = 0
        mask = STEPS - 1
        most = len(times_us)
        while t <= span_us and k < most and not (watched and t - alive_us > FLAT_US):
            times_us[k] = t
            volts[k] = raw = int(MIDDLE + 0.5 + v * _SINE[int(at) & mask])
            amps[k] = int(MIDDLE + 0.5 + a * _SINE[int(at - late) & mask])
            if not flat_from < raw < flat_to:
                alive_us = t
            at += per_pair
            t += PAIR_US
            k += 1
        self.flat_us = min(t - PAIR_US - alive_us, FLAT_US) if watched else 0
        self.now_us += t + WORK_US
        return k

    def sample_grid(self, times_us, volts, span_us):
        if self.grid_side is None:
            return 0
        kept, self.volts[self._channel] = self.volts[self._channel], self.grid_side
        count = self.sample(times_us, volts, array("H", volts), span_us)
        self.volts[self._channel] = kept
        return count

    def load_key(self):
        return b"\x07" * 32

    def show(self, alive, warning, shed):
        self.outputs = (alive, warning, shed)

    def on_reserve(self):
        return not self.mains

    def save_power(self, level):
        self.level = level
        self.levels.append((self.now_us, level))

    def feed_watchdog(self):
        pass

    def log(self, sentence):
        pass
