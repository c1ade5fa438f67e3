# SPDX-License-Identifier: Apache-2.0
"""A day of an agreement on chain, with one of everything that can happen to an interval."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest
from tests.tools.agreements import HOUR_S, START, World, inside

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INTERRUPTED, SILENT = 0x8000, 0xFFFF


@contextlib.contextmanager
def metered_day(folder: Path) -> Iterator[World]:
    """A day of an agreement on chain, with one of everything that can happen to an interval."""
    with pytest.MonkeyPatch.context() as environment, World(folder, environment) as running:
        environment.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        meter = running.account("meter")
        running.agree(meter)
        running.wait_until(START + 24 * HOUR_S)
        running.report(meter, 1, 0, inside(0, 12), 1_000_000)
        running.report(meter, 1, 12, [2000, 300, *inside(14, 6)], 1_775_000)
        running.report(meter, 1, 20, [INTERRUPTED, INTERRUPTED | 450, SILENT, 350], 1_900_000)
        running.outage(meter, 1, START + 20 * HOUR_S + 60, 0, 2)
        running.outage(meter, 1, START + 20 * HOUR_S + 60, START + 21 * HOUR_S + 1800, 2)
        yield running
