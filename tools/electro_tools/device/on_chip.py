# SPDX-License-Identifier: Apache-2.0
"""Measure for a calibration, on the chip itself: the PC sends this file over the serial line and calls `answer`.

Only sums leave the chip, in integers: its floats have 24 bits. The simulated bench measures with the same code.
"""

import json
from array import array

from electro_meter.sensing.frames import PIECE_WORDS
from electro_meter.sensing.linearisation import table_of
from electro_meter.sensing.metering import Calibration, Metering
from electro_meter.sensing.phases import calibration_of
from electro_meter.sensing.sampling import RING, WHOLE, Sampler

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from electro_meter.life.config import Config
    from electro_meter.world import Board

_SETTLE = 4  # windows after a change, until range, bias and middles are found
_BIAS_STEPS = 8
_MOST_US = 300_000  # a window takes 200 ms, and the way to its first crossing
_EXTREMES = 7  # rings of 32 ms: ten cycles
_BLOCK = 7
_NEVER = 1 << 30  # a piece ends, or is remarkable: outages are not looked for


class Station:
    """A sampler and a metering of one metering point, with one set of coefficients."""

    def __init__(
        self,
        board: "Board",
        table: "array[int]",
        calibration: Calibration,
        rated_ma: int,
        mains_hz: int,
        channel: int = 0,
    ) -> None:
        self._board = board
        self._rated_ma = rated_ma
        self._channel = channel
        self.sampler = Sampler(board, table, channel)
        self.metering = Metering(calibration, mains_hz)
        self._pieces = array("i", [0] * PIECE_WORDS)
        self._pieces[6] = self._pieces[11] = _NEVER
        self.force(False)  # where the station before left it, nobody knows

    def window(self, forced: bool = False) -> bool:
        """Take one window and choose the next one's range, unless that is forced; False if it was none."""
        sampler = self.sampler
        self.metering.begin(sampler, 1)
        self._pieces[0] = self._pieces[3] = 0
        ended = sampler.take(self.metering.frame, self._pieces, _MOST_US)
        measured = ended == WHOLE and self.metering.measure(sampler)
        if not forced:
            sampler.go_on(self.metering.window.irms_ma, self._rated_ma)
        return measured

    def force(self, fine: bool) -> None:
        """Measure in one range, whatever flows."""
        if self._board.has_fine:
            self._board.select_channel(self._channel)
            self._board.select_range(fine)
        self.sampler.amplified = fine

    def sums(self, windows: int, forced: bool = False) -> "dict[str, int]":
        """Return what some windows hold, after a few to settle; after as many stretches without one it gives up."""
        for _ in range(_SETTLE):
            self.window(forced)
        found = {
            "windows": 0, "refused": 0, "energy_uj": 0, "time_us": 0, "urms_mv": 0, "irms_ma": 0,
            "least_mw": 1 << 60, "most_mw": -(1 << 60), "fine": 0, "reactive_mvar": 0, "frequency_mhz": 0,
        }  # fmt: skip
        while found["windows"] < windows and found["refused"] <= windows:
            if forced and self._board.has_fine:
                self._board.step_bias(found["windows"] % _BIAS_STEPS)
            if not self.window(forced):
                found["refused"] += 1
                continue
            window = self.metering.window
            found["windows"] += 1
            found["energy_uj"] += window.energy_uj
            found["time_us"] += window.end_us - window.start_us
            found["urms_mv"] += window.urms_mv
            found["irms_ma"] += window.irms_ma
            found["least_mw"] = min(found["least_mw"], window.power_mw)
            found["most_mw"] = max(found["most_mw"], window.power_mw)
            found["fine"] += self.sampler.amplified
            found["reactive_mvar"] = window.reactive_mvar
            found["frequency_mhz"] = window.frequency_mhz
        return found


def station(board: "Board", config: "Config", channel: int) -> Station:
    """Return a channel's station, as the meter itself would measure; without its creep threshold."""
    calibration = calibration_of(config, config.channels[channel])
    calibration.creep_mw = 0
    return Station(
        board, table_of(config.linearisation), calibration, config.rated_ma, config.mains_hz, channel
    )


class _Raw:
    """A ring of what the converter says, for whoever wants that."""

    def __init__(self, board: "Board", channel: int) -> None:
        self._board = board
        self._times_us = array("i", [0] * RING)
        self.volts, self.amps = array("H", [0] * RING), array("H", [0] * RING)
        board.select_channel(channel)
        board.select_range(False)
        board.begin()

    def read(self) -> None:
        self._board.sample(self._times_us, self.volts, self.amps, 0, RING)


