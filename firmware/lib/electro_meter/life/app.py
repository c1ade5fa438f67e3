# SPDX-License-Identifier: Apache-2.0
"""Run the meter: measure, follow outages, keep the account, talk to relayers. The world comes in through the Board."""

from ..account.account import Account
from ..account.journal import BASE_FILES, BASE_SLOTS, OUTAGE_FILES, OUTAGE_SLOTS, Ring
from ..account.outages import Outages
from ..account.records import PHASE, SENSOR
from ..account.reports import Reports
from ..account.snapshot import Snapshot
from ..heap import PSRAM_BYTES, collect_when_due, forget_modules, ram_free
from ..sensing.phases import Phase, Phases
from ..sensing.sampling import WINDOW_US
from ..sensing.supply import DOWN
from ..sensing.watching import MISSING
from ..uplink.clock import Clock
from ..uplink.exchange import Uplink
from ..world import Board
from .keys import load_signer
from .lights import is_on, pattern
from .shedding import Shedding
from .supervision import Supervisor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_protocol.signed import SignedMessage

    from ..updating.steps import Updating
    from .reserve import Reserve
    from .settings import Settings

# On the reserve, and in a simulation that samples now and then, an outage's end is looked for this often.
OUTAGE_POLL_MS = 5_000
# Else so often once it has lasted a second: the tasks that tell it have the time in between.
_GLANCE_EVERY_MS = 50
_GLANCING_US = 1_000_000
# A window, and at most a cycle on the way to its first crossing.
_TURN_MS = WINDOW_US // 1000 + 24
# A pause that is meant feeds the watchdog this often.
_REST_MS = 10_000
_PAGE_PORT = 80
_BLINK_US = 250_000
ENROLLMENT_VALID_S = 30 * 86_400


