# SPDX-License-Identifier: Apache-2.0
"""A Board of up to three sines, made here and not by the simulated grid: what a test sets is what there is."""

import math
from array import array

from electro_meter.world import Board

STEPS = 4_096
MIDDLE = 1_625
PAIR_US = 250
WORK_US = 9_000  # what a chip might take for a stretch
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
        self._started_us = self.now_us - 1_000
        self.hz = 50
        self.blobs = {}
        self.volts = [230.0] * channels
        self.amps = [10.0] * channels
        self.lag_deg = [0.0] * channels
        self.mains = True  # False: the board lives on its reserve
        self.level = 0
        self.levels = []  # (when, level)
        self.outputs = (False, False, False)
        self.grid_side = None  # volts of the second input
        self.sampled = []  # channel of each stretch
        self._channel = 0
        self._origin = 0

    clock_is_true = True

    def uptime_us(self):
        return self.now_us - self._started_us

    def kept_unix_us(self):
        return self.now_us

    def set_chip_clock(self, unix_s):
        pass

    def rest(self, us):
        self.now_us += us

    def select_channel(self, channel):
        self._channel = channel

    def select_range(self, fine):
        pass

    def step_bias(self, step):
        pass

    def begin(self):
        self.sampled.append(self._channel)
        self.now_us += WORK_US
        self._origin = self.now_us
        return self.uptime_us()

    def sample(self, times_us, volts, amps, first, end):
        channel = self._channel
        at = (self.now_us % 1_000_000) * STEPS * self.hz / 1e6 - channel * STEPS / 3
        per_pair = STEPS * self.hz * PAIR_US / 1e6
        late = self.lag_deg[channel] / 360 * STEPS
        v, a = self.volts[channel] * VOLT_COUNTS, self.amps[channel] * AMP_COUNTS
        t = self.now_us - self._origin
        mask = STEPS - 1
        for k in range(first, end):
            times_us[k] = t
            volts[k] = int(MIDDLE + 0.5 + v * _SINE[int(at) & mask])
            amps[k] = int(MIDDLE + 0.5 + a * _SINE[int(at - late) & mask])
            at += per_pair
            t += PAIR_US
        self.now_us = self._origin + t

    def sample_grid(self, volts, first, end):
        if self.grid_side is None:
            return False
        kept, self.volts[self._channel] = self.volts[self._channel], self.grid_side
        self.sample(array("i", [0] * end), volts, array("H", volts), first, end)
        self.volts[self._channel] = kept
        return True

    def load_blob(self, name):
        return self.blobs.get(name)

    def store_blob(self, name, content):
        self.blobs[name] = content

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
