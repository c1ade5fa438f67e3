# SPDX-License-Identifier: Apache-2.0
"""Count energy for ever: import and export, each in whole watt-hours and a rest in microjoules, integers alone.

Every microjoule that a window measured is in exactly one of the two; nothing is rounded on the way, and nothing but
`take` changes them. A 32-bit float would stand still at 2^24 Wh when a tenth of a watt-hour is added.
"""

UJ_PER_WH = 3_600_000_000


class Registers:
    """The two registers of a meter."""

    def __init__(
        self, import_wh: int = 0, import_uj: int = 0, export_wh: int = 0, export_uj: int = 0
    ) -> None:
        """import_uj and export_uj are the rests, below a watt-hour."""
        self.import_wh = import_wh
        self.import_uj = import_uj
        self.export_wh = export_wh
        self.export_uj = export_uj

    def take(self, energy_uj: int) -> None:
        """Count a piece of energy; negative is exported."""
        if energy_uj >= 0:
            total = self.import_uj + energy_uj
            self.import_wh += total // UJ_PER_WH
            self.import_uj = total % UJ_PER_WH
        else:
            total = self.export_uj - energy_uj
            self.export_wh += total // UJ_PER_WH
            self.export_uj = total % UJ_PER_WH
