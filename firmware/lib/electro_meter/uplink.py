# SPDX-License-Identifier: Apache-2.0
"""Bring what was measured to the contract through relayers that may fail, lie or forget.

Each exchange is: ask a relayer, or a node of the chain if the configuration has one, what the contract expects next,
build and sign from there, post, and believe nothing but the contract's position in the next answer. The position is
followed where it goes, backwards too; the journal stays as it is. Until what was sent is final the position is asked
for again, and when the final position itself goes back, reports and outages behind it are due again. Relayers take
turns on failure, with pauses that double, with jitter so that a fleet does not come back in step.
"""

from electro_protocol.address import checksum
from electro_protocol.comb import FaultError
from electro_protocol.reports import EnergyReport, OutageReport
from electro_protocol.signed import SignedMessage

from .agreements import Agreements, StateError
from .heap import EXCHANGE_BYTES, collect_as, collect_every
from .http import Client, HttpError
from .intervals import Intervals
from .journal import Journal, Record
from .keys import Signer
from .report import backlog
from .sent import STATE_MS, Sent, refusal
from .world import Board

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from .settings import Settings

MOST_AT_ONCE = 8  # outages, and reports: a signature costs up to 0.1 s, and a relayer takes 50 in one request
MOST_SLOTS_AHEAD = 96  # a kilobyte of JSON
KEPT_SIGNATURES = 2  # with their digests: a retry after a lost answer signs nothing, a longer backlog anew
LEAST_BACKOFF_MS = 2_000
CONFIRM_MS = 10_000  # how soon to ask another source about new terms
NO_AGREEMENT_MS = 60_000  # how often to ask while none is known
BOUNDS_MS = 900_000  # how often to ask while an agreement runs: its bands may be renominated
FOLLOW_MS = 600_000  # how often to ask while something is on the chain and not final


