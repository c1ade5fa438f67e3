# SPDX-License-Identifier: Apache-2.0
"""The ESP32 itself: the only file of the meter that imports machine, network or esp32."""

import asyncio
import os
import select
import socket
import sys
import time

import esp32
import machine
import network

from .life.lights import SAFE_MODE, STEP_MS, is_on
from .life.reserve import QUIET
from .pins import pins_of
from .radio import Radio
from .world import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Coroutine
    from typing import Any

    from .life.settings import Settings

_BIAS_PWM_HZ = 20_000  # the bias's 10 µF leaves nothing of it
_BIAS_STEP_DUTY = 65_535 // 7

# The chip counts from 2000 with most builds, the world from 1970.
_EPOCH_S = 946_684_800 if time.gmtime(0)[0] == 2000 else 0
# A clock that shows less was never set; nobody built this before.
_WRITTEN_S = 1_750_000_000
_RETAINED_BYTES = 512
# The ring's 128 pairs must hold a cycle of 50 Hz: `sampling`.
_LEAST_PAIR_US = 160
# A pair that takes so much more than two reads was stalled in it, and is read again. A current a millisecond behind its
# voltage each 50 ms, as the radio may do it, would be 0.3% of the power at a factor of 0.5 (computed).
_STALLED_US = 200
_DATAGRAM_POLL_MS = 10
_MOST_DATAGRAMS = 16  # from strangers, while an answer is waited for
_MACHINE: str = getattr(sys.implementation, "_machine", "")
_WATCHDOG_MS = 30_000
_SAY_EVERY = 20  # steps: whoever connects later reads it, too
_FAST_HZ = 240_000_000  # stock builds start at 160; a C3 has no more
_SLOW_HZ = 80_000_000  # the least at which the radio works
_MOST_BLOB_BYTES = 4_096
_NVS_NOT_FOUND = -4354  # ESP_ERR_NVS_NOT_FOUND: what an OSError has in place of an errno
_DATAGRAM_BYTES = 512
_REASONS = {
    machine.PWRON_RESET: "power",
    machine.HARD_RESET: "reset",
    machine.WDT_RESET: "watchdog",
    machine.SOFT_RESET: "soft reset",
    machine.DEEPSLEEP_RESET: "deep sleep",
}


