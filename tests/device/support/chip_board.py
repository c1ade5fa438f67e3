# SPDX-License-Identifier: Apache-2.0
"""Make the chip's own Board on an interpreter that is none, with a converter and a clock that allocate nothing."""

import math
import sys
from array import array

CYCLE = 80  # steps of 250 µs
STEP_US = 250
TICK_US = 15  # what asking the time takes
READ_US = 60  # and the converter

_WAVE = array("H", [int(1625 + 884 * math.sin(2 * math.pi * k / CYCLE)) for k in range(CYCLE)])


class Clock:
    """Stand for the module time."""

    t = 0

    def ticks_us(self):
        self.t += TICK_US
        return self.t

    def ticks_diff(self, one, other):
        return one - other


CLOCK = Clock()


class Converter:
    ATTN_11DB = 3

    def __init__(self, pin):
        pass

    def atten(self, attenuation):
        pass

    stalls = 0  # reads that last 5 ms

    def read(self):
        if Converter.stalls:
            Converter.stalls -= 1
            CLOCK.t += 5_000
        CLOCK.t += READ_US
        return _WAVE[CLOCK.t // STEP_US % CYCLE]


def wave(at_us):
    """Return what the converter reads at a time."""
    return _WAVE[at_us // STEP_US % CYCLE]


class Pin:
    IN = OUT = PULL_UP = 0

    def __init__(self, number, mode=0, pull=0, value=0):
        pass

    def value(self, state=1):
        return state

    def duty_u16(self, duty):
        pass


class Machine:
    ADC = Converter
    Pin = Pin
    PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = range(1, 6)

    def freq(self, hz=0):
        return 240_000_000

    def reset_cause(self):
        return 1

    def RTC(self):  # noqa: N802 - machine's name
        return None

    def PWM(self, pin, freq=0, duty_u16=0):  # noqa: N802 - machine's name
        return pin


class Nothing:
    """Stand for the modules esp32, network and ssl: there is no radio, and nothing is stored."""

    STA_IF = 0

    def NVS(self, name):  # noqa: N802 - esp32's name
        return None

    def WLAN(self, interface):  # noqa: N802 - network's name
        return self

    def active(self, on=True):
        return on


def make(settings):
    """Return an Esp32Board for the settings."""
    names = ("machine", "esp32", "network", "ssl")
    before = {name: sys.modules.get(name) for name in names}
    for name in names:
        sys.modules[name] = Machine() if name == "machine" else Nothing()
    try:
        from electro_meter import board
    finally:
        for name in names:
            if before[name] is None:
                del sys.modules[name]
            else:
                sys.modules[name] = before[name]
    board.time = CLOCK
    return board.Esp32Board(settings)
