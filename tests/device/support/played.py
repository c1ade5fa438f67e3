# SPDX-License-Identifier: Apache-2.0
"""A Board that plays what a test gives it: voltage and current as functions of time, and the pace of the pairs."""

import math

from electro_meter.world import Board

UV, UA = 368_000, 178_000  # 230 V and 100 A at 625 and 562 counts


class Played(Board):
    """Time passes with what is sampled; `volts_at` and `amps_at` give counts at microseconds since the start."""

    def __init__(self, volts_at, amps_at, pace=None, skew_us=95, work_us=9_000):
        self.volts_at = volts_at
        self.amps_at = amps_at
        self.skew_us = skew_us
        self.t = 0
        self.kept = None  # [(time, volts, amps)] of the stretch, if a test wants them
        self._pace = pace or (lambda k: 250)
        self._work_us = work_us
        self._pairs = 0
        self._origin = 0

    def uptime_us(self):
        return 5_000_000 + self.t

    def begin(self):
        self.t += self._work_us
        self._origin = self.t
        self._pairs = 0
        if self.kept is not None:
            self.kept = []
        return self.uptime_us()

    def sample(self, times_us, volts, amps, first, end):
        for k in range(first, end):
            times_us[k] = self.t - self._origin
            volts[k] = int(self.volts_at(self.t) + 0.5)
            amps[k] = int(self.amps_at(self.t + self.skew_us) + 0.5)
            if self.kept is not None:
                self.kept.append((times_us[k], volts[k], amps[k]))
            self.t += self._pace(self._pairs)
            self._pairs += 1

    def sample_grid(self, volts, first, end):
        for k in range(first, end):
            volts[k] = int(self.volts_at(self.t) + 0.5)
            self.t += 250
        return True


def sines(hz=50.0, volts=230.0, amps=50.0, lag_deg=0.0, phase_deg=37.0, third=0.0, middle=1625.3, **others):
    """Return a Board with a sine on both inputs; third is the third harmonic's share of the current."""
    omega = 2 * math.pi * hz / 1e6
    v = volts * 1e6 / UV * math.sqrt(2)
    i = amps * 1e6 / UA * math.sqrt(2)
    lag, phase = math.radians(lag_deg), math.radians(phase_deg)

    def volts_at(t):
        return middle + v * math.sin(omega * t + phase)

    def amps_at(t):
        angle = omega * t + phase - lag
        return middle + i * (math.sin(angle) + third * math.sin(3 * angle))

    return Played(volts_at, amps_at, **others)
