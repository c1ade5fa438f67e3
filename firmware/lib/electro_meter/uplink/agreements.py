# SPDX-License-Identifier: Apache-2.0
"""Know which agreements this meter serves: what several sources say of them, and which of it is to be believed.

| fact | with one source | told by two of different `by` (operator, consumer, other), or proved by a receipt |
|---|---|---|
| agreement, terms | signed in its terms, sent to it: false ones make invalid reports | pinned, others dropped |
| next | followed both ways, in what is sent to that source | the same |
| final | only how often to ask | the same |
| bounds, overrides | shown, warned of | load is shed |
| absence, cancellation | nothing is forgotten | forgotten |

What is proved needs nobody else: see `proving`. Bounds of a header that is older than an hour shed no load, and what
was first told after the header's time is not forgotten for not being in it.

A candidate is an id, a start and the hash of the terms; the numbers in the terms come from the code with that hash.
Who holds a viewing key reports nothing that one source alone has told: see `Reports.may_tell`.

Each source brings four that nobody else told at most, and evicts only its own. Contradictions are told on the status
page.
"""

from .agreement import Agreement

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .agreement import Header, Told

FILE = "agreements.json"
MOST_OF_A_SOURCE = 4  # running, next and the one still owed to are three
KEPT_S = 90 * 86_400  # after its end: longer than any grace in use
SAVE_EVERY_US = 60_000_000
_MOST_CONTRADICTIONS = 8
_SETTLED_US = 60_000_000  # what one source says has happened, another must know after so long


