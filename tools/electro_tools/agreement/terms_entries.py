# SPDX-License-Identifier: Apache-2.0
"""The entries of a terms file: their sections and keys, how each is written, and which field of the terms it is."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from electro_console.terms_toml import CAUSES
from electro_plan import quantities

if TYPE_CHECKING:
    from collections.abc import Callable


class Misfit(ValueError):  # noqa: N818 - a sentence on its way to becoming a ToolError with a line
    """What is wrong with one entry."""

    def __init__(self, section: str, key: str | None, sentence: str) -> None:
        super().__init__(sentence)
        self.section, self.key = section, key


def whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("must be a whole number, without quotes or a point")
    if value < 0:
        raise ValueError("can't be negative")
    return value


def text(value: Any, example: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f'must be text in quotes, such as "{example}"')
    return value


def _start(value: Any) -> int:
    if not isinstance(value, datetime):
        raise ValueError("must be a time with its offset, without quotes: 2027-02-01T00:00:00+03:00")
    return quantities.instant_of(value)


def _duration(value: Any) -> int:
    return quantities.duration_s(text(value, "15 min"))


def _energy(value: Any) -> int:
    return quantities.energy_wh(text(value, "10 Wh"))


def _share(value: Any) -> int:
    return quantities.share_ppm(text(value, "100 %"))


def _causes(value: Any) -> int:
    if not isinstance(value, list) or any(each not in CAUSES for each in value):
        raise ValueError(f"must be a list of {', '.join(CAUSES)}, each in quotes")
    return sum(1 << CAUSES.index(each) for each in set(value))


# (section, key) to how it is read and, where it is a field of the terms as it stands, which
ENTRIES: dict[tuple[str, str], tuple[Callable[[Any], int], str]] = {
    ("term", "start"): (_start, "start"),
    ("term", "interval"): (_duration, "interval_seconds"),
    ("term", "length"): (_duration, "intervals"),
    ("term", "unit"): (_energy, "unit_wh"),
    ("term", "capacity"): (_energy, "capacity_units"),
    ("renomination", "raise"): (_energy, "raise_units"),
    ("renomination", "lead"): (_duration, "lead_seconds"),
    ("penalties", "violation"): (whole, "violation_penalty"),
    ("penalties", "under_per_unit"): (whole, "under_rate"),
    ("penalties", "over_per_unit"): (whole, "over_rate"),
    ("penalties", "missing"): (whole, "missing_penalty"),
    ("penalties", "outage"): (whole, "outage_penalty"),
    ("penalties", "outage_minute"): (whole, "outage_minute_penalty"),
    ("penalties", "outage_causes"): (_causes, "penalised_causes"),
    ("deadlines", "grace"): (_duration, "grace"),
    ("deadlines", "dispute_window"): (_duration, "dispute_window"),
    ("deadlines", "notice"): (_duration, "notice"),
    ("deadlines", "fault_lookback"): (_duration, "fault_lookback"),
    ("discount", "rate"): (_share, "discount_rate_ppm"),
    ("discount", "expiry"): (_duration, "discount_expiry"),
}
BAND_KEYS = ("day", "unit", "file", "slots")
SECTIONS = (*dict.fromkeys(section for section, _ in ENTRIES), "bands")
