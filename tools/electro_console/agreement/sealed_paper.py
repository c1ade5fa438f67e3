# SPDX-License-Identifier: Apache-2.0
"""A sealed agreement's intervals: as the chain shows them, and with the viewing key as they were read and judged."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_contracts import sealed
from electro_contracts.bill import Point, of_point
from electro_contracts.sealed import SealError
from electro_plan.sentence import Sentence, foreign, sentence
from electro_protocol import address, judging, sealing

from .intervals import INTERRUPTED, MISSING, SEALED, SILENT, Interval, judge

if TYPE_CHECKING:
    from electro_console.agreement.said import Said
    from electro_contracts import events
    from electro_contracts.bill import Deviation
    from electro_contracts.model import Agreement
    from electro_contracts.terms import Bands, Terms

_KINDS = {judging.CUT_OFF: INTERRUPTED, judging.UNKNOWN: SILENT}


@dataclass(frozen=True)
class Viewing:
    """A viewing key, and the domain's separator under which the meters signed."""

    key: bytes
    separator: bytes

    def terms(self, terms: Terms) -> Terms:
        """Open an agreement's terms; raise SealError."""
        return sealed.opened(terms, self.key)


@dataclass
class SealedPaper:
    """What is seen of one sealed agreement; `findings` name each report in which its meter judged wrongly."""

    agreement_id: int
    terms: Terms
    viewing: Viewing | None
    findings: list[Sentence] = field(default_factory=list)
    lanes: dict[bytes, dict[int, int]] = field(default_factory=dict)  # by meter and interval
    _opened: Bands = ()

    def __post_init__(self) -> None:
        if self.viewing is not None:
            self._opened = self.viewing.terms(self.terms).bands

    def enter(
        self, event: events.SealedReported, schedule: bytes, said: Said
    ) -> tuple[list[Interval], int] | None:
        """Read a report with the key: its intervals, and its register; None without one, or if it does not open."""
        if self.viewing is None:
            return None
        first, slots = event.first_interval, len(self.terms.bands)
        about = about_of(self.viewing.separator, event, schedule)
        who = sentence(
            "block {0}: meter {1}, report from interval {2} on",
            said.block,
            address.checksum(event.device),
            first,
        )
        try:
            read = sealed.judged(
                self.viewing.key, about, event.sealed, event.deviations, self._opened, first % slots
            )
        except SealError as error:
            self.findings.append(sentence("{0}: it does not open{1}", who, foreign(error)))
            return None
        if not read.is_told(event.deviations):
            self.findings.append(sentence("{0}: it judged otherwise than its readings and bands say", who))
        for interval, lane in enumerate(read.lanes, first):
            self.lanes.setdefault(event.device, {})[interval] = lane
        return [self._judged(i, lane) for i, lane in enumerate(read.lanes, first)], read.register_wh

    def intervals(self, model: Agreement, device: bytes) -> list[Interval]:
        """Return every interval that counts for a meter."""
        point = model.points[device]
        lanes = self.lanes.get(device, {})
        found = []
        for interval in range(point.first, point.end):
            if interval in lanes:
                found.append(self._judged(interval, lanes[interval]))
            elif self.viewing is not None and interval >= point.next:
                found.append(self._judged(interval, None))
            else:
                told = point.deviations.get(interval)
                found.append(self._told(interval, told, reported=interval < point.next))
        return found

    def _judged(self, interval: int, lane: int | None) -> Interval:
        return judge(self.terms, interval, lane, self._opened[interval % len(self._opened)])

    def _told(self, interval: int, told: Deviation | None, *, reported: bool) -> Interval:
        """Return what the chain alone shows of an interval."""
        terms = self.terms
        cost = Point(0, interval + 1, interval, sealed=1, deviations={} if told is None else {interval: told})
        bill = of_point(cost, terms, lambda _: (0, 0), closed=False)
        kind = MISSING if not reported else SEALED if told is None else _KINDS.get(told[0], SEALED)
        return Interval(
            interval,
            terms.instant(interval),
            kind,
            None,
            0,
            terms.capacity_units,
            bill.over_units - bill.under_units,
            bill.accrued,
        )


def about_of(separator: bytes, event: events.SealedReported, schedule: bytes) -> bytes:
    """Return what a report on chain is about."""
    intervals = (len(event.sealed) - sealing.AROUND) // 2
    return sealing.report(
        separator, event.device, event.agreement_id, event.first_interval, schedule[:16], intervals
    )
