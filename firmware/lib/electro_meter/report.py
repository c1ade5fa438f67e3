# SPDX-License-Identifier: Apache-2.0
"""Build energy reports at sending time: consecutive intervals from the one the contract expects next.

An interval without a (readable) record is reported as "no data". A report never crosses a pass of the schedule.
"""

from electro_protocol.readings import NO_DATA, pack
from electro_protocol.reports import EnergyReport

from .agreements import Agreement
from .journal import Journal


def build(journal: Journal, agreement: Agreement, first: int, end: int) -> EnergyReport:
    """Return the report of intervals first … end-1, or fewer if the schedule's pass ends before."""
    end = min(end, first + agreement.slots - first % agreement.slots)
    register_wh = 0
    lanes = []
    for index in range(first, end):
        record = journal.find(agreement.id, index)
        if record is None:
            lanes.append(NO_DATA)
        else:
            lanes.append(record.reading)
            register_wh = max(register_wh, record.register_wh)
    if not register_wh:
        register_wh = _register_before(journal, agreement, first)
    return EnergyReport(
        agreement.id, agreement.start_s, agreement.terms_half, first, register_wh, pack(lanes)
    )


def _register_before(journal: Journal, agreement: Agreement, first: int) -> int:
    """Return the register of the newest record before an interval: without data it did not move."""
    for index in range(first - 1, max(-1, first - 1 - agreement.slots), -1):
        record = journal.find(agreement.id, index)
        if record is not None:
            return record.register_wh
    return 0


def backlog(journal: Journal, agreement: Agreement, first: int, end: int, most: int) -> "list[EnergyReport]":
    """Return up to `most` reports that cover first … end-1 without a gap."""
    reports: "list[EnergyReport]" = []
    while first < end and len(reports) < most:
        report = build(journal, agreement, first, end)
        reports.append(report)
        first += report.intervals
    return reports
