# SPDX-License-Identifier: Apache-2.0
"""Follow a loss of supply from its confirmation to its end: keep what there is, account, decide, declare.

An interruption that lasts outage_declare_ms, or one on the last gasp at once, is declared: a record in a ring of its
own, with a number without gaps, and another one when it ends. A shorter one is in its base's record alone. Times are
rounded outward to seconds, and no outage starts before the last one's end (so does the contract take them). A broken
sensor is none: its time is not measured. A meter that died with its supply finds the beginning when it starts again.

Counted as IEEE 1366-2012 wants it for its indices (3.10, 4.1), of one customer: sustained interruptions, longer than
five minutes, with their seconds, and momentary ones; and the voltage's events.
"""

from electro_protocol.reports import CAUSE_CONSUMER, CAUSE_GRID, CAUSE_UNKNOWN

from ..sensing.supply import voltage_present
from .account import Account
from .journal import Ring
from .records import ENDED, OUTAGE
from .snapshot import Snapshot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..sensing.events import Tally
    from ..sensing.phases import Phase
    from ..uplink.clock import Clock

SUSTAINED_S = 300
_EVENTS = 6  # where the voltage's events begin
# Of the snapshot's counters.
NAMES = (
    "sustained",
    "sustained_s",
    "momentary",
    "unknown_s",
    "grid_s",
    "consumer_s",
    "dips",
    "swells",
    "interruptions",
)
_KEPT = 32  # declared outages in RAM; older ones are read from the ring
_MOST_UNDATED = 8


