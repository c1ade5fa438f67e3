# SPDX-License-Identifier: Apache-2.0
"""What is written: a history, columns beside it such as bands and money, and who it is about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_plan.history import Quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_plan.history import LoadHistory

_WH_PER_KWH = 1000


@dataclass(frozen=True)
class Export:
    """A history to be written.

    Args:
        history: the load.
        columns: name to one value an interval, beside it: "least_kwh", "penalty_EUR"; formats of intervals alone leave
            them out.
        point: the metering point's code; by default the history's meter.
        sender: name of who sends it, where a format has a place for it.
        inn: the sender's taxpayer number, for 80020.
        number: of the message, for 80020.
    """

    history: LoadHistory
    columns: dict[str, Sequence[float | int | str | None]] = field(default_factory=dict)
    point: str = ""
    sender: str = ""
    inn: str = ""
    number: int = 1

    def __post_init__(self) -> None:
        if any(len(values) != len(self.history) for values in self.columns.values()):
            raise ValueError("a column has one value an interval")

    @property
    def zone(self) -> str:
        """The zone to write local times in."""
        return self.history.zone or "UTC"

    @property
    def meter(self) -> str:
        return self.point or self.history.meter or "meter"

    def energies_kwh(self) -> list[float | None]:
        """Return kWh each, None where there are none; a millionth of a Wh, beyond any meter, is rounded away."""
        return [None if wh != wh else round(wh / _WH_PER_KWH, 9) for wh in self.history.energy_wh.tolist()]  # noqa: PLR0124

    def qualities(self) -> list[str]:
        return [Quality(each).name for each in self.history.quality.tolist()]
