# SPDX-License-Identifier: Apache-2.0
"""A radio that can be switched on and reaches nobody."""

STA_IF = 0


class WLAN:
    IF_STA = STA_IF

    def __init__(self, interface):
        pass

    def active(self, state=None):
        return True

    def ifconfig(self):
        return "0.0.0.0", "255.255.255.0", "0.0.0.0", "0.0.0.0"

    def isconnected(self):
        return False

    def connect(self, ssid, password):
        raise OSError("no such network")
