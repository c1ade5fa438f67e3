# SPDX-License-Identifier: Apache-2.0
"""Bring what was measured to the contract through relayers that may fail, lie or forget.

Each source has its own turn: it is asked what the contract expects of this meter, and a relayer is sent what it then
lacks, built and signed from the journal. Nothing but the position in its next answer is believed; it is followed where
it goes, backwards too. What one relayer was sent counts as on its way for all, until resend_ms have passed without the
chain having it. So a source that lies about the position only spoils its own turns, and one that takes reports twice
without the position moving is left for an hour. Failures double a source's pause, with jitter so that a fleet does not
come back in step. An exchange ends after two minutes, whatever happens in it.
"""

import asyncio

from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256
from electro_protocol.reports import MAX_INTERVALS, EnergyReport
from electro_protocol.signed import SignedMessage

from ..life.heap import EXCHANGE_BYTES, collect_as, collect_every
from ..world import Board, Signal
from .agreements import Agreement, Agreements
from .clock import NEVER, Clock
from .dns import Resolver
from .http import Answer, Client, split
from .sources import SourceError, Told, standing, terms, verdicts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_protocol.reports import OutageReport

    from ..account.reports import Reports
    from ..life.keys import Signer
    from ..life.settings import Settings

    Header = tuple[int, int, int, int]

MOST_AT_ONCE = 8  # outages, and reports: a signature costs up to 0.1 s, and a relayer takes 50 in one request
MOST_SLOTS_AHEAD = 96  # a kilobyte of JSON
MOST_TERMS_AT_ONCE = 4
KEPT_SIGNATURES = 2  # with their digests: a retry after a lost answer signs nothing, a longer backlog anew
EXCHANGE_S = 120
LEAST_BACKOFF_MS = 2_000
LEAVE_MS = 3_600_000  # whoever takes reports and brings none of them to the chain
STATE_MS = 3_600_000  # how often to ask when there is nothing to send
FOLLOW_MS = 600_000  # how often to ask while something is on the chain and not final
NO_AGREEMENT_MS = 60_000  # how often to ask while none is known
CONFIRM_MS = 10_000  # how soon to ask another source about a new agreement
CONFIRM_LEAST_MS = (
    300_000  # but no sooner than this after it was asked last: two liars can make up new ones for ever
)
_TAKEN = (200, 202)
_FAR_US = 1 << 62  # never


class Source:
    """One relayer or node: how it behaves, and what it was sent."""

    def __init__(self, url: str, is_node: bool, by: str) -> None:
        self.url = url
        self.host = split(url)[1]
        self.is_node = is_node
        self.by = by
        self.asked_us = 0  # when it answered last; 0: never
        self.not_before_us = 0
        self.failures = 0  # in a row
        self.why = ""  # of the last one
        # agreement and terms → first interval sent, end, when, how often it took this first one
        self.sent: "dict[tuple[int, bytes], tuple[int, int, int, int]]" = {}
        # agreement → end of the outages sent (number), of the last one sent, when, how often
        self.told: "dict[int, tuple[int, int, int, int]]" = {}


