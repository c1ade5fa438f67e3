# SPDX-License-Identifier: Apache-2.0
"""Say what of the journal an agreement is told: a function of records that never change, and of the agreement's terms.

A reading is the sum over joined runs of floor(end / unit) − floor(start / unit) of the import register, so the
readings of a period add up to its energy and nothing is carried. An interval is interrupted if a declared outage
touches it, and has no data if less than LEAST_MEASURED_PERMILLE of its time with supply was measured. Nothing is told
of the open base, of time in an interruption that is not decided, or while the clock is not confirmed: so no interval
is ever told in two versions.
"""

import asyncio
import os

from electro_protocol.readings import INTERRUPTED, MAX_INTERRUPTED_UNITS, MAX_UNITS, NO_DATA, pack
from electro_protocol.reports import EnergyReport, OutageReport

from .account import Account
from .journal import Ring
from .outages import Outages
from .records import JOINED, START

TYPE_CHECKING = False
if TYPE_CHECKING:
    from electro_protocol.sealed import SealedReport

    from ..uplink.agreement import Agreement
    from ..uplink.clock import Clock
    from .sealing import Sealing

KEYS_FILE = "viewing.keys"  # where `sealing` keeps them
LEAST_MEASURED_PERMILLE = 950
_PATIENCE_S = 6 * 3_600
_J_PER_WH = 3_600
# A base's record takes a chip some milliseconds: after so many the others have their turn.
_TURN = 8


