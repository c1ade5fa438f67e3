# SPDX-License-Identifier: Apache-2.0
"""Carry a meter through an update: what `state` decides, done after each successful exchange with a source.

A meter imports this only if something is under way, or its settings name a place that releases come from.
"""

import sys
from binascii import hexlify

from electro_protocol.eip712 import Domain

from ..heap import forget_modules, ram_free
from .bundle import BundleError, empty_folder, head_of
from .fetching import Fetching
from .releases import Release, ReleaseError
from .state import (
    BLOB,
    COMMITTED,
    DAMAGED,
    EXCHANGED,
    FOLDERS,
    IDLE,
    JUDGING,
    LATE,
    OFFERED,
    PROVED,
    RESET,
    STAGED,
    STORED,
    STORING,
    TRIAL,
    Offer,
    State,
    step,
    unpack,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..life.app import Meter
    from ..life.settings import Settings
    from ..uplink.http import Client
    from ..world import Board

ASK_US = 86_400_000_000  # how often the place is asked, and how long one that was wrong is left
_RETRY_US = 3_600_000_000  # how long one that did not answer
_SETTLED_US = 120_000_000  # a trial lasts at least so long
_LEAST_FREE_BYTES = 4_096
_ENOSPC = 28  # an OSError's number where the flash is full; after any other it may be well again
_FETCH_US = 60_000_000  # in one go; reports that become due end it sooner
# sys.implementation._mpy's number of an architecture (py/persistentcode.h), as mpy-cross calls it
_CHIPS = {1: "x86", 10: "xtensawin", 11: "rv32imc"}


def chip() -> str:
    """Return the architecture of this chip's native code, "" where none runs."""
    return _CHIPS.get(getattr(sys.implementation, "_mpy", 0) >> 10 & 15, "")


class Updating:
    """The update of one meter."""

    def __init__(self, meter: "Meter", board: "Board", settings: "Settings", chip: str) -> None:
        self._meter = meter
        self._board = board
        self._settings = settings
        self._url = settings.releases
        self._domain = Domain(settings.chain_id, settings.contract)
        self._chip = chip
        self.state: State = unpack(self._board.load_blob(BLOB))
        self._began_us = self._board.uptime_us()
        self._ask_from_us = 0
        self._validators_from_us = 0
        self._first: "dict[int, int]" = {}  # agreement → where its `next` stood first
        self.why = ""  # what was wrong with the last release

    async def exchanged(self, client: "Client") -> None:
        """Go one step on: a source has answered well just now. What fails here fails quietly, for an hour or a day."""
        try:
            await self._go_on(client)
        except Exception as error:  # noqa: BLE001 - whatever a place answers: no report fails for it
            self.why = str(error) or type(error).__name__
            self._board.log(f"update: {self.why}")
            is_full = isinstance(error, OSError) and error.errno == _ENOSPC and self.state.kind == STORING
            pause_us = ASK_US if is_full or isinstance(error, (BundleError, ReleaseError)) else _RETRY_US
            self._ask_from_us = self._board.uptime_us() + pause_us
            try:
                if is_full:
                    empty_folder(f"{self._board.directory}/{FOLDERS[1 - self.state.slot]}")
                if is_full or isinstance(error, BundleError):
                    self._take(DAMAGED)
            except OSError as failed:
                self._board.log(f"update: {failed}")  # it is as it was, and tried again

    async def _go_on(self, client: "Client") -> None:
        now_us = self._board.uptime_us()
        moved = self._has_moved()
        kind = self.state.kind
        if kind != TRIAL and sys.path[0] == FOLDERS[1 - self.state.slot]:
            # boot.py couldn't read which one is committed: nothing is written over a program that runs
            self.why = "not the committed program runs: wait for the next start"
            return
        if kind == STAGED:
            self._take(EXCHANGED)
        elif kind == TRIAL:
            # where boot.py can't count a start it tries nothing, and then the committed one runs
            runs = sys.path[0] != FOLDERS[self.state.slot]
            if runs and moved and now_us - self._began_us >= _SETTLED_US and not self.failing():
                self._take(PROVED)
        elif kind == JUDGING:
            if now_us - self._began_us > self.state.minutes * 60_000_000:
                self._take(LATE)
            elif moved:
                self._take(PROVED)
        elif self._url and now_us >= self._ask_from_us and self._meter.clock.confirmed:
            place = Fetching(self._board, client, self._url)
            failed, self.why = bool(self.why), ""
            if self._settings.validators and now_us >= self._validators_from_us:
                from .validators import ask  # once a day

                self.why = await ask(
                    place, self._meter, self._board, self.state, self._settings, self._domain
                )
                self._validators_from_us = self._board.uptime_us() + ASK_US
                del ask
                forget_modules(("electro_meter.updating.validators",))
            await self._fetch(place, failed)

    async def _fetch(self, place: Fetching, failed: bool) -> None:
        if self.state.kind == IDLE or failed:  # what it was storing may not be offered any more
            untrusted = await place.paper(self._chip)
            if untrusted is None or self._runs(untrusted):
                self._ask_from_us = self._board.uptime_us() + ASK_US
                return
            release = Release(untrusted, self._domain, self.state, self._meter.clock.unix_s(), False)
            head = await place.head(release.manifest)
            self._take(OFFERED, release.offer(head, self._chip, sys.implementation.version[:2]))
        until_us = self._board.uptime_us() + _FETCH_US
        wake = self._meter.uplink.wake
        folder = f"{self._board.directory}/{FOLDERS[1 - self.state.slot]}"
        if await place.fill(
            folder, self.state.manifest, lambda: not wake.is_set() and self._board.uptime_us() < until_us
        ):
            self._take(STORED)

    def _runs(self, untrusted: object) -> bool:
        """Return whether what is offered is the program that was committed: a place goes on offering it."""
        offered = untrusted.get("release") if isinstance(untrusted, dict) else None
        try:
            head = head_of(f"{self._board.directory}/{FOLDERS[self.state.slot]}")
        except BundleError:
            return False  # it came over the serial line
        return isinstance(offered, dict) and offered.get("manifest") == "0x" + hexlify(head.manifest).decode()

    def _take(self, event: int, offer: "Offer | None" = None) -> None:
        """Write the next state down, and do what follows."""
        state, action = step(self.state, event, offer, self._minutes())
        self._board.store_blob(BLOB, state.pack())
        self.state = state
        if action == RESET:
            self._meter.supervisor.reset(f"version {state.next_version} is tried")
        elif action == COMMITTED:
            self._board.end_trial()
            self._board.log(f"version {state.version} is committed")

    def _minutes(self) -> int:
        """Return in which time a good program proves itself: two intervals of the slowest agreement, half an hour."""
        seconds = 0
        for agreement in self._meter.uplink.agreements.all:
            seconds = max(seconds, agreement.interval_s)
        return seconds // 30 + 30

    def _has_moved(self) -> bool:
        """Return whether the contract took something since this start, or there is nothing that it could take."""
        running = False
        now_s = self._meter.clock.unix_s() if self._meter.clock.dated else 0
        for agreement in self._meter.uplink.agreements.all:
            if agreement.next_latest > self._first.setdefault(agreement.id, agreement.next_latest):
                return True
            if (
                agreement.start_s + agreement.interval_s <= now_s
                and agreement.next_latest < agreement.intervals
            ):
                running = True
        return not running

    def failing(self) -> str:
        """Return what the self-test finds, "" if nothing: it must hold before a commit."""
        meter = self._meter
        if meter.supervisor.restarts:
            return "a task had to be started again: " + meter.supervisor.last
        if meter.phases.supplied and not meter.windows:
            return "nothing was measured"
        if meter.ring.trouble or meter.outage_ring.trouble or meter.snapshot.trouble:
            return "the flash takes no records"
        if 0 <= ram_free() < _LEAST_FREE_BYTES:
            return "memory is nearly full"
        return ""
