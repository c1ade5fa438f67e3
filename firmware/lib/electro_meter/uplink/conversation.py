# SPDX-License-Identifier: Apache-2.0
"""Ask one source where the contract stands, and have a relayer sent what it lacks; there while there is an exchange.

Nothing but the position in a relayer's next answer is believed; it is followed where it goes, backwards too.
"""

from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256

from ..heap import EXCHANGE_BYTES, collect_as, collect_every, forget_modules
from .clock import NEVER
from .errors import SourceError
from .sources import seal_of, standing, terms
from .turns import STATE_MS, Source

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .agreement import Header, Told
    from .exchange import Uplink
    from .http import Answer, Client
    from .proof.last import LastProof

MOST_SLOTS_AHEAD = 96  # a kilobyte of JSON
MOST_TERMS_AT_ONCE = 4


class Conversation:
    """An exchange with one source."""

    def __init__(self, uplink: "Uplink", client: "Client", source: Source) -> None:
        self._uplink = uplink
        self._board = uplink.board
        self._client = client
        self._source = source
        self._place = "", False  # where what is being learnt was told

    async def run(self) -> int:
        """Return the seconds to pause if a source is not able to answer."""
        uplink, source, clock = self._uplink, self._source, self._uplink.clock
        floor_s = clock.floor_s
        if clock.state == NEVER and self._board.kept_unix_us() // 1_000_000 < floor_s:
            self._board.set_chip_clock(floor_s)  # certificates are checked by it: none was made before that
        if source.is_node:
            await self._ask_node()
            await self._learn_passes()
            return 0
        pause_s = await self._ask_relayer()
        unsettled = False
        if not pause_s:
            unsettled = await self._learn_passes()
            pause_s = await uplink.sending.send(self._client, source)
        now_us = self._board.uptime_us()
        due_us = source.proves_us
        if uplink.proved is not None and not unsettled:
            due_us = max(uplink.proved.due_us, due_us)
        if uplink.proved is not None and not pause_s and now_us >= due_us:
            await self._prove(uplink.proved)
        if source.brings and not pause_s and self._board.uptime_us() >= uplink.bring_due_us:
            await self._bring()
        return pause_s

    async def _bring(self) -> None:
        """Take viewing keys that a relayer has for this meter; that they are none is no failure of what it carries."""
        from .bringing import BRING_AGAIN_MS, MODULES, bring

        uplink, source = self._uplink, self._source
        before = collect_every(EXCHANGE_BYTES)
        uplink.bring_due_us = self._board.uptime_us() + BRING_AGAIN_MS * 1000
        try:
            await bring(self._board, self._client, source.url, uplink.signer, uplink.reports)
        except (SourceError, ValueError, OSError) as error:  # or the flash does not take it
            self._board.log(f"no viewing key from {source.url}: {error}")
        finally:
            forget_modules(MODULES)
            collect_as(before)

    async def _prove(self, last: "LastProof") -> None:
        """Have a relayer prove what it says; that it can't is no failure of what it carries.

        One that proves nothing, or an old block again and again, leaves the next turn to another.
        """
        from .proof.last import AGAIN_BESIDE_OTHERS_MS, AGAIN_MS, MODULES, PROVE_MS

        uplink, source = self._uplink, self._source
        before = collect_every(EXCHANGE_BYTES)
        now_us = self._board.uptime_us()
        relayers = [one for one in uplink.turns.sources if not one.is_node]
        source.proves_us = now_us + (AGAIN_MS if len(relayers) < 2 else AGAIN_BESIDE_OTHERS_MS) * 1000
        try:
            if not last.is_known:
                last.read()
            from .proof.proving import Proving

            proving = Proving(
                self._board, uplink.settings, uplink.address, self._client, source, uplink.agreements
            )
            if await proving.run(uplink.turns.sources, last, uplink.clock):
                last.due_us = now_us + PROVE_MS * 1000
                source.proves_us = 0
        except (SourceError, ValueError, OSError) as error:  # or the flash can't be read
            last.why = f"{source.url}: {error}"
            self._board.log(f"no proof from {last.why}")
        finally:
            forget_modules(MODULES)
            collect_as(before)

    async def _ask_relayer(self) -> int:
        uplink, client, url = self._uplink, self._client, self._source.url
        answer = await client.request(
            "GET", f"{url}/v1/meters/{checksum(uplink.address)}?ahead={self._slots_ahead()}"
        )
        self._hear(answer)
        if answer.status == 404:
            listed = []  # not enrolled, or not any more: what is known stays known
        elif answer.status != 200:
            return answer.pause_s or 1
        else:
            untrusted = answer.json()
            listed = standing(untrusted, uplink.settings.chain_id, uplink.settings.contract)
            self._source.brings = isinstance(untrusted, dict) and untrusted.get("viewing_keys") is True
        headers = {}
        for told in self._unknown(listed):
            answer = await client.request("GET", f"{url}/v1/terms/{checksum(told.account)}")
            if answer.status != 200:
                return answer.pause_s or 1
            headers[told.code_hash] = _header(answer.octets(), told)
        self._learn(listed, headers)
        return 0

    async def _ask_node(self) -> None:
        from .node import code  # for those who have one
        from .node import standing as ask

        uplink, client, url = self._uplink, self._client, self._source.url
        settings = uplink.settings
        ahead = self._slots_ahead()
        listed, answer = await ask(client, url, settings.chain_id, settings.contract, uplink.address, ahead)
        self._hear(answer)
        headers = {}
        for told in self._unknown(listed):
            headers[told.code_hash] = _header(await code(client, url, told.account), told)
        self._learn(listed, headers)

    def _unknown(self, listed: "list[Told]") -> "list[Told]":
        """Return those whose terms are not known yet."""
        unknown = []
        for told in listed:
            if not told.cancelled and self._uplink.agreements.header_of(told.code_hash) is None:
                unknown.append(told)
        return unknown[:MOST_TERMS_AT_ONCE]

    def _hear(self, answer: "Answer") -> None:
        """Note whose answer it is, and tell the clock its date: that second, or what has passed since the question."""
        source = self._source
        self._place = self._client.place
        if answer.date_s:
            low_us = answer.date_s * 1_000_000
            took_us = self._board.uptime_us() - answer.asked_us
            self._uplink.clock.hear(
                source.url, source.by, low_us, low_us + 1_000_000 + took_us, answer.tls, self._place
            )

    def _tell_apart(self) -> None:
        """Give each source's word to whose it is: its own one's, if a certificate or the configured address says so.

        Else, who tells the meter names may have sent it anywhere: then it is that of whoever else answers at that
        address, so that nobody confirms himself by the name of another.
        """
        uplink, place = self._uplink, self._place
        agreements = uplink.agreements.all
        if place != self._source.place and not place[1]:
            for agreement in agreements:
                if agreement.passes is not None:
                    agreement.passes.retract(self._source.url)  # that was another's word
        self._source.place = place
        sources, configured = uplink.turns.sources, uplink.settings.sources
        places = [one.place for one in sources]
        for k in range(len(sources)):
            one = sources[k]
            address, is_own = one.place
            own = address, True
            at = k if is_own or not address else places.index(own if own in places else one.place)
            one.by = configured[at].by
            for agreement in agreements:
                if one.url in agreement.tellers:
                    agreement.tellers[one.url] = one.by

    def _learn(self, listed: "list[Told]", headers: "dict[bytes, Header]") -> None:
        source, clock = self._source, self._uplink.clock
        self._tell_apart()  # not with each answer, for one may tell nothing
        now_us = self._board.uptime_us()
        source.asked_us = now_us
        now_s = clock.unix_s() if clock.sure else 0
        self._uplink.agreements.learn(source.url, source.by, listed, headers, now_us, now_s)
        source.note_positions(listed)

    async def _learn_passes(self) -> bool:
        """Learn which bands hold where readings are sealed; return whether reports wait for somebody to confirm it."""
        unsettled = False
        for agreement in self._uplink.agreements.all:
            passes = agreement.passes
            if passes is not None and agreement.pinned and agreement.told.get(self._source.url) is not None:
                unsettled = await passes.follow(self._uplink, self._client, self._source) or unsettled
        return unsettled

    def _slots_ahead(self) -> int:
        """Return how many slots' bounds to ask for: those until the next time, not a day of them in a chip's RAM."""
        seconds = 900
        for agreement in self._uplink.agreements.all:
            seconds = min(seconds, agreement.interval_s)
        return min(MOST_SLOTS_AHEAD, STATE_MS // 1000 // seconds + 2)


def _header(code: bytes, told: "Told") -> "Header":
    """Return the numbers and the seal in terms' code that has the hash which was told."""
    if keccak256(code) != told.code_hash:
        raise SourceError(f"the terms of agreement {told.id} are not those with the told hash")
    return terms(code) + (seal_of(code),)
