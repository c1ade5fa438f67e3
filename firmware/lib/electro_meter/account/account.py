# SPDX-License-Identifier: Apache-2.0
"""Put measured energy into two registers, and close base intervals on the meter's dated time into the journal.

Windows arrive with their uptimes. A gap between two windows up to max_gap is bridged: each half of it takes the power
of the window next to it; a longer one is not measured. Time without supply has no energy, and what lies between it and
the windows beside it takes their power. Every microjoule is in exactly one register, whatever the clock does;
agreements do not matter here.

A clock that slews stretches time. One that is set by more than STEP_US flags the base interval it falls into. A base
interval is recorded once: time that a clock set back lives again is in the registers alone.
"""

from .records import (
    BASE,
    INTERRUPTED,
    JOINED,
    RESTARTED,
    SPARSE,
    START,
    STEPPED,
    UNSURE,
    doubt_permille,
    gap_code,
)

UJ_PER_J = 1_000_000
# What a crystal is off by in two days (10 ppm).
STEP_US = 2_000_000
_TENTH_US = 100_000
# A meter that samples on and on sees a loss within this of its last window's end.
_WATCHED_US = 3_000_000

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..uplink.clock import Clock
    from ..world import Signal
    from .journal import Ring
    from .undated import Undated


class Account:
    """The registers and the open base interval."""

    def __init__(
        self,
        ring: "Ring",
        clock: "Clock",
        base_seconds: int,
        max_gap_ms: int,
        least_permille: int,
        changed: "Signal",
    ) -> None:
        """least_permille: what must be sampled of a base, or it is sparse; changed: set with every record."""
        self._ring = ring
        self._clock = clock
        self.base_us = base_seconds * 1_000_000
        self._max_gap_us = max_gap_ms * 1000
        self._least_permille = least_permille
        self.changed = changed
        self.import_uj = 0
        self.export_uj = 0
        self.flags = 0  # what holds now, and is noted in every base it touches
        self.closed = 0  # records since the start
        self.last: "tuple[int, ...] | None" = None  # the last one's fields
        self._measured_uj = 0  # import since the start, for whoever checks a simulation
        # the open base; number -1: none yet
        self.number = -1
        self.dated_us = 0  # up to here time is accounted for
        self._joined = False
        self._resumed = False  # from a snapshot, and nothing came since
        self._off_us = 0  # for so long it may have been off as supply went
        self._start_import_uj = 0
        self._start_export_uj = 0
        self._open_flags = RESTARTED
        self._measured_us = 0
        self._sampled_us = 0
        self._dark_us = 0
        self._gap_us = 0
        self._doubt_uj = 0
        # the last window, in uptime
        self._seen_us = 0  # its end; 0: nothing was seen
        self._power_uj = 0  # its energy
        self._length_us = 0  # and its length; 0: there is nothing to bridge with
        self._undated: "Undated | None" = None

    def add(self, start_us: int, end_us: int, energy_uj: int, measured: bool = True) -> None:
        """Account for a window and the gap before it; measured: all that has supply was."""
        length_us = end_us - start_us
        if not self._seen_us:
            self._seen_us = start_us
        gap_us = start_us - self._seen_us
        if gap_us > 0:
            middle_us = self._seen_us + gap_us // 2 if self._length_us else self._seen_us
            after_uj = energy_uj * (start_us - middle_us) // length_us
            if gap_us > self._max_gap_us or not measured:
                self._note_gap(gap_us)
                self._pass(start_us, 0, 0, 0)
            elif self._length_us:
                before_uj = self._power_uj * (middle_us - self._seen_us) // self._length_us
                self._note_gap(gap_us, abs(after_uj - before_uj))
                self._pass(middle_us, before_uj, middle_us - self._seen_us, 0)
                self._pass(start_us, after_uj, start_us - middle_us, 0)
            else:
                self._note_gap(gap_us, abs(after_uj) // 2)
                self._pass(start_us, after_uj, gap_us, 0)
        if measured:
            self._pass(end_us, energy_uj, length_us, length_us)
            self._power_uj, self._length_us = energy_uj, length_us
        else:
            self._pass(end_us, energy_uj, 0, 0)
            self._length_us = 0

    def dark(self, start_us: int, end_us: int) -> None:
        """Account for time without supply, and for the gap before it."""
        if not self._seen_us:
            self._seen_us = start_us
        if start_us - self._seen_us > _WATCHED_US:  # nobody saw when it went: half-way, on the average
            start_us = (self._seen_us + start_us) // 2
        gap_us = start_us - self._seen_us
        if gap_us > 0:
            bridged = gap_us <= self._max_gap_us and self._length_us > 0
            energy_uj = self._power_uj * gap_us // self._length_us if bridged else 0
            self._note_gap(gap_us, abs(energy_uj) // 2)
            self._pass(start_us, energy_uj, gap_us if bridged else 0, 0)
        if end_us > self._seen_us:
            self._open_flags |= INTERRUPTED
            self._pass(end_us, 0, 0, 0, end_us - self._seen_us)
        self._power_uj = self._length_us = 0

    def dark_between(self, since_us: int, until_us: int) -> None:
        """Know, after a start, that supply was gone between two dated instants, and that nothing was measured then.

        The bases at both ends are told; for those between them the outage's record speaks.
        """
        self._resumed = False
        self._count_undated(-1)  # it came after that
        if self.number >= 0:
            self._spread(min(max(since_us, self.dated_us), self._end_us() - 1), 0, 0, 0, 0)
            end_us = min(self._end_us(), until_us)
            self._spread(end_us, 0, 0, 0, max(end_us - self.dated_us, 0))
        if self.dated_us < until_us:
            if self.number != until_us // self.base_us:
                if self.number >= 0:
                    self._close()
                self._begin(until_us // self.base_us)
                self._open_flags |= RESTARTED
                self.dated_us = min(max(since_us, self.number * self.base_us), until_us)
            self._spread(until_us, 0, 0, 0, until_us - self.dated_us)
        self._count_undated(1)

    def resume(self, kept: "tuple[int, ...]", retained: bool) -> None:
        """Go on with the open base that a snapshot kept (see there); retained: RTC memory did, with the last window."""
        (
            self.number,
            self.dated_us,
            joined,
            self._start_import_uj,
            self._start_export_uj,
            self._open_flags,
            self._measured_us,
            self._sampled_us,
            self._dark_us,
            self._gap_us,
            self._doubt_uj,
        ) = kept
        self._joined = bool(joined)
        self._open_flags |= RESTARTED
        self._resumed = True
        self._off_us = self._max_gap_us if retained else 0

    def open(self) -> "tuple[int, ...]":
        """Return what `resume` takes."""
        return (
            self.number,
            self.dated_us,
            self._joined,
            self._start_import_uj,
            self._start_export_uj,
            self._open_flags,
            self._measured_us,
            self._sampled_us,
            self._dark_us,
            self._gap_us,
            self._doubt_uj,
        )

    def forget_time(self) -> None:
        """Take what the chip's clock kept for no time: nothing was dated when it was kept."""
        self._clock.forget()

    def open_s(self) -> int:
        """Return the dated second at which the open base began: all before it is recorded; 0 if none is open."""
        return self.number * (self.base_us // 1_000_000) if self.number >= 0 and self._clock.dated else 0

    def import_at_j(self, second: int) -> int:
        """Return the import register at the boundary of bases at a dated second, -1 if it is not known."""
        number = second * 1_000_000 // self.base_us
        if number == self.number:
            return self._start_import_uj // UJ_PER_J
        at = self._ring.find(number - 1)
        record = self._ring.read(at) if at >= 0 else None
        return record[4] if record is not None else -1

    def _end_us(self) -> int:
        return (self.number + 1) * self.base_us

    def _note_gap(self, gap_us: int, doubt_uj: int = 0) -> None:
        self._gap_us = max(self._gap_us, gap_us)
        self._doubt_uj += doubt_uj

    def _pass(
        self, until_us: int, energy_uj: int, measured_us: int, sampled_us: int, dark_us: int = 0
    ) -> None:
        """Let uptime go by with this energy, of which so much was measured, sampled, and without supply."""
        length_us = until_us - self._seen_us
        self._seen_us = until_us
        clock = self._clock
        if not clock.dated:
            if self._undated is None:
                from .undated import Undated  # a kilobyte, for the minutes after a loss of power

                self._undated = Undated(until_us - length_us)
            self._undated.take(until_us - length_us, until_us, energy_uj, measured_us, dark_us)
            self._count(energy_uj)
            self._joined = False  # it lies between the open base and the one before, until it is placed
            self._start_import_uj += max(energy_uj, 0)
            self._start_export_uj -= min(energy_uj, 0)
            return
        now_us = until_us + clock.offset_us
        if self._undated is not None:
            self._place(now_us - length_us)
        if self.number < 0:
            self.dated_us = now_us - length_us
            self._begin(self.dated_us // self.base_us)
        by_us = now_us - self.dated_us - length_us
        if self._resumed:
            self._resumed = False
            if by_us > 0:
                # while the meter was off: if supply is out now, and that was not long ago, it was out then
                off_us = by_us if dark_us and by_us <= self._off_us else 0
                self._spread(now_us - length_us, 0, 0, 0, off_us)
                by_us = 0
        if not -STEP_US <= by_us <= STEP_US:
            self._step(now_us - length_us)
        self._spread(now_us, energy_uj, measured_us, sampled_us, dark_us)

    def _count(self, energy_uj: int) -> None:
        """Put energy into its register; negative is exported."""
        if energy_uj >= 0:
            self.import_uj += energy_uj
            self._measured_uj += energy_uj
        else:
            self.export_uj -= energy_uj

    def _spread(self, until_us: int, energy_uj: int, measured_us: int, sampled_us: int, dark_us: int) -> None:
        """Bring dated time to an instant with this energy, spread evenly over the bases it touches."""
        while until_us >= self._end_us():
            here_us, whole_us = self._end_us() - self.dated_us, until_us - self.dated_us
            part = (
                energy_uj * here_us // whole_us,
                measured_us * here_us // whole_us,
                sampled_us * here_us // whole_us,
                dark_us * here_us // whole_us,
            )
            self._take(*part)
            self.dated_us = self._end_us()
            energy_uj -= part[0]
            measured_us -= part[1]
            sampled_us -= part[2]
            dark_us -= part[3]
            self._close()
            if not energy_uj and not measured_us and not dark_us and until_us >= self._end_us():
                self.dated_us = until_us  # nothing to record: no base for each of many hours
                self._begin(until_us // self.base_us)
        self._take(energy_uj, measured_us, sampled_us, dark_us)
        self.dated_us = max(self.dated_us, until_us)

    def _take(self, energy_uj: int, measured_us: int, sampled_us: int, dark_us: int) -> None:
        self._count(energy_uj)
        self._open_flags |= self.flags if self._clock.sure else self.flags | UNSURE
        self._measured_us += measured_us
        self._sampled_us += sampled_us
        if dark_us:
            self._open_flags |= INTERRUPTED
            self._dark_us += dark_us

    def _step(self, now_us: int) -> None:
        """Follow a clock that was set to an instant."""
        number = now_us // self.base_us
        self._open_flags |= STEPPED
        if number > self.number:
            self._close()
            self._begin(number)
            self._open_flags |= STEPPED
        elif number < self.number:  # what was open is lived again, and measured anew when its time comes
            self._joined = False
            self._begin(number)
            self._open_flags |= STEPPED
        self.dated_us = now_us

    def _begin(self, number: int) -> None:
        """Open a base interval; it is joined if it follows the last record, and no energy came in between."""
        last = self.last
        self._joined = (
            self._joined and last is not None and last[3] == number - 1 and self._ring.find(number) < 0
        )
        restarted = self.number < 0
        self.number = number
        self._start_import_uj, self._start_export_uj = self.import_uj, self.export_uj
        self._open_flags = RESTARTED if restarted else 0
        self._measured_us = self._sampled_us = self._dark_us = self._gap_us = self._doubt_uj = 0

    def _close(self) -> None:
        """Record the open base, unless its number is recorded already or there is nothing to say, and open the next."""
        known = self._ring.newest is not None and self._ring.find(self.number) >= 0
        energy_uj = self.import_uj - self._start_import_uj + self.export_uj - self._start_export_uj
        if known or not (self._measured_us or self._dark_us or energy_uj):
            self._joined = False
        else:
            self._record(energy_uj)
            self._joined = True
        self._begin(self.number + 1)

    def _record(self, energy_uj: int) -> None:
        flags = self._open_flags
        if self._sampled_us * 1000 < self._least_permille * (self.base_us - self._dark_us):
            flags |= SPARSE
        if self._joined:
            flags |= JOINED
        else:
            self._ring.append(
                START,
                0,
                0,
                self.number,
                self._start_import_uj // UJ_PER_J,
                self._start_export_uj // UJ_PER_J,
                0,
                0,
                0,
            )
        self.last = (
            BASE,
            flags,
            min(self._measured_us, self.base_us) // _TENTH_US,
            self.number,
            self.import_uj // UJ_PER_J,
            self.export_uj // UJ_PER_J,
            min(self._dark_us, self.base_us) // _TENTH_US,
            gap_code(self._gap_us),
            doubt_permille(self._doubt_uj, energy_uj),
        )
        self._ring.append(*self.last)
        self.closed += 1
        self.changed.set()

    def _count_undated(self, sign: int) -> None:
        """Take what nobody could date yet out of the registers, or put it in again."""
        undated = self._undated
        if undated is not None:
            import_uj, export_uj = sign * undated.import_uj, sign * undated.export_uj
            self.import_uj += import_uj
            self._measured_uj += import_uj
            self._start_import_uj += import_uj
            self.export_uj += export_uj
            self._start_export_uj += export_uj

    def _place(self, now_us: int) -> None:
        """Place what was measured before anybody told the time, now that uptime has dates."""
        self._count_undated(-1)
        undated, self._undated = self._undated, None
        assert undated is not None  # `_pass` has looked
        at_us = undated.start_us + self._clock.offset_us
        if self.number < 0 or self.number != at_us // self.base_us or at_us < self.dated_us:
            if self.number >= 0 and at_us > self.dated_us:
                self._close()
            self._begin(at_us // self.base_us)
            self._open_flags |= RESTARTED
        self.dated_us = max(at_us, self.number * self.base_us)
        for import_uj, export_uj, measured_us, dark_us in undated.cells():
            at_us = min(at_us + undated.cell_us, now_us)
            self._spread(at_us, import_uj, measured_us, measured_us, dark_us)
            self.export_uj += export_uj
