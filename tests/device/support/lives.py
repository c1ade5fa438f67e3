# SPDX-License-Identifier: Apache-2.0
"""Live a meter's books through hours that chance makes, and know what each interval of an agreement may say after.

The account, its snapshot, rings, outages, reports and clock are the meter's own; around them are a load that never
changes (a unit a second, so that a reading is the seconds that were measured), supply that goes and comes back, resets
and losses of power, hours without anybody who tells the time, and flash and NVS that can't be read or written for a
while. What may be lost is noted as it happens: what a loss of power takes of the open base, what waits in RAM.

Two sources that nothing proves may tell a false time to one life in four: of those only the sum is judged, and that
no report fails. Of each interval of the others, after all of that: its reading is no more than what was consumed, and
at least 95% of it; it is "no data" only where so much was not measured, or may be lost; a declared outage lies in
time without supply. No reading is told in two versions, no register falls, and no report fails.
"""

import asyncio

from accounts import BASE_S, START, Books, Memory, Phase, S, Signal, Terms

from electro_meter.account import journal as journal_module
from electro_meter.account import opening as opening_module
from electro_meter.account.snapshot import NAME, _unpack
from electro_meter.uplink.clock import Clock
from electro_protocol.readings import INTERRUPTED, NO_DATA, unpack
from electro_tools.grid.randomness import Randomness

WATTS = 3_600  # a unit of one watt-hour a second
INTERVAL_S = 900
LEAST = 0.95  # of an interval's time with supply, or it has no data (electro_meter.account.lanes)
# What a reading may be off by: the error of the time that was told, at both ends, and edges that nobody saw.
SLACK_S = 20
# NVS may tell for a minute of an interruption that is over; the other one is for what a life does in one go.
KEPT_S = 120
FAULTS = ("names", "read", "write", "full", "load", "store")
# Kinds of time.
MEASURED, MISSED, DARK = range(3)
_EIO = 5
_ENOSPC = 28


class Chip(Memory):
    """A board with a clock, whose flash and NVS fail for a while."""

    clock_is_true = False

    def __init__(self, folder, say):
        super().__init__()
        self.folder = folder
        self._say = say
        self.now_us = START * S  # true time
        self.booted_us = 0
        self._set_us = None  # what the chip's clock was set to, less true time
        self.is_stored = True  # what NVS was to keep last
        self.failing = set()

    def uptime_us(self):
        return self.now_us - self.booted_us

    def kept_unix_us(self):
        return self._set_us + self.now_us if self._set_us is not None else 0

    def set_chip_clock(self, unix_s):
        self._set_us = unix_s * S - self.now_us

    def lose_power(self):
        self.rtc = self._set_us = None

    def log(self, line):
        if self._say is not None:
            self._say(f"{(self.now_us - START * S) / S:10.1f} {line}")

    def load_blob(self, name):
        self.flash("load")
        return super().load_blob(name)

    def store_blob(self, name, content):
        self.is_stored = False
        self.flash("store")
        self.is_stored = True
        super().store_blob(name, content)

    def flash(self, what):
        """Raise what is the matter with the flash."""
        if what in self.failing:
            raise OSError(_EIO, "simulated")
        if what == "write" and "full" in self.failing:
            raise OSError(_ENOSPC, "simulated")

    # what a ring calls in place of the interpreter's own

    def open(self, path, mode="r"):
        self.flash("read" if mode == "rb" else "write")
        return open(path, mode)

    def listdir(self, path):
        self.flash("names")
        return self.os.listdir(path)

    def stat(self, path):
        self.flash("read")
        return self.os.stat(path)


