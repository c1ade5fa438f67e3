# SPDX-License-Identifier: Apache-2.0
"""Read the settings of a simulated meter's process, its first line, and refuse what does not fit with one sentence."""

import os
from binascii import unhexlify

from electro_meter.life.config import Config
from electro_tools.grid.converter import NOMINAL_COUNTS, RATED_COUNTS
from electro_tools.grid.load import LoadCurve
from electro_tools.grid.periods import CONSUMER, GRID, Period, Periods

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

LOW_VOLTAGE_V = 230.0
MEDIUM_VOLTAGE_V = 5_774.0  # 10 kV between lines, one phase: where consumers above 100 kW are connected
_LOW_VOLTAGE_W = 100_000
# The usual steps of current transformers (IEC 61869-2, 5.201), by the decade.
_CT_STEPS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 10.0)
# Less than this part of rated power is taken for no load: three deviations of the ADC's noise in a window.
_CREEP_DIVISOR = 2_000


class SettingError(ValueError):
    """A line of input that can't be used; the sentence says why."""


class Settings:
    """The first line.

    | name | default | meaning |
    |---|---|---|
    | chain_id, contract, hardware_id, relayers | required | as in the meter's configuration |
    | load_w | required | mean power of each interval, in watts |
    | load_start, interval_seconds | required | unix time of the first interval, and their length |
    | directory | required | an existing folder of this meter's own, for its journal |
    | start | load_start − 300 | unix time at which the meter is switched on |
    | seed | 1 | of noise, variation and (without private_key) the key |
    | private_key | made | 0x and 64 hex digits |
    | mains_hz, power_factor | 50, 0.9 | the grid and the load |
    | harmonics | [] | [[order, share of the fundamental], …] of the current |
    | noise_lsb | 2.5 | deviation of the ADC's noise |
    | interruptions | [] | [{"start", "end", "side": "grid" or "consumer"}, …] |
    | network_down | [] | [{"start", "end"}, …] |
    | windows_per_interval | 15 | sampled windows of ten cycles in each interval; the meter bridges between them |
    | report_every | 4 | intervals in a report |
    | nominal_v, rated_a | by peak | voltage, and the current transformer's primary rating |
    | meter | {} | entries of the meter's configuration that override what follows from the above |
    """

    def __init__(self, untrusted: object) -> None:
        if not isinstance(untrusted, dict):
            raise SettingError("the first line must be a JSON object, the configuration")
        given = dict(untrusted)
        watts = given.pop("load_w", None)
        if not isinstance(watts, list) or not watts:
            raise SettingError("load_w must be a list of watts")
        for value in watts:
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 0:
                raise SettingError("load_w must hold numbers from 0")
        self.load_start = _number(given, "load_start", None)
        self.interval_s = _number(given, "interval_seconds", None, 1)
        self.start_s = _number(given, "start", self.load_start - 300)
        self.seed = _number(given, "seed", 1)
        self.mains_hz = _number(given, "mains_hz", 50)
        self.windows = _number(given, "windows_per_interval", 15, 1)
        self.report_every = _number(given, "report_every", 4)
        self.power_factor = _real(given, "power_factor", 0.9)
        if not 0 < self.power_factor <= 1:
            raise SettingError("power_factor must be above 0 and at most 1")
        self.noise_lsb = _real(given, "noise_lsb", 2.5)
        self.harmonics = _harmonics(given)
        self.load = LoadCurve(watts, self.load_start, self.interval_s, self.seed)
        peak_w = self.load.peak_w
        self.nominal_v = _real(
            given, "nominal_v", LOW_VOLTAGE_V if peak_w < _LOW_VOLTAGE_W else MEDIUM_VOLTAGE_V
        )
        if self.nominal_v <= 0:
            raise SettingError("nominal_v must be above 0")
        self.rated_a = _real(given, "rated_a", _transformer(peak_w / self.nominal_v / self.power_factor))
        if self.rated_a <= 0:
            raise SettingError("rated_a must be above 0")
        self.interruptions = Periods(_periods(given, "interruptions", True))
        self.network_down = Periods(_periods(given, "network_down", False))
        self.private_key = _key(given.pop("private_key", None))
        self.directory = given.pop("directory", None)
        try:
            os.listdir(self.directory)
        except (OSError, TypeError):
            raise SettingError("directory must be an existing folder")
        self.meter = self._meter(given)

    def _meter(self, given: "dict[str, Any]") -> Config:
        """Return the meter's configuration; what is left of the settings goes there, so a wrong name is refused."""
        period_ms = self.interval_s * 1000 // self.windows
        entries = {
            "report_every": self.report_every,
            "mains_hz": self.mains_hz,
            "nominal_mv": int(self.nominal_v * 1000),
            "uv_per_count": int(self.nominal_v * 1_000_000 / NOMINAL_COUNTS + 0.5),
            "ua_per_count": int(self.rated_a * 1_000_000 / RATED_COUNTS + 0.5),
            "rated_ma": int(self.rated_a * 1000),
            "creep_mw": int(self.nominal_v * self.rated_a * 1000) // _CREEP_DIVISOR,
            "window_period_ms": period_ms,
            "max_gap_ms": min(period_ms * 3 // 2 + 1000, 3_600_000),
        }
        overriding = given.pop("meter", {})
        if not isinstance(overriding, dict):
            raise SettingError("meter must be an object")
        entries.update(overriding)
        entries.update(given)
        return Config(entries)


def _number(given: "dict[str, Any]", name: str, default: "int | None", least: int = 0) -> int:
    value = given.pop(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SettingError(f"{name} must be a whole number from {least}")
    return value


def _real(given: "dict[str, Any]", name: str, default: float) -> float:
    value = given.pop(name, default)
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not value >= 0:
        raise SettingError(f"{name} must be a number from 0")
    return float(value)


def _harmonics(given: "dict[str, Any]") -> "list[tuple[int, float]]":
    try:
        found = [(int(order), float(share)) for order, share in given.pop("harmonics", [])]
    except (TypeError, ValueError):
        raise SettingError("harmonics must be a list of [order, share of the fundamental]")
    return found


def _periods(given: "dict[str, Any]", name: str, sided: bool) -> "list[Period]":
    found = []
    periods = given.pop(name, [])
    if not isinstance(periods, list):
        raise SettingError(f"{name} must be a list of periods")
    for one in periods:
        try:
            period = Period(one["start"], one["end"], one["side"] if sided else "")
        except (KeyError, TypeError, ValueError) as error:
            raise SettingError(
                f"{name} must be a list of periods with start, end{' and side' * sided}: {error}"
            )
        if sided and period.side not in (GRID, CONSUMER):
            raise SettingError(f"{name}: side must be grid or consumer")
        found.append(period)
    return found


def _key(untrusted: object) -> "bytes | None":
    if untrusted is None:
        return None
    try:
        key = unhexlify(untrusted[2:]) if isinstance(untrusted, str) and untrusted[:2] == "0x" else b""
    except ValueError:
        key = b""
    if len(key) != 32:
        raise SettingError("private_key must be 0x and 64 hex digits")
    return key


def _transformer(amperes: float) -> float:
    """Return the smallest usual rating that carries a current."""
    decade = 1.0
    while decade * 10 < amperes:
        decade *= 10
    for step in _CT_STEPS:
        if decade * step >= amperes:
            return decade * step
    return decade * 10