class Reports:
    """Reports of any agreement, running or over."""

    def __init__(self, ring: Ring, outages: Outages, account: Account, clock: "Clock") -> None:
        self._ring = ring
        self._outages = outages
        self._account = account
        self._clock = clock
        self._base_s = account.base_us // 1_000_000
        self._unread_s = 0  # since when the journal can't be read
        # where viewing keys lie, the separator of the domain and the meter's address: what sealing takes
        self.sealed_as: "tuple[str, bytes, bytes] | None" = None
        self._sealing: "Sealing | None" = None
        self._holds_keys: "bool | None" = None  # not looked for yet

    def may_tell(self, agreement: "Agreement") -> bool:
        """Return whether an agreement is certain enough to be reported.

        Where nothing is secret one source's word is enough: a false one makes reports that the contract refuses. Who
        holds a viewing key waits for a second one, or for a proof: else whoever invents an agreement that anyone can
        read, or moves the start or the unit of a sealed one, is told what the meter seals, or how far it deviates from
        other bands.
        """
        return agreement.pinned or not (agreement.seal or self._has_keys())

    def forget_keys(self) -> None:
        """Look for viewing keys anew: one came."""
        self._holds_keys = None
        if self._sealing is not None:
            self._sealing.forget()

    def _has_keys(self) -> bool:
        if self._holds_keys is None:
            try:
                self._holds_keys = (
                    self.sealed_as is not None and os.stat(f"{self.sealed_as[0]}/{KEYS_FILE}")[6] > 0
                )
            except OSError:
                self._holds_keys = False
        return self._holds_keys

    def opens(self, agreement: "Agreement") -> bool:
        """Return whether the meter can judge for this agreement: where readings are sealed, by its viewing key."""
        if not agreement.seal:
            return True
        if self._sealing is None:
            from .sealing import Sealing  # 10 KB for those who have such an agreement

            if self.sealed_as is None:
                return False
            self._sealing = Sealing(*self.sealed_as)
        opened = self._sealing.opens(agreement)
        if opened and agreement.pinned:
            self._holds_keys = True  # if a relayer brought it, it is kept from now on
        return opened

    @property
    def outage_version(self) -> int:
        return self._outages.version

    def fits(self, agreement: "Agreement") -> bool:
        """Return whether its intervals are made of base intervals."""
        return not agreement.start_s % self._base_s and not agreement.interval_s % self._base_s

    def closed(self, agreement: "Agreement") -> int:
        """Return the first interval that may still change: all before it can be reported."""
        if not self._clock.confirmed or not self.fits(agreement):
            return 0
        if not self.may_tell(agreement) or not self.opens(agreement):
            return 0
        until_s = self._account.open_s()
        undecided_s = self._outages.undecided_s()
        if undecided_s:
            until_s = min(until_s, undecided_s)
        return max(0, min(agreement.end, (until_s - agreement.start_s) // agreement.interval_s))

    async def build(self, agreement: "Agreement", first: int, end: int) -> "EnergyReport | SealedReport":
        """Return the report of intervals first … end-1, or fewer if the schedule's pass ends before."""
        end = min(end, first + agreement.slots - first % agreement.slots)
        start_s = agreement.start_s + first * agreement.interval_s
        outages = self._outages.touching(start_s, start_s + (end - first) * agreement.interval_s)
        register_j = 0
        lanes = []
        turn = 0
        unread = self._ring.unread
        for index in range(first, end):
            lane, at_end_j = self._lane(agreement, index, outages)
            lanes.append(lane)
            register_j = at_end_j or register_j
            turn += agreement.interval_s // self._base_s
            if turn >= _TURN:
                turn = 0
                await asyncio.sleep(0)
        if not register_j:  # without data it did not move
            before = self._ring.before(start_s // self._base_s)
            register_j = before[4] if before is not None else 0
        self._check(self._ring.unread != unread or not self._ring.is_all_known)
        report = EnergyReport(
            agreement.id,
            agreement.start_s,
            agreement.terms,
            first,
            register_j // _J_PER_WH,
            pack(lanes),
        )
        if agreement.seal and self._sealing is not None:
            return self._sealing.seal(agreement, report)
        return report

    def outages(self, agreement: "Agreement") -> "list[tuple[int, int, int, int]]":
        """Return the declared outages that touch the agreement's time, in the contract's order."""
        return self._outages.touching(
            agreement.start_s, agreement.start_s + agreement.interval_s * agreement.intervals
        )

    def _check(self, unread: bool) -> None:
        """Raise OSError while the journal can't be read: for hours that is no reason to sign that there is no data."""
        now_s = self._account.open_s()
        if not unread:
            self._unread_s = 0
            return
        self._unread_s = self._unread_s or now_s
        if now_s - self._unread_s < _PATIENCE_S:
            raise OSError("the journal can't be read now")

    def outage(self, agreement: "Agreement", number: int) -> "OutageReport | None":
        """Return what the contract counts by this number: from 0, of the outages that touch the agreement's time."""
        found = self.outages(agreement)
        if number >= len(found):
            return None
        _, started_s, ended_s, cause = found[number]
        return OutageReport(agreement.id, number, started_s, ended_s, cause)

    def _lane(
        self, agreement: "Agreement", index: int, outages: "list[tuple[int, int, int, int]]"
    ) -> "tuple[int, int]":
        """Return an interval's lane, and the import register at the end of its last record in joules (0: none)."""
        base_s = self._base_s
        from_s = agreement.start_s + index * agreement.interval_s
        to_s = from_s + agreement.interval_s
        unit_j = agreement.unit_wh * _J_PER_WH
        measured = dark = units = 0  # tenths of seconds; units of the agreement
        end_j = -1  # of the run
        for number in range(from_s // base_s, to_s // base_s):
            at = self._ring.find(number)
            record = self._ring.read(at) if at >= 0 else None
            start_j = -1
            if record is not None:
                start_j = end_j if end_j >= 0 and record[1] & JOINED else self._start_j(record, at)
            if record is None or start_j < 0:
                dark += 10 * _overlap_s(outages, number * base_s, (number + 1) * base_s)
                end_j = -1
                continue
            end_j = record[4]
            units += end_j // unit_j - start_j // unit_j
            measured += record[2]
            dark += record[6]
        register_j = max(end_j, 0)
        # each record's two times are rounded down: hardly any supply is no gap in the measurement
        supplied = 10 * agreement.interval_s - dark - 2 * (agreement.interval_s // base_s)
        if measured * 1000 < LEAST_MEASURED_PERMILLE * supplied:
            return NO_DATA, register_j
        if _overlap_s(outages, from_s, to_s):
            return INTERRUPTED | min(units, MAX_INTERRUPTED_UNITS), register_j
        return min(units, MAX_UNITS), register_j

    def _start_j(self, record: "tuple[int, ...]", at: int) -> int:
        """Return the import register at the beginning of a base, -1 if its record is lost."""
        if record[1] & JOINED:
            at = self._ring.find(record[3] - 1)
            before = self._ring.read(at) if at >= 0 else None
        else:
            before = self._ring.read(at - 1)
            if before is None or before[0] != START:
                before = self._ring.read(at - 2)  # a SUMMARY lies between
            if before is not None and (before[0] != START or before[3] != record[3]):
                before = None
        return before[4] if before is not None else -1


def _overlap_s(outages: "list[tuple[int, int, int, int]]", from_s: int, to_s: int) -> int:
    """Return the seconds of a time in which declared outages lie."""
    total = 0
    for _, started_s, ended_s, _ in outages:
        total += max(0, min(ended_s or to_s, to_s) - max(started_s, from_s))
    return total