class Outages:
    """The interruption that is being followed, and those that were declared."""

    def __init__(
        self, ring: Ring, account: Account, snapshot: Snapshot, clock: "Clock", declare_ms: int
    ) -> None:
        self.ring = ring
        self._account = account
        self._snapshot = snapshot
        self._clock = clock
        self._declare_us = declare_ms * 1000
        self.since_us = 0  # uptime, of an interruption that began since the start; 0: none
        self._inherited = False  # it began before the start, and its time until then is not accounted for
        self._first_us = 0  # until this uptime
        self._back_us = 0  # uptime of its end, until that can be dated
        self.version = 0  # changes with every record
        self._cause = 0  # of one that began since the start
        self._fault = False  # current flowed when it was last looked at
        self._kept: "list[tuple[int, int, int, int]]" = []  # number, started s, ended s (0: open), cause
        self._undated: "list[tuple[int, int, int]]" = []  # uptimes and cause of those that can't be dated yet
        self._before = (0, 0, 0)
        self._opened = ring.opened
        self._tried = 0  # bases closed when the flash was last asked for what it did not do
        self._read()
        if self.open and not snapshot.since_us:
            self._adopt()
        self._inherited = snapshot.since_us > 0

    @property
    def open(self) -> bool:
        """Return whether a declared outage goes on."""
        return bool(self._kept) and not self._kept[-1][2]

    @property
    def is_all_known(self) -> bool:
        """Return whether all that the flash has of them was read."""
        return self._opened == self.ring.opened and self.ring.is_all_known

    @property
    def going_on(self) -> bool:
        """Return whether supply is gone, or was when the meter was switched off and nobody has seen it since."""
        return self.since_us > 0 or (self._inherited and not self._back_us)

    def undecided_s(self) -> int:
        """Return the dated second from which on an interruption may still be an outage or none; 0 if there is none."""
        if self._snapshot.since_us and not self.open:
            return self._snapshot.since_us // 1_000_000
        return 0

    def follow(self, phase: "Phase", started_us: int, now_us: int, fault: bool, urgent: bool) -> None:
        """Follow a stretch without voltage, in uptime; fault: current flows; urgent: what is to be told, at once."""
        snapshot, clock = self._snapshot, self._clock
        if not self.since_us:
            self.since_us = started_us
            if self._inherited and not self._back_us:
                self._first_us = started_us
            else:
                self._cause = _cause(phase)
        self.settle()
        self._fault = fault
        if fault:
            if not self.open and not self._back_us:
                snapshot.since_us = 0
            if now_us > self.since_us:
                self._account.add(self.since_us, now_us, 0, False)
            self.since_us = now_us  # supply may go now, not when the sensor broke
            return
        if clock.dated and not snapshot.since_us:
            snapshot.since_us, snapshot.cause = clock.at_us(self.since_us), self._cause
        if not phase.detector.undecided:
            self._account.dark(self.since_us, now_us)
        if (
            clock.dated
            and not self.open
            and (urgent or clock.at_us(now_us) - snapshot.since_us >= self._declare_us)
        ):
            self._declare(snapshot.since_us, snapshot.cause)
        snapshot.losing(now_us - self.since_us)

    def end(self, ended_us: int) -> None:
        """Follow the return of supply, in uptime."""
        self.settle()
        since_us, self.since_us = self.since_us, 0
        fault, self._fault = self._fault, False
        if since_us and not fault:
            self._account.dark(since_us, ended_us)
        snapshot = self._snapshot
        if self._inherited and not self._back_us:
            self._first_us = self._first_us or ended_us
            self._back_us = ended_us
            self.settle()
        elif self._clock.dated:
            if not snapshot.since_us:
                snapshot.since_us, snapshot.cause = self._clock.at_us(since_us), self._cause
            self._over(snapshot.since_us, self._clock.at_us(ended_us), fault)
        elif not fault:
            self._undated.append((since_us, ended_us, self._cause))
            if len(self._undated) > _MOST_UNDATED:
                self._undated.remove(min(self._undated, key=lambda one: one[1] - one[0]))

    def settle(self) -> None:
        """Date what could not be dated when it happened."""
        clock, snapshot, ring = self._clock, self._snapshot, self.ring
        if self._tried != self._account.closed:  # months may go by until the next record
            self._tried = self._account.closed
            ring.flush()
        if self._opened != ring.opened:  # the flash can be read now
            self._opened = ring.opened
            own = self._kept[-1] if self.open else None
            self._read()
            if own is not None and not self.open:  # the flash took it, and can't show it
                assert ring.newest is not None
                _note(self._kept, ring.newest[3], own[1], 0, own[3])
            self.version += 1
            if self.open and not 0 < snapshot.since_us // 1_000_000 <= self._kept[-1][1]:
                self._adopt()  # nobody knew of it at the start, when it was over
                self._first_us = self._back_us = 1
        if not clock.dated:
            return
        if self._inherited and self._first_us:
            self._inherited = False
            if snapshot.since_us:
                self._account.dark_between(snapshot.since_us, clock.at_us(self._first_us))
        if self._back_us:
            ended_us, self._back_us = clock.at_us(self._back_us), 0
            if snapshot.since_us:  # else it was a broken sensor
                self._over(snapshot.since_us, ended_us, False)
        while self._undated:
            since_us, ended_us, snapshot.cause = self._undated.pop(0)
            self._over(clock.at_us(since_us), clock.at_us(ended_us), False)

    def gather(self, tally: "Tally") -> None:
        """Take over what the voltage's events count since the start."""
        counters, now = self._snapshot.counters, (tally.dips, tally.swells, tally.interruptions)
        for k in range(3):
            counters[_EVENTS + k] += now[k] - self._before[k]
        self._before = now

    def touching(self, from_s: int, to_s: int) -> "list[tuple[int, int, int, int]]":
        """Return the declared outages that touch a time, oldest first: number, start, end (0: open) and cause."""
        return [one for one in self._since(from_s) if one[1] < to_s]

    def _since(self, from_s: int) -> "list[tuple[int, int, int, int]]":
        """Return the declared outages that are not over at an instant."""
        if not self._kept or not self._kept[0][0] or self._kept[0][2] <= from_s:
            return [one for one in self._kept if not one[2] or one[2] > from_s]
        found: "list[tuple[int, int, int, int]]" = []
        for sequence in range(self.ring.oldest(), self.ring.next):
            record = self.ring.read(sequence)
            if record is not None and record[0] in (OUTAGE, ENDED):
                _note(found, record[3], record[4], record[5], record[1])
                while found and 0 < found[0][2] <= from_s:
                    found.pop(0)
        return found

    def _adopt(self) -> None:
        """Go on with the outage that the ring has open."""
        self._snapshot.since_us, self._snapshot.cause = self._kept[-1][1] * 1_000_000, self._kept[-1][3]
        self._inherited = True

    def _over(self, since_us: int, ended_us: int, fault: bool) -> None:
        """Count an interruption that is over, in dated time, and write its end if it was an outage."""
        snapshot = self._snapshot
        lasted_us = max(ended_us - since_us, 0)
        if not self.open and not fault and lasted_us >= self._declare_us:
            self._declare(since_us, snapshot.cause)
        if self.open:
            number, started_s, _, cause = self._kept[-1]
            self._append(ENDED, number, started_s, max(-(-ended_us // 1_000_000), started_s + 1), cause)
        if not fault:
            lasted_s, counters = lasted_us // 1_000_000, snapshot.counters
            if lasted_s > SUSTAINED_S:
                counters[0] += 1
                counters[1] += lasted_s
            else:
                counters[2] += 1
            counters[3 + snapshot.cause] += lasted_s
        snapshot.since_us = snapshot.cause = 0

    def _declare(self, since_us: int, cause: int) -> None:
        number, started_s = 0, since_us // 1_000_000
        if self._kept:
            number, started_s = self._kept[-1][0] + 1, max(started_s, self._kept[-1][2])
        if not self.ring.is_all_known:  # no outage can have had a number as great as this: each took a record
            number = max(number, self.ring.next)
        self._append(OUTAGE, number, started_s, 0, cause)

    def _append(self, kind: int, number: int, started_s: int, ended_s: int, cause: int) -> None:
        self.ring.append(kind, cause, 0, number, started_s, ended_s, 0, 0, 0)
        _note(self._kept, number, started_s, ended_s, cause)
        del self._kept[:-_KEPT]
        self.version += 1
        self._account.changed.set()

    def _read(self) -> None:
        """Know the last outages again."""
        self._kept = []
        first, count = self.ring.next, 0
        while first > self.ring.oldest() and count < 2 * _KEPT:
            first -= 1  # by one: a file that could not be read has room left over
            record = self.ring.read(first)
            count += record is not None and record[0] in (OUTAGE, ENDED)
        for sequence in range(first, self.ring.next):
            record = self.ring.read(sequence)
            if record is not None and record[0] in (OUTAGE, ENDED):
                _note(self._kept, record[3], record[4], record[5], record[1])
        del self._kept[:-_KEPT]


def _note(
    kept: "list[tuple[int, int, int, int]]", number: int, started_s: int, ended_s: int, cause: int
) -> None:
    """Add a record to a list of outages, none of which begins before the last one's end.

    One whose end is lost was over when the next began; what NVS told of one that was over already was that one.
    """
    if kept and kept[-1][0] == number:
        kept.pop()
    if kept:
        before, since_s, until_s, by = kept[-1]
        if until_s:
            started_s = max(started_s, until_s)
        elif started_s > since_s:
            kept[-1] = before, since_s, started_s, by
        else:
            started_s = since_s
            kept.pop()
    if not 0 < ended_s <= started_s:
        kept.append((number, started_s, ended_s, cause))


def _cause(phase: "Phase") -> int:
    """Look at the grid side of the breaker: voltage there means that the consumer's side went away."""
    if not phase.sampler.fill_grid():
        return CAUSE_UNKNOWN
    return CAUSE_CONSUMER if voltage_present(phase.sampler, phase.detector) else CAUSE_GRID
