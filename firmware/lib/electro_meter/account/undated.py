# SPDX-License-Identifier: Apache-2.0
"""Keep energy by the cell of uptime while nobody has told the time, so that it can be placed once somebody does.

There are CELLS cells, of ten seconds at first. When they are full two become one: the resolution is a 144th of the
time that was waited, at least. What lies in a cell across the border of two intervals is shared by time, so after an
hour and a half a quarter of an hour is right to a fortieth of what its neighbour differs. Each sum is one array: as
objects of their own a fifth of the cells would take as much memory.
"""

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CELLS = 288
_FIRST_US = 10_000_000


class Undated:
    """The cells from an uptime on."""

    def __init__(self, start_us: int) -> None:
        self.start_us = start_us
        self.cell_us = _FIRST_US
        self._used = 0
        self.import_uj = self.export_uj = 0  # of all cells
        # import µJ, export µJ, measured µs, without supply µs
        self._sums = tuple([array("q", bytes(8 * CELLS)) for _ in range(4)])

    def take(self, from_us: int, until_us: int, energy_uj: int, measured_us: int, dark_us: int) -> None:
        """Take what a piece of time brought, spread evenly over it."""
        while (until_us - self.start_us - 1) // self.cell_us >= CELLS:
            self._halve()
        while True:
            place = min((from_us - self.start_us) // self.cell_us, CELLS - 1)
            end_us = self.start_us + (place + 1) * self.cell_us
            if end_us >= until_us:
                self._add(place, energy_uj, measured_us, dark_us)
                return
            here_us, whole_us = end_us - from_us, until_us - from_us
            part_uj = energy_uj * here_us // whole_us
            part_measured_us = measured_us * here_us // whole_us
            part_dark_us = dark_us * here_us // whole_us
            self._add(place, part_uj, part_measured_us, part_dark_us)
            energy_uj -= part_uj
            measured_us -= part_measured_us
            dark_us -= part_dark_us
            from_us = end_us

    def _add(self, place: int, energy_uj: int, measured_us: int, dark_us: int) -> None:
        self._used = max(self._used, place + 1)
        imported, exported, measured, dark = self._sums
        if energy_uj >= 0:
            imported[place] += energy_uj
            self.import_uj += energy_uj
        else:
            exported[place] -= energy_uj
            self.export_uj -= energy_uj
        measured[place] += measured_us
        dark[place] += dark_us

    def cells(self) -> "Iterator[tuple[int, int, int, int]]":
        """Yield import µJ, export µJ, measured µs and µs without supply of one cell after the other."""
        imported, exported, measured, dark = self._sums
        for k in range(self._used):
            yield imported[k], exported[k], measured[k], dark[k]

    def _halve(self) -> None:
        for sums in self._sums:
            for k in range(CELLS // 2):
                sums[k] = sums[2 * k] + sums[2 * k + 1]
            for k in range(CELLS // 2, CELLS):
                sums[k] = 0
        self._used = CELLS // 2
        self.cell_us *= 2
