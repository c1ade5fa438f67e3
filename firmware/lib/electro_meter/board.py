# SPDX-License-Identifier: Apache-2.0
"""The ESP32 itself: the only file of the meter that imports machine, network or esp32."""

import asyncio
import os
import sys
import time

import esp32
import machine
import network
import ntptime

from .clock import epoch_s, is_plausible
from .life import Life
from .lights import SAFE_MODE, STEP_MS, is_on
from .pins import pins_of
from .radio import Radio
from .reserve import QUIET
from .world import CLOCK_KEPT, CLOCK_NEVER_SET, CLOCK_SYNCED, Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Coroutine
    from typing import Any

    from .settings import Settings

_BIAS_PWM_HZ = 20_000  # the bias's 10 µF leaves nothing of it
_BIAS_STEP_DUTY = 65_535 // 7

# The chip counts from 2000 with most builds, the world from 1970.
_EPOCH_S = epoch_s(time.gmtime(0)[0])
_MACHINE: str = getattr(sys.implementation, "_machine", "")
_WATCHDOG_MS = 30_000
_SAY_EVERY = 20  # steps: whoever connects later reads it, too
_FAST_HZ = 240_000_000  # stock builds start at 160; a C3 has no more
_SLOW_HZ = 80_000_000  # the least at which the radio works
_MOST_BLOB_BYTES = 4_096


