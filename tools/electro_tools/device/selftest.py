# SPDX-License-Identifier: Apache-2.0
"""Test a board with the meter's program on it, before it is anybody's meter: converter, flash, memory, radio."""

from __future__ import annotations

from typing import Any, NamedTuple

from electro_tools.errors import Discrepancy, ToolError

from .chip import ENOUGH_BYTES, Chip

# esp32 datasheet: the reference of the converter is off by up to 9%; a jig's divider and its clamp add to it
TOLERANCE = 0.12
_FULL_SCALE_V = 3.3
_CODES = 4_096
_LEAST_FLASH = 700_000  # a full ring of records is 1 MB; with less even half of it has no room

_EXAMINE = """
import binascii, json, machine, os, sys
from electro_meter.pins import pins_of
told = {"id": binascii.hexlify(machine.unique_id()).decode()}
pins = pins_of(getattr(sys.implementation, "_machine", ""), 1)
codes = {}
for pin in pins.volts + pins.amps:
    converter = machine.ADC(machine.Pin(pin))
    converter.atten(machine.ADC.ATTN_11DB)
    total = least = most = converter.read()
    for _ in range(255):
        code = converter.read()
        total += code
        least, most = min(least, code), max(most, code)
    codes[pin] = [total // 256, least, most]
told["codes"] = codes
content = os.urandom(4096)
with open("selftest.bin", "wb") as file:
    file.write(content)
with open("selftest.bin", "rb") as file:
    told["flash"] = file.read() == content
os.remove("selftest.bin")
try:
    found = os.statvfs("/")
    told["flash_free"] = found[0] * found[3]
except (OSError, AttributeError):
    told["flash_free"] = -1
import network
told["radio"] = bool(network.WLAN(network.STA_IF).active(True))
print(json.dumps(told))
"""


class Tested(NamedTuple):
    """What a good board told: its factory number, and the mean code of each pin."""

    hardware_id: str
    codes: dict[str, int]


def test(chip: Chip, volts: float | None) -> Tested:
    """Test what can be tested; volts: what a jig applies to every analogue pin, None for no jig.

    Raises:
        Discrepancy: the board is not good; the sentence says what of it.
        ToolError: it can't be asked.
    """
    interpreter = chip.interpreter()
    if interpreter.free_bytes < ENOUGH_BYTES:
        raise Discrepancy(
            f"the board has {interpreter.free_bytes // 1000} KB of memory, the meter wants {ENOUGH_BYTES // 1000}",
            "is it the variant with PSRAM, and is that soldered and in the build?",
        )
    chip.hold_watchdog()
    told: dict[str, Any] = chip.ask_meter(_EXAMINE)
    try:
        if not told["flash"]:
            raise Discrepancy("the flash does not give back what was written")
        if 0 <= told["flash_free"] < _LEAST_FLASH:
            raise Discrepancy(f"the file system has {told['flash_free'] // 1024} KB only")
        if not told["radio"]:
            raise Discrepancy("the radio does not switch on")
        codes = {str(pin): int(mean) for pin, (mean, _, _) in told["codes"].items()}
        hardware_id = str(told["id"])
    except (KeyError, TypeError, ValueError) as error:
        raise ToolError(f"the board's answer can't be read: {error}") from error
    if volts is not None:
        for pin, code in codes.items():
            shown = code * _FULL_SCALE_V / _CODES
            if abs(shown - volts) > TOLERANCE * max(volts, 0.3):
                raise Discrepancy(
                    f"pin {pin} shows {shown:.2f} V where the jig gives {volts:.2f} V",
                    "look at its divider, its clamp and its solder joints",
                )
    return Tested(hardware_id, codes)