class Meter:
    """The parts of one meter, wired together."""

    def __init__(
        self,
        board: Board,
        config: "Settings",
        on_signed: "Callable[[SignedMessage], None] | None" = None,
        phases: "Phases | None" = None,
    ) -> None:
        """phases: made before, when the heap was still whole."""
        self.board = board
        self._config = config
        from electro_protocol.eip712 import Domain  # which `start` forgets

        self.signer = load_signer(board, Domain(config.chain_id, config.contract))
        self.phases = phases or Phases(board, config)
        self.supervisor = Supervisor(board)
        self.clock = Clock(board)
        self.ring = Ring(board.directory, ".base", BASE_SLOTS, BASE_FILES)
        self.outage_ring = Ring(board.directory, ".out", OUTAGE_SLOTS, OUTAGE_FILES)
        if self.ring.newest is not None:
            self.clock.raise_floor((self.ring.newest[3] + 1) * config.base_seconds)
        wake = board.signal()
        least_permille = 0 if config.window_period_ms else config.least_coverage_permille
        self.account = Account(
            self.ring, self.clock, config.base_seconds, config.max_gap_ms, least_permille, wake
        )
        self.snapshot = Snapshot(board, self.account, self.ring)
        self.outages = Outages(
            self.outage_ring, self.account, self.snapshot, self.clock, config.outage_declare_ms
        )
        self.reports = Reports(self.ring, self.outages, self.account, self.clock)
        self.reports.sealed_as = board.directory, self.signer.separator, self.signer.address
        self.uplink = Uplink(board, config, self.signer, self.clock, self.reports, wake, on_signed)
        self.shedding = Shedding(
            self.account, self.uplink.agreements, config.shed_min_on_ms, config.shed_min_off_ms
        )
        self.reserve: "Reserve | None" = None
        if config.reserve_mj:
            from .reserve import Reserve  # 1 KB for those who have one

            self.reserve = Reserve(board, config.reserve_mj)
        self.updating: "Updating | None" = None
        blob = board.load_blob("update")
        if config.releases or (blob and blob[0]):
            from ..updating.steps import Updating, chip  # nothing else is asked of it

            self.updating = Updating(self, board, config, chip())
            self.uplink.followed = self.updating.exchanged
        self.blink_until_us = 0  # so that a person sees which meter it is
        self.windows = 0
        self.start_reason = board.start_reason
        if self.outages.going_on:  # a restart in the middle of an outage goes on with it
            for phase in self.phases.all:
                phase.detector.state = DOWN
                phase.detector.started_us = board.uptime_us()

    @property
    def _gasping(self) -> bool:
        """Return whether the board lives on its reserve."""
        return self.reserve is not None and self.reserve.level > 0

    def enrollment(self, unix_s: int) -> "SignedMessage":
        """Sign the wish to be enrolled with this operator's contract."""
        from electro_protocol.reports import DeviceEnrollment

        config = self._config
        return self.signer.sign(
            DeviceEnrollment(config.hardware_id, config.base_seconds, unix_s + ENROLLMENT_VALID_S)
        )

    def start(self, alone: bool = False) -> None:
        """Start the tasks; they never end. alone: in safe mode, without the uplink."""
        self.supervisor.run("measuring", self._measure_on)
        if not alone:
            self.supervisor.run("uplink", self.uplink.exchange_task)
            self.supervisor.run("time", self.uplink.time_task)
            config = self._config
            if config.page_port > 0 or (
                config.page_port < 0 and self.board.hears and ram_free() > PSRAM_BYTES
            ):
                from .page import serve  # off without PSRAM, unless somebody wants it

                port = max(config.page_port, 0) or _PAGE_PORT
                self.supervisor.run("page", lambda: serve(self.board, self, port))
            if config.mqtt:
                from .mqtt import publish  # off by default

                self.supervisor.run("mqtt", lambda: publish(self.board, self, config))
        if self.board.hears:
            from .console import listen  # where there is a serial line

            self.supervisor.run("console", lambda: listen(self.board, self))

    async def _measure_on(self) -> None:
        while True:
            pause_ms = self._pause_ms()
            while pause_ms > _REST_MS:
                await self.board.sleep_ms(_REST_MS)
                self.board.feed_watchdog()
                pause_ms -= _REST_MS
            await self.board.sleep_ms(pause_ms)
            try:
                self.step()
            except Exception as error:
                for phase in self.phases.all:
                    phase.running = False
                self.supervisor.measuring_failed(error)
                raise

    def step(self) -> None:
        """Sample on for a fifth of a second at most, and follow what it tells once there is something."""
        phase = self.phases.next()
        over = phase.take()
        if self.reserve is not None:  # before it is declared there is something to tell as well
            self.reserve.follow(self.uplink.owes_outage or not self.outages.open)
        if over:
            self.clock.slew()
            self._follow(phase)
            self.board.feed_watchdog()
            collect_when_due()
        self._show()

    def _pause_ms(self) -> int:
        """Return the time to sample on: none in a stretch or while an outage is undecided, else to mid-period.

        Windows in the middle of their periods, on the clock, lie evenly about the boundaries of the intervals.
        """
        phases, period_ms = self.phases, self._config.window_period_ms
        if phases.pressing:
            return 0
        if not phases.supplied:
            if phases.first:
                return 0  # after a restart in an outage
            if self.board.uptime_us() - phases.started_us < _GLANCING_US:
                return 0
            if not period_ms and not self._gasping:
                return _GLANCE_EVERY_MS
            return OUTAGE_POLL_MS - self.clock.now_us() // 1000 % OUTAGE_POLL_MS
        if not period_ms:
            return 0
        lead_ms = (period_ms - len(phases.all) * _TURN_MS) // 2
        return period_ms - (self.clock.now_us() // 1000 - lead_ms) % period_ms

    def _follow(self, phase: Phase) -> None:
        """Take a stretch that is over into the account."""
        phases, outages, account = self.phases, self.outages, self.account
        whole = phase.measure()  # when supply is lost: up to then
        outages.settle()
        if outages.going_on and phases.supplied:
            outages.end(phases.ended_us)
        if phases.conclude():
            self.windows += 1
            account.flags = (SENSOR if phases.trouble else 0) | (PHASE if phases.trouble & MISSING else 0)
            account.add(phases.start_us, phases.end_us, phases.energy_uj, phases.measured)
            self.shedding.update(self.clock, phases.power_mw, self.board.uptime_us())
            outages.gather(phases.tally)
        if not phases.supplied:
            outages.follow(phase, phases.started_us, phase.sampler.end_us(), phases.fault, self._gasping)
        elif not whole and phase.detector.steady and not (phase.sampler.clipped or phase.cut):
            self.board.log("voltage without whole cycles: is the mains frequency right?")
        self.snapshot.window()

    def status(self) -> "dict[str, object]":
        """Return what a person wants to see."""
        from .status import status  # for those who ask

        forget_modules(("electro_meter.life.status",))
        return status(self)

    def _show(self) -> None:
        if self._gasping:
            self.board.show(False, False, False)
            return
        shedding, phases = self.shedding, self.phases
        now_us = self.board.uptime_us()
        if now_us < self.blink_until_us:
            self.board.show(bool(now_us // _BLINK_US & 1), shedding.warning, shedding.shed)
            return
        steps = pattern(
            phases.trouble != 0 or phases.fault,
            phases.supplied,
            self.clock.dated,
            bool(self.ring.trouble or self.outage_ring.trouble),
            self.uplink.reached,
            shedding.warning,
        )
        self.board.show(is_on(steps, now_us // 1000), shedding.warning, shedding.shed)