class Esp32Board(Board):
    """Pins, radio, NVS, RTC and watchdog of an ESP32 with stock MicroPython 1.23 or later."""

    hears = True

    def __init__(self, config: "Settings | None") -> None:
        """Without a configuration there is no network, and one phase."""
        self.directory = "."
        self.channels = len(config.channels) if config else 1
        pins = pins_of((config.board if config else "") or _MACHINE, self.channels)
        ssid, password = (config.wifi_ssid, config.wifi_password) if config else ("", "")
        self._radio = Radio(network.WLAN(network.STA_IF), ssid, password, self.reset)
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
        self._uptime_us = 0
        self._ticks_us = time.ticks_us()
        self._pair_us = self._at = self._took = 0
        self._most_us = 1_000_000
        self._again = False
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
        self._rtc = machine.RTC()
        cause = machine.reset_cause()
        self.start_reason = _REASONS.get(cause, f"reset cause {cause}")
        self._tasks: "list[Any]" = []
        self._serial: "Any" = None
        self._watchdog: "machine.WDT | None" = None
        # by so much as a read takes the current's sample is later than the voltage's
        read = self._all_volts[0].read
        self.skew_us = 1_000_000
        for _ in range(8):  # the least: the radio, which has just been switched on, stalls some of them
            start = time.ticks_us()
            for _ in range(16):
                read()
            self.skew_us = min(self.skew_us, time.ticks_diff(time.ticks_us(), start) // 16)
        self._most_us = 2 * self.skew_us + _STALLED_US
        if 2 * self.skew_us < _LEAST_PAIR_US:
            self._pair_us = _LEAST_PAIR_US
            self.log(f"a pair takes {2 * self.skew_us} µs: each is made to last {_LEAST_PAIR_US}")

    def uptime_us(self) -> int:
        now = time.ticks_us()
        # asked each stretch: far within the nine minutes after which the difference is wrong
        self._uptime_us += time.ticks_diff(now, self._ticks_us)
        self._ticks_us = now
        return self._uptime_us

    def kept_unix_us(self) -> int:
        return time.time_ns() // 1000 + _EPOCH_S * 1_000_000 if time.time() + _EPOCH_S > _WRITTEN_S else 0

    def set_chip_clock(self, unix_s: int) -> None:
        year, month, day, hour, minute, second, weekday, _ = time.gmtime(unix_s - _EPOCH_S)[:8]
        self._rtc.datetime((year, month, day, weekday, hour, minute, second, 0))

    def retained(self) -> "bytes | None":
        return self._rtc.memory() or None

    def retain(self, content: bytes) -> None:
        if len(content) <= _RETAINED_BYTES:
            self._rtc.memory(content)

    def sleep_ms(self, ms: int) -> "Any":
        return asyncio.sleep_ms(ms)  # which is one object for ever: sampling allocates nothing

    def spawn(self, task: "Coroutine[Any, Any, None]") -> None:
        self._tasks.append(asyncio.create_task(task))

    def reset(self, reason: str) -> None:
        self.log(f"reset: {reason}")
        machine.reset()

    async def heard(self) -> str:
        if self._serial is None:
            self._serial = asyncio.StreamReader(sys.stdin)
        try:
            return await self._serial.read(1) or "\n"
        except UnicodeError:
            return "?"

    def network(self) -> "dict[str, object]":
        return self._radio.told()

    def end_trial(self) -> None:
        machine.Timer(0).deinit()  # boot.py's

    def begin(self) -> int:
        direct, fine = self._all_amps[self._channel]
        self._read_volts = self._all_volts[self._channel].read
        self._read_amps = (fine or direct).read if self._ranges[self._channel] else direct.read
        started_us = self.uptime_us()
        self._origin = self._ticks_us  # the same instant, read once
        return started_us

    def sample(
        self, times_us: "array[int]", volts: "array[int]", amps: "array[int]", first: int, end: int
    ) -> None:
        while first < end:  # no locals of its own: the frame of a larger function would come from the heap
            self._at = time.ticks_us()
            times_us[first] = time.ticks_diff(self._at, self._origin)
            volts[first] = self._read_volts()
            amps[first] = self._read_amps()
            self._took = time.ticks_diff(time.ticks_us(), self._at)
            if self._took > self._most_us and not self._again:
                self._again = True  # the radio stalled it in the middle: nobody knows when which was read
                continue
            self._again = False
            while time.ticks_diff(time.ticks_us(), self._at) < self._pair_us:
                pass  # on a chip whose converter is quicker than the ring can hold
            first += 1

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

    async def join(self) -> None:
        await self._radio.join()

    def dns_servers(self) -> "list[str]":
        return self._radio.dns_servers()

    async def connect(self, address: str, port: int, server_hostname: "str | None") -> "tuple[Any, Any]":
        return await self._radio.connect(address, port, server_hostname)

    async def ask_datagram(
        self, address: str, port: int, question: bytes, timeout_ms: int, is_answer: "Callable[[bytes], bool]"
    ) -> bytes:
        await self._radio.join()
        peer = socket.getaddrinfo(address, port)[0][-1]  # numeric: nobody is asked
        port_of_ours = 49_152 + int.from_bytes(os.urandom(2), "big") % 16_384
        one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            one.setblocking(False)
            one.bind(socket.getaddrinfo("0.0.0.0", port_of_ours)[0][-1])  # noqa: S104 - the port is what matters
            one.sendto(question, peer)
            poll = select.poll()
            poll.register(one, select.POLLIN)
            strangers = 0
            answer: bytes
            while timeout_ms > 0 and strangers < _MOST_DATAGRAMS:
                if not poll.poll(0):
                    await asyncio.sleep_ms(_DATAGRAM_POLL_MS)
                    timeout_ms -= _DATAGRAM_POLL_MS
                    continue
                answer, sender = one.recvfrom(_DATAGRAM_BYTES)
                if sender[:2] == peer[:2] and is_answer(answer):
                    return answer
                strangers += 1
        finally:
            one.close()
        raise OSError(f"no answer from {address}")

    def entropy(self, count: int) -> bytes:
        return os.urandom(count)

    def load_key(self) -> "bytes | None":
        return self._load("key", 32)

    def store_key(self, private_key: bytes) -> None:
        self._nvs.set_blob("key", private_key)
        self._nvs.commit()

    def load_blob(self, name: str) -> "bytes | None":
        return self._load(name, _MOST_BLOB_BYTES)

    def _load(self, name: str, most: int) -> "bytes | None":
        content = bytearray(most)
        try:
            return bytes(content[: self._nvs.get_blob(name, content)])
        except OSError as error:
            if error.errno != _NVS_NOT_FOUND:
                raise
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


def powered_on() -> bool:
    """Return whether the chip starts because its power came."""
    return machine.reset_cause() == machine.PWRON_RESET


def rest(sentence: str, seconds: int) -> None:
    """Say why the meter does not run, blink, and start the chip anew; until then the serial line is free."""
    led = machine.Pin(pins_of(_MACHINE, 1).led, machine.Pin.OUT)
    for step in range(seconds * 1000 // STEP_MS):
        if step % _SAY_EVERY == 0:
            print("safe mode:", sentence)  # noqa: T201 - the serial line is where a person listens
        led.value(is_on(SAFE_MODE, step * STEP_MS))
        time.sleep_ms(STEP_MS)
    machine.reset()
