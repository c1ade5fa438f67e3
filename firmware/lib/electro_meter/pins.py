# SPDX-License-Identifier: Apache-2.0
"""Say which pin does what on each chip; ADC1 only, for ADC2 does not work while the radio is on.

| chip | ADC1 | phases | what follows |
|---|---|---|---|
| ESP32 | 32-36, 39 (37 and 38 are on few boards) | 3 | the amplified range and the grid side with one phase only |
| ESP32-S3 | 1-10 (3 is a strapping pin) | 3 | three phases with their amplified ranges, or the grid side |
| ESP32-C3 | 0-4 (2 is a strapping pin) | 1 | no grid side: no pin is left for it |
"""

from .world import SetupError


class Pins:
    """The pins of one chip; tuples are by phase, -1 is a pin that is not there."""

    def __init__(
        self,
        volts: "tuple[int, ...]",
        amps: "tuple[int, ...]",
        fine: "tuple[int, ...]",
        bias: "tuple[int, ...]",
        grid: int,
        grid_present: int,
        led: int,
        warning: int,
        shed: int,
        supply: int,
    ) -> None:
        self.volts = volts
        self.amps = amps
        self.fine = fine  # the currents behind their amplifiers
        self.bias = bias  # PWM, through 430 kΩ into the bias of the current: full duty is 56 counts
        self.grid = grid  # voltage on the grid side of the breaker
        self.grid_present = grid_present  # a jumper to ground says that it is fitted
        self.led = led
        self.warning = warning
        self.shed = shed
        self.supply = supply  # of the supervisor of 5 V: low on the reserve


# With several phases the ESP32's pins of the amplifier and of the grid side carry voltages and currents.
_ONE_PHASE = Pins((34,), (35,), (36,), (27,), 32, 33, 2, 25, 26, 4)
_ALL = {
    "esp32": Pins((34, 36, 32), (35, 39, 33), (), (), -1, -1, 2, 25, 26, 4),
    "esp32s3": Pins((1, 4, 6), (2, 5, 7), (8, 9, 10), (15, 16, 17), 10, 11, 12, 13, 14, 18),
    "esp32c3": Pins((0,), (1,), (3,), (7,), -1, -1, 10, 5, 6, 4),
}


def pins_of(chip: str, channels: int) -> Pins:
    """Return the pins for so many phases; chip: a name of the table, or what the firmware says of its machine.

    Raises SetupError if the chip has too few of them.
    """
    name = "esp32"
    for known in ("esp32s3", "esp32c3"):
        if known in chip.lower():
            name = known
    if name == "esp32" and channels == 1:
        return _ONE_PHASE
    if channels > len(_ALL[name].volts):
        raise SetupError(f"{name} has pins for {len(_ALL[name].volts)} phase, not for {channels}")
    return _ALL[name]
