# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: PTH116  # MicroPython has no pathlib
"""A radio that can be switched on and reaches nobody, unless a file `joined` lies beside the flash."""

import os

STA_IF = 0


class WLAN:
    IF_STA = STA_IF

    def __init__(self, interface):
        pass

    def active(self, state=None):
        return True

    def ifconfig(self):
        return "0.0.0.0", "255.255.255.0", "0.0.0.0", "0.0.0.0"

    def status(self, what):
        return -60  # dBm

    def isconnected(self):
        try:
            os.stat("../joined")
        except OSError:
            return False
        return True

    def connect(self, ssid, password):
        raise OSError("no such network")

    def disconnect(self):
        pass
