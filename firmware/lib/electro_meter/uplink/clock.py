# SPDX-License-Identifier: Apache-2.0
"""Know the time: the meter's own uptime, and an offset that nobody outside can move far alone.

Every source tells a bound: now is between these two instants. To be dated, or to step by more than two seconds, takes
one authenticated bound (the date of an answer over verified TLS, from a source that the consumer does not run) and
another source's that overlaps it. Without anybody authenticated two that agree do, and what they date is unsure. Names
that lead to one address are one source, unless a certificate or an address in place of the name tells them apart. One
authenticated source does alone when no other agreed with it for ten minutes, unsure as well: else whoever blocks the
time servers, or forges them, would stop the account. Within those bounds the narrowest is followed, by at most 50 ppm
of what passes. A time that is dated, though unsure, is left for others that nothing proves only after an hour without
one voice for it. Nothing is ever dated before the floor: the time of this firmware, of the newest record, or of
anything proved.

Pure arithmetic: `sntp` and `exchange` bring the bounds, `life` lets it slew, `account` reads `offset_us`.
"""

from ..world import Board

NEVER = 0  # nothing may be dated
KEPT = 1  # carried through a reset by the chip's clock: dated, nothing signed
UNSURE = 2  # dated by sources that nothing proves
SURE = 3

ASK_EVERY_MS = 3_600_000  # the time servers: a crystal's 10 ppm are 36 ms then
# A clock that shows a time before the firmware was written was never set; nor was one of after 2096.
WRITTEN_S = 1_750_000_000
_LAST_S = 4_000_000_000
_EPOCH_2000_S = 946_684_800
_STEP_US = 2_000_000  # by less the clock is not set but slews
_SLEW_PPM = 50
# By so much a bound widens while it ages: the crystal of an ESP32 drifts up to 10 ppm, and the clock may slew 50.
_DRIFT_PPM = 60
_ALONE_US = 600_000_000
_DESERTED_US = 4_000_000_000  # all sources are asked once an hour
_STALE_US = (
    7 * 86_400_000_000
)  # then what somebody authenticated said counts no more; others' does not after an hour
_MOST_SOURCES = 12
_FAR_US = 1 << 62


def epoch_s(first_year: int) -> int:
    """Return the unix time at which an interpreter's time begins; first_year: of its time.gmtime(0), 1970 or 2000."""
    return _EPOCH_2000_S if first_year == 2000 else 0


def is_plausible(unix_s: int) -> bool:
    """Return whether somebody must have set a clock that shows this."""
    return WRITTEN_S < unix_s < _LAST_S


def are_one(place: "tuple[str, bool]", other: "tuple[str, bool]") -> bool:
    """Return whether two names may have led to one source: who tells the meter names, sends it anywhere."""
    return place[0] == other[0] and not (place[1] and other[1])