class Life(Chip, Books):
    """One life; `live` plays it, `judge` says what is wrong with it."""

    def __init__(self, seed, folder, say=None):
        super().__init__(folder, say)
        self.board, self.changed, self._phase = self, Signal(), Phase()
        self._random = Randomness(seed)
        self.now_us += self._random.word() % (1_800 * S)
        self._first_us = self._last_us = self.now_us
        self.booted_us = self.now_us - S
        self._sparse = self._chance(4)  # a window a minute
        if self._sparse:
            self.max_gap_ms = 120_000
        self._terms = Terms(unit_wh=1, interval_s=INTERVAL_S)
        self.told = {}  # lanes by interval
        self.wrong = []
        self._pieces = []  # true time: from, until, kind
        # From, until: what may be lost, or nobody knows to have been dark; records that were only in RAM; what nobody
        # can tell from an interruption; and, with seconds, what was placed to a cell.
        self._lost, self._unwritten, self._vague, self._blurred = [], [], [], []
        self._over_us = 0  # when the last interruption ended
        self._opened_us = 0  # since when an outage is declared
        self._endless_us = 0  # since when one may go on whose end is lost
        self._may_fall = False  # the register: at a start nobody could tell where it was
        self._moves = [self._measure_on] * 5 + [self._out_for] * 2 + [self._die_dark] * 2
        self._moves += [self._pause, self._reset, self._lose_power, self.tell_time, self._fail, self._mend]
        self._moves += [self._misread_for, self.report]
        self._lied_to = self._chance(4)
        if self._lied_to:
            self._moves.append(self._lie)
        self.start()

    def live(self, hours):
        """Live for some hours, and until all is well again."""
        journal_module.open = self.open
        self.os = opening_module.os
        opening_module.os = self
        try:
            if not self._chance(3):
                self.tell_time()
            until_us = self.now_us + int(hours * 3_600 * S)
            while self.now_us < until_us:
                if not self.clock.confirmed and self._chance(2):
                    if self._lied_to and self._chance(2):
                        self._lie()
                    else:
                        self.tell_time()
                self._moves[self._random.word() % len(self._moves)]()
            self._mend()
            self.measure(60)
            self.tell_time()
            self.measure(2 * INTERVAL_S)
            self._last_us = self.now_us
            self.report()
        finally:
            opening_module.os = self.os
            del journal_module.open

    def _chance(self, one_in):
        return self._random.word() % one_in == 0

    def _up_to(self, most):
        """Return a number from 1 to most, small ones more often."""
        return 1 + self._random.word() % (1 + self._random.word() % most)

    # what happens

    def start(self):
        self.clock = Clock(self)
        self.make()
        if self.ring.newest is not None:
            self.clock.raise_floor((self.ring.newest[3] + 1) * BASE_S)
        self._undated_us = 0 if self.clock.dated else self.now_us
        if self._opened_us and not self.outage_ring.is_all_known:
            self._endless_us = min(self._endless_us or self.now_us, self._opened_us)
        self.log(f"starts with time {self.clock.state}, in an outage {self.outages.going_on}")

    def tell_time(self):
        """Let two sources tell the time, both authenticated."""
        for name in ("one", "other"):
            low_us, high_us = self._random.word() % S, self._random.word() % S
            self.clock.hear(name, "operator", self.now_us - low_us, self.now_us + high_us, True, (name, True))
        self.log("is told the time")

    def _lie(self):
        """Let two sources that nobody authenticates agree on a time hours off."""
        off_us = (self._random.word() % 8_000 - 4_000) * S
        at_us = self.now_us + off_us
        for name in ("a liar", "its brother"):
            self.clock.hear(name, "operator", at_us - S, at_us + S, False, (name, True))
        self.log(f"is told a time {off_us // S} s off")

    def report(self):
        """Tell what may be told, as an exchange does."""
        closed = self.reports.closed(self._terms)
        if not closed:
            return
        try:
            report = asyncio.run(self.reports.build(self._terms, 0, closed))
        except OSError as error:
            if not self.failing and self.ring.is_all_known and self.outages.is_all_known:
                self._complain(f"a report failed: {error}")
            return
        if self.outage_ring.oldest():  # a full flash made room by the oldest outages
            self._unwritten.append((0, self.now_us))
        for index, lane in enumerate(unpack(report.readings)):
            before = self.told.get(index)
            self.told[index] = lane
            if (
                before not in (None, lane)
                and not self._lied_to
                and not _touch(self._unwritten + self._vague, *_bounds(index))
            ):
                self._complain(f"interval {index} was told as {before} and as {lane}")

    def measure(self, seconds):
        """Measure one window after the other, as `life.app` does."""
        until_us = self.now_us + int(seconds * S)
        most_us = (60 if self._sparse else 4) * S
        while self.now_us < until_us:
            start_us = self.uptime_us()
            self._pass(min(most_us, until_us - self.now_us), MEASURED)
            self._settle()
            if self.outages.going_on:
                self.outages.end(start_us)
                self._over_us = self.now_us
            self.account.add(start_us, self.uptime_us(), WATTS * (self.uptime_us() - start_us))
            self.snapshot.window()

    def out(self, seconds, glance_s):
        """Let supply be gone."""
        until_us = self.now_us + int(seconds * S)
        lost_us = self.outages.since_us or self.uptime_us()
        while self.now_us < until_us:
            self._pass(min(int(glance_s * S), until_us - self.now_us), DARK)
            self._settle()
            self.outages.follow(self._phase, lost_us, self.uptime_us(), False, False)
            self.snapshot.window()

    def misread(self, seconds):
        """Let a sensor show no voltage, while current flows."""
        until_us = self.now_us + seconds * S
        lost_us = self.outages.since_us or self.uptime_us()
        while self.now_us < until_us:
            self._pass(min(5 * S, until_us - self.now_us), MISSED)
            self._settle()
            self.outages.follow(self._phase, lost_us, self.uptime_us(), True, False)
            self.snapshot.window()

    def die(self, power, dark_s, off_s):
        """Let the meter be off, without supply and then with it; power: RTC memory is lost."""
        self.log(f"is off for {dark_s} s without supply and {off_s} s with it; memory lost: {power}")
        back_us = self.now_us + (dark_s + off_s) * S
        self._note_risk(power, back_us)
        if power:
            self.lose_power()
        self._pass(dark_s * S, DARK)
        self._pass(off_s * S, MISSED)
        was_kept = self.rtc is not None
        self.booted_us = self.now_us - S
        self.start()
        if dark_s and not self.snapshot.since_us:
            self._lost.append((back_us - (dark_s + off_s) * S, back_us))
        self._may_fall = self._may_fall or not (was_kept or self.ring.is_all_known)

    def _measure_on(self):
        seconds = self._up_to(1_500)
        self.log(f"measures for {seconds} s")
        self.measure(seconds)

    def _out_for(self):
        seconds = self._up_to(200 if self._chance(2) else 4_000)
        self.log(f"sees no supply for {seconds} s")
        self.out(seconds, self._up_to(5))

    def _die_dark(self):
        """Die with the supply, or a while after."""
        self.out(self._up_to(100) / 10, 0.1)
        booting_s = self._random.word() % 4 * self._chance(2)
        self.die(not self._chance(4), self._up_to(3_000), booting_s)
        if not booting_s:
            self.out(self._up_to(100), 1)

    def _misread_for(self):
        seconds = self._up_to(400)
        self.log(f"sees no voltage where current flows, for {seconds} s")
        self.misread(seconds)

    def _pause(self):
        """Measure nothing for a while."""
        if not self.outages.going_on:
            seconds = self._up_to(20)
            self._pass(seconds * S, MEASURED if seconds <= self.max_gap_ms // 1_000 else MISSED)

    def _reset(self):
        self.die(False, 0, self._up_to(8))

    def _lose_power(self):
        self.die(True, 0, self._up_to(8))

    def _fail(self):
        self.failing = {one for one in FAULTS if self._chance(5)}
        self.log(f"has a flash that fails: {sorted(self.failing)}")

    def _mend(self):
        self.failing = set()
        self.log("has a flash that is well")

    # what may be lost by that

    def _pass(self, us, kind):
        """Let true time go by."""
        from_us = self.now_us
        if self._pieces and self._pieces[-1][2] == kind:
            from_us = self._pieces.pop()[0]
        self.now_us += us
        self._pieces.append((from_us, self.now_us, kind))

    def _settle(self):
        """Follow what can be dated now, and which outage goes on."""
        self.clock.slew()
        self.outages.settle()
        is_known = self.outage_ring.is_all_known
        if self.clock.dated and self._undated_us and self.account._undated is None:
            by_s = 2 * 10 * max(1, (self.now_us - self._undated_us) // (1_440 * S))
            self._blurred.append((self._undated_us, self.now_us, by_s))
            self._undated_us = 0
        if self.outages.open:
            self._opened_us = self._opened_us or self.outages._kept[-1][1] * S
        elif is_known:
            self._opened_us = 0
        if self._endless_us and not self.snapshot.since_us and self.clock.dated and is_known:
            self._vague.append((self._endless_us, self.now_us))
            self._endless_us = 0

    def _note_risk(self, power, back_us):
        """Note what a meter that dies now, and is back then, may not know."""
        stored = self.nvs.get(NAME)
        if power and stored is not None:
            since_us = _unpack(stored)[18]  # since when supply is out
            is_old = not self.is_stored or self.now_us - self._over_us <= KEPT_S * S
            if since_us and since_us != self.snapshot.since_us and is_old:
                self._vague.append((since_us, back_us))
        if self._undated_us and self.snapshot.since_us:
            self._vague.append((self.snapshot.since_us, back_us))
        from_us = self.now_us
        for fields in _waiting(self.ring):
            from_us = min(from_us, fields[3] * BASE_S * S)
        for fields in _waiting(self.outage_ring):
            from_us = min(from_us, fields[4] * S)
            self._endless_us = min(self._endless_us or from_us, fields[4] * S)
        if from_us < self.now_us:
            self._unwritten.append((from_us, self.now_us))
        if power and self.account.number >= 0:
            from_us = min(from_us, self.account.number * BASE_S * S)
        if self._undated_us:
            from_us = min(from_us, self._undated_us)
        self._lost.append((from_us - SLACK_S * S, self.now_us))

    # what is judged

    def judge(self):
        """Return what is wrong, a line each."""
        if self._lied_to:
            self._judge_sum()
            return self.wrong
        self._judge_registers()
        first = (self._first_us // S - START) // INTERVAL_S + 1
        for index in range(first, (self._last_us // S - START) // INTERVAL_S - 1):
            if index in self.told:
                self._judge(index, self.told[index])
            else:
                self._complain(f"interval {index} was not told")
        self._judge_outages()
        return self.wrong

    def _complain(self, line):
        self.wrong.append(line)
        self.log("is wrong: " + line)

    def _judge(self, index, lane):
        from_us, to_us = _bounds(index)
        measured_s, missed_s, dark_s = [
            self._seconds(from_us, to_us, kind) for kind in (MEASURED, MISSED, DARK)
        ]
        slack_s = SLACK_S + self._blur_s(from_us, to_us)
        lost = _touch(self._lost, from_us, to_us)
        known = f"interval {index}: {measured_s} measured, {missed_s} missed, {dark_s} dark, lost {lost}"
        if lane == NO_DATA:
            if not lost and measured_s > LEAST * (measured_s + missed_s) + slack_s:
                self._complain(f"{known}; no data")
            return
        units = lane & ~INTERRUPTED
        if units > measured_s + missed_s + slack_s:
            self._complain(f"{known}; reading {units}")
        if lane != units:
            missed_s = 0  # it may have been for want of supply
        if units + 1 < LEAST * (measured_s + missed_s) - slack_s and not _touch(self._vague, from_us, to_us):
            self._complain(f"{known}; reading {units}")

    def _judge_sum(self):
        """Where the time was false nothing may be counted twice, whichever interval it is in."""
        units = sum([lane & ~INTERRUPTED for lane in self.told.values() if lane != NO_DATA])
        supplied_s = sum([self._seconds(self._first_us, self._last_us, kind) for kind in (MEASURED, MISSED)])
        if units > supplied_s + SLACK_S:
            self._complain(f"{units} of {supplied_s}")

    def _judge_registers(self):
        before_j = 0
        for sequence in range(self.ring.oldest(), self.ring.next):
            record = self.ring.read(sequence)
            if record is None:
                continue
            if record[4] < before_j and not self._may_fall:
                self._complain(f"the register fell from {before_j} to {record[4]} J")
            before_j = record[4]

    def _judge_outages(self):
        before_s = 0
        for number, started_s, ended_s, _ in self.outages.touching(0, self._last_us // S):
            name = f"outage {number} from {started_s - START} to {ended_s - START}"
            if not ended_s or started_s < before_s:
                self._complain(f"{name}: open, or before the one before")
            before_s = ended_s
            from_us, to_us = started_s * S, ended_s * S
            measured_s = self._seconds(from_us, to_us, MEASURED)
            if measured_s > SLACK_S + self._blur_s(from_us, to_us) and not _touch(
                self._vague, from_us, to_us
            ):
                self._complain(f"{name}: {measured_s} s of it were measured")

    def _seconds(self, from_us, to_us, kind):
        """Return how much of a time was of a kind."""
        return (
            sum([max(0, min(to_us, b) - max(from_us, a)) for a, b, what in self._pieces if what == kind]) / S
        )

    def _blur_s(self, from_us, to_us):
        return sum([by_s for begun, ended, by_s in self._blurred if begun < to_us and ended > from_us])


def _waiting(ring):
    """Return the records that are only in RAM."""
    return [ring.read(k) for k in range(ring.next - len(ring._waiting), ring.next)] + ring._unplaced


def _touch(times, from_us, to_us):
    return bool([1 for begun, ended in times if begun < to_us and ended > from_us])


def _bounds(index):
    """Return when an interval begins and ends."""
    from_us = (START + index * INTERVAL_S) * S
    return from_us, from_us + INTERVAL_S * S
