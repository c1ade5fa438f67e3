# SPDX-License-Identifier: Apache-2.0
"""Correct the sensors' ratio and phase by the current that flows: transformers err most at little current."""


class SensorTable:
    """Rows of (milliamperes, ratio error in ppm, lateness in millidegrees), by rising current."""

    def __init__(self, rows: "list[tuple[int, int, int]]") -> None:
        """Raises ValueError if the currents do not rise."""
        for before, after in zip(rows, rows[1:]):  # noqa: B905, RUF007 - MicroPython has neither
            if before[0] >= after[0]:
                raise ValueError("the currents of a sensor table must rise")
        self._rows = rows

    def at(self, irms_ma: int) -> "tuple[int, int]":
        """Return (ratio error in ppm, lateness in millidegrees), straight between the rows and level beyond them."""
        rows = self._rows
        if not rows:
            return 0, 0
        if irms_ma <= rows[0][0]:
            return rows[0][1], rows[0][2]
        for k in range(1, len(rows)):
            ma, ppm, mdeg = rows[k]
            if irms_ma < ma:
                ma0, ppm0, mdeg0 = rows[k - 1]
                part, whole = irms_ma - ma0, ma - ma0
                return ppm0 + (ppm - ppm0) * part // whole, mdeg0 + (mdeg - mdeg0) * part // whole
        return rows[-1][1], rows[-1][2]