class Clock:
    """The one object of the meter that knows dates."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._true = board.clock_is_true
        self._floor_us = WRITTEN_S * 1_000_000
        # source → offset at least, at most, uptime when it was told, authenticated; `http.Client.place`
        self.heard: "dict[str, tuple[int, int, int, bool, tuple[str, bool]]]" = {}
        self._first_us = 0  # uptime of the first authenticated bound
        self.ahead_us = 0  # by so much the offset has still to grow
        self._apart_us = 0  # uptime since which everybody contradicts it
        self._slewed_us = board.uptime_us()  # up to when
        self.steps = 0
        kept_us = board.kept_unix_us()
        self.offset_us = kept_us - board.uptime_us()  # to be added to uptime
        self.state = NEVER
        if self._true:
            self.state = SURE
        elif is_plausible(kept_us // 1_000_000):
            self.state = KEPT
        self.contradiction = ""

    @property
    def dated(self) -> bool:
        return self.state != NEVER

    @property
    def confirmed(self) -> bool:
        """Return whether what is dated may be signed."""
        return self.state >= UNSURE

    @property
    def sure(self) -> bool:
        return self.state == SURE

    def at_us(self, uptime_us: int) -> int:
        return uptime_us + self.offset_us

    def now_us(self) -> int:
        return self._board.uptime_us() + self.offset_us

    def unix_s(self) -> int:
        return self.now_us() // 1_000_000

    @property
    def floor_s(self) -> int:
        """Return a time that has passed."""
        return self._floor_us // 1_000_000

    def raise_floor(self, unix_s: int) -> None:
        """Never believe a time before this one."""
        if not is_plausible(unix_s):
            return
        self._floor_us = max(self._floor_us, unix_s * 1_000_000)
        if self.state == KEPT and self.now_us() < self._floor_us:
            self.state = NEVER

    def forget(self) -> None:
        """Take what the chip's clock kept for no time: it was only set to the floor."""
        if self.state == KEPT:
            self.state = NEVER

    def hear(
        self,
        source: str,
        by: str,
        low_us: int,
        high_us: int,
        authenticated: bool,
        place: "tuple[str, bool]",
    ) -> None:
        """Take a bound: now lies between these two, unix microseconds.

        place: the address that told it, and whether that is sure to be the source's own. What the consumer runs
        authenticates nothing: an hour moved is worth money to it.
        """
        if self._true or not low_us <= high_us or high_us < self._floor_us or high_us > _LAST_S * 1_000_000:
            return
        now_us = self._board.uptime_us()
        authenticated = authenticated and by != "consumer"
        if authenticated and not self._first_us:
            self._first_us = now_us
        if source not in self.heard and len(self.heard) >= _MOST_SOURCES:
            del self.heard[min(self.heard, key=lambda one: self.heard[one][2])]
        self.heard[source] = (
            max(low_us, self._floor_us) - now_us,
            high_us - now_us,
            now_us,
            authenticated,
            place,
        )
        self._judge(now_us)

    def bound(self, source: str, now_us: int) -> "tuple[int, int]":
        """Return a source's bound on the offset, as wide as its age makes it."""
        low_us, high_us, told_us = self.heard[source][:3]
        wider_us = (now_us - told_us) * _DRIFT_PPM // 1_000_000
        return low_us - wider_us, high_us + wider_us

    def _judge(self, now_us: int) -> None:
        """Follow what has been heard as far as it may be."""
        for source in list(self.heard):
            told_us, authenticated = self.heard[source][2:4]
            if now_us - told_us > (_STALE_US if authenticated else _DESERTED_US):
                del self.heard[source]
        best: "tuple[int, int] | None" = None
        for_sure = True in [heard[3] for heard in self.heard.values()]
        names = list(self.heard)
        for k, one in enumerate(names):
            for other in names[k + 1 :]:
                first, second = self.heard[one], self.heard[other]
                if for_sure and not (first[3] or second[3]):
                    continue
                if are_one(first[4], second[4]):
                    continue
                low_us, high_us = _common(self.bound(one, now_us), self.bound(other, now_us))
                if low_us <= high_us and (best is None or self._is_better((low_us, high_us), best)):
                    best = low_us, high_us
        alone = best is None and for_sure and now_us - self._first_us >= _ALONE_US
        if alone:
            best = self._of_the_authenticated(now_us)
        if best is not None:
            self._follow(best[0], best[1], SURE if for_sure and not alone else UNSURE)
        self._compare(now_us)

    def _of_the_authenticated(self, now_us: int) -> "tuple[int, int] | None":
        """Return what all authenticated sources have in common, None if nothing."""
        low_us, high_us = -_FAR_US, _FAR_US
        for source in self.heard:
            if self.heard[source][3]:
                low_us, high_us = _common((low_us, high_us), self.bound(source, now_us))
        return (low_us, high_us) if low_us <= high_us else None

    def _is_better(self, one: "tuple[int, int]", other: "tuple[int, int]") -> bool:
        """Return whether one bound is rather to be followed: it lets the clock alone, or it is narrower."""
        if self.state != NEVER:
            near = one[0] - _STEP_US <= self.offset_us <= one[1] + _STEP_US
            if near != (other[0] - _STEP_US <= self.offset_us <= other[1] + _STEP_US):
                return near
        return one[1] - one[0] < other[1] - other[0]

    def _follow(self, low_us: int, high_us: int, state: int) -> None:
        """Move to the middle of a bound that may be followed: at once if it is far, else by slewing."""
        middle_us = (low_us + high_us) // 2
        by_us = middle_us - self.offset_us
        if -_STEP_US <= by_us <= _STEP_US:
            self._apart_us = 0
        elif state == UNSURE and self.dated and not self._is_deserted():
            return
        if self.state == NEVER or not -_STEP_US <= by_us <= _STEP_US:
            if self.state != NEVER:
                self.steps += 1
            self.offset_us = middle_us
            self.ahead_us = 0
            self._board.log(f"the clock was set by {by_us // 1000} ms")
            self._board.set_chip_clock(self.now_us() // 1_000_000)
        elif low_us <= self.offset_us <= high_us and high_us - low_us > _STEP_US // 4:
            self.ahead_us = 0  # whole seconds tell no more than that: what the clock has is as good
        else:
            self.ahead_us = by_us
        self.state = max(self.state, state)

    def _is_deserted(self) -> bool:
        """Return whether the meter's time may be left for what nothing proves.

        Never once it was sure; else after an hour in which nobody spoke for it any more. Whoever holds the line for a
        moment moves nothing.
        """
        now_us = self._board.uptime_us()
        if self.state == SURE:
            return False
        for source in self.heard:
            low_us, high_us = self.bound(source, now_us)
            if low_us <= self.offset_us <= high_us:
                self._apart_us = 0
                return False
        self._apart_us = self._apart_us or now_us
        return now_us - self._apart_us >= _DESERTED_US

    def slew(self) -> None:
        """Move the offset towards what was heard, by at most 50 ppm of what has passed since the last call."""
        now_us = self._board.uptime_us()
        passed_us = now_us - self._slewed_us
        if not self.ahead_us:
            self._slewed_us = now_us
            return
        most_us = passed_us * _SLEW_PPM // 1_000_000
        if not most_us:
            return
        self._slewed_us = now_us
        by_us = max(-most_us, min(most_us, self.ahead_us))
        self.offset_us += by_us
        self.ahead_us -= by_us

    def _compare(self, now_us: int) -> None:
        """Name a source whose bound does not hold the time that the meter has."""
        self.contradiction = ""
        if not self.confirmed:
            return
        for source in self.heard:
            low_us, high_us = self.bound(source, now_us)
            off_us = max(low_us - self.offset_us, self.offset_us - high_us)
            if off_us > _STEP_US:
                self.contradiction = f"{source} tells a time {off_us // 1_000_000} s off"


def _common(one: "tuple[int, int]", other: "tuple[int, int]") -> "tuple[int, int]":
    return max(one[0], other[0]), min(one[1], other[1])
