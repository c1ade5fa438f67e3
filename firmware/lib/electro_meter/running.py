# SPDX-License-Identifier: Apache-2.0
"""Hold the interval that is running: whose it is, its energy and quality, and how it becomes a record, once."""

from electro_protocol.readings import INTERRUPTED, MAX_INTERRUPTED_UNITS, MAX_UNITS, NO_DATA

from .agreements import Agreement, Agreements
from .journal import INTERVAL, Journal
from .quality import RESTARTED, SPARSE, Gathering, Quality
from .registers import UJ_PER_WH, Registers

# Of the time with supply; with less of it measured an interval has no data.
LEAST_MEASURED_PERCENT = 95


class Running:
    """The running interval; without an agreement it has no index and is never written."""

    def __init__(self, journal: Journal, agreements: Agreements, least_coverage_permille: int) -> None:
        self._journal = journal
        self._agreements = agreements
        self._least_permille = least_coverage_permille
        self.dated = True  # False: nobody has told the time, so there are no intervals
        self.agreement: "Agreement | None" = None
        self.index = 0
        self.start_us = 0
        self.end_us = 0  # of the interval, or the next agreement's start; 0: neither
        self.energy_uj = 0
        self.quality = Gathering()
        self.flags = 0  # what holds now, and is noted in every interval it touches
        self.outage = False  # one that is declared touches the interval
        self.dark_us = 0  # how much of it
        self.carry_uj = 0  # not yet in a reading
        self.carry_of = 0  # agreement
        # before the restart: agreement, index, energy, how long was measured, whether there was an outage
        self.resumed: "tuple[int, int, int, int, bool] | None" = None
        self.last_quality: "Quality | None" = None  # of the interval closed last
        self.closed = 0  # since start

    def begin(self, at_us: int, began_us: int) -> None:
        """Begin the interval that holds an instant, if an agreement has one there; began_us: when the meter started."""
        self.energy_uj = 0
        self.quality = Gathering()
        self.outage = False
        self.dark_us = 0
        agreement = self._agreements.at(at_us // 1_000_000) if self.dated else None
        self.agreement = agreement
        if agreement is None:
            # one that begins later must still be entered at its very start
            self.end_us = self._next_start_us(at_us) if self.dated else 0
            return
        self.index = (at_us // 1_000_000 - agreement.start_s) // agreement.interval_s
        self.start_us = (agreement.start_s + self.index * agreement.interval_s) * 1_000_000
        self.end_us = self.start_us + agreement.interval_s * 1_000_000
        if self.start_us < began_us:
            self.quality.flags = RESTARTED
            resumed = self.resumed
            if resumed is not None and resumed[:2] == (agreement.id, self.index):
                _, _, self.energy_uj, self.quality.measured_us, self.outage = resumed
        if self.carry_of != agreement.id:
            self.carry_of = agreement.id
            self.carry_uj = 0

    def _next_start_us(self, at_us: int) -> int:
        for agreement in self._agreements.all:
            if agreement.start_s * 1_000_000 > at_us:
                return agreement.start_s * 1_000_000
        return 0

    def take(self, energy_uj: int, length_us: int, measured: bool, sampled: bool) -> None:
        """Add a piece of time with its energy; what was exported is in its register alone."""
        quality = self.quality
        quality.flags |= self.flags
        if measured:
            quality.measured_us += length_us
        if sampled:
            quality.sampled_us += length_us
        if energy_uj > 0:
            self.energy_uj += energy_uj

    def units(self, most: int = MAX_UNITS) -> "tuple[int, int]":
        """Return (whole units so far, at most so many, what is left in µJ)."""
        total = self.carry_uj + self.energy_uj
        if self.agreement is None:
            return 0, self.carry_uj
        unit_uj = self.agreement.unit_wh * UJ_PER_WH
        count = min(total // unit_uj, most)
        return count, total - count * unit_uj

    def write(self, registers: Registers) -> None:
        """Write the interval as it is now, unless it is recorded already: that stays as it is."""
        self.resumed = None
        agreement, quality = self.agreement, self.quality
        if agreement is None or not quality.measured_us:
            return  # without a record there is no data
        if self._journal.find(agreement.id, self.index) is not None:
            return
        interval_us = self.end_us - self.start_us
        if quality.sparse(interval_us, self._least_permille):
            quality.flags |= SPARSE
        # what an outage took counts as measured: nothing flowed
        lit_us, lit_measured_us = interval_us - self.dark_us, quality.measured_us - self.dark_us
        if lit_measured_us * 100 < lit_us * LEAST_MEASURED_PERCENT:
            reading = NO_DATA  # its energy is in the register alone
        elif self.outage:
            reading, self.carry_uj = self.units(MAX_INTERRUPTED_UNITS)
            reading |= INTERRUPTED
        else:
            reading, self.carry_uj = self.units()
        self.last_quality = quality.conclude(interval_us, self.energy_uj)
        octet, word = self.last_quality.pack()
        self._journal.append(
            INTERVAL,
            agreement.id,
            self.index,
            reading,
            registers.import_wh,
            registers.import_uj,
            self.carry_uj,
            word,
            octet,
        )
        self.closed += 1
