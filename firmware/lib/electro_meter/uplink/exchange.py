# SPDX-License-Identifier: Apache-2.0
"""Bring what was measured to the contract through relayers that may fail, lie or forget.

A source is asked what the contract expects of this meter, and a relayer is sent what it then lacks. Nothing but the
position in its next answer is believed; it is followed where it goes, backwards too. Whose turn it is says `turns`,
what is believed `agreements`, what is sent `sending`. An exchange ends after two minutes, whatever happens in it.
"""

import asyncio

from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256

from ..heap import EXCHANGE_BYTES, collect_as, collect_every, forget_modules, make_room
from ..world import Board, Signal
from .agreements import Agreements
from .clock import ASK_EVERY_MS, NEVER, Clock
from .errors import SourceError
from .http import USUAL_BYTES
from .sending import Sending
from .turns import MOST_AT_ONCE, STATE_MS, Source, Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from electro_protocol.signed import SignedMessage

    from ..account.reports import Reports
    from ..life.keys import Signer
    from ..life.settings import Settings
    from .agreement import Header
    from .dns import Resolver
    from .http import Answer, Client
    from .proof.last import LastProof
    from .sources import Told

MOST_SLOTS_AHEAD = 96  # a kilobyte of JSON
MOST_TERMS_AT_ONCE = 4
EXCHANGE_S = 120
RETRY_MS = 15_000  # of the time servers
MOST_RETRY_MS = 900_000

