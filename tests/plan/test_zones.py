# SPDX-License-Identifier: Apache-2.0
"""Zones: columns of wall-clock times and instants agree with the standard library's, one by one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from electro_plan import zones
from electro_plan.errors import PlanError

ZONES = ("Europe/Berlin", "Europe/Moscow", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe",
         "Africa/Casablanca", "Asia/Kolkata", "Asia/Tehran", "Pacific/Apia", "UTC")  # fmt: skip
EPOCH = datetime(1970, 1, 1)


def wall(text: str) -> np.ndarray:
    return np.array([int((datetime.fromisoformat(text) - EPOCH).total_seconds())], np.int64)


def instant(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp())


@given(
    st.sampled_from(ZONES),
    st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)).map(lambda t: t.replace(microsecond=0)),
)
def test_a_clock_shows_what_the_standard_library_says(zone: str, when: datetime) -> None:
    aware = when.replace(tzinfo=UTC)
    shown = int((aware.astimezone(ZoneInfo(zone)).replace(tzinfo=None) - EPOCH).total_seconds())
    at = np.array([int(aware.timestamp())], np.int64)
    assert int(zones.to_wall(at, zone)[0]) == shown
    second = np.array([aware.astimezone(ZoneInfo(zone)).fold == 1])
    assert int(zones.to_instants(np.array([shown]), zone, second=second)[0]) == int(aware.timestamp())
    assert bool(zones.repeated(np.array([shown]), zone)[0]) == (
        aware.astimezone(ZoneInfo(zone)).replace(fold=0).utcoffset()
        != aware.astimezone(ZoneInfo(zone)).replace(fold=1).utcoffset()
    )
    assert not zones.skipped(np.array([shown]), zone)[0]


def test_an_hour_that_the_clock_skips_is_known() -> None:
    assert zones.skipped(wall("2024-03-31 02:00"), "Europe/Berlin")[0]
    assert zones.skipped(wall("2024-03-31 02:59:59"), "Europe/Berlin")[0]
    assert not zones.skipped(wall("2024-03-31 03:00"), "Europe/Berlin")[0]
    assert not zones.skipped(wall("2024-03-31 02:30"), "Europe/Moscow")[0]


def test_an_hour_that_comes_twice_is_two_instants() -> None:
    time = wall("2024-10-27 02:30")
    assert zones.repeated(time, "Europe/Berlin")[0]
    assert zones.to_instants(time, "Europe/Berlin")[0] == instant("2024-10-27 02:30+02:00")
    assert zones.to_instants(time, "Europe/Berlin", second=np.array([True]))[0] == instant(
        "2024-10-27 02:30+01:00"
    )


def test_changes_between_two_instants_are_told_with_their_size() -> None:
    year = instant("2024-01-01T00:00Z"), instant("2025-01-01T00:00Z")
    assert zones.changes_between(*year, "Europe/Berlin") == [
        (instant("2024-03-31T01:00Z"), 3600),
        (instant("2024-10-27T01:00Z"), -3600),
    ]
    assert zones.changes_between(*year, "Europe/Moscow") == []


@pytest.mark.parametrize(
    ("written", "kept", "hours"),
    [("+03:00", "UTC+03:00", 3), ("utc-0330", "UTC-03:30", -3.5), ("GMT+1", "UTC+01:00", 1), ("Z", "UTC", 0)],
)
def test_an_offset_is_a_zone(written: str, kept: str, hours: float) -> None:
    assert zones.name(written) == kept
    assert zones.to_wall(np.array([0]), written)[0] == timedelta(hours=hours).total_seconds()


@pytest.mark.parametrize("written", ["Mars/Olympus", "UTC+25:00", "", "../../etc/passwd", "\0", "a" * 300])
def test_what_is_no_zone_is_said(written: str) -> None:
    with pytest.raises(PlanError, match="no time zone"):
        zones.name(written)
