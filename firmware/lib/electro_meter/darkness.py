# SPDX-License-Identifier: Apache-2.0
"""Follow a loss of supply from its confirmation to its end: save, account, declare, restore.

Two stages: at once the registers and the beginning are saved, for power may be gone in a moment; once it has lasted,
or at once on the last gasp, the outage is declared, which the uplink tells. A meter that died in between finds the
beginning when it starts again.
"""

from electro_protocol.reports import CAUSE_CONSUMER, CAUSE_GRID, CAUSE_UNKNOWN

from .agreements import Agreements
from .counters import Counters
from .intervals import Intervals
from .journal import OUTAGE, RESTORED, Journal, Record
from .outage import voltage_present
from .phases import Phase

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class Darkness:
    """The loss of supply that is being followed, if there is one."""

    def __init__(
        self,
        journal: Journal,
        agreements: Agreements,
        intervals: Intervals,
        counters: Counters,
        declare_ms: int,
        changed: "Callable[[], None]",
    ) -> None:
        """changed: called when there is something to tell."""
        self._journal = journal
        self._agreements = agreements
        self._intervals = intervals
        self._counters = counters
        self._declare_us = declare_ms * 1000
        self._changed = changed
        self._until_us = 0  # accounted up to here
        self._fault = False  # current flowed when it was last looked at
        self._cause = counters.dark_cause
        outage = journal.open_outage
        self.since_us = (
            outage.started_at if outage else counters.dark_since_s
        ) * 1_000_000  # 0: supply is there
        if self.since_us:
            intervals.resume_dark(self.since_us, 0 if outage else self._declare_us)

    def shift(self, by_us: int) -> None:
        """Move what is dated by as much as the clock was set; what is declared stays."""
        if self.since_us and self._journal.open_outage is None:
            self.since_us += by_us
        if self._until_us:
            self._until_us += by_us

    def follow(self, phase: Phase, started_us: int, now_us: int, fault: bool, urgent: bool) -> None:
        """Follow a stretch without voltage; fault: current flows; urgent: what is to be told must be told now."""
        if not self.since_us:
            self.since_us = started_us
            self._cause = _cause(phase)
            self._intervals.save()
        self._fault = fault
        if not fault and not self._counters.dark_since_s:
            self._counters.lose(self.since_us // 1_000_000, self._cause)
        self._close_at_terms_end(now_us // 1_000_000)
        declared = self._journal.open_outage is not None
        if not declared and not fault and (urgent or now_us - self.since_us >= self._declare_us):
            declared = self._declare(now_us // 1_000_000)
        if declared and not phase.detector.undecided:
            self._account(now_us, True)

    def end(self, ended_us: int) -> None:
        """Close the account of an interruption that is over, and write its end if it was declared.

        If it was a broken sensor nothing was interrupted, and its time was not measured: a gap.
        """
        fault, self._fault = self._fault, False
        ended_s = -(
            -ended_us // 1_000_000
        )  # outward, as its start: every interval that it touched is explained
        lasted_us = ended_us - self.since_us
        if self._journal.open_outage is None and not fault and lasted_us >= self._declare_us:
            # too short to be seen to last, or the meter had no power itself, perhaps beyond the end of its agreement
            self._declare(self.since_us // 1_000_000)
            self._close_at_terms_end(ended_s)
            if self._journal.open_outage is None:
                self._declare(ended_s)
        outage = self._journal.open_outage
        if outage is not None or not fault:
            self._account(ended_us, outage is not None)
        if outage is not None:
            agreement = self._agreements.by_id(outage.agreement_id)
            self._restored(outage, min(ended_s, agreement.end_s) if agreement else ended_s)
        if fault:
            self._counters.lose(0, 0)
        else:
            self._counters.regain(max(lasted_us, 0) // 1_000_000, self._cause)
        self.since_us = self._until_us = 0

    def _account(self, until_us: int, declared: bool) -> None:
        closed = self._intervals.closed
        self._intervals.add_no_supply(self._until_us or self.since_us, until_us, declared)
        self._until_us = until_us
        if self._intervals.closed != closed:
            self._changed()

    def _close_at_terms_end(self, now_s: int) -> None:
        """Close an outage that outlasts its agreement: the contract takes its end only until the grace is over.

        What goes on of it is declared anew for the agreement that follows, with its true start.
        """
        outage = self._journal.open_outage
        agreement = self._agreements.by_id(outage.agreement_id) if outage is not None else None
        if outage is not None and agreement is not None and now_s >= agreement.end_s:
            self._account(agreement.end_s * 1_000_000, True)
            self._restored(outage, agreement.end_s)

    def _declare(self, now_s: int) -> bool:
        """Write the outage into the journal, from where the uplink takes it; False if no agreement cares."""
        started_s = self.since_us // 1_000_000
        agreement = self._agreements.at(started_s)
        if agreement is None or now_s >= agreement.end_s:
            agreement = self._agreements.at(now_s)
            if agreement is None:
                return False
        # the contract may know more than this flash does, and the last one's end was rounded up
        number, ended_s = self._journal.after_outages(agreement.id)
        number = max(number, agreement.next_outage)
        self._journal.append_outage(OUTAGE, agreement.id, 0, max(started_s, ended_s), 0, self._cause, number)
        self._changed()
        return True

    def _restored(self, outage: Record, ended_s: int) -> None:
        self._journal.append_outage(
            RESTORED,
            outage.agreement_id,
            outage.outage,
            outage.started_at,
            max(ended_s, outage.started_at + 1),
            outage.cause,
            outage.number,
        )
        self._changed()


def _cause(phase: Phase) -> int:
    """Look at the grid side of the breaker: voltage there means that the consumer's side went away."""
    if not phase.sampler.fill_grid():
        return CAUSE_UNKNOWN
    return CAUSE_CONSUMER if voltage_present(phase.sampler, phase.detector) else CAUSE_GRID