# Imported for an exchange, and forgotten after it: 14 KB. All but what reads JSON stays while a connection is kept.
_READING = (
    "electro_meter.uplink.sources",
    "electro_meter.uplink.node",
    "electro_meter.uplink.contract",
    "electro_meter.uplink.remembered",
)
_TALKING = (
    "electro_meter.uplink.http",
    "electro_meter.uplink.head",
    "electro_meter.uplink.parsing",
    "electro_meter.uplink.dns",
)


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
        self._address = signer.address
        self._signer = signer
        self._reports = reports
        self._bring_due_us = 0  # uptime
        self.clock = clock
        self.wake = wake
        self.agreements = Agreements(board.directory)
        self.turns = Turns(board, settings, reports, self.agreements)
        self.sending = Sending(board, signer, reports, self.agreements, self.turns, on_signed)
        self._names: "dict[str, tuple[list[str], int]]" = {}  # what the resolver knows
        self._usual = bytearray(USUAL_BYTES)  # the client's, made when the heap is whole: it is one piece
        self._client: "Client | None" = None  # while there is a conversation, or a connection is kept
        self.followed: "Callable[[Client], Awaitable[None]] | None" = None  # by what, once one succeeded
        self.proved: "LastProof | None" = None
        if settings.validators or settings.receipts:
            from .proof.last import LastProof  # for those who know whom to believe

            self.proved = LastProof(board.directory)
            clock.raise_floor(self.proved.time_s)
        self.reached = False  # the last exchange succeeded
        self.exchanges = 0

    @property
    def owes_outage(self) -> bool:
        """Return whether an outage waits that no relayer has accepted yet."""
        return self.sending.owes_outage

    async def time_task(self) -> None:
        """Keep the clock good, for ever."""
        settings = self._settings
        if not self._board.clock_is_true:
            await keep_time(self._board, self.clock, self._names, settings.dns_servers, settings.time_servers)
        while True:
            await self._board.sleep_ms(ASK_EVERY_MS)

    async def exchange_task(self) -> None:
        """Exchange whenever something is due, for ever."""
        while True:
            source, wait_us = self.turns.next()
            if wait_us > 0:
                await self._board.wait(self.wake, wait_us // 1000 + 1)
                continue
            self.wake.clear()
            await self._exchange(source)

    async def _exchange(self, source: Source) -> None:
        """Ask a source for the state and send it what is due; a failure is its failure, never the task's."""
        self.exchanges += 1
        make_room()
        from . import sources  # noqa: F401 - here, so that all lies together
        from .http import Client, split

        client = self._client = self._client or Client(self._board, self.resolver(), self._usual)
        turns = self.turns
        why = ""
        pause_s = 0
        try:
            pause_s = await asyncio.wait_for(self._converse(client, source), EXCHANGE_S)
            why = "it can't now" if pause_s else ""
        except asyncio.TimeoutError:
            why = f"an exchange took more than {EXCHANGE_S} s"
        except MemoryError:
            turns.at_once = max(1, turns.at_once // 2)  # each exchange that succeeds takes some of it back
            why = f"no memory for that much; {turns.at_once} at once from now on"
        except Exception as error:  # noqa: BLE001 - whatever an answer can cause ends with this exchange
            why = str(error) or type(error).__name__
        self.reached = not why
        if why:
            self.resolver().failed(split(source.url)[1])
            turns.fail(source, why, pause_s)
        else:
            source.failures = 0
            source.why = ""
            turns.at_once = min(MOST_AT_ONCE, turns.at_once + 1)
            if self.followed is not None:
                await self.followed(client)
        if not pause_s and (why or source.url[:6] != "https:"):
            await client.close()  # else kept: the next handshake would cost seconds
        if not client.connected:
            self._client = None
        forget_modules(_READING if self._client else _READING + _TALKING)

    def resolver(self) -> "Resolver":
        """Return one that knows what those before it have learnt."""
        from .dns import Resolver

        return Resolver(self._board, self._settings.dns_servers, self._names)

    async def _converse(self, client: "Client", source: Source) -> int:
        """Return the seconds to pause if a source is not able to answer."""
        floor_s = self.clock.floor_s
        if self.clock.state == NEVER and self._board.kept_unix_us() // 1_000_000 < floor_s:
            self._board.set_chip_clock(floor_s)  # certificates are checked by it: none was made before that
        if source.is_node:
            await self._ask_node(client, source)
            return 0
        pause_s = await self._ask_relayer(client, source) or await self.sending.send(client, source)
        due_us = max(self.proved.due_us, source.proves_us) if self.proved is not None else 0
        if self.proved is not None and not pause_s and self._board.uptime_us() >= due_us:
            await self._prove(client, source, self.proved)
        if source.brings and not pause_s and self._board.uptime_us() >= self._bring_due_us:
            await self._bring(client, source)
        return pause_s

    async def _bring(self, client: "Client", source: Source) -> None:
        """Take viewing keys that a relayer has for this meter; that they are none is no failure of what it carries."""
        from .bringing import AGAIN_MS, MODULES, bring

        before = collect_every(EXCHANGE_BYTES)
        self._bring_due_us = self._board.uptime_us() + AGAIN_MS * 1000
        try:
            await bring(self._board, client, source.url, self._signer, self._reports)
        except (SourceError, ValueError) as error:
            self._board.log(f"no viewing key from {source.url}: {error}")
        finally:
            forget_modules(MODULES)
            collect_as(before)

    async def _prove(self, client: "Client", source: Source, last: "LastProof") -> None:
        """Have a relayer prove what it says; that it can't is no failure of what it carries.

        One that proves nothing, or an old block again and again, leaves the next turn to another.
        """
        from .proof.last import AGAIN_BESIDE_OTHERS_MS, AGAIN_MS, MODULES, PROVE_MS

        before = collect_every(EXCHANGE_BYTES)
        now_us = self._board.uptime_us()
        relayers = [one for one in self.turns.sources if not one.is_node]
        source.proves_us = now_us + (AGAIN_MS if len(relayers) < 2 else AGAIN_BESIDE_OTHERS_MS) * 1000
        try:
            from .proof.proving import Proving

            proving = Proving(self._board, self._settings, self._address, client, source, self.agreements)
            if await proving.run(self.turns.sources, last, self.clock):
                last.due_us = now_us + PROVE_MS * 1000
                source.proves_us = 0
        except (SourceError, ValueError) as error:
            last.why = f"{source.url}: {error}"
            self._board.log(f"no proof from {last.why}")
        finally:
            forget_modules(MODULES)
            collect_as(before)

    async def _ask_relayer(self, client: "Client", source: Source) -> int:
        from .sources import standing

        url = f"{source.url}/v1/meters/{checksum(self._address)}?ahead={self._slots_ahead()}"
        answer = await client.request("GET", url)
        self._hear(source, answer)
        if answer.status == 404:
            listed = []  # not enrolled, or not any more: what is known stays known
        elif answer.status != 200:
            return answer.pause_s or 1
        else:
            untrusted = answer.json()
            listed = standing(untrusted, self._settings.chain_id, self._settings.contract)
            source.brings = isinstance(untrusted, dict) and untrusted.get("viewing_keys") is True
        headers = {}
        for told in self._unknown(listed):
            url = f"{source.url}/v1/terms/{checksum(told.account)}"
            answer = await client.request("GET", url)
            if answer.status != 200:
                return answer.pause_s or 1
            headers[told.code_hash] = _header(answer.octets(), told)
        self._learn(source, listed, headers)
        return 0

    async def _ask_node(self, client: "Client", source: Source) -> None:
        from .node import code  # for those who have one
        from .node import standing as ask

        settings, url = self._settings, source.url
        ahead = self._slots_ahead()
        listed, answer = await ask(client, url, settings.chain_id, settings.contract, self._address, ahead)
        self._hear(source, answer)
        headers = {}
        for told in self._unknown(listed):
            headers[told.code_hash] = _header(await code(client, url, told.account), told)
        self._learn(source, listed, headers)

    def _unknown(self, listed: "list[Told]") -> "list[Told]":
        """Return those whose terms are not known yet."""
        unknown = []
        for told in listed:
            if not told.cancelled and self.agreements.header_of(told.code_hash) is None:
                unknown.append(told)
        return unknown[:MOST_TERMS_AT_ONCE]

    def _hear(self, source: Source, answer: "Answer") -> None:
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
        source.note_positions(listed)

    def _slots_ahead(self) -> int:
        """Return how many slots' bounds to ask for: those until the next time, not a day of them in a chip's RAM."""
        seconds = 900
        for agreement in self.agreements.all:
            seconds = min(seconds, agreement.interval_s)
        return min(MOST_SLOTS_AHEAD, STATE_MS // 1000 // seconds + 2)


def _header(code: bytes, told: "Told") -> "Header":
    """Return the numbers and the seal in terms' code that has the hash which was told."""
    if keccak256(code) != told.code_hash:
        raise SourceError(f"the terms of agreement {told.id} are not those with the told hash")
    from .sources import seal_of, terms

    return terms(code) + (seal_of(code),)


async def keep_time(
    board: Board,
    clock: Clock,
    names: "dict[str, tuple[list[str], int]]",
    dns_servers: "list[str]",
    servers: "list[str]",
) -> None:
    """Ask the time servers every hour, for ever; sooner, with pauses that double, while nobody confirmed the time."""
    retry_ms = RETRY_MS
    dead: "dict[str, int]" = {}  # who wants to be left alone, until when
    while True:
        make_room()
        from .dns import Resolver
        from .sntp import ask_all  # 5 KB for seconds in an hour

        heard = await ask_all(board, clock, Resolver(board, dns_servers, names), servers, dead)
        del ask_all, Resolver
        forget_modules(("electro_meter.uplink.sntp", "electro_meter.uplink.dns"))
        if heard and clock.confirmed:
            retry_ms = RETRY_MS
            await board.sleep_ms(ASK_EVERY_MS)
        else:
            await board.sleep_ms(retry_ms)
            retry_ms = min(2 * retry_ms, MOST_RETRY_MS)
