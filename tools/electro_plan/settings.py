# SPDX-License-Identifier: Apache-2.0
"""What a person says about a load file; whatever is left None is proved from the file, or asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReadSettings:
    """How to read a file.

    Args:
        zone: IANA name or offset of times without one.
        unit: "Wh", "kWh", "MWh", "GWh", "W", "kW", "MW" or "GW".
        quantity: "energy" of each interval, mean "power", or "register", a counter that rises.
        time_column: the heading of the column with times.
        energy_columns: the headings of the columns with energies, power or registers; more than one are added up.
    """

    zone: str | None = None
    unit: str | None = None
    quantity: str | None = None
    time_column: str | None = None
    energy_columns: tuple[str, ...] = ()
