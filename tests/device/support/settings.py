# SPDX-License-Identifier: Apache-2.0
"""Give a configuration that the meter takes, with the changes that a test wants."""


def entries(**changes):
    made = {
        "chain_id": 1337,
        "contract": "0x" + "ab" * 20,
        "hardware_id": "0x" + "11" * 32,
        "relayers": ["https://relayer.example", "http://10.0.0.2:8080"],
        "wifi_ssid": "plant",
        "wifi_password": "secret",
    }
    made.update(changes)
    return made
