# SPDX-License-Identifier: Apache-2.0
"""Stand in for an object of which a few attributes are asked: MicroPython has no SimpleNamespace."""


class Thing:
    def __init__(self, **entries):
        for name, value in entries.items():
            setattr(self, name, value)
