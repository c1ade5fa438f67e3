# SPDX-License-Identifier: Apache-2.0
"""Say whose turn it is to be asked, and what it is due: by what each source was sent, and by how it behaved.

Each source has its own turn. What one relayer was sent counts as on its way for all, until resend_ms have passed
without the chain having it. So a source that lies about the position only spoils its own turns, and one that takes
reports twice without the position moving is left for an hour. Failures double a source's pause, with jitter so that a
fleet does not come back in step.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from electro_protocol.reports import EnergyReport, OutageReport
    from electro_protocol.sealed import SealedReport

    from ..account.reports import Reports
    from ..life.settings import Settings
    from ..world import Board
    from .agreement import Agreement, Told
    from .agreements import Agreements

MOST_AT_ONCE = 8  # outages, and reports: a signature costs up to 0.1 s, and a relayer takes 50 in one request
LEAST_BACKOFF_MS = 2_000
LEAVE_MS = 3_600_000  # whoever takes reports and brings none of them to the chain
STATE_MS = 3_600_000  # how often to ask when there is nothing to send
FOLLOW_MS = 600_000  # how often to ask while something is on the chain and not final
NO_AGREEMENT_MS = 60_000  # how often to ask while none is known
CONFIRM_MS = 10_000  # how soon to ask another source about a new agreement
CONFIRM_LEAST_MS = (
    300_000  # but no sooner than this after it was asked last: two liars can make up new ones for ever
)
_FAR_US = 1 << 62  # never


class Source:
    """One relayer or node: how it behaves, and what it was sent."""

    def __init__(self, url: str, is_node: bool, by: str) -> None:
        self.url = url
        self.is_node = is_node
        self.by = by  # or another's, see `conversation`
        self.place = "", False  # `http.Client.place` of what it has told
        self.asked_us = 0  # when it answered last; 0: never
        self.not_before_us = 0
        self.proves_us = 0  # uptime before which it is asked for no receipt
        self.brings = False  # it says that it has viewing keys for this meter
        self.failures = 0  # in a row
        self.why = ""  # of the last one
        # agreement and terms → first interval sent, end, when, how often it took this first one
        self.sent: "dict[tuple[int, bytes], tuple[int, int, int, int]]" = {}
        # agreement → end of the outages sent (number), of the last one sent, when, how often
        self.told: "dict[int, tuple[int, int, int, int]]" = {}

    def note_report(self, report: "EnergyReport | SealedReport", end: int, now_us: int) -> None:
        """Remember that everything up to `end` is on its way; and how often, for all that was sent in one go."""
        number = report.agreement_id, report.terms
        first = report.first_interval
        sent = self.sent.get(number)
        if sent is not None and sent[0] < first == sent[1]:  # it goes on where the last one ended
            self.sent[number] = sent[0], end, sent[2], sent[3]
        else:
            taken = sent[3] if sent is not None and sent[0] == first else 0
            self.sent[number] = first, end, now_us, taken + 1

    def note_outage(self, outage: "OutageReport", version: int, now_us: int) -> None:
        last, before, _, tries = self.told.get(outage.agreement_id, (0, -1, 0, 0))
        again = before == version and last == outage.number + 1
        self.told[outage.agreement_id] = outage.number + 1, version, now_us, tries + 1 if again else 1

    def note_positions(self, listed: "list[Told]") -> None:
        """See that what it was sent has arrived."""
        for told in listed:
            number = told.id, told.code_hash[:16]
            sent = self.sent.get(number)
            if sent is not None and told.next_latest > sent[0]:
                self.sent[number] = sent[:3] + (0,)  # it moved


class Turns:
    """The sources, and when each is to be asked again."""

    def __init__(
        self, board: "Board", settings: "Settings", reports: "Reports", agreements: "Agreements"
    ) -> None:
        self._board = board
        self._settings = settings
        self._reports = reports
        self._agreements = agreements
        self.sources = [Source(one.url, one.is_node, one.by) for one in settings.sources]
        self.at_once = MOST_AT_ONCE  # less where memory does not do

    def next(self) -> "tuple[Source, int]":
        """Return whose turn is next, and in how many microseconds."""
        now_us = self._board.uptime_us()
        best = self.sources[0]
        least_us = -1
        for source in self.sources:
            wait_us = max(0, self._due_us(source, now_us) - now_us)
            if (
                least_us < 0
                or wait_us < least_us
                or (wait_us == least_us and source.asked_us < best.asked_us)
            ):
                best, least_us = source, wait_us
        return best, least_us

    def _due_us(self, source: Source, now_us: int) -> int:
        """Return the uptime at which a source is to be asked next."""
        if not source.asked_us:
            return source.not_before_us
        agreements = self._agreements.all
        due_us = source.asked_us + (STATE_MS if agreements else NO_AGREEMENT_MS) * 1000
        for agreement in agreements:
            told = agreement.told.get(source.url)
            if told is None:
                if not agreement.pinned and agreement.first_us > source.asked_us:
                    soon_us = max(
                        agreement.first_us + CONFIRM_MS * 1000, source.asked_us + CONFIRM_LEAST_MS * 1000
                    )
                    due_us = min(due_us, soon_us)
                continue
            if told.next_final < told.next_latest:
                due_us = min(due_us, source.asked_us + FOLLOW_MS * 1000)
            if agreement.seal and self._reports.wait(agreement, told.next_latest, source.url, now_us):
                due_us = min(due_us, source.asked_us + LEAST_BACKOFF_MS * 1000)
            if not source.is_node:
                due_us = min(due_us, self._report_due_us(source, agreement, told, now_us))
                due_us = min(due_us, self.outage_due_us(source, agreement, told))
        return max(due_us, source.not_before_us)

    def unsent(
        self, source: Source, agreement: "Agreement", told: "Told", now_us: int
    ) -> "tuple[int, int, int]":
        """Return the intervals first … end-1 that are to be sent now, none of them if first is end.

        They are neither on the chain, as this source knows it, nor on their way. And when what is on its way is due
        again; 0 if nothing is.
        """
        end = min(self._reports.closed(agreement), told.end)
        first = told.next_latest
        again_us = 0
        for other in self.sources:
            sent = other.sent.get((agreement.id, agreement.terms))
            if sent is None or (other is not source and other.not_before_us > now_us):
                continue
            due_us = sent[2] + min(self._settings.resend_ms << min(max(sent[3] - 1, 0), 8), LEAVE_MS) * 1000
            if sent[0] <= first < sent[1] and due_us > now_us:
                first = sent[1]
                again_us = max(again_us, due_us)
        if end < told.end:  # a fleet's reports come together, and share a transaction
            end -= end % self._settings.report_every
        first = min(first, end)
        if first < end and agreement.seal and not self._reports.terms(agreement, first, source.url):
            first = end
        return first, end, again_us

    def _report_due_us(self, source: Source, agreement: "Agreement", told: "Told", now_us: int) -> int:
        first, end, again_us = self.unsent(source, agreement, told, now_us)
        if first < end:
            return max(now_us, source.asked_us + LEAST_BACKOFF_MS * 1000)
        return min(again_us, source.asked_us + FOLLOW_MS * 1000) if again_us else _FAR_US

    def outage_due_us(self, source: Source, agreement: "Agreement", told: "Told") -> int:
        """Return the uptime at which a source is to be told of an outage."""
        last, version, when_us, tries = source.told.get(agreement.id, (0, -1, 0, 0))
        if version != self._reports.outage_version or last < told.next_outage:
            return source.asked_us + LEAST_BACKOFF_MS * 1000 if self.outages(agreement, told) else _FAR_US
        if not tries or not self.outages(agreement, told):
            return _FAR_US
        return when_us + min(self._settings.resend_ms << min(tries - 1, 8), STATE_MS) * 1000

    def outages(self, agreement: "Agreement", told: "Told") -> "list[int]":
        """Return the outages that a source takes now: closed ones whose readings are on the chain, or an open one."""
        kept = self._reports.outages(agreement)
        found: "list[int]" = []
        number = told.next_outage
        while number < len(kept) and len(found) < self.at_once:
            ended_s = kept[number][2]
            if ended_s:
                touched = (ended_s - agreement.start_s + agreement.interval_s - 1) // agreement.interval_s
                if told.next_latest < min(max(touched, 0), told.end):
                    break  # the contract takes readings first
            elif found or told.outage_open:
                break
            found.append(number)
            number += 1
        return found

    def fail(self, source: Source, why: str, pause_s: int) -> None:
        """Pause a source: as long as it asks, or twice as long as before."""
        source.why = why
        self._board.log(f"{source.url}: {why}")
        pause_ms = min(LEAST_BACKOFF_MS << min(source.failures, 16), self._settings.max_backoff_ms)
        source.failures += 1
        self._pause(source, max(pause_ms, pause_s * 1000))

    def _pause(self, source: Source, pause_ms: int) -> None:
        jitter = int.from_bytes(self._board.entropy(2), "big")  # adds up to a half
        pause_ms += pause_ms * jitter // 131_072
        source.not_before_us = self._board.uptime_us() + pause_ms * 1000

    def leave(self, source: Source) -> None:
        """Leave a relayer that took the same reports twice and did not bring them to the chain."""
        most = max([sent[3] for sent in source.sent.values()] + [0])
        if most < 2:
            return
        now_us = self._board.uptime_us()
        others = [one for one in self.sources if one is not source and not one.is_node]
        source.why = "it takes reports, but they don't reach the chain"
        if [one for one in others if one.not_before_us <= now_us]:
            self._pause(source, LEAVE_MS)
        # else there is nobody else, and the chain itself may stand still: it is sent them less and less often