class Agreements:
    """The few agreements that matter now, in order of start."""

    def __init__(self, directory: str) -> None:
        self.path = f"{directory}/{FILE}"
        self._contradictions: "dict[str, str]" = {}  # what about, and who says so → the sentence
        self._unsaved = False
        self._saved_us = -SAVE_EVERY_US
        self.all: "list[Agreement]" = []
        self.unread = True  # what an earlier start has kept
        self._recall()

    @property
    def contradictions(self) -> "list[str]":
        return list(self._contradictions.values())

    def at(self, unix_s: int) -> "Agreement | None":
        """Return the agreement whose period holds an instant: the confirmed one, or the only candidate."""
        found = None
        candidates = 0
        for agreement in self.all:
            if agreement.start_s <= unix_s < agreement.start_s + agreement.interval_s * agreement.end:
                if agreement.pinned:
                    return agreement
                found = agreement
                candidates += 1
        return found if candidates == 1 else None

    def header_of(self, code_hash: bytes) -> "Header | None":
        """Return the numbers in terms with this hash, and their seal, if they are known."""
        for one in self.all:
            if one.code_hash == code_hash:
                return one.slots, one.interval_s, one.intervals, one.unit_wh, one.seal
        return None

    def learn(
        self,
        url: str,
        by: str,
        listed: "list[Told]",
        headers: "dict[bytes, Header]",
        now_us: int,
        now_s: int,
    ) -> None:
        """Take over all that a source tells; headers: of the terms that were not known before, by their code's hash.

        now_s: 0 while nobody is sure of the time.
        """
        self._recall()
        before = [(one.id, one.code_hash, one.pinned) for one in self.all]
        told_ids = []
        for told in listed:
            if told.cancelled or told.id in told_ids:
                continue
            header = self.header_of(told.code_hash) or headers.get(told.code_hash)
            if header is not None:
                told_ids.append(told.id)
                self._take(url, by, told, header, now_us)
        for agreement in self.all:
            if agreement.id not in told_ids:
                self._miss(agreement, url, by)
        self._evict(url)
        self.all = [
            one
            for one in self.all
            if (len(one.absent) < 2 or one.told) and not (now_s and one.end_s + KEPT_S < now_s)
        ]
        self.all.sort(key=lambda one: (one.start_s, not one.pinned))
        if before != [(one.id, one.code_hash, one.pinned) for one in self.all]:
            self._unsaved = True
        self.save(now_us)

    def take_proof(
        self,
        listed: "list[Told]",
        headers: "dict[bytes, Header]",
        now_us: int,
        block_us: int,
        until_us: int,
    ) -> None:
        """Take over what a receipt proves.

        headers: of terms not known before. block_us: uptime of the block's time; until_us: when it is too old to shed
        load or to forget anything by; it is already, if that is not after now.
        """
        self._recall()
        numbers = []
        for told in listed:
            header = self.header_of(told.code_hash) or headers.get(told.code_hash)
            if told.cancelled or header is None:
                continue
            numbers.append(told.id)
            agreement = None
            for one in self.all:
                if one.is_told(told):
                    agreement = one
            if agreement is None:
                agreement = Agreement(told.id, told.start_s, told.code_hash, header)
                agreement.first_us = now_us
                self.all.append(agreement)
            agreement.pinned = True
            agreement.proved = told
            agreement.proved_until_us = until_us
            agreement.end = min(agreement.end, told.end)
            self.all = [one for one in self.all if one is agreement or one.id != told.id]
        if until_us > now_us:
            self.all = [one for one in self.all if one.id in numbers or one.first_us > block_us]
        self.all.sort(key=lambda one: one.start_s)
        self._unsaved = True
        self.save(now_us)

    def _recall(self) -> None:
        if self.unread:
            from .remembered import recall  # which `start` forgets

            recall(self)

    def _take(self, url: str, by: str, told: "Told", header: "Header", now_us: int) -> None:
        agreement = None
        key = f"terms {told.id} {url}"
        self._contradictions.pop(key, None)
        pinned = False
        for one in self.all:
            if one.id == told.id and not one.is_told(told):
                self._miss(one, url, by)
                pinned = pinned or one.pinned
                if one.pinned or one.tellers:
                    self._tell(key, f"{url} tells other terms of agreement {told.id} than others do")
            elif one.id == told.id:
                agreement = one
        if pinned:
            return
        if agreement is None:
            agreement = Agreement(told.id, told.start_s, told.code_hash, header)
            agreement.owner = url
            agreement.first_us = now_us
            self.all.append(agreement)
        self._compare(agreement, url, told, now_us)
        agreement.note(url, by, told, now_us)
        if not agreement.pinned and len(agreement.by) > 1:
            agreement.pinned = True
            for about in [key for key in self._contradictions if key.startswith(f"terms {told.id} ")]:
                del self._contradictions[about]  # decided; whoever goes on saying so is told of again
            self.all = [one for one in self.all if one is agreement or one.id != agreement.id]

    def _retract(self, agreement: Agreement, url: str) -> None:
        """Take back that a source tells a candidate."""
        agreement.tellers.pop(url, None)
        agreement.told.pop(url, None)
        agreement.asked_us.pop(url, None)

    def _miss(self, agreement: Agreement, url: str, by: str) -> None:
        """Note that a source does not know an agreement; it is forgotten if one of another `by` does not either."""
        self._retract(agreement, url)
        if by not in agreement.tellers.values():
            agreement.absent.add(by)

    def _evict(self, url: str) -> None:
        """Let a source bring four candidates at most."""
        own = [one for one in self.all if one.owner == url and not one.pinned]
        own.sort(key=lambda one: (url in one.told, one.first_us))
        for one in own[: max(0, len(own) - MOST_OF_A_SOURCE)]:
            self.all.remove(one)

    def _compare(self, agreement: Agreement, url: str, told: "Told", now_us: int) -> None:
        """Tell of what others said before that can't be true beside this."""
        for other, said in agreement.told.items():
            key = f"next {agreement.id} {other} {url}"
            if other == url or now_us - agreement.asked_us[other] < _SETTLED_US:
                continue
            if said.next_latest > told.next_latest:
                self._tell(
                    key,
                    f"{other} has agreement {agreement.id} at interval {said.next_latest}, "
                    f"{url} later at {told.next_latest}",
                )
            else:
                self._contradictions.pop(key, None)

    def _tell(self, key: str, sentence: str) -> None:
        if key not in self._contradictions and len(self._contradictions) >= _MOST_CONTRADICTIONS:
            del self._contradictions[next(iter(self._contradictions))]
        self._contradictions[key] = sentence

    def save(self, now_us: int) -> None:
        """Write what changed, once a minute at most; a flash that fails is no reason to stop: sources tell it again."""
        if not self._unsaved or now_us - self._saved_us < SAVE_EVERY_US:
            return
        self._saved_us = now_us
        from .remembered import write  # for whoever learns of an agreement, once in a while

        self._unsaved = not write(self, now_us)
