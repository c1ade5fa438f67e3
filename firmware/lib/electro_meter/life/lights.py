# SPDX-License-Identifier: Apache-2.0
"""Say with one LED how the meter is: the first line of the table that holds decides.

| pattern (each mark is half a second) | meaning | what to do |
|---|---|---|
| even blinking, twice as quick | somebody asks which meter it is | compare the address that is shown |
| `#-#-#-#-` even blinking | safe mode: no usable configuration, or crash after crash | read the serial line |
| `###-###-` long, short gap | a sensor looks wrong | read the status: it says which, and what |
| `#-#-----` two flashes | supply is lost | nothing; the meter reports it |
| `#-#-#---` three flashes | nobody has told the time: nothing is dated | check the network, NTP |
| `##--##--` two long flashes | the flash takes no records: they wait in memory | read the status |
| `#-------` one flash | no relayer answers | check the network, the relayers |
| `-#######` a short gap | warning: the running slot is about to leave its band | look at the load |
| `########` steady | all is well | |
"""

STEP_MS = 500
SAFE_MODE = 0b10101010
SENSOR_FAULT = 0b11101110
NO_SUPPLY = 0b10100000
NO_TIME = 0b10101000
NO_FLASH = 0b11001100
NO_RELAYER = 0b10000000
WARNING = 0b01111111
WELL = 0b11111111


def pattern(fault: bool, supplied: bool, timed: bool, full: bool, reached: bool, warning: bool) -> int:
    """Return the eight steps of what is the case."""
    if fault:
        return SENSOR_FAULT
    if not supplied:
        return NO_SUPPLY
    if not timed:
        return NO_TIME
    if full:
        return NO_FLASH
    if not reached:
        return NO_RELAYER
    return WARNING if warning else WELL


def is_on(steps: int, now_ms: int) -> bool:
    """Return whether the LED is on at a moment."""
    return bool(steps >> 7 - now_ms // STEP_MS % 8 & 1)
