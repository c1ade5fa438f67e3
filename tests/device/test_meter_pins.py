# SPDX-License-Identifier: Apache-2.0
"""Every chip's pins: on ADC1 what is analogue, no pin with two tasks, none that the chip needs itself."""

import unittest

from electro_meter.life.config import BOARDS
from electro_meter.pins import pins_of
from electro_meter.world import SetupError

ADC1 = {"esp32": range(32, 40), "esp32s3": range(1, 11), "esp32c3": range(5)}
# what the datasheets forbid or keep busy: strapping pins, flash, USB and the serial line
TAKEN = {
    "esp32": (0, 1, 3, 5, 12, 15) + tuple(range(6, 12)),
    "esp32s3": (0, 3, 19, 20, 43, 44, 45, 46),
    "esp32c3": (2, 8, 9, 18, 19, 20, 21),
}
MOST = {"esp32": 3, "esp32s3": 3, "esp32c3": 1}


class PinsOfTheChips(unittest.TestCase):
    def test_analogue_pins_are_adc1s_and_no_pin_has_two_tasks(self):
        for name in BOARDS:
            for channels in range(1, MOST[name] + 1):
                pins = pins_of(name, channels)
                analogue = list(pins.volts[:channels] + pins.amps[:channels] + pins.fine[:channels])
                self.assertEqual(len(analogue) >= 2 * channels, True)
                for pin in analogue + ([pins.grid] if pins.grid >= 0 else []):
                    self.assertIn(pin, ADC1[name])
                digital = list(pins.bias[:channels]) + [pins.led, pins.warning, pins.shed, pins.supply]
                if pins.grid_present >= 0:
                    digital.append(pins.grid_present)
                    if pins.grid not in analogue:  # the grid side gives way to a third amplifier
                        digital.append(pins.grid)
                used = analogue + digital
                self.assertEqual(len(set(used)), len(used))
                for pin in used:
                    self.assertFalse(pin in TAKEN[name])

    def test_too_many_phases_are_refused(self):
        with self.assertRaises(SetupError):
            pins_of("esp32c3", 2)

    def test_the_firmwares_own_words_name_the_chip(self):
        for words, name in (
            ("Generic ESP32 module with ESP32", "esp32"),
            ("Generic ESP32S3 module with ESP32S3", "esp32s3"),
            ("ESP32C3 module with ESP32C3", "esp32c3"),
        ):
            self.assertIs(pins_of(words, 1), pins_of(name, 1))


if __name__ == "__main__":
    unittest.main()
