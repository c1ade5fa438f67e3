# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: PTH123  # MicroPython has no pathlib
"""Pins of a chip on a calibration bench: what is applied stands in ../bench.json, what the parts truly are as well."""

import json
import math
import time

from electro_tools.grid.chip import BAD, BIAS_COUNTS, QUIET, READ_US, Chip
from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS
from electro_tools.grid.transformers import CLASS_05S, SCT_013, errors

_TRANSFORMERS = {"class 0.5S": CLASS_05S, "SCT-013": SCT_013}
# by the number of phases: pins of voltages, of currents, of amplified currents
_PINS = {1: ((34,), (35,), (36,)), 3: ((34, 36, 32), (35, 39, 33), ())}
_BIAS_COUNTS_A_DUTY = 56 / 65_535

with open("../bench.json") as _file:  # beside the flash: no file of the chip's
    _bench = json.load(_file)
_volts_pins, _amps_pins, _fine_pins = _PINS[_bench["phases"]]
_chip = Chip(_bench["serial"], BAD if _bench["bad_noise"] else QUIET)
_noise, _from, _mask = _chip.noise_from()
_ratio, _lead_deg = errors(
    _TRANSFORMERS[_bench["transformer"]], max(100 * _bench["amps"] / _bench["rated_a"], 0.1)
)
_volts_peak = math.sqrt(2) * NOMINAL_COUNTS * _bench["volts"] / 230 * _bench["volts_gain"]
_amps_peak = math.sqrt(2) * RATED_COUNTS * _bench["amps"] / _bench["rated_a"] * _ratio * _bench["amps_gain"]
_per_us = 2 * math.pi * _bench["hz"] / 1_000_000
_late = math.radians(_lead_deg - _bench["lag_deg"])
_lead_v = math.radians(_bench["volts_lead_deg"])
_pick_up = _chip.pick_up / _bench["volts_gain"]


class _Analogue:
    """What changes while it runs: the place in the noise, never the same at two steps, and the bias."""

    noise_at = _from + 611 * _bench["steps"]
    bias_counts = 0.0


def unique_id():
    return b"\x24\x0a\xc4\x00\x01" + bytes([_bench.get("number", 2)])


def freq(hz=240_000_000):
    return hz


PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5


def reset_cause():
    return PWRON_RESET


class RTC:
    pass  # nobody keeps anything on the bench


def reset():
    raise SystemExit


class Pin:
    IN = OUT = PULL_UP = 1

    def __init__(self, number, mode=None, pull=None, value=1):
        self.number = number
        self._value = value

    def value(self, new=None):
        return self._value


class PWM:
    def __init__(self, pin, freq, duty_u16):
        self.duty_u16(duty_u16)

    def duty_u16(self, duty):
        _Analogue.bias_counts = duty * _BIAS_COUNTS_A_DUTY


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin):
        self._number = pin.number

    def atten(self, level):
        pass

    def read(self):
        angle = _per_us * (time.clock.us % 1_000_000)
        time.clock.us += READ_US
        _Analogue.noise_at += 1
        noise = _noise[_Analogue.noise_at & _mask]
        if _bench["dc_volts"] is not None and self._number in _amps_pins:
            return _chip.read(_bench["dc_volts"] / 3.3 * 4_096, noise)
        volts = _volts_peak * math.sin(angle + _lead_v)
        if self._number in _volts_pins:
            return _chip.read(BIAS_COUNTS + volts, noise)
        amps = _amps_peak * math.sin(angle + _late)
        if self._number in _fine_pins:
            amps *= _bench["fine_gain"]
        return _chip.read(BIAS_COUNTS + _Analogue.bias_counts + amps + volts * _pick_up, noise)


class WDT:
    def __init__(self, timeout):
        pass

    def feed(self):
        pass
