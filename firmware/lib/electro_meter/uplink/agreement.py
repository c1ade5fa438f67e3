# SPDX-License-Identifier: Apache-2.0
"""Keep what is told of one agreement: its terms' numbers, and for each source what it says of it now."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from ..account.sealing import Sealing
    from .passes import Passes

    Header = tuple[int, int, int, int] | tuple[int, int, int, int, bytes]

_FRESH_US = 7_200_000_000  # sources are asked every hour; older bounds may have been overridden since


class Told:
    """What one source says of one agreement, every number in its range."""

    id: int
    place = 0
    start_s: int
    account: bytes  # of the terms
    code_hash: bytes  # of the terms' code
    next_latest: int  # interval
    next_final: int
    next_outage: int  # number
    outage_open: bool  # the outage of that number is known to be open
    end: int  # interval
    cancelled: bool
    bonus = -1  # what is left of it, in minor units of money; -1: it does not say
    bounds_from: int  # interval
    least: "array[int]"
    most: "array[int]"
    # of a sealed agreement, by a receipt: a block's time; the first interval and the one behind the last of which it is
    # known what overrides their passes; and that: pass, account and hash of the code
    proved: "tuple[int, tuple[int, int], list[tuple[int, bytes, bytes]]] | None" = None


class Agreement:
    """A candidate: what it is, who told it, and what each source tells of it."""

    def __init__(self, number: int, start_s: int, code_hash: bytes, header: "Header") -> None:
        """header: slots, interval_s, intervals and unit_wh; of sealed terms what `sources.seal_of` gives, too."""
        self.id = number
        self.start_s = start_s
        self.code_hash = code_hash
        self.terms = code_hash[:16]
        self.slots, self.interval_s, self.intervals, self.unit_wh = header[:4]
        self.seal = header[4] if len(header) == 5 else b""
        self.opened = b""  # the bands of sealed terms, once the viewing key has opened them
        self.passes: "Passes | None" = None  # from then on
        self.pinned = False
        self.owner = ""  # the url of who told it first
        self.first_us = 0  # uptime when it was first told
        self.proved: "Told | None" = None  # by the last receipt
        self.proved_until_us = 0  # uptime up to which its bounds are good for shedding
        self.told: "dict[str, Told]" = {}  # url → what it says, of who says so now
        self.asked_us: "dict[str, int]" = {}  # url → uptime of that
        self.tellers: "dict[str, str]" = {}  # url → by
        self.absent: "set[str]" = set()  # by, of those who do not know it
        self.next_latest = 0  # newest told
        self.next_final = 0
        self.next_outage = 0
        self.outage_open = False
        self.bonus = -1  # newest told; a receipt proves none
        self.end = (
            self.intervals
        )  # the first interval that does not count any more: the latest that anybody tells

    def open(self, bands: bytes, sealing: "Sealing") -> None:
        """Take the bands of sealed terms in the clear; sealing: what opened them, and opens those of a pass."""
        from .passes import Passes  # for those who have such an agreement

        self.opened = bands
        self.passes = Passes(self, sealing)

    @property
    def end_s(self) -> int:
        return self.start_s + self.interval_s * self.intervals

    @property
    def by(self) -> "set[str]":
        return set(self.tellers.values())

    @property
    def confirmed(self) -> bool:
        """Return whether the terms were told by two of different `by`, or proved."""
        return self.pinned

    def is_told(self, told: "Told") -> bool:
        return self.id == told.id and self.start_s == told.start_s and self.code_hash == told.code_hash

    def bounds(self, index: int, now_us: int) -> "tuple[int, int, bool] | None":
        """Return least, greatest and whether they are confirmed; None if nobody tells this interval's.

        Confirmed are they if a receipt that is not too old proves them, else if two of different `by` say so. Of sealed
        terms nobody tells them: they are the meter's own to open, and sources tell which they are, pass by pass.
        """
        if self.passes is not None:
            return self.passes.bounds(index, now_us)
        proved = self.proved
        if proved is not None and now_us < self.proved_until_us:
            at = index - proved.bounds_from
            if 0 <= at < len(proved.least):
                return proved.least[at], proved.most[at], True
        newest: "tuple[int, int] | None" = None
        newest_us = -1
        said: "list[tuple[int, int, str]]" = []
        told_us = max([0] + list(self.asked_us.values()))
        for url, told in self.told.items():
            at = index - told.bounds_from
            if not 0 <= at < len(told.least) or self.asked_us[url] < told_us - _FRESH_US:
                continue
            least, most = told.least[at], told.most[at]
            for other in said:
                if other[0] == least and other[1] == most and other[2] != self.tellers.get(url):
                    return least, most, True
            said.append((least, most, self.tellers.get(url, "")))
            if self.asked_us[url] > newest_us:
                newest, newest_us = (least, most), self.asked_us[url]
        return None if newest is None else (newest[0], newest[1], False)

    def note(self, url: str, by: str, told: "Told", now_us: int) -> None:
        """Take over what a source says of it."""
        told.next_latest = min(told.next_latest, self.intervals)
        told.next_final = min(told.next_final, told.next_latest)
        told.end = min(told.end, self.intervals)
        self.told[url] = told
        self.asked_us[url] = now_us
        self.tellers[url] = by
        self.absent.discard(by)
        self.next_latest, self.next_final = told.next_latest, told.next_final
        self.next_outage, self.outage_open = told.next_outage, told.outage_open
        self.bonus = told.bonus
        self.end = max([one.end for one in self.told.values()])
        if self.proved is not None:
            self.end = min(self.end, self.proved.end)  # it is never put off, only cut short
