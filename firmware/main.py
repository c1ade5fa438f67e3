# SPDX-License-Identifier: Apache-2.0
"""Start the program that boot.py chose, and the chip anew when it does not even begin. No update replaces this file."""

import sys
import time

import machine

try:
    import electro_meter.main  # noqa: F401 - which runs for ever
except Exception as error:  # noqa: BLE001 - in a trial the other program has its turn after a few of these
    sys.print_exception(error)  # type: ignore[attr-defined]
    print("no program starts: run `electro device install`")  # noqa: T201 - a person listens there
    time.sleep(10)  # in which the serial line can be used
    machine.reset()
