# SPDX-License-Identifier: Apache-2.0
"""What goes wrong in a fleet: which meters it meets, and when; the same for the same fleet."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

OFFLINE, REBOOT, CLOCK, FLASH, DNS = "offline", "reboot", "clock", "flash", "dns"
WORDS = {
    OFFLINE: "without a network",
    REBOOT: "starting anew",
    CLOCK: "without a clock that was ever set",
    FLASH: "its flash takes nothing",
    DNS: "no name server answers",
}
# Of the run: where trouble begins, and how long it lasts. Each meter's begins a little after the one before.
_FROM, _LASTS, _SPREAD = 0.25, 0.25, 0.25


class Failure(NamedTuple):
    """What fails from when to when, unix seconds."""

    kind: str
    start_s: int
    end_s: int

    @property
    def words(self) -> str:
        return WORDS[self.kind]


def plan(count: int, shares: Mapping[str, float], start_s: int, end_s: int) -> list[Failure | None]:
    """Return each meter's failure, or None: the first so many get the first kind, the next the second."""
    found: list[Failure | None] = []
    length_s = end_s - start_s
    for kind, share in shares.items():
        meters = min(round(share * count), count - len(found))
        for place in range(meters):
            begins = start_s + int(length_s * (_FROM + _SPREAD * place / max(1, meters)))
            if kind == CLOCK:  # from the start
                found.append(Failure(kind, start_s - 1, start_s))
            else:
                lasts_s = 1 if kind == REBOOT else int(length_s * _LASTS)
                found.append(Failure(kind, begins, begins + max(1, lasts_s)))
    return found + [None] * (count - len(found))
