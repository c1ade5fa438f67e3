# SPDX-License-Identifier: Apache-2.0
"""One meter of a fleet: the real meter's code on a simulated board that fails when it is told to."""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

from electro_protocol.address import checksum
from electro_tools.fleet.failures import CLOCK, DNS, FLASH, OFFLINE, REBOOT, Failure
from electro_tools.grid.board import SimulatedBoard
from electro_tools.grid.making import board_of, meter_on
from electro_tools.grid.settings import Settings

if TYPE_CHECKING:
    import asyncio

    from electro_protocol.signed import SignedMessage

_AWAY = ".away"  # where a failed flash has gone: each write, and each read, is then an OSError


class FleetBoard(SimulatedBoard):
    """A simulated board whose network can break down in the middle of a connection, and whose clock can be lost."""

    network_up = True
    names_known = True
    knows_time = True

    def __init__(self, *arguments: Any) -> None:
        self._writers: list[asyncio.StreamWriter] = []
        super().__init__(*arguments)

    def kept_unix_us(self) -> int:
        return super().kept_unix_us() if self.knows_time else 0

    async def connect(self, address: str, port: int, server_hostname: str | None) -> tuple[Any, Any]:
        if not self.network_up:
            raise OSError("the network is down")
        if not self.names_known:
            raise OSError("nobody knows the name")
        reader, writer = await super().connect(address, port, server_hostname)
        self._writers = [each for each in self._writers if not each.is_closing()]
        self._writers.append(writer)
        return reader, writer

    def hang_up(self) -> None:
        """End every connection, as a network that breaks down or a reset does."""
        for writer in self._writers:
            writer.close()
        self._writers = []

    def log(self, sentence: str) -> None:
        self.last_log = sentence


class _Lost(FleetBoard):
    """The same of a meter that was never told the time."""

    clock_is_true = False
    knows_time = False


class FleetMeter:
    """Lives until an instant, fails on the way as it is told, and says in a few words how it stands."""

    def __init__(self, configuration: dict[str, Any]) -> None:
        failure = configuration.pop("failure", None)
        self._failure = Failure(*failure) if failure else None
        self._settings = Settings(configuration)
        lost = self._failure is not None and self._failure.kind == CLOCK
        self._kind = _Lost if lost else FleetBoard
        self._board = self._switched_on(self._settings.start_s)
        self.signed = 0
        self._meter = meter_on(self._board, self._settings, self._count)
        self._started = False
        self._failing = False

    def ready(self) -> dict[str, Any]:
        """Return the meter's address and its signed wish to be enrolled."""
        enrolment = self._meter.enrollment(self._board.time.now_us // 1_000_000)
        return {"address": checksum(self._meter.signer.address), "enrollment": enrolment.to_json()}

    async def live_until(self, unix_s: int) -> None:
        """Let the meter's time pass up to there."""
        if not self._started:
            self._started = True
            self._meter.start()
        failure = self._failure
        if failure is not None:
            begins = not self._failing and failure.start_s <= unix_s < failure.end_s
            ends = self._failing and unix_s >= failure.end_s
            if begins or ends:
                await self._board.time.run_until((failure.start_s if begins else failure.end_s) * 1_000_000)
                self._failing = begins
                self._turn(failure.kind, fails=begins)
        await self._board.time.run_until(unix_s * 1_000_000)

    def stands(self, agreement_id: int) -> dict[str, Any]:
        """Return how far it is, and what keeps it, as far as it knows."""
        told: Any = self._meter.status()
        place = told["agreements"].get(str(agreement_id), {})
        return {
            "measured": place.get("closed", 0),
            "latest": place.get("next_latest", 0),
            "final": place.get("next_final", 0),
            "outages": place.get("outages_to_tell", 0),
            "signed": self.signed,
            "why": _why(told, self._failing, self._failure),
        }

    def _turn(self, kind: str, *, fails: bool) -> None:
        board = self._board
        if kind == OFFLINE:
            board.network_up = not fails
            board.hang_up()
        elif kind == DNS:
            board.names_known = not fails
        elif kind == FLASH:
            here, away = self._settings.directory, self._settings.directory + _AWAY
            os.rename(*((here, away) if fails else (away, here)))  # noqa: PTH104 - a meter's folder is text
        elif kind == REBOOT and fails:
            self._reboot()

    def switch_off(self) -> None:
        """End every task and connection; what is on the flash stays."""
        self._board.time.stop()
        self._board.hang_up()

    def _reboot(self) -> None:
        """Start anew with what is on the flash, in NVS and in RTC memory, as after a reset."""
        before = self._board
        self.switch_off()
        self._board = self._switched_on(before.time.now_us // 1_000_000)
        self._board.blobs, self._board.memory = before.blobs, before.memory
        self._board.store_key(before.load_key() or b"")
        self._meter = meter_on(self._board, self._settings, self._count)
        self._meter.start()

    def _switched_on(self, start_s: int) -> FleetBoard:
        board = board_of(self._settings, self._kind, start_s)
        assert isinstance(board, FleetBoard)
        return board

    def _count(self, _signed: SignedMessage) -> None:
        self.signed += 1


def _why(told: dict[str, Any], failing: bool, failure: Failure | None) -> str:
    """Return what a person looks at first, in the meter's own words."""
    if failing and failure is not None:
        return failure.words
    if told["flash"]:
        return f"flash: {told['flash']}"
    state = told["clock"]["state"] if isinstance(told["clock"], dict) else ""
    if state == "never set":
        return "the time: nobody has told it"
    sources = [each["why"] for each in told["sources"] if each["why"]]
    return str(sources[0]) if sources else str(told["last_failure"] or "")


def settle() -> None:
    """Take what was made so far for lasting: CPython looks through all of it whenever a meter collects."""
    gc.collect()
    gc.freeze()
