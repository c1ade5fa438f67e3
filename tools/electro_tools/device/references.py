# SPDX-License-Identifier: Apache-2.0
"""Walk through the steps of a calibration, and say what the reference instruments show at each.

A step is set up by a person who is asked, or by a command that drives a bench: it gets the step as one line of JSON on
its standard input, and may answer with one, whose values are then the reference's. A file of references is

| name | meaning |
|---|---|
| dc_volts | at the current's pin, rising, 0.12 to 2.5 V; may be missing: the table stays as it is |
| no_load | {"volts"}: nominal voltage, no current |
| loads | by rising current, each a pair: power factor 1, then 0.5 lagging: {"volts", "amps", "watts", "var"} |
| checks | loads that are tried at the end (default: the loads again) |
"""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

DC, NO_LOAD, LOAD, CHECK = "dc", "no load", "load", "check"
_SHARES = (0.01, 0.05, 0.1, 0.2, 1.0)  # of rated current, where nobody names loads
_BENCH_TIMEOUT_S = 600
_VALUES = {
    DC: ("volts",),
    NO_LOAD: ("volts",),
    LOAD: ("volts", "amps", "watts", "var"),
    CHECK: ("volts", "amps", "watts", "var"),
}


@dataclass(frozen=True)
class Load:
    """What a reference meter shows; var is positive where the current lags."""

    volts: float
    amps: float
    watts: float
    var: float

    @property
    def tangent(self) -> float:
        return self.var / self.watts

    @property
    def words(self) -> str:
        factor = self.watts / (self.watts**2 + self.var**2) ** 0.5
        return f"{self.volts:g} V, {self.amps:g} A, power factor {factor:.2f}"


@dataclass(frozen=True)
class References:
    """The steps of one calibration with what is expected at each."""

    dc_volts: tuple[float, ...]
    no_load_volts: float
    loads: tuple[tuple[Load, Load], ...]
    checks: tuple[Load, ...]

    @property
    def steps(self) -> int:
        return len(self.dc_volts) + 1 + 2 * len(self.loads) + len(self.checks) + 1


def usual(nominal_v: float, rated_a: float, *, table: bool, step_v: float) -> References:
    """Return the steps that are offered to a person who has no file."""
    volts = tuple(0.12 + k * step_v for k in range(int((2.5 - 0.12) / step_v) + 1)) if table else ()
    loads = tuple(
        (
            Load(nominal_v, rated_a * share, nominal_v * rated_a * share, 0.0),
            Load(nominal_v, rated_a * share, nominal_v * rated_a * share / 2, nominal_v * rated_a * share * 0.866),
        )
        for share in _SHARES
    )  # fmt: skip
    return References(volts, nominal_v, loads, (loads[0][0], loads[2][1], loads[-1][0]))


def read(file: Path) -> References:
    """Read a file of references.

    Raises:
        ToolError: it can't be read, or lacks something, or holds what is none.
    """
    try:
        untrusted = json.loads(file.read_text(encoding="utf-8"))
        unknown = set(untrusted) - {"dc_volts", "no_load", "loads", "checks"}
        if unknown:
            raise ToolError(f"{file}: {min(unknown)} is none of the references")
        loads = tuple((_load(first), _load(second)) for first, second in untrusted["loads"])
        checks = tuple(_load(one) for one in untrusted.get("checks", [])) or tuple(
            one for pair in loads for one in reversed(pair)
        )
        found = References(
            tuple(float(volts) for volts in untrusted.get("dc_volts", ())),
            float(untrusted["no_load"]["volts"]),
            loads,
            checks,
        )
    except OSError as error:
        raise ToolError(f"the references {file} can't be read: {error.strerror}") from error
    except KeyError as error:
        raise ToolError(f"{file}: {error.args[0]} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise ToolError(f"{file} holds no references: {error}") from error
    _insist(file, found)
    return found


def _load(untrusted: dict[str, Any]) -> Load:
    return Load(*(float(untrusted[name]) for name in _VALUES[LOAD]))


def _insist(file: Path, found: References) -> None:
    if not found.loads:
        raise ToolError(f"{file} names no load")
    before = 0.0
    for first, second in found.loads:
        for load in (first, second):
            if load.volts <= 0 or load.amps <= 0 or load.watts <= 0:
                raise ToolError(f"{file}: volts, amps and watts of a load must be above 0")
        if first.amps <= before:
            raise ToolError(f"{file}: the loads must rise")
        if abs(first.tangent) > 0.2 or abs(second.tangent) < 0.75:
            raise ToolError(f"{file}: a pair is a load near power factor 1 and one near 0.5")
        before = first.amps
    if any(after <= before for before, after in pairwise(found.dc_volts)):
        raise ToolError(f"{file}: dc_volts must rise")


class Source:
    """Has each step set up, by a person or by a command, and returns the reference's values."""

    def __init__(self, command: str | None, total: int, *, ask: bool) -> None:
        self._command = command
        self._total = total
        self._ask = ask  # for the values; else they are those of the file
        self._number = 0

    def at(self, step: str, words: str, expected: dict[str, float]) -> dict[str, float]:
        """Return what the references show at a step.

        Raises:
            ToolError: the command fails or answers nonsense.
        """
        self._number += 1
        if self._command is not None:
            return self._driven(step, expected)
        click.echo(f"step {self._number} of {self._total}: {words}")
        if not self._ask:
            click.prompt("  set it up, then press Enter", default="", show_default=False)
            return expected
        names = _VALUES[step]
        default = " ".join(f"{expected[name]:.6g}" for name in names)
        while True:
            typed = click.prompt(f"  the reference shows ({' '.join(names)})", default=default)
            try:
                values = [float(one.replace(",", ".")) for one in typed.split()]
            except ValueError:
                values = []
            if len(values) == len(names):
                return dict(zip(names, values, strict=True))
            click.echo(f"  {len(names)} numbers are needed")

    def _driven(self, step: str, expected: dict[str, float]) -> dict[str, float]:
        assert self._command is not None
        try:
            done = subprocess.run(  # noqa: S603 - the person's own command, split without a shell
                shlex.split(self._command),
                input=json.dumps({"step": step, **expected}) + "\n",
                capture_output=True,
                text=True,
                timeout=_BENCH_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ToolError(f"the bench's command fails: {error}") from error
        if done.returncode:
            last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise ToolError(f"the bench's command fails at {step}: {last[:200]}")
        if not done.stdout.strip():
            return expected
        try:
            said = json.loads(done.stdout.strip().splitlines()[-1])
            return {name: float(said[name]) for name in _VALUES[step]}
        except (ValueError, KeyError, TypeError) as error:
            raise ToolError(f"the bench's command answers nonsense at {step}") from error
