# SPDX-License-Identifier: Apache-2.0
"""Bring what was measured to the contract through relayers that may fail, lie or forget.

Whose turn it is says `turns`; what is asked and sent then `conversation`, of which nothing is in memory between two
exchanges; what is believed `agreements`. An exchange ends after two minutes, whatever happens in it.
"""

import asyncio

from ..account.reports import LATE_S
from ..heap import forget_modules, let_go, make_room
from ..world import Board, Signal
from .agreements import Agreements
from .clock import ASK_EVERY_MS, Clock
from .http import USUAL_BYTES
from .sending import Sending
from .turns import MOST_AT_ONCE, Source, Turns

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from electro_protocol.signed import SignedMessage

    from ..account.reports import Reports
    from ..life.keys import Signer
    from ..life.settings import Settings
    from .dns import Resolver
    from .http import Client
    from .proof.last import LastProof

EXCHANGE_S = 120
RETRY_MS = 15_000  # of the time servers
MOST_RETRY_MS = 900_000

# Imported for an exchange, and forgotten after it. What HTTP needs stays while a connection is kept.
_CONVERSING = (
    "electro_meter.uplink.conversation",
    "electro_meter.uplink.posting",
    "electro_meter.account.lanes",
    "electro_protocol.readings",
    "electro_protocol.signed",
    "electro_protocol.reports",
    "electro_protocol.eip712",
    "electro_protocol.address",
    "electro_meter.uplink.sources",
    "electro_meter.uplink.node",
    "electro_meter.uplink.contract",
    "electro_meter.uplink.bands",
    "electro_meter.uplink.remembered",
)
_TALKING = (
    "electro_meter.uplink.http",
    "electro_meter.uplink.head",
    "electro_meter.uplink.parsing",
    "electro_meter.uplink.dns",
    "electro_meter.handshake",
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
        self.board = board
        self.settings = settings
        self.address = signer.address
        self.signer = signer
        self.reports = reports
        self.bring_due_us = 0  # uptime
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
        settings = self.settings
        if not self.board.clock_is_true:
            await keep_time(self.board, self.clock, self._names, settings.dns_servers, settings.time_servers)
        while True:
            await self.board.sleep_ms(ASK_EVERY_MS)

    async def exchange_task(self) -> None:
        """Exchange whenever something is due, for ever."""
        while True:
            source, wait_us = self.turns.next()
            if wait_us > 0:
                if await self.board.wait(self.wake, wait_us // 1000 + 1):
                    await self.board.sleep_ms(LATE_S * 1000)  # so much later it can be reported
                continue
            await self._exchange(source)

    async def _exchange(self, source: Source) -> None:
        """Ask a source for the state and send it what is due; a failure is its failure, never the task's."""
        self.exchanges += 1
        make_room()
        from .conversation import Conversation  # here, so that all lies together
        from .http import Client, split

        client = self._client = self._client or Client(self.board, self.resolver(), self._usual)
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
        if not pause_s and (why or source.url[:5] != "https"):
            await client.close()  # else kept: the next handshake would cost seconds
        if not client.connected:
            self._client = None
        del client, Client, Conversation, split
        let_go(None, None, None, None)
        forget_modules(_CONVERSING if self._client else _CONVERSING + _TALKING)

    async def _converse(self, client: "Client", source: Source) -> int:
        """Return the seconds to pause if a source is not able to answer."""
        from .conversation import Conversation

        conversation = Conversation(self, client, source)
        try:
            return await conversation.run()
        finally:
            del client, conversation, Conversation
            let_go(None, None, None, None)

    def resolver(self) -> "Resolver":
        """Return one that knows what those before it have learnt."""
        from .dns import Resolver

        return Resolver(self.board, self.settings.dns_servers, self._names)


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
