# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: PTH123  # MicroPython has no pathlib
"""The chip's non-volatile storage, in a file that no serial line reads; blobs only."""

import binascii
import json

_FILE = "../nvs.json"  # beside the flash, as on the chip: not a file


class NVS:
    def __init__(self, namespace):
        try:
            with open(_FILE) as file:
                self._blobs = json.load(file)
        except OSError:
            self._blobs = {}

    def get_blob(self, name, buffer):
        if name not in self._blobs:
            raise OSError(-4354, "ESP_ERR_NVS_NOT_FOUND")
        blob = binascii.unhexlify(self._blobs[name])
        buffer[: len(blob)] = blob
        return len(blob)

    def set_blob(self, name, value):
        self._blobs[name] = binascii.hexlify(value).decode()

    def commit(self):
        with open(_FILE, "w") as file:
            json.dump(self._blobs, file)
