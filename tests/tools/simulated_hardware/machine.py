# SPDX-License-Identifier: Apache-2.0
"""Pins, converter and watchdog of a chip with nothing connected: for real MicroPython without a chip."""

import time


def _beside(name, usual):
    """Return the number in a file beside the flash: what makes this board another than its neighbours."""
    try:
        with open("../" + name) as file:  # noqa: PTH123
            return int(file.read())
    except OSError:
        return usual


def unique_id():
    return b"\x24\x0a\xc4\x00\x01" + bytes([_beside("number", 2)])


PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5


def reset_cause():
    return SOFT_RESET


def freq(hz=240_000_000):
    return hz


def reset():
    raise SystemExit


class RTC:
    _memory = b""

    def memory(self, content=None):
        if content is not None:
            RTC._memory = content
        return RTC._memory

    def datetime(self, fields):
        pass


class Pin:
    IN = OUT = PULL_UP = 1

    def __init__(self, number, mode=None, pull=None, value=1):
        self._value = value

    def value(self, new=None):
        if new is not None:
            self._value = new
        return self._value


class ADC:
    ATTN_11DB = 3

    def __init__(self, pin, atten=None):
        self._code = _beside("code", 1900)

    def atten(self, level):
        pass

    def read(self):
        time.sleep_us(90)  # as a chip's takes
        return self._code


class Timer:
    ONE_SHOT = 0

    def __init__(self, number):
        pass

    def init(self, mode, period, callback):
        pass

    def deinit(self):
        pass


class WDT:
    def __init__(self, timeout):
        pass

    def feed(self):
        pass
