# SPDX-License-Identifier: Apache-2.0
"""Put energy into the registers and into the intervals of the agreement, and close them into the journal.

Windows arrive with their instants. A gap between two windows up to max_gap is bridged: each half of it takes the
power of the window next to it. A longer gap is not billed. An interval of whose time with supply less than 95% was
measured has no data; what was measured of it stands in the register alone. One that a declared outage touches says so
and reads what was measured. What rounding leaves of a reading goes into the next one, so the readings of a period
add up to its energy.

The registers count what was measured, whatever the clock does; of the intervals each is written once. Time that a
clock set back lives again goes to the registers alone. Time that a clock set forward leaves out is nobody's.
"""

from .agreements import Agreement, Agreements
from .journal import REGISTER, Journal
from .quality import CLOCK_STEPPED
from .registers import UJ_PER_WH, Registers
from .running import Running

# Without an agreement the register alone is kept, this often.
REGISTER_EVERY_US = 900_000_000
# What a crystal is off by in a day (10 ppm); a thousandth of a quarter of an hour.
TOLERATED_STEP_US = 1_000_000


class Intervals:
    """The account of time and energy; survives a restart through the journal."""

    def __init__(
        self, journal: Journal, agreements: Agreements, max_gap_ms: int, least_coverage_permille: int = 0
    ) -> None:
        self._journal = journal
        self._agreements = agreements
        self._max_gap_us = max_gap_ms * 1000
        self.registers = Registers()
        self.running = Running(journal, agreements, least_coverage_permille)
        self._continue()
        self.began_us = 0  # from here, and
        self.accounted_us = 0  # up to here time belongs to intervals
        self._seen_us = 0  # the end of the last window; before accounted_us while time is lived again
        self._energy_uj = 0  # of the last window, and
        self._length_us = 0  # how long it was
        self._undated_uj = 0
        self._saved_us = 0
        self._gap_us = 0  # of the gap being bridged
        self._outage_until_us = 0  # while an outage is being accounted for
        self._dark: "tuple[int, int] | None" = None  # see resume_dark

    def _continue(self) -> None:
        """Go on where the journal ends, in the middle of an interval if it was saved there."""
        last = self._journal.last_register
        if last is None:
            return
        registers, running = self.registers, self.running
        registers.import_wh, registers.import_uj = last.register_wh, last.fraction_uj
        running.carry_uj, running.carry_of = last.carry_uj, last.agreement_id
        agreement = self._agreements.by_id(last.agreement_id) if last.kind == REGISTER else None
        if agreement is not None:
            energy_uj = last.reading * agreement.unit_wh * UJ_PER_WH
            running.resumed = (
                last.agreement_id,
                last.index,
                energy_uj,
                last.start_s * 1000,
                bool(last.cause),
            )

    @property
    def register_wh(self) -> int:
        """Return what the meter shows."""
        return self.registers.import_wh

    @property
    def closed(self) -> int:
        """Return the intervals written since the start."""
        return self.running.closed

    def add(self, start_us: int, end_us: int, energy_uj: int) -> None:
        """Account for one window and for the gap before it."""
        self._reach(start_us, end_us, energy_uj)
        self._pass(end_us, energy_uj, True, True)
        self._energy_uj = energy_uj
        self._length_us = end_us - start_us

    def add_no_supply(self, start_us: int, end_us: int, declared: bool) -> None:
        """Account for time without voltage: its energy is zero; a declared outage marks every interval it touches."""
        if self._seen_us:
            start_us = max(start_us, self._seen_us)
        if start_us < end_us:
            self._reach(start_us, end_us, 0)
            if declared:
                self.running.outage = True
                self._outage_until_us = end_us
            self._pass(end_us, 0, True, True)
            self._outage_until_us = 0
            self._energy_uj = 0
            self._length_us = end_us - start_us

    def step(self, by_us: int, dated: bool = True) -> None:
        """Follow a clock that was set by by_us since the last window; dated: somebody has told the time."""
        running = self.running
        first = dated and not running.dated
        running.dated = dated
        if not self.accounted_us:
            return
        self._saved_us += by_us
        self._seen_us += by_us
        seen_us = self._seen_us
        if running.agreement is None:
            self.began_us += by_us
            self.accounted_us = seen_us
            self._begin()
            if first:
                self._date()
        elif -TOLERATED_STEP_US <= by_us <= TOLERATED_STEP_US:
            if seen_us > self.accounted_us:
                self._account(seen_us, 0, True, False)
        else:
            running.quality.flags |= CLOCK_STEPPED
            if not running.start_us <= seen_us < running.end_us:
                if seen_us >= running.end_us:
                    running.quality.gap(running.end_us - self.accounted_us)
                    running.write(self.registers)
                # set back behind the running interval: that is measured anew when its time comes
                self.accounted_us = seen_us
                self._begin()
                running.quality.flags |= CLOCK_STEPPED
            elif seen_us > self.accounted_us:
                running.quality.gap(seen_us - self.accounted_us)
                self.accounted_us = seen_us

    def resume_dark(self, since_us: int, least_us: int) -> None:
        """Know that supply was gone when the power went; it was an outage if it turns out to be least_us long."""
        self._dark = since_us, least_us

    def _date(self) -> None:
        """Place what was measured before anybody told the time, spread over the time since the start.

        If that is longer than an interval nobody knows where it belongs, and only the registers have it.
        """
        energy_uj, self._undated_uj = self._undated_uj, 0
        dark, self._dark = self._dark, None
        if dark is not None and dark[0] < self.began_us:
            self.accounted_us = dark[0]
            self._begin()
            outage = self.began_us - dark[0] >= dark[1]
            self.running.outage = outage
            self._outage_until_us = self.began_us if outage else 0
            self._account(self.began_us, 0, outage, False)
            self._outage_until_us = 0
            self.running.outage = outage and self.running.start_us < self.began_us
        agreement = self.running.agreement
        if agreement is not None and self._seen_us - self.began_us <= agreement.interval_s * 1_000_000:
            if self.accounted_us != self.began_us:
                self.accounted_us = self.began_us
                self._begin()
            self._account(self._seen_us, energy_uj, True, False, True)
        elif self.accounted_us != self._seen_us:
            self._account(self._seen_us, 0, False, False)

    def save(self) -> None:
        """Write the registers and the running interval so far: the next moment may be without power."""
        running = self.running
        reading, carry_uj = running.units()
        self._saved_us = self._seen_us
        self._journal.append(
            REGISTER,
            running.carry_of,
            running.index if running.agreement is not None else 0,
            reading,
            self.registers.import_wh,
            self.registers.import_uj,
            carry_uj,
            running.quality.measured_us // 1000,
            running.outage,
        )

    def _reach(self, start_us: int, end_us: int, energy_uj: int) -> None:
        """Bring the account to start_us over the gap before it."""
        if not self.accounted_us:
            self.began_us = self.accounted_us = self._seen_us = self._saved_us = start_us
            self._begin()
        if start_us < self._seen_us:
            self.step(
                start_us - self._seen_us, self.running.dated
            )  # the clock was set back, and nobody said so
        elif start_us > self._seen_us:
            self._bridge(start_us, end_us, energy_uj)

    def _bridge(self, start_us: int, end_us: int, energy_uj: int) -> None:
        """Fill the time from the last window to this one."""
        gap_us = self._gap_us = start_us - self._seen_us
        if gap_us > self._max_gap_us or not self._length_us:
            self.running.quality.gap(gap_us)
            self._pass(start_us, 0, False, False)
        else:
            middle_us = self._seen_us + gap_us // 2
            before_uj = self._energy_uj * (middle_us - self._seen_us) // self._length_us
            after_uj = energy_uj * (start_us - middle_us) // (end_us - start_us)
            self.running.quality.gap(gap_us, abs(after_uj - before_uj))
            self._pass(middle_us, before_uj, True, False)
            self._pass(start_us, after_uj, True, False)
        self._gap_us = 0

    def _pass(self, until_us: int, energy_uj: int, measured: bool, sampled: bool) -> None:
        """Let time go by with this energy, spread evenly: into the registers and, where it is new, into intervals."""
        if not self.running.dated:
            self._undated_uj += energy_uj
        again_us = min(until_us, self.accounted_us) - self._seen_us
        if again_us > 0:
            again_uj = energy_uj * again_us // (until_us - self._seen_us)
            self.registers.take(again_uj)
            energy_uj -= again_uj
        self._seen_us = until_us
        if until_us > self.accounted_us:
            self._account(until_us, energy_uj, measured, sampled)
        if self.running.agreement is None:
            self._begin()
            if until_us - self._saved_us >= REGISTER_EVERY_US:
                self.save()

    def _account(
        self, end_us: int, energy_uj: int, measured: bool, sampled: bool, counted: bool = False
    ) -> None:
        """Bring the intervals to end_us with this energy, closing them; counted: the registers have it already."""
        registers, running = self.registers, self.running
        while running.end_us and end_us >= running.end_us:
            here_us = running.end_us - self.accounted_us
            part_uj = energy_uj * here_us // (end_us - self.accounted_us) if end_us > self.accounted_us else 0
            if not counted:
                registers.take(part_uj)
            self._darken(here_us)
            running.take(part_uj, here_us, measured, sampled)
            energy_uj -= part_uj
            self.accounted_us = running.end_us
            running.write(registers)
            self._begin()
        if not counted:
            registers.take(energy_uj)
        self._darken(end_us - self.accounted_us)
        running.take(energy_uj, end_us - self.accounted_us, measured, sampled)
        self.accounted_us = end_us

    def _darken(self, length_us: int) -> None:
        """Note that the time from accounted_us on belongs to a declared outage, if it does."""
        if self._outage_until_us > self.accounted_us:
            self.running.dark_us += length_us

    def _begin(self) -> None:
        running = self.running
        running.begin(self.accounted_us, self.began_us)
        running.quality.gap(self._gap_us)
        if self._outage_until_us > self.accounted_us:
            running.outage = True

    def open_index(self, agreement: Agreement) -> int:
        """Return the first interval of an agreement that may still change; all before it can be reported."""
        if not self.accounted_us or not self.running.dated:
            return 0
        elapsed_s = self.accounted_us // 1_000_000 - agreement.start_s
        return max(0, min(agreement.end, elapsed_s // agreement.interval_s))