def extremes(board: "Board", channel: int) -> "dict[str, int]":
    """Return the least and the most that both converters say, raw: what clips shows here."""
    raw = _Raw(board, channel)
    volts: list[int] = []
    amps: list[int] = []
    for _ in range(_EXTREMES):
        raw.read()
        volts += [min(raw.volts), max(raw.volts)]
        amps += [min(raw.amps), max(raw.amps)]
    return {
        "least_volts": min(volts), "most_volts": max(volts), "least_amps": min(amps), "most_amps": max(amps),
    }  # fmt: skip


def level(board: "Board", reads: int) -> "dict[str, int]":
    """Return the sum of so many reads of the first current's pin, raw, and how far the blocks' means differ."""
    raw = _Raw(board, 0)
    taken = total = 0
    least, most = 4_096 << 8, 0
    while taken < reads:
        block = 0
        for _ in range(_BLOCK):
            raw.read()
            block += sum(raw.amps)
        taken += _BLOCK * RING
        total += block
        mean = (block << 8) // (_BLOCK * RING)
        least, most = min(least, mean), max(most, mean)
    return {"reads": taken, "total": total, "spread_256ths": most - least}


def answer(untrusted: "dict[str, Any]", board: "Board | None" = None) -> "dict[str, Any]":
    """Do what the PC asks, by its entry "do"; see device/calibrate.py for the entries of each.

    Raises ConfigError with a sentence for the person.
    """
    from electro_meter.life.config import FILE, Config
    from electro_meter.life.migrations import merge, migrate
    from electro_meter.sensing import calibration as stored  # the simulated bench has no use for it
    from electro_meter.world import ConfigError

    if board is None:
        board = _esp32()
    try:
        with open(f"{board.directory}/{FILE}") as file:  # noqa: PTH123 - MicroPython has no pathlib
            entries = migrate(json.load(file))
    except OSError:
        raise ConfigError(f"{FILE} is missing: run `electro device provision`")  # noqa: B904 - nor "from"
    do = untrusted["do"]
    number = untrusted.get("channel", 0)
    if do == "tell":
        config = Config(entries)
        if number >= len(config.channels):
            raise ConfigError(f"the configuration has {len(config.channels)} channels")
        channel = config.channels[number]
        damaged = False
        digest, found = "", {"date": 0}
        try:
            digest, found = stored.read(board)
        except ConfigError:
            damaged = True
        return {
            "hash": digest, "set": found, "damaged": damaged,
            "rated_ma": config.rated_ma, "nominal_mv": config.nominal_mv,
            "ua_per_count": channel.ua_per_count, "fine_ua_per_count": channel.fine_ua_per_count,
            "uv_per_count": channel.uv_per_count, "linearisation": len(config.linearisation) > 0,
        }  # fmt: skip
    if do == "store":
        found = json.loads(untrusted["text"])
        del found["date"]
        Config(merge(entries, found))
        return {"hash": stored.store(board, untrusted["text"])}
    if do == "undo":
        return {"hash": stored.undo(board)}
    if do == "level":
        return level(board, untrusted["reads"])
    return _measure(untrusted, board, entries, number)


def _measure(
    untrusted: "dict[str, Any]", board: "Board", entries: "dict[str, Any]", channel: int
) -> "dict[str, Any]":
    """Return the sums of each set of coefficients; None is the one that is stored."""
    from electro_meter.life.config import Config
    from electro_meter.life.migrations import merge
    from electro_meter.sensing import calibration as stored

    shown = []
    for one in untrusted["sets"]:
        changed = merge(entries, stored.entries(board) if one is None else one)
        at = station(board, Config(changed), channel)
        forced = untrusted["fine"] is not None
        if forced:
            at.force(untrusted["fine"])
        shown.append(at.sums(untrusted["windows"], forced))
    return {"shown": shown, "extremes": extremes(board, channel)}


def _esp32() -> "Board":
    from electro_meter.board import Esp32Board  # exists on the chip only
    from electro_meter.life.config import load

    return Esp32Board(load("."))


def say(text: str) -> None:
    """Answer in one line of JSON."""
    from electro_meter.world import ConfigError

    try:
        said = answer(json.loads(text))
    except ConfigError as error:
        said = {"error": str(error)}
    print(json.dumps(said))  # noqa: T201 - the PC reads this line
