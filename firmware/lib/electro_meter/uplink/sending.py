# SPDX-License-Identifier: Apache-2.0
"""Sign what a relayer lacks, post it, and note what it says of each message.

Reports and outages are built from the journal at this moment; nothing signed is kept but the last two signatures, so
that a retry after a lost answer signs nothing.
"""

from electro_protocol.reports import MAX_INTERVALS, OutageReport
from electro_protocol.signed import SignedMessage

from ..heap import EXCHANGE_BYTES, collect_as, collect_every
from .errors import SourceError
from .turns import LEAST_BACKOFF_MS, Source, Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_protocol.reports import EnergyReport
    from electro_protocol.sealed import SealedReport

    from ..account.reports import Reports
    from ..life.keys import Signer
    from ..world import Board
    from .agreements import Agreements
    from .http import Client

KEPT_SIGNATURES = 2  # with their digests; a longer backlog is signed anew
_TAKEN = (200, 202)


class Sending:
    """What goes to the relayers."""

    def __init__(
        self,
        board: "Board",
        signer: "Signer",
        reports: "Reports",
        agreements: "Agreements",
        turns: Turns,
        on_signed: "Callable[[SignedMessage], None] | None",
    ) -> None:
        self._board = board
        self._signer = signer
        self._reports = reports
        self._agreements = agreements
        self._turns = turns
        self._on_signed = on_signed
        self._signed: "list[tuple[bytes, bytes]]" = []
        # the version of the outages of which every relayer asked has what it takes
        self._accepted_outages = -1
        self.signatures = 0

    @property
    def owes_outage(self) -> bool:
        """Return whether an outage waits that no relayer has accepted yet."""
        return self._accepted_outages != self._reports.outage_version

    async def send(self, client: "Client", source: Source) -> int:
        """Sign and post what is due; return the seconds to pause if the relayer can't take more."""
        messages: "list[EnergyReport | SealedReport | OutageReport]" = []
        turns = self._turns
        version = self._reports.outage_version
        owed = False
        now_us = self._board.uptime_us()
        for agreement in self._agreements.all:
            told = agreement.told.get(source.url)
            if told is None:
                continue
            outages = turns.outages(agreement, told)
            following = self._reports.outage(agreement, told.next_outage)
            owed = owed or (following is not None and (bool(following.ended_at) or not told.outage_open))
            if outages and turns.outage_due_us(source, agreement, told) <= now_us + LEAST_BACKOFF_MS * 1000:
                messages += outages[: turns.at_once - len(messages)]
            first, end, _ = turns.unsent(source, agreement, told, now_us)
            while first < end and len(messages) < turns.at_once:
                report = await self._reports.build(
                    agreement, first, end
                )  # none across a pass of the schedule
                messages.append(report)
                first += report.intervals
            if len(messages) >= turns.at_once:
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
            self._signer.rest()
            body = signed[0] if len(signed) == 1 else {"messages": signed}
            answer = await client.request("POST", source.url + "/v1/messages", body)
        finally:
            self._signer.rest()
            collect_as(before)
        if answer.status >= 500 or answer.status == 429:
            return answer.pause_s or 1
        from .sources import verdicts

        self._judge(source, messages, verdicts(answer.status, answer.json(), len(messages)), version)
        return 0

    def _judge(
        self,
        source: Source,
        messages: "list[EnergyReport | SealedReport | OutageReport]",
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
            if not isinstance(message, OutageReport):
                number = message.agreement_id, message.terms
                if number in stopped:
                    continue  # behind a refused one none can be in sequence; it says nothing of its own
                if status in _TAKEN:
                    source.note_report(message, message.first_interval + message.intervals, now_us)
                    continue
                stopped.add(number)
                if message.first_interval < expected <= message.first_interval + MAX_INTERVALS:
                    # what it has beyond our start is on its way already: wait for it as if we had sent it
                    source.note_report(message, expected, now_us)
                    continue
            else:
                source.note_outage(message, version, now_us)
                outages.add(status in _TAKEN)
                if status in _TAKEN:
                    continue
            refused = refused or code or str(status)
        if outages == {True}:
            self._accepted_outages = version
        if refused:
            raise SourceError(f"it refused a message: {refused}")
        self._turns.leave(source)

    def _sign(self, message: "EnergyReport | SealedReport | OutageReport") -> SignedMessage:
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
