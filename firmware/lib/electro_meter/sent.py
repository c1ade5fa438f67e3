# SPDX-License-Identifier: Apache-2.0
"""Remember what is on its way to the contract: what was sent when, what was accepted, and when it is due again.

None of it is believed for longer than resend_ms, and none of it is kept over a restart: the contract's position is
what counts, and the journal has what it counts from.
"""

from electro_protocol.reports import EnergyReport, OutageReport

from .agreements import Agreement, Agreements
from .intervals import Intervals
from .journal import TOLD, Journal, Record
from .world import Board

STATE_MS = 3_600_000  # how often to ask when there is nothing to send


class Sent:
    """Reports by agreement, outages by their numbers."""

    def __init__(
        self, board: Board, journal: Journal, intervals: Intervals, agreements: Agreements, resend_ms: int
    ) -> None:
        self._board = board
        self._journal = journal
        self._intervals = intervals
        self._agreements = agreements
        self._resend_ms = resend_ms
        self.reports: "dict[int, tuple[int, int]]" = {}  # agreement → (first interval not yet sent, when)
        self._outages_sent: "dict[int, tuple[int, int, int]]" = {}  # outage → (its end as sent, when, tries)
        self._taken: "dict[int, int]" = {}  # outage → its end as a relayer accepted it

    def unsent(self, agreement: Agreement, now_us: int) -> "tuple[int, int]":
        """Return the closed intervals that are neither on the chain nor on their way there."""
        first = agreement.next_latest
        sent_end, sent_us = self.reports.get(agreement.id, (0, 0))
        if sent_end > first and now_us - sent_us < self._resend_ms * 1000:
            first = sent_end
        return first, self._intervals.open_index(agreement)

    def outage_due_us(self, number: int) -> int:
        record = self._journal.outages[number]
        agreement = self._agreements.by_id(record.agreement_id)
        # long over, so that nobody takes it any more; or ahead of the reports that the contract wants first
        if agreement is None or agreement.next_latest < _touched_until(record, agreement):
            return self._board.uptime_us() + STATE_MS * 1000
        ended_at, sent_us, tries = self._outages_sent.get(number, (-1, 0, 0))
        if ended_at != record.ended_at:
            return 0
        return sent_us + min(self._resend_ms << min(tries - 1, 8), STATE_MS) * 1000

    @property
    def owes_outage(self) -> bool:
        """Return whether an outage waits that no relayer has accepted yet."""
        outages = self._journal.outages
        return any(self._taken.get(number) != outages[number].ended_at for number in outages)

    def note_report(self, report: EnergyReport, status: int, result: object, now_us: int) -> bool:
        """Remember what is on its way; False if the report was refused for no fault of its position."""
        if status in (200, 202):
            self.reports[report.agreement_id] = (report.first_interval + report.intervals, now_us)
            return True
        sent_end, _ = self.reports.get(report.agreement_id, (0, 0))
        if sent_end >= report.first_interval + report.intervals:
            del self.reports[report.agreement_id]
        error = result.get("error") if isinstance(result, dict) else None
        expected = error.get("expected") if isinstance(error, dict) else None
        if isinstance(expected, int) and report.first_interval < expected <= self._open_index(report):
            # what it has beyond our start is on its way already: wait for it as if we had sent it
            self.reports[report.agreement_id] = (expected, now_us)
            return True
        # in one request, a report behind a refused one can't be in sequence; it says nothing of its own
        return sent_end > report.first_interval

    def _open_index(self, report: EnergyReport) -> int:
        agreement = self._agreements.by_id(report.agreement_id)
        return self._intervals.open_index(agreement) if agreement else 0

    def note_outage(self, outage: OutageReport, number: int, status: int, now_us: int) -> None:
        """Stop sending an outage once it is told to be on the chain; its record stays in the journal."""
        ended_at, _, tries = self._outages_sent.get(number, (-1, 0, 0))
        self._outages_sent[number] = (
            outage.ended_at,
            now_us,
            tries + 1 if ended_at == outage.ended_at else 1,
        )
        if status in (200, 202):
            self._taken[number] = outage.ended_at
        if status == 200:  # at the final block
            self._journal.append_outage(
                TOLD,
                outage.agreement_id,
                number,
                outage.started_at,
                outage.ended_at,
                outage.cause,
                outage.number,
            )


def _touched_until(outage: Record, agreement: Agreement) -> int:
    """Return the first interval behind those that an outage touches, 0 while it goes on."""
    if outage.ended_at <= agreement.start_s:
        return 0
    return min(agreement.end, -((agreement.start_s - outage.ended_at) // agreement.interval_s))


def refusal(untrusted: object) -> str:
    """Return the code of an error answer, "" if it is none."""
    error = untrusted.get("error") if isinstance(untrusted, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code[:40] if isinstance(code, str) else ""
