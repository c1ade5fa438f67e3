# SPDX-License-Identifier: Apache-2.0
"""Say by what factor the voltage is off its nominal at an instant: by dips, notches, flicker, interruptions and so on.

A dip keeps 10 to 90% (IEC 61000-4-30, 5.4), a swell exceeds 110%, an interruption keeps less than 10%. A notch is the
commutation of a converter: some 0.1 to 2 ms at no voltage, once or in every half cycle. After a loss, motors that
still turn hold a voltage that decays within some tenths of a second (0.05 to 0.5 s, an assumption from restart relays).
Flicker is a slow swing of the amplitude (an arc furnace's, 0.5 to 25 Hz: IEC 61000-4-15), here as deep as half of
nominal, far beyond what a grid tolerates. A switching transient rings with some hundred to some thousand hertz and dies
within milliseconds (a capacitor bank, IEEE 1159); at its worst it takes the voltage through zero and to twice its peak.
"""

import math

DIP = "dip"
SWELL = "swell"
NOTCH = "notch"
INTERRUPTION = "interruption"
SPIN_DOWN = "spin-down"
FLICKER = "flicker"
TRANSIENT = "transient"


class Disturbance:
    """From start_us to end_us the voltage is `residual` of nominal; a spin-down decays to that with tau_us.

    A flicker swings between `residual` and nominal, every_us being its period. A transient rings with the period
    every_us and dies with tau_us; `residual` is how far it swings at first.
    """

    def __init__(
        self, kind: str, start_us: int, end_us: int, residual: float, tau_us: int = 0, every_us: int = 0
    ) -> None:
        self.kind = kind
        self.start_us = start_us
        self.end_us = end_us
        self.residual = residual
        self.tau_us = tau_us
        self.every_us = every_us  # a notch comes again and again

    def factor(self, t_us: int) -> float:
        if self.kind in (FLICKER, TRANSIENT):
            return self._swing(t_us - self.start_us) if self.start_us <= t_us < self.end_us else 1.0
        if self.every_us and t_us > self.start_us:
            t_us = self.start_us + (t_us - self.start_us) % self.every_us
        if not self.start_us <= t_us < self.end_us:
            return 1.0
        if self.kind == SPIN_DOWN:
            return self.residual + (0.9 - self.residual) * math.exp(-(t_us - self.start_us) / self.tau_us)
        return self.residual

    def _swing(self, since_us: int) -> float:
        turn = 2 * math.pi * since_us / self.every_us
        if self.kind == FLICKER:
            return 1 - (1 - self.residual) * (1 - math.cos(turn)) / 2
        return 1 - self.residual * math.exp(-since_us / self.tau_us) * math.cos(turn)

    def interrupted_us(self) -> int:
        """Return when the voltage falls below 10% for good, -1 if it never does."""
        if self.kind == INTERRUPTION:
            return self.start_us
        if self.kind == SPIN_DOWN and self.residual < 0.1:
            return self.start_us + int(self.tau_us * math.log((0.9 - self.residual) / (0.1 - self.residual)))
        return -1
