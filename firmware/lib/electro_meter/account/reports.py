# SPDX-License-Identifier: Apache-2.0
"""Say what of the journal an agreement is told: a function of records that never change, and of the agreement's terms.

Nothing is told of the open base, of time in an interruption that is not decided, or while the clock is not confirmed:
so no interval is ever told in two versions. What a reading is says `lanes`.
"""

import os

from ..world import KEYS_FILE, NO_FILE
from .account import Account
from .journal import Ring
from .outages import Outages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from electro_protocol.reports import EnergyReport, OutageReport
    from electro_protocol.sealed import SealedReport

    from ..uplink.agreement import Agreement
    from ..uplink.clock import Clock
    from .sealing import Sealing

LATE_S = 2  # an HTTP date has whole seconds, and a clock that goes by it may be ahead by one
# Of the week and more in which the contract takes reports; less than a day, for a chip may lose its power daily.
_PATIENCE_S = 16 * 3_600
_J_PER_WH = 3_600


class Reports:
    """Reports of any agreement, running or over."""

    def __init__(self, ring: Ring, outages: Outages, account: Account, clock: "Clock") -> None:
        self._ring = ring
        self._outages = outages
        self._account = account
        self._clock = clock
        self._base_s = account.base_us // 1_000_000
        self._unread_s = [0, 0]  # since when the journal can't be read, and the outages
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
            except OSError as error:
                if error.errno not in NO_FILE:
                    return True  # it may: nobody is told what such a meter keeps to itself
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

    def terms(self, agreement: "Agreement", first: int, url: str) -> bytes:
        """Return the hash of the bands by which a sealed report to a source is judged, empty while none may be sent."""
        passes = agreement.passes
        return passes.terms(first, url, self._clock.unix_s()) if passes is not None else b""

    def wait(self, agreement: "Agreement", first: int, url: str, now_us: int) -> bool:
        """Return whether there are sealed readings to report, and a source is to be asked by which bands."""
        if first >= self.closed(agreement) or self.terms(agreement, first, url):
            return False
        assert agreement.passes is not None  # else nothing was closed
        return agreement.passes.wait(first, url, now_us)

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
        until_s = min(self._account.open_s(), self._clock.unix_s() - LATE_S)
        undecided_s = self._outages.undecided_s()
        if undecided_s:
            until_s = min(until_s, undecided_s)
        return max(0, min(agreement.end, (until_s - agreement.start_s) // agreement.interval_s))

    async def build(
        self, agreement: "Agreement", first: int, end: int, url: str = ""
    ) -> "EnergyReport | SealedReport":
        """Return the report of intervals first … end-1, or fewer if the schedule's pass ends before.

        url: to which source it goes; where readings are sealed, one of which `terms` knows by what. Raises OSError
        while the journal can't be read.
        """
        end = min(end, first + agreement.slots - first % agreement.slots)
        start_s = agreement.start_s + first * agreement.interval_s
        ring, other = self._ring, self._outages.ring
        unread = ring.unread + other.unread
        outages = self._outages.touching(start_s, start_s + (end - first) * agreement.interval_s)
        from electro_protocol.reports import EnergyReport  # for an exchange

        from .lanes import work_out

        lanes, register_j = await work_out(ring, outages, self._base_s, agreement, first, end)
        known = ring.is_all_known and self._outages.is_all_known
        if self._wait(0, known and ring.unread + other.unread == unread):
            raise OSError("the journal can't be read now")
        report = EnergyReport(
            agreement.id,
            agreement.start_s,
            agreement.terms,
            first,
            register_j // _J_PER_WH,
            lanes,
        )
        if agreement.seal and self._sealing is not None:
            return self._sealing.seal(agreement, report, self.terms(agreement, first, url))
        return report

    def outages(self, agreement: "Agreement") -> "list[tuple[int, int, int, int]]":
        """Return the declared outages that touch the agreement's time, in the contract's order.

        None while some may be on flash that can't be read: they would be told by wrong numbers.
        """
        ring = self._outages.ring
        unread = ring.unread
        found = self._outages.touching(
            agreement.start_s, agreement.start_s + agreement.interval_s * agreement.intervals
        )
        return [] if self._wait(1, self._outages.is_all_known and ring.unread == unread) else found

    def _wait(self, ring: int, is_read: bool) -> bool:
        """Return whether to wait for what can't be read: for hours that is no reason to sign that there is no data."""
        now_s = self._account.open_s()
        self._unread_s[ring] = 0 if is_read else self._unread_s[ring] or now_s
        return not is_read and now_s - self._unread_s[ring] < _PATIENCE_S

    def outage(self, agreement: "Agreement", number: int) -> "OutageReport | None":
        """Return what the contract counts by this number: from 0, of the outages that touch the agreement's time."""
        found = self.outages(agreement)
        if number >= len(found):
            return None
        from electro_protocol.reports import OutageReport  # for an exchange

        _, started_s, ended_s, cause = found[number]
        return OutageReport(agreement.id, number, started_s, ended_s, cause)
