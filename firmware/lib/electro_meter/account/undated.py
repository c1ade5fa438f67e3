# SPDX-License-Identifier: Apache-2.0
"""Keep energy by the cell of uptime while nobody has told the time, so that it can be placed once somebody does.

There are CELLS cells, of ten seconds at first. When they are full two become one: the resolution is a fiftieth of the
time that was waited, at least.
"""

CELLS = 96
_FIRST_US = 10_000_000


class Undated:
    """The cells from an uptime on."""

    def __init__(self, start_us: int) -> None:
        self.start_us = start_us
        self.cell_us = _FIRST_US
        self._cells: "list[tuple[int, int, int, int]]" = []  # import µJ, export µJ, measured µs, without supply µs

    def take(self, until_us: int, energy_uj: int, measured_us: int, dark_us: int) -> None:
        """Take what a piece of time that ends there brought; it counts whole where it ends."""
        place = (until_us - self.start_us - 1) // self.cell_us
        while place >= CELLS:
            self._halve()
            place = (until_us - self.start_us - 1) // self.cell_us
        while len(self._cells) <= place:
            self._cells.append((0, 0, 0, 0))
        import_uj, export_uj, measured, dark = self._cells[place]
        if energy_uj >= 0:
            import_uj += energy_uj
        else:
            export_uj -= energy_uj
        self._cells[place] = import_uj, export_uj, measured + measured_us, dark + dark_us

    def cells(self) -> "list[tuple[int, int, int, int]]":
        return self._cells

    def _halve(self) -> None:
        cells = self._cells
        if len(cells) % 2:
            cells.append((0, 0, 0, 0))
        joined = []
        for k in range(0, len(cells), 2):
            one, two = cells[k], cells[k + 1]
            joined.append((one[0] + two[0], one[1] + two[1], one[2] + two[2], one[3] + two[3]))
        self._cells = joined
        self.cell_us *= 2
