# SPDX-License-Identifier: Apache-2.0
"""A sealed agreement's intervals: as the chain shows them, and with the viewing key as they were read and judged."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from electro_contracts import sealed
from electro_contracts.bill import Point, of_point
from electro_contracts.sealed import SealError
from electro_plan.sentence import Sentence, foreign, sentence
from electro_protocol import address, judging, sealing

from .intervals import INTERRUPTED, MISSING, SEALED, SILENT, Interval, judge
from .sealed_bands import SealedBands

if TYPE_CHECKING:
    from electro_console.agreement.said import Said
    from electro_contracts import events
    from electro_contracts.bill import Band
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
    """What is seen of one sealed agreement.

    `findings` name each report in which its meter judged wrongly, `unopened` the bands of a pass that do not open.
    """

    model: Agreement
    viewing: Viewing | None
    findings: list[Sentence] = field(default_factory=list)
    unopened: list[Sentence] = field(default_factory=list)
    lanes: dict[bytes, dict[int, int]] = field(default_factory=dict)  # by meter and interval
    bands: SealedBands | None = None
    _blocks: dict[tuple[int, int], int] = field(default_factory=dict)  # of other bands, by place and pass

    def __post_init__(self) -> None:
        if self.viewing is not None:
            self.bands = SealedBands(self.model.agreement_id, self.model.terms, self.viewing.key)

    @property
    def all_findings(self) -> list[Sentence]:
        """Both."""
        return [*self.findings, *self.unopened]

    def enter(self, event: events.SealedReported, said: Said) -> tuple[list[Interval], int] | None:
        """Read a report that the model has taken: its intervals, and its register.

        None: there is no key, or it does not open.
        """
        if self.viewing is None or self.bands is None:
            return None
        first, slots = event.first_interval, len(self.model.terms.bands)
        point = self.model.points[event.device]
        about = about_of(
            self.viewing.separator, event, self.model.schedule_hash(point.place, event.first_interval)
        )
        who = sentence(
            "block {0}: meter {1}, report from interval {2} on",
            said.block,
            address.checksum(event.device),
            first,
        )
        held = self._held(point.place, first // slots)
        try:
            read = sealed.judged(
                self.viewing.key,
                about,
                event.sealed,
                event.deviations,
                held or self.bands.agreed,
                first % slots,
            )
        except SealError as error:
            self.findings.append(sentence("{0}: it does not open{1}", who, foreign(error)))
            return None
        if held is None:
            self.findings.append(
                sentence("{0}: the bands of its pass do not open, so that nobody can judge it", who)
            )
        elif not read.is_told(event.deviations):
            self.findings.append(sentence("{0}: it judged otherwise than its readings and bands say", who))
        for interval, lane in enumerate(read.lanes, first):
            self.lanes.setdefault(event.device, {})[interval] = lane
        return [self._read(point, i, lane) for i, lane in enumerate(read.lanes, first)], read.register_wh

    def renominated(self, event: events.Renominated, said: Said) -> None:
        """Note in which block a pass got other bands, which the model has taken."""
        self._blocks[event.place, event.first_interval // len(self.model.terms.bands)] = said.block

    def close(self) -> None:
        """Name the passes of which what holds does not open; bands that were replaced in time harm nobody."""
        if self.bands is None:
            return
        for (place, pass_), block in self._blocks.items():
            try:
                self.bands.held(place, pass_, self.model.places[place].sealed[pass_])
            except SealError as error:
                self.unopened.append(
                    sentence(
                        "block {0}: the bands of pass {1} at place {2} do not open, and no meter can judge by them{3}",
                        *(block, pass_, place, foreign(error)),
                    )
                )

    def intervals(self, device: bytes) -> list[Interval]:
        """Return every interval that counts for a meter."""
        point = self.model.points[device]
        lanes = self.lanes.get(device, {})
        return [
            self._read(point, interval, lanes.get(interval))
            if interval in lanes or (self.viewing is not None and interval >= point.next)
            else self._told(point, interval)
            for interval in range(point.first, point.end)
        ]

    def band_of(self, place: int, interval: int) -> Band:
        """Return an interval's band; of one that does not open, or without the key: what the connection can take."""
        pass_, slot = divmod(interval, len(self.model.terms.bands))
        held = self._held(place, pass_)
        return (0, self.model.terms.capacity_units) if held is None else held[slot]

    def _held(self, place: int, pass_: int) -> Bands | None:
        """Return the bands of a pass; None if nobody here can open them."""
        if self.bands is None:
            return None
        return self.bands.found(place, pass_, self.model.places[place].sealed.get(pass_))

    def _read(self, point: Point, interval: int, lane: int | None) -> Interval:
        """Return an interval that the key opens; if its band does not open, at what its meter told."""
        terms = self.model.terms
        read = judge(terms, interval, lane, self.band_of(point.place, interval))
        if self._held(point.place, interval // len(terms.bands)) is not None:
            return read
        told = self._told(point, interval)
        return dataclasses.replace(read, deviation=told.deviation, penalty=told.penalty)

    def _told(self, point: Point, interval: int) -> Interval:
        """Return what the chain alone shows of an interval."""
        terms = self.model.terms
        told = point.deviations.get(interval)
        cost = Point(0, interval + 1, interval, sealed=1, deviations={} if told is None else {interval: told})
        bill = of_point(cost, terms, lambda _: (0, 0), closed=False)
        reported = interval < point.next
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
    """Return what a report on chain is about; schedule: the code hash by which its pass is judged."""
    intervals = (len(event.sealed) - sealing.AROUND) // 2
    return sealing.report(
        separator, event.device, event.agreement_id, event.first_interval, schedule[:16], intervals
    )
