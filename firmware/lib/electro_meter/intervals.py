# SPDX-License-Identifier: Apache-2.0
"""Put energy into the import register and into the intervals of the agreement, and close them into the journal.

Windows arrive with their instants. A gap between two windows up to max_gap is bridged: each half of it takes the
power of the window next to it. A longer gap is not billed, and the interval it touches is marked as an estimate.
An interval that an outage touches reads "no supply"; its energy stands in the register alone. What rounding leaves
of a reading goes into the next one, so the readings of a period add up to its energy.
"""

from electro_protocol.readings import ESTIMATE, MAX_ESTIMATED_UNITS, MAX_UNITS, NO_SUPPLY

from .agreements import Agreement, Agreements
from .journal import INTERVAL, REGISTER, Journal

UJ_PER_WH = 3_600_000_000
# Without an agreement the register alone is kept, this often.
REGISTER_EVERY_US = 900_000_000


class Intervals:
    """The running interval and the registers; survives a restart through the journal."""

    def __init__(self, journal: Journal, agreements: Agreements, max_gap_ms: int) -> None:
        self._journal = journal
        self._agreements = agreements
        self._max_gap_us = max_gap_ms * 1000
        self.register_wh = 0
        self._fraction_uj = 0
        self._carry_uj = 0
        self._carry_of = 0  # agreement
        self.export_uj = 0
        last = journal.last_register
        if last is not None:
            self.register_wh = last.register_wh
            self._fraction_uj = last.fraction_uj
            self._carry_uj = last.carry_uj
            self._carry_of = last.agreement_id
        self.began_us = 0  # from here, and
        self.accounted_us = 0  # up to here time is accounted for
        self._energy_uj = 0  # of the last window, and
        self._length_us = 0  # how long it was
        self._register_saved_us = 0
        self.running: "Agreement | None" = None
        self.index = 0
        self.interval_uj = 0
        self._interval_end_us = 0
        self._measured_us = 0
        self._outage = False
        self._outage_until_us = 0  # while an outage is being accounted for
        self.closed = 0  # since start

    def add(self, start_us: int, end_us: int, energy_uj: int) -> None:
        """Account for one window and for the gap before it."""
        start_us = self._reach(start_us, end_us, energy_uj)
        if start_us < end_us:
            self._account(end_us, energy_uj, True)
            self._energy_uj = energy_uj
            self._length_us = end_us - start_us

    def add_undated(self, energy_uj: int) -> None:
        """Count energy measured while nobody has told the time: it belongs to the register and to no interval."""
        self._take(energy_uj, 0)

    def add_no_supply(self, start_us: int, end_us: int, declared: bool) -> None:
        """Account for time without voltage: its energy is zero; a declared outage marks every interval it touches."""
        start_us = self._reach(start_us, end_us, 0)
        if start_us < end_us:
            if declared:
                self._outage = True
                self._outage_until_us = end_us
            self._account(end_us, 0, True)
            self._outage_until_us = 0
            self._energy_uj = 0
            self._length_us = end_us - start_us

    def _reach(self, start_us: int, end_us: int, energy_uj: int) -> int:
        """Bring the cursor to start_us over the gap before it; return where the window begins for the account."""
        if not self.accounted_us:
            self.began_us = self.accounted_us = start_us
            self._enter(start_us)
        elif start_us > self.accounted_us:
            self._bridge(start_us, end_us, energy_uj)
        return self.accounted_us  # later than start_us if the clock was set back

    def _bridge(self, start_us: int, end_us: int, energy_uj: int) -> None:
        """Fill the time from the last window to this one."""
        gap_us = start_us - self.accounted_us
        if gap_us > self._max_gap_us or not self._length_us:
            self._account(start_us, 0, False)
            return
        middle_us = self.accounted_us + gap_us // 2
        self._account(middle_us, self._energy_uj * (middle_us - self.accounted_us) // self._length_us, True)
        self._account(start_us, energy_uj * (start_us - middle_us) // (end_us - start_us), True)

    def _account(self, end_us: int, energy_uj: int, measured: bool) -> None:
        """Bring the cursor to end_us with this energy, spread evenly, closing intervals on the way."""
        while self._interval_end_us and end_us >= self._interval_end_us:
            here_us = self._interval_end_us - self.accounted_us
            part_uj = energy_uj * here_us // (end_us - self.accounted_us) if end_us > self.accounted_us else 0
            self._take(part_uj, here_us if measured else 0)
            energy_uj -= part_uj
            self.accounted_us = self._interval_end_us
            self._close()
        self._take(energy_uj, end_us - self.accounted_us if measured else 0)
        self.accounted_us = end_us
        if self.running is None:
            self._enter(end_us)
            if end_us - self._register_saved_us >= REGISTER_EVERY_US:
                self._save_register(end_us)

    def _take(self, energy_uj: int, measured_us: int) -> None:
        self._measured_us += measured_us
        if energy_uj < 0:
            self.export_uj -= energy_uj
            return
        self.interval_uj += energy_uj
        total = self._fraction_uj + energy_uj
        self.register_wh += total // UJ_PER_WH
        self._fraction_uj = total % UJ_PER_WH

    def _enter(self, at_us: int) -> None:
        """Begin the interval that holds at_us, if an agreement has one there."""
        agreement = self._agreements.at(at_us // 1_000_000)
        was = self.running
        self.running = agreement
        if agreement is None:
            # an agreement that begins later must still be entered at its very start
            self._interval_end_us = self._next_start_us(at_us)
            return
        if was is None and self._interval_end_us != at_us:
            self._measured_us = 0  # began in the middle: what was measured before belongs to no interval
        self.index = (at_us // 1_000_000 - agreement.start_s) // agreement.interval_s
        start_us = (agreement.start_s + self.index * agreement.interval_s) * 1_000_000
        self._interval_end_us = start_us + agreement.interval_s * 1_000_000
        self.interval_uj = 0
        if self._carry_of != agreement.id:
            self._carry_of = agreement.id
            self._carry_uj = 0

    def _next_start_us(self, at_us: int) -> int:
        for agreement in self._agreements.all:
            if agreement.start_s * 1_000_000 > at_us:
                return agreement.start_s * 1_000_000
        return 0

    def _close(self) -> None:
        """Write the interval that ended at the cursor, and begin the next."""
        agreement = self.running
        if agreement is not None:
            self._write(agreement)
        self._measured_us = 0
        self._outage = self._outage_until_us > self.accounted_us
        self._enter(self.accounted_us)

    def _write(self, agreement: Agreement) -> None:
        if not self._measured_us:
            return  # no record: no data
        if self.index <= self._journal.newest_index(agreement.id):
            return  # the clock was set back: what is recorded stays as it is
        unit_uj = agreement.unit_wh * UJ_PER_WH
        if self._outage:
            reading = NO_SUPPLY
        else:
            whole = self._measured_us >= agreement.interval_s * 1_000_000
            total = self._carry_uj + self.interval_uj
            reading = min(total // unit_uj, MAX_UNITS if whole else MAX_ESTIMATED_UNITS)
            self._carry_uj = total - reading * unit_uj
            if not whole:
                reading |= ESTIMATE
        self._journal.append(
            INTERVAL,
            agreement.id,
            self.index,
            reading,
            self.register_wh,
            self._fraction_uj,
            self._carry_uj,
            agreement.start_s + self.index * agreement.interval_s,
        )
        self.closed += 1

    def _save_register(self, at_us: int) -> None:
        self._register_saved_us = at_us
        self._journal.append(
            REGISTER,
            register_wh=self.register_wh,
            fraction_uj=self._fraction_uj,
            start_s=at_us // 1_000_000,
        )

    def open_index(self, agreement: Agreement) -> int:
        """Return the first interval of an agreement that may still change; all before it can be reported."""
        if not self.accounted_us:
            return 0
        elapsed_s = self.accounted_us // 1_000_000 - agreement.start_s
        return max(0, min(agreement.intervals, elapsed_s // agreement.interval_s))