class Esp32Board(Board):
    """Pins, radio, NVS, RTC and watchdog of an ESP32 with stock MicroPython 1.23 or later."""

    def __init__(self, config: "Settings | None") -> None:
        """Without a configuration there is no network, and one phase."""
        self.directory = "."
        self.channels = len(config.channels) if config else 1
        pins = pins_of((config.board if config else "") or _MACHINE, self.channels)
        ssid, password = (config.wifi_ssid, config.wifi_password) if config else ("", "")
        self._radio = Radio(network.WLAN(network.STA_IF), ssid, password)
        fine = bool(config and pins.fine and config.channels[0].fine_ua_per_count)
        self.has_fine = fine
        self._all_volts = [_adc(pin) for pin in pins.volts[: self.channels]]
        # direct and amplified, of each phase
        self._all_amps = [
            (_adc(pins.amps[k]), _adc(pins.fine[k]) if fine else None) for k in range(self.channels)
        ]
        self._biases = [
            machine.PWM(machine.Pin(pin), freq=_BIAS_PWM_HZ, duty_u16=0)
            for pin in pins.bias[: self.channels]
            if fine
        ]
        self._ranges = [False] * self.channels
        self._channel = 0
        self.begin()
        self._grid_volts = None
        if pins.grid_present >= 0 and not (fine and pins.grid in pins.fine[: self.channels]):
            fitted = machine.Pin(pins.grid_present, machine.Pin.IN, machine.Pin.PULL_UP)
            self._grid_volts = None if fitted.value() else _adc(pins.grid)
        self._led = machine.Pin(pins.led, machine.Pin.OUT, value=0)
        self._warning = machine.Pin(pins.warning, machine.Pin.OUT, value=0)
        self._shed = machine.Pin(pins.shed, machine.Pin.OUT, value=0)
        self._supply = machine.Pin(pins.supply, machine.Pin.IN)
        try:
            machine.freq(_FAST_HZ)
        except ValueError:
            self.log("this chip has no 240 MHz")
        self._cpu_hz = machine.freq()
        self._nvs = esp32.NVS("electro")
        self._synced = False
        self._uptime_ms = 0
        self._ticks_ms = time.ticks_ms()
        self._tasks: "list[Any]" = []
        self._watchdog: "machine.WDT | None" = None
        # by so much as a read takes the current's sample is later than the voltage's
        read = self._all_volts[0].read
        start = time.ticks_us()
        for _ in range(64):
            read()
        self.skew_us = time.ticks_diff(time.ticks_us(), start) // 64

    def unix_us(self) -> int:
        return time.time_ns() // 1000 + _EPOCH_S * 1_000_000

    def uptime_us(self) -> int:
        ticks_ms = time.ticks_ms()
        self._uptime_ms += time.ticks_diff(
            ticks_ms, self._ticks_ms
        )  # asked each stretch: far within its 6 days
        self._ticks_ms = ticks_ms
        return self._uptime_ms * 1000

    def clock_quality(self) -> int:
        if self._synced:
            return CLOCK_SYNCED
        return CLOCK_KEPT if is_plausible(time.time() + _EPOCH_S) else CLOCK_NEVER_SET

    async def sync_clock(self) -> bool:
        try:
            await self._radio.join()
            ntptime.settime()
        except OSError as error:
            self.log(f"clock: {error}")
            return False
        self._synced = True
        return True

    def spawn(self, task: "Coroutine[Any, Any, None]") -> None:
        self._tasks.append(asyncio.create_task(self._or_reset(task)))

    async def _or_reset(self, task: "Coroutine[Any, Any, None]") -> None:
        """Run a task that never ends; if it does, start the device again: the journal holds everything."""
        try:
            await task
        except Exception as error:  # noqa: BLE001 - whatever it is, a meter without one of its tasks is no meter
            self.log(f"stopped: {error!r}")
            Life(self.directory).note(error, self.unix_us() // 1_000_000)
        await asyncio.sleep(5)
        machine.reset()

    def begin(self) -> None:
        direct, fine = self._all_amps[self._channel]
        self._read_volts = self._all_volts[self._channel].read
        self._read_amps = (fine or direct).read if self._ranges[self._channel] else direct.read
        self._origin = time.ticks_us()

    def sample(
        self, times_us: "array[int]", volts: "array[int]", amps: "array[int]", first: int, end: int
    ) -> None:
        ticks_us, ticks_diff, origin = time.ticks_us, time.ticks_diff, self._origin
        read_volts, read_amps = self._read_volts, self._read_amps
        for k in range(first, end):
            times_us[k] = ticks_diff(ticks_us(), origin)
            volts[k] = read_volts()
            amps[k] = read_amps()

    def sample_grid(self, volts: "array[int]", first: int, end: int) -> bool:
        if self._grid_volts is None:
            return False
        read = self._grid_volts.read
        for k in range(first, end):
            volts[k] = read()
            read()  # as long as a pair takes
        return True

    def select_channel(self, channel: int) -> None:
        self._channel = channel

    def select_range(self, fine: bool) -> None:
        self._ranges[self._channel] = fine

    def step_bias(self, step: int) -> None:
        if self._biases:
            self._biases[self._channel].duty_u16(step * _BIAS_STEP_DUTY)

    async def connect(self, host: str, port: int, tls: bool) -> "tuple[Any, Any]":
        return await self._radio.connect(host, port, tls)

    def entropy(self, count: int) -> bytes:
        return os.urandom(count)

    def load_key(self) -> "bytes | None":
        private_key = bytearray(32)
        try:
            return bytes(private_key) if self._nvs.get_blob("key", private_key) == 32 else None
        except OSError:
            return None

    def store_key(self, private_key: bytes) -> None:
        self._nvs.set_blob("key", private_key)
        self._nvs.commit()

    def load_blob(self, name: str) -> "bytes | None":
        content = bytearray(_MOST_BLOB_BYTES)
        try:
            return bytes(content[: self._nvs.get_blob(name, content)])
        except OSError:
            return None

    def store_blob(self, name: str, content: bytes) -> None:
        self._nvs.set_blob(name, content)
        self._nvs.commit()

    def show(self, alive: bool, warning: bool, shed: bool) -> None:
        self._led.value(alive)
        self._warning.value(warning)
        self._shed.value(shed)

    def on_reserve(self) -> bool:
        return not self._supply.value()

    def save_power(self, level: int) -> None:
        machine.freq(_SLOW_HZ if level else self._cpu_hz)
        self._radio.switch(level != QUIET)

    def start_watchdog(self) -> None:
        """From now on the chip starts anew if the meter does not feed it; nothing can stop that."""
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS)

    def feed_watchdog(self) -> None:
        if self._watchdog is not None:
            self._watchdog.feed()

    def log(self, sentence: str) -> None:
        print(sentence)  # noqa: T201 - the serial line is where a person listens


def _adc(pin: int) -> "machine.ADC":
    """Return a 12-bit channel with 11 dB attenuation: 0.15 to 2.45 V are usable."""
    converter = machine.ADC(machine.Pin(pin))
    converter.atten(machine.ADC.ATTN_11DB)
    return converter


def rest(sentence: str, seconds: int) -> None:
    """Say why the meter does not run, blink, and start the chip anew; until then the serial line is free."""
    led = machine.Pin(pins_of(_MACHINE, 1).led, machine.Pin.OUT)
    for step in range(seconds * 1000 // STEP_MS):
        if step % _SAY_EVERY == 0:
            print("safe mode:", sentence)  # noqa: T201 - the serial line is where a person listens
        led.value(is_on(SAFE_MODE, step * STEP_MS))
        time.sleep_ms(STEP_MS)
    machine.reset()