class Uplink:
    """The conversation with the relayers; `wake` is set by whoever has something to send."""

    def __init__(
        self,
        board: Board,
        config: "Settings",
        signer: Signer,
        agreements: Agreements,
        journal: Journal,
        intervals: Intervals,
        on_signed: "Callable[[SignedMessage], None] | None" = None,
    ) -> None:
        self._board = board
        self._config = config
        self._signer = signer
        self._agreements = agreements
        self._journal = journal
        self._on_signed = on_signed
        self.wake = board.signal()
        self.reached = False  # the last exchange succeeded
        self.exchanges = 0
        self.signatures = 0
        self._client = Client(board)
        self._relayer = 0
        self._node = 0
        self._failures = 0
        self._not_before_us = 0  # back-off
        self._at_once = MOST_AT_ONCE  # less where memory does not do
        self._asked_us = 0
        self.sent = Sent(board, journal, intervals, agreements, config.resend_ms)
        self._signed: "list[tuple[bytes, bytes]]" = []

    async def run(self) -> None:
        """Exchange whenever something is due, for ever."""
        while True:
            wait_ms = self._due_in_ms()
            if wait_ms > 0:
                await self._board.wait(self.wake, wait_ms)
                continue
            self.wake.clear()
            await self._exchange()

    def _due_in_ms(self) -> int:
        """Return how long there is nothing to do."""
        now_us = self._board.uptime_us()
        if now_us < self._not_before_us:
            return max(1, (self._not_before_us - now_us) // 1000)
        if not self._asked_us:
            return 0
        if self._agreements.unconfirmed:
            return max(0, (self._asked_us + CONFIRM_MS * 1000 - now_us + 999) // 1000)
        due_us = self._asked_us + (STATE_MS if self._agreements.all else NO_AGREEMENT_MS) * 1000
        if self._agreements.at(self._board.unix_us() // 1_000_000) is not None:
            due_us = min(due_us, self._asked_us + BOUNDS_MS * 1000)
        for agreement in self._agreements.all:
            first, end = self.sent.unsent(agreement, now_us)
            if end - first >= self._config.report_every or end == agreement.end > first:
                return 0
            sent_end, sent_us = self.sent.reports.get(agreement.id, (0, 0))
            if agreement.next_final < agreement.next_latest:
                due_us = min(due_us, self._asked_us + FOLLOW_MS * 1000)
            if sent_end > agreement.next_latest:  # not yet seen on the chain
                due_us = min(due_us, sent_us + self._config.resend_ms * 1000)
        for number in self._journal.outages:
            due_us = min(due_us, self.sent.outage_due_us(number))
        return max(0, (due_us - now_us + 999) // 1000)

    async def _exchange(self) -> None:
        """Ask for the state and send what is due; on failure turn to the next relayer and pause."""
        self.exchanges += 1
        url = self._config.relayers[self._relayer]
        before = collect_every(EXCHANGE_BYTES)
        try:
            pause_s = await self._ask(url)
            if not pause_s:
                pause_s = await self._send(url)
        except (HttpError, StateError, FaultError) as error:
            self._board.log(f"{error}")
            self._fail(0)
            return
        except MemoryError:
            self._at_once = max(1, self._at_once // 2)
            self._board.log(f"no memory for that much; {self._at_once} at once from now on")
            self._fail(0)
            return
        finally:
            await self._client.close()
            collect_as(before)
        if pause_s:
            self._fail(pause_s)
            return
        self.reached = True
        self._failures = 0
        if self._agreements.unconfirmed:
            self._relayer = (self._relayer + 1) % len(self._config.relayers)

    def _fail(self, pause_s: int) -> None:
        """Take the next relayer, and pause once all were tried."""
        self.reached = False
        self._failures += 1
        self._relayer = (self._relayer + 1) % len(self._config.relayers)
        if self._relayer != 0 and not pause_s:
            return
        rounds = min((self._failures - 1) // len(self._config.relayers), 16)
        pause_ms = max(min(LEAST_BACKOFF_MS << rounds, self._config.max_backoff_ms), pause_s * 1000)
        jitter = int.from_bytes(self._board.entropy(2), "big")  # adds up to a half
        pause_ms += pause_ms * jitter // 131_072
        self._not_before_us = self._board.uptime_us() + pause_ms * 1000

    async def _ask(self, url: str) -> int:
        """Learn the agreements and positions; return the seconds to pause if the relayer is not able to say.

        A node's word goes before a relayer's: it is asked first, the relayer only to confirm new terms or if no node
        answers.
        """
        nodes = self._config.nodes
        if nodes:
            try:
                await self._ask_node(nodes[self._node])
            except (HttpError, StateError) as error:
                self._board.log(f"{error}")
                self._node = (self._node + 1) % len(nodes)
            else:
                if not self._agreements.unconfirmed:
                    return 0
        path = f"/v1/meters/{checksum(self._signer.address)}?ahead={self._slots_ahead()}"
        answer = await self._client.request("GET", url + path)
        if answer.status == 404:
            self._asked_us = self._board.uptime_us()
            return 0  # not enrolled, or not any more: what is known stays known
        untrusted = answer.untrusted
        if answer.status != 200 or not isinstance(untrusted, dict):
            return answer.retry_after_s or 1
        await self._learn(url, untrusted)
        return 0

    async def _ask_node(self, url: str) -> None:
        from .node import state as node_state

        contract, device = self._config.contract, self._signer.address
        untrusted = await node_state(self._client, url, contract, device, self._slots_ahead())
        await self._learn(url, untrusted, True)

    async def _learn(self, url: str, untrusted: "dict[str, object]", from_node: bool = False) -> None:
        """Check that an answer is about this meter's contract, and take its agreements over.

        Raises StateError, and HttpError.
        """
        if untrusted.get("chain_id") != self._config.chain_id:
            raise StateError(f"{url} serves another chain")
        contract = untrusted.get("contract")
        if not isinstance(contract, str) or contract.lower() != checksum(self._config.contract).lower():
            raise StateError(f"{url} serves another contract")
        self._asked_us = self._board.uptime_us()
        now_s = self._board.unix_us() // 1_000_000
        sources = len(self._config.relayers) + len(self._config.nodes)
        agreements = untrusted.get("agreements")
        for one in self._agreements.unknown(agreements):
            one["code"] = await self._code(url, one, from_node)
        for agreement_id in self._agreements.adopt(agreements, now_s, url, sources):
            self.sent.reports.pop(agreement_id, None)
            self._journal.retell(agreement_id)

    async def _code(self, url: str, untrusted: "dict[str, object]", from_node: bool) -> object:
        """Ask for the code of an agreement's terms."""
        terms = untrusted.get("terms")
        account = terms.get("account") if isinstance(terms, dict) else None
        if not isinstance(account, str) or len(account) != 42:
            raise StateError("terms must name an account")
        if from_node:
            from .node import code as node_code

            return await node_code(self._client, url, account)
        return (await self._client.request("GET", f"{url}/v1/terms/{account}", octets=True)).untrusted

    def _slots_ahead(self) -> int:
        """Return how many slots' bounds to ask for: those until the next time, not a day of them in a chip's RAM."""
        seconds = 900
        for agreement in self._agreements.all:
            seconds = min(seconds, agreement.interval_s)
        return min(MOST_SLOTS_AHEAD, STATE_MS // 1000 // seconds + 2)

    async def _send(self, url: str) -> int:
        """Sign and post what is due; return the seconds to pause if the relayer can't take more."""
        now_us = self._board.uptime_us()
        messages: "list[tuple[EnergyReport | OutageReport, int]]" = []  # with the outage's number
        for number in sorted(self._journal.outages):
            if self.sent.outage_due_us(number) <= now_us and len(messages) < self._at_once:
                record = self._journal.outages[number]
                messages.append((self._outage(record), number))
        for agreement in self._agreements.all:
            first, end = self.sent.unsent(agreement, now_us)
            if end - first >= self._config.report_every or end == agreement.end > first:
                for report in backlog(self._journal, agreement, first, end, self._at_once):
                    messages.append((report, -1))
        if not messages:
            return 0
        signed = [self._sign(message).to_json() for message, _ in messages]
        body = signed[0] if len(signed) == 1 else {"messages": signed}
        answer = await self._client.request("POST", url + "/v1/messages", body)
        if answer.status >= 500 or answer.status == 429:
            return answer.retry_after_s or 1
        results = [answer.untrusted]
        if len(signed) > 1:
            many = answer.untrusted
            results = many.get("results", []) if isinstance(many, dict) else []
        if len(results) != len(messages):
            raise StateError(f"{url} answered {answer.status} for {len(messages)} messages")
        refused = ""
        for (message, number), result in zip(messages, results):  # noqa: B905 - no strict= on MicroPython
            status = answer.status
            if len(signed) > 1 and isinstance(result, dict):
                status = result.get("status_code", 500)
            code = refusal(result)
            if isinstance(message, OutageReport):
                self.sent.note_outage(message, number, status, now_us)
            elif not self.sent.note_report(message, status, result, now_us):
                refused = refused or code or str(status)
        if refused:
            raise StateError(f"{url} refused a report: {refused}")
        return 0

    def _outage(self, record: Record) -> OutageReport:
        """Return the message of a record.

        Its number counts from what the contract expects if those in between are lost: it would wait for them for ever.
        """
        agreement = self._agreements.by_id(record.agreement_id)
        outages = self._journal.outages.values()
        first = min([one.number for one in outages if one.agreement_id == record.agreement_id])
        lost = max(0, first - agreement.next_outage) if agreement else 0
        return OutageReport(
            record.agreement_id, record.number - lost, record.started_at, record.ended_at, record.cause
        )

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
