# SPDX-License-Identifier: Apache-2.0
"""The ESP32 itself: the only file of the meter that touches machine, network or esp32."""

import asyncio
import os
import ssl
import time

import esp32
import machine
import network
import ntptime

from .clock import epoch_s, is_plausible
from .life import Life
from .world import CLOCK_KEPT, CLOCK_NEVER_SET, CLOCK_SYNCED, FLAT_US, LEAST_SPAN_US, Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Coroutine
    from typing import Any

# ADC1 only (pins 32-39): ADC2 does not work while the radio is on.
VOLTS_PIN = 34
AMPS_PIN = 35
FINE_AMPS_PIN = 36  # the current behind its amplifier, if fitted
GRID_VOLTS_PIN = 32
GRID_PRESENT_PIN = 33  # a jumper to ground says that the grid-side input is fitted
LED_PIN = 2
WARNING_PIN = 25
SHED_PIN = 26
BIAS_PIN = 27  # PWM, through 430 kΩ into the bias of the current: full duty is 56 counts

_BIAS_PWM_HZ = 20_000  # the bias's 10 µF leaves nothing of it
_BIAS_STEP_DUTY = 65_535 // 7

# The chip counts from 2000 with most builds, the world from 1970.
_EPOCH_S = epoch_s(time.gmtime(0)[0])
_WATCHDOG_MS = 30_000
_CONNECT_TRIES = 40  # × 500 ms
_CA_FILE = "ca.der"
_MOST_BLOB_BYTES = 4_096


class Esp32Board(Board):
    """Pins, radio, NVS, RTC and watchdog of an ESP32 with stock MicroPython 1.23 or later."""

    def __init__(self, wifi_ssid: str, wifi_password: str, watchdog: bool = True, fine: bool = False) -> None:
        """fine: the amplified current range and the movable bias are fitted."""
        self.directory = "."
        self.skew_us = 0
        self._wifi = (wifi_ssid, wifi_password)
        self._station = network.WLAN(network.STA_IF)
        self._station.active(True)  # the hardware generator is true-random only with the radio on
        self._volts = _adc(VOLTS_PIN)
        self._direct_amps = self._amps = _adc(AMPS_PIN)
        self.has_fine = fine
        self._fine_amps = _adc(FINE_AMPS_PIN) if fine else self._amps
        self._bias = machine.PWM(machine.Pin(BIAS_PIN), freq=_BIAS_PWM_HZ, duty_u16=0) if fine else None
        fitted = machine.Pin(GRID_PRESENT_PIN, machine.Pin.IN, machine.Pin.PULL_UP)
        self._grid_volts = None if fitted.value() else _adc(GRID_VOLTS_PIN)
        self._led = machine.Pin(LED_PIN, machine.Pin.OUT, value=0)
        self._warning = machine.Pin(WARNING_PIN, machine.Pin.OUT, value=0)
        self._shed = machine.Pin(SHED_PIN, machine.Pin.OUT, value=0)
        self._nvs = esp32.NVS("electro")
        self._synced = False
        self._uptime_ms = 0
        self._ticks_ms = time.ticks_ms()
        self._tasks: "list[Any]" = []
        self._watchdog = machine.WDT(timeout=_WATCHDOG_MS) if watchdog else None
        self._measure_skew()

    def _measure_skew(self) -> None:
        """Time one read of the converter: by so much the current's sample is later than the voltage's."""
        read = self._volts.read
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
        )  # asked each block: far within its 6 days
        self._ticks_ms = ticks_ms
        return self._uptime_ms * 1000

    def clock_quality(self) -> int:
        if self._synced:
            return CLOCK_SYNCED
        return CLOCK_KEPT if is_plausible(time.time() + _EPOCH_S) else CLOCK_NEVER_SET

    async def sync_clock(self) -> bool:
        try:
            await self._join()
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

    def sample(self, times_us: "array[int]", volts: "array[int]", amps: "array[int]", span_us: int) -> int:
        read_volts, read_amps = self._volts.read, self._amps.read
        ticks_us, ticks_diff = time.ticks_us, time.ticks_diff
        flat_from, flat_to = self.flat_from, self.flat_to
        limit = FLAT_US if flat_from < flat_to else span_us
        start = ticks_us()
        elapsed = k = 0
        alive_us = -min(self.flat_us, FLAT_US - LEAST_SPAN_US)  # what the last block ended with goes on
        alone = False  # one sample outside may be an outlier
        for k in range(len(times_us)):
            elapsed = ticks_diff(ticks_us(), start)
            if elapsed > span_us or elapsed - alive_us > limit:
                break
            times_us[k] = elapsed
            volts[k] = v = read_volts()
            amps[k] = read_amps()
            if flat_from < v < flat_to:
                alone = False
            elif alone:
                alive_us = elapsed
            else:
                alone = True
        else:
            k = len(times_us)
        self.flat_us = min(elapsed - alive_us, FLAT_US)
        return k

    def sample_grid(self, times_us: "array[int]", volts: "array[int]", span_us: int) -> int:
        if self._grid_volts is None:
            return 0
        read = self._grid_volts.read
        start = time.ticks_us()
        for k in range(len(times_us)):
            elapsed = time.ticks_diff(time.ticks_us(), start)
            if elapsed > span_us:
                return k
            times_us[k] = elapsed
            volts[k] = read()
        return len(times_us)

    def select_range(self, fine: bool) -> None:
        self._amps = self._fine_amps if fine else self._direct_amps

    def step_bias(self, step: int) -> None:
        if self._bias is not None:
            self._bias.duty_u16(step * _BIAS_STEP_DUTY)

    async def connect(self, host: str, port: int, tls: bool) -> "tuple[Any, Any]":
        await self._join()
        if not tls:
            return await asyncio.open_connection(host, port)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # without the relayer's CA in ca.der nothing is trusted; the stubs don't know the attribute
        context.verify_mode = ssl.CERT_REQUIRED  # type: ignore[attr-defined]
        try:
            with open(_CA_FILE, "rb") as file:  # noqa: ASYNC230 - flash; there is no other way
                context.load_verify_locations(cadata=file.read())
        except OSError:
            raise OSError(f"{_CA_FILE} is missing: https needs the relayer's CA certificate, in DER")
        return await asyncio.open_connection(host, port, ssl=context, server_hostname=host)

    async def _join(self) -> None:
        """Connect to the WiFi if it is not connected.

        Raises OSError after 20 s.
        """
        if self._station.isconnected():
            return
        self._station.active(True)
        try:
            self._station.connect(*self._wifi)
        except OSError:
            pass  # it is connecting already
        for _ in range(_CONNECT_TRIES):
            if self._station.isconnected():
                return
            await asyncio.sleep(0.5)
        self._station.disconnect()
        raise OSError(f"no WiFi {self._wifi[0]}")

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