class Uplink:
    """The conversation with all sources; `wake` is set by whoever has something to send."""

    def __init__(
        self,
        board: Board,
        settings: "Settings",
        signer: "Signer",
        clock: Clock,
        reports: "Reports",
        wake: Signal,
        on_signed: "Callable[[SignedMessage], None] | None" = None,
    ) -> None:
        self._board = board
        self._settings = settings
        self._signer = signer
        self._reports = reports
        self._on_signed = on_signed
        self.clock = clock
        self.wake = wake
        self.agreements = Agreements(board.directory)
        self.resolver = Resolver(board, settings.dns_servers)
        self._client = Client(board, self.resolver)
        self._sources = [Source(one.url, one.is_node, one.by) for one in settings.sources]
        self._at_once = MOST_AT_ONCE  # less where memory does not do
        self._signed: "list[tuple[bytes, bytes]]" = []
        self._accepted_outages = (
            -1
        )  # the version of the outages of which every relayer asked has what it takes
        self.reached = False  # the last exchange succeeded
        self.exchanges = 0
        self.signatures = 0

    @property
    def owes_outage(self) -> bool:
        """Return whether an outage waits that no relayer has accepted yet."""
        return self._accepted_outages != self._reports.outage_version

    async def time_task(self) -> None:
        """Keep the clock good, for ever."""
        from .sntp import keep

        if not self._board.clock_is_true:
            await keep(self._board, self.clock, self.resolver, self._settings.time_servers)
        while True:
            await self._board.sleep_ms(LEAVE_MS)

    async def exchange_task(self) -> None:
        """Exchange whenever something is due, for ever."""
        while True:
            source, wait_us = self._next()
            if wait_us > 0:
                await self._board.wait(self.wake, wait_us // 1000 + 1)
                continue
            self.wake.clear()
            await self._exchange(source)

    def _next(self) -> "tuple[Source, int]":
        """Return whose turn is next, and in how many microseconds."""
        now_us = self._board.uptime_us()
        best = self._sources[0]
        least_us = -1
        for source in self._sources:
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
        due_us = source.asked_us + (STATE_MS if self.agreements.all else NO_AGREEMENT_MS) * 1000
        for agreement in self.agreements.all:
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
            if not source.is_node:
                due_us = min(due_us, self._report_due_us(source, agreement, told, now_us))
                due_us = min(due_us, self._outage_due_us(source, agreement, told))
        return max(due_us, source.not_before_us)

    def _end(self, agreement: Agreement, told: Told) -> int:
        """Return the first interval that can't be reported yet, as far as a source takes them."""
        return min(self._reports.closed(agreement), told.end)

    def _unsent(self, source: Source, agreement: Agreement, told: Told, now_us: int) -> "tuple[int, int]":
        """Return the first interval that is neither on the chain, as this source knows it, nor on its way.

        And when what is on its way is due again; 0 if nothing is.
        """
        first = told.next_latest
        again_us = 0
        for other in self._sources:
            sent = other.sent.get((agreement.id, agreement.terms))
            if sent is None or (other is not source and other.not_before_us > now_us):
                continue
            due_us = sent[2] + min(self._settings.resend_ms << min(max(sent[3] - 1, 0), 8), LEAVE_MS) * 1000
            if sent[0] <= first < sent[1] and due_us > now_us:
                first = sent[1]
                again_us = max(again_us, due_us)
        return first, again_us

    def _report_due_us(self, source: Source, agreement: Agreement, told: Told, now_us: int) -> int:
        soon_us = max(now_us, source.asked_us + LEAST_BACKOFF_MS * 1000)
        end = self._end(agreement, told)
        first, again_us = self._unsent(source, agreement, told, now_us)
        if end - first >= self._settings.report_every or (end == told.end and end > first):
            return soon_us
        return min(again_us, source.asked_us + FOLLOW_MS * 1000) if again_us else _FAR_US

    def _outage_due_us(self, source: Source, agreement: Agreement, told: Told) -> int:
        last, version, when_us, tries = source.told.get(agreement.id, (0, -1, 0, 0))
        if version != self._reports.outage_version or last < told.next_outage:
            return source.asked_us + LEAST_BACKOFF_MS * 1000 if self._outages(agreement, told) else _FAR_US
        if not tries or not self._outages(agreement, told):
            return _FAR_US
        return when_us + min(self._settings.resend_ms << min(tries - 1, 8), STATE_MS) * 1000

    def _outages(self, agreement: Agreement, told: Told) -> "list[OutageReport]":
        """Return the outages that a source takes now: closed ones whose readings are on the chain, or an open one."""
        found: "list[OutageReport]" = []
        number = told.next_outage
        while len(found) < self._at_once:
            outage = self._reports.outage(agreement, number)
            if outage is None:
                break
            if outage.ended_at:
                touched = (
                    outage.ended_at - agreement.start_s + agreement.interval_s - 1
                ) // agreement.interval_s
                if told.next_latest < min(max(touched, 0), told.end):
                    break  # the contract takes readings first
            elif found or told.outage_open:
                break
            found.append(outage)
            number += 1
        return found

    async def _exchange(self, source: Source) -> None:
        """Ask a source for the state and send it what is due; a failure is its failure, never the task's."""
        self.exchanges += 1
        try:
            pause_s: int = await asyncio.wait_for(self._converse(source), EXCHANGE_S)
        except asyncio.TimeoutError:
            self._fail(source, f"an exchange took more than {EXCHANGE_S} s", 0)
        except MemoryError:
            self.drop_memory()
            self._fail(source, f"no memory for that much; {self._at_once} at once from now on", 0)
        except Exception as error:  # noqa: BLE001 - whatever an answer can cause ends with this exchange
            self._fail(source, str(error) or type(error).__name__, 0)
        else:
            if pause_s:
                self._fail(source, "it can't now", pause_s)
                return
            self.reached = True
            source.failures = 0
            source.why = ""
            self._at_once = min(MOST_AT_ONCE, self._at_once + 1)
            if source.url[:6] == "https:":
                return  # kept: the next handshake would cost seconds
        await self._client.close()

    def drop_memory(self) -> None:
        """Send less at once from now on; each exchange that succeeds takes some of it back."""
        self._at_once = max(1, self._at_once // 2)

    def _fail(self, source: Source, why: str, pause_s: int) -> None:
        """Pause a source: as long as it asks, or twice as long as before."""
        self.reached = False
        self.resolver.failed(source.host)
        source.why = why
        self._board.log(f"{source.url}: {why}")
        pause_ms = min(LEAST_BACKOFF_MS << min(source.failures, 16), self._settings.max_backoff_ms)
        source.failures += 1
        self._pause(source, max(pause_ms, pause_s * 1000))

    def _pause(self, source: Source, pause_ms: int) -> None:
        jitter = int.from_bytes(self._board.entropy(2), "big")  # adds up to a half
        pause_ms += pause_ms * jitter // 131_072
        source.not_before_us = self._board.uptime_us() + pause_ms * 1000

    async def _converse(self, source: Source) -> int:
        """Return the seconds to pause if a source is not able to answer."""
        floor_s = self.clock.floor_s
        if self.clock.state == NEVER and self._board.kept_unix_us() // 1_000_000 < floor_s:
            self._board.set_chip_clock(floor_s)  # certificates are checked by it: none was made before that
        pause_s = await (self._ask_node(source) if source.is_node else self._ask_relayer(source))
        if pause_s or source.is_node:
            return pause_s
        return await self._send(source)

    async def _ask_relayer(self, source: Source) -> int:
        address = checksum(self._signer.address)
        answer = await self._client.request(
            "GET", f"{source.url}/v1/meters/{address}?ahead={self._slots_ahead()}"
        )
        self._hear(source, answer)
        if answer.status == 404:
            listed = []  # not enrolled, or not any more: what is known stays known
        elif answer.status != 200:
            return answer.pause_s or 1
        else:
            listed = standing(answer.json(), self._settings.chain_id, self._settings.contract)
        headers = {}
        for told in self._unknown(listed):
            url = f"{source.url}/v1/terms/{checksum(told.account)}"
            answer = await self._client.request("GET", url)
            if answer.status != 200:
                return answer.pause_s or 1
            headers[told.code_hash] = _header(answer.octets(), told)
        self._learn(source, listed, headers)
        return 0

    async def _ask_node(self, source: Source) -> int:
        from .node import code
        from .node import standing as ask

        settings = self._settings
        listed, answer = await ask(
            self._client,
            source.url,
            settings.chain_id,
            settings.contract,
            self._signer.address,
            self._slots_ahead(),
        )
        self._hear(source, answer)
        headers = {}
        for told in self._unknown(listed):
            headers[told.code_hash] = _header(await code(self._client, source.url, told.account), told)
        self._learn(source, listed, headers)
        return 0

    def _unknown(self, listed: "list[Told]") -> "list[Told]":
        """Return those whose terms are not known yet."""
        unknown = []
        for told in listed:
            if not told.cancelled and self.agreements.header_of(told.code_hash) is None:
                unknown.append(told)
        return unknown[:MOST_TERMS_AT_ONCE]

    def _hear(self, source: Source, answer: Answer) -> None:
        """Tell the clock what the answer's date says: that second, or what has passed since the question."""
        if answer.date_s:
            low_us = answer.date_s * 1_000_000
            took_us = self._board.uptime_us() - answer.asked_us
            self.clock.hear(source.url, source.by, low_us, low_us + 1_000_000 + took_us, answer.tls)

    def _learn(self, source: Source, listed: "list[Told]", headers: "dict[bytes, Header]") -> None:
        now_us = self._board.uptime_us()
        source.asked_us = now_us
        now_s = self.clock.unix_s() if self.clock.sure else 0
        self.agreements.learn(source.url, source.by, listed, headers, now_us, now_s)
        for told in listed:
            number = told.id, told.code_hash[:16]
            sent = source.sent.get(number)
            if sent is not None and told.next_latest > sent[0]:
                source.sent[number] = sent[:3] + (0,)  # it moved

    def _slots_ahead(self) -> int:
        """Return how many slots' bounds to ask for: those until the next time, not a day of them in a chip's RAM."""
        seconds = 900
        for agreement in self.agreements.all:
            seconds = min(seconds, agreement.interval_s)
        return min(MOST_SLOTS_AHEAD, STATE_MS // 1000 // seconds + 2)

    async def _send(self, source: Source) -> int:
        """Sign and post what is due; return the seconds to pause if the relayer can't take more."""
        messages: "list[EnergyReport | OutageReport]" = []
        version = self._reports.outage_version
        owed = False
        now_us = self._board.uptime_us()
        for agreement in self.agreements.all:
            told = agreement.told.get(source.url)
            if told is None:
                continue
            outages = self._outages(agreement, told)
            following = self._reports.outage(agreement, told.next_outage)
            owed = owed or (following is not None and (bool(following.ended_at) or not told.outage_open))
            if outages and self._outage_due_us(source, agreement, told) <= now_us + LEAST_BACKOFF_MS * 1000:
                messages += outages[: self._at_once - len(messages)]
            await self._add_reports(source, agreement, told, messages, now_us)
            if len(messages) >= self._at_once:
                break
        if not owed:
            self._accepted_outages = version
        if not messages:
            return 0
        before = collect_every(EXCHANGE_BYTES)
        try:
            signed = []
            for message in messages:
                signed.append(self._sign(message).to_json())
                await self._board.sleep_ms(0)
            body = signed[0] if len(signed) == 1 else {"messages": signed}
            answer = await self._client.request("POST", source.url + "/v1/messages", body)
        finally:
            collect_as(before)
        if answer.status >= 500 or answer.status == 429:
            return answer.pause_s or 1
        self._judge(source, messages, verdicts(answer.status, answer.json(), len(messages)), version)
        return 0

    async def _add_reports(
        self,
        source: Source,
        agreement: Agreement,
        told: Told,
        messages: "list[EnergyReport | OutageReport]",
        now_us: int,
    ) -> None:
        """Add the reports that a source lacks, none across a pass of the schedule."""
        end = self._end(agreement, told)
        first, _ = self._unsent(source, agreement, told, now_us)
        if end - first < self._settings.report_every and not (end == told.end and end > first):
            return
        while first < end and len(messages) < self._at_once:
            report = await self._reports.build(agreement, first, end)
            messages.append(report)
            first += report.intervals

    def _judge(
        self,
        source: Source,
        messages: "list[EnergyReport | OutageReport]",
        answers: "list[tuple[int, str, int]]",
        version: int,
    ) -> None:
        """Note what was taken and what was refused.

        Raises SourceError if it refused something.
        """
        now_us = self._board.uptime_us()
        refused = ""
        outages: "set[bool]" = set()  # whether it took them
        stopped: "set[tuple[int, bytes]]" = set()
        for message, (status, code, expected) in zip(messages, answers):  # noqa: B905 - no strict= on MicroPython
            if isinstance(message, EnergyReport):
                number = message.agreement_id, message.terms
                if number in stopped:
                    continue  # behind a refused one none can be in sequence; it says nothing of its own
                if status in _TAKEN:
                    self._note_report(source, message, message.first_interval + message.intervals, now_us)
                    continue
                stopped.add(number)
                if message.first_interval < expected <= message.first_interval + MAX_INTERVALS:
                    # what it has beyond our start is on its way already: wait for it as if we had sent it
                    self._note_report(source, message, expected, now_us)
                    continue
            else:
                self._note_outage(source, message, version, now_us)
                outages.add(status in _TAKEN)
                if status in _TAKEN:
                    continue
            refused = refused or code or str(status)
        if outages == {True}:
            self._accepted_outages = version
        if refused:
            raise SourceError(f"it refused a message: {refused}")
        self._leave(source)

    def _note_report(self, source: Source, report: EnergyReport, end: int, now_us: int) -> None:
        """Remember that everything up to `end` is on its way; and how often, for all that was sent in one go."""
        number = report.agreement_id, report.terms
        first = report.first_interval
        sent = source.sent.get(number)
        if sent is not None and sent[0] < first == sent[1]:  # it goes on where the last one ended
            source.sent[number] = sent[0], end, sent[2], sent[3]
        else:
            taken = sent[3] if sent is not None and sent[0] == first else 0
            source.sent[number] = first, end, now_us, taken + 1

    def _note_outage(self, source: Source, outage: "OutageReport", version: int, now_us: int) -> None:
        last, before, _, tries = source.told.get(outage.agreement_id, (0, -1, 0, 0))
        again = before == version and last == outage.number + 1
        source.told[outage.agreement_id] = outage.number + 1, version, now_us, tries + 1 if again else 1

    def _leave(self, source: Source) -> None:
        """Leave a relayer that took the same reports twice and did not bring them to the chain."""
        most = max([sent[3] for sent in source.sent.values()] + [0])
        if most < 2:
            return
        now_us = self._board.uptime_us()
        others = [one for one in self._sources if one is not source and not one.is_node]
        source.why = "it takes reports, but they don't reach the chain"
        if [one for one in others if one.not_before_us <= now_us]:
            self._pause(source, LEAVE_MS)
        # else there is nobody else, and the chain itself may stand still: it is sent them less and less often

    def _sign(self, message: "EnergyReport | OutageReport") -> SignedMessage:
        digest = self._signer.digest(message)
        for known, signature in self._signed:
            if known == digest:
                return SignedMessage(message, signature)
        signed = self._signer.sign(message)
        self.signatures += 1
        self._signed = self._signed[1 - KEPT_SIGNATURES :] + [(digest, signed.signature)]
        if self._on_signed is not None:
            self._on_signed(signed)
        return signed

    def told(self) -> "dict[str, object]":
        """Return what a person wants to see of the sources, what they contradict each other in, and the clock."""
        now_us = self._board.uptime_us()
        sources = []
        for source in self._sources:
            sources.append(
                {
                    "url": source.url,
                    "by": source.by,
                    "asked_s_ago": (now_us - source.asked_us) // 1_000_000 if source.asked_us else -1,
                    "failures": source.failures,
                    "why": source.why,
                    "left_for_s": max(0, source.not_before_us - now_us) // 1_000_000,
                }
            )
        return {
            "sources": sources,
            "contradictions": self.agreements.contradictions,
            "clock": self.clock.told(),
        }


def _header(code: bytes, told: Told) -> "Header":
    """Return the numbers in terms' code that has the hash which was told."""
    if keccak256(code) != told.code_hash:
        raise SourceError(f"the terms of agreement {told.id} are not those with the told hash")
    return terms(code)
