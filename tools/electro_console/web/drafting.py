# SPDX-License-Identifier: Apache-2.0
"""From a load file to bands at each margin, with what each would have cost in the past; and terms around them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from electro_contracts.bill import dearest_truth
from electro_contracts.terms import MAX_SLOTS, NUMBERS, Terms
from electro_plan import planning
from electro_plan.bands import Prices
from electro_plan.calendar import Calendar, public_holidays
from electro_plan.errors import TooShort
from electro_plan.opening import Opened
from electro_plan.reading import read
from electro_plan.recommending import recommend
from electro_plan.schedule import Term, clock_changes, resampled
from electro_plan.settings import ReadSettings
from electro_plan.text.printing import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_plan.backtest import BackTest
    from electro_plan.history import LoadHistory

_DAY_S = 86_400
# of a file from anybody: a decade of minutes as text is more, of quarter hours less
_MOST_UNPACKED = 64 << 20
_LEAST_TEST_S = 28 * _DAY_S
_EXAMPLE = {  # of a terms file's template: to be agreed on, and shown as such
    "outage_penalty": 1000, "outage_minute_penalty": 10, "penalised_causes": 4, "grace": 7 * _DAY_S,
    "dispute_window": 14 * _DAY_S, "notice": 14 * _DAY_S, "discount_rate_ppm": 1_000_000,
    "discount_expiry": 365 * _DAY_S, "raise_units": 0, "lead_seconds": _DAY_S, "fault_lookback": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Wish:
    """What is asked for beside the file; money in minor units."""

    start_s: int
    days: int
    violation: int
    under: int
    over: int
    bonus: int
    zone: str | None = None
    days_off: frozenset[date] = frozenset()
    holidays: str = ""  # of which country, ISO 3166: "RU", "DE-BY"
    settled: tuple[tuple[str, str], ...] = ()


def drafted(data: bytes, name: str, wish: Wish) -> dict[str, Any]:
    """Return what was understood of a load file, and bands at each margin.

    Raises:
        Undecided: it can be read in more than one way.
        PlanError: it can't be read, or does not do for a plan.
    """
    settings = ReadSettings(zone=wish.zone)
    for setting, value in wish.settled:
        settings = settings.settle(setting, value)
    called = shown(Path(name).name or "load")
    reading = read(Opened(data, called, called, _MOST_UNPACKED), settings)
    history = reading.history
    interval_s = planning.interval_for(history)
    slots = planning.slots_of(interval_s, weekly=7 * _DAY_S // interval_s <= MAX_SLOTS)
    term = Term(wish.start_s, interval_s, wish.days * _DAY_S // interval_s, slots)
    unit_wh = planning.unit_wh(history.peak_w * interval_s / 3600)
    prices = Prices(wish.violation, wish.under / unit_wh, wish.over / unit_wh)
    calendar = _calendar(history, term, wish)
    test, untested = None, None
    try:
        room = history.end_s - history.first_s - 2 * _LEAST_TEST_S
        length = term.end_s - term.start_s
        period_s = length if 7 * _DAY_S <= length <= room else _LEAST_TEST_S // interval_s * interval_s
        test, calendar = planning.played(history, term, calendar, prices, unit_wh=unit_wh, period_s=period_s)
    except TooShort as error:
        untested = error.sentence
    margins = planning.MARGINS
    plans = planning.plan_margins(history, term, calendar, prices, unit_wh=unit_wh, margins=margins)
    return {
        "understood": [*reading.sentences(), *clock_changes(term, history.zone or wish.zone or "UTC")],
        "interval_seconds": interval_s,
        "unit_wh": unit_wh,
        "slots": slots,
        "start": wish.start_s,
        "intervals": term.intervals,
        "capacity_units": max(each.capacity for each in plans),
        "untested": untested,
        "recommended": _recommended(test, wish, term.intervals, margins),
        "rows": _rows(test, wish, term.intervals, unit_wh, interval_s),
        "plans": [
            {"margin": margin, "bands": list(zip(each.least.tolist(), each.greatest.tolist(), strict=True))}
            for margin, each in zip(margins, plans, strict=True)
        ],
        "past": _past(history, term, unit_wh),
        "special": [f"{day}" for day in plans[0].special],
    }


def _calendar(history: LoadHistory, term: Term, wish: Wish) -> Calendar:
    """Return the days off that are named, and the public holidays of all years concerned."""
    country, _, region = wish.holidays.upper().partition("-")
    first, last = (datetime.fromtimestamp(each, UTC).year for each in (history.first_s, term.end_s))
    public = public_holidays(country, region or None, range(first, last + 1)) if country else {}
    return Calendar(history.zone or wish.zone or "UTC", wish.days_off, public)


def _recommended(test: BackTest | None, wish: Wish, intervals: int, margins: Sequence[float]) -> int:
    """Return which margin the back-test speaks for; without one the one that holds all that was seen."""
    if test is None:
        return margins.index(0.0)
    of_all = wish.bonus * test.intervals / intervals if wish.bonus else None
    return margins.index(recommend(test, bonus_of_all=of_all).row.margin)


def _rows(
    test: BackTest | None, wish: Wish, intervals: int, unit_wh: int, interval_s: int
) -> list[dict[str, Any]]:
    """Return for each margin what it would have cost over so long a term as is wished for."""
    if test is None:
        return []
    scale = intervals / test.intervals
    return [
        {
            "margin": row.margin,
            "violations": round(row.violations * scale),
            "penalty": round(row.penalty * scale),
            "left": max(0.0, 1 - row.penalty * scale / wish.bonus) if wish.bonus else None,
            "width_kw": row.mean_width_wh * 3.6 / interval_s,
            "width_units": row.mean_width_wh / unit_wh,
        }
        for row in test.rows
    ]


def _past(history: LoadHistory, term: Term, unit_wh: int) -> list[float | None]:
    """Return the last pass of the schedule that the history holds, in units: what the bands are to hold."""
    starts, energy = resampled(history, term)
    wanted: list[float | None] = [None] * term.slots
    for start, wh in list(zip(starts.tolist(), energy.tolist(), strict=True))[-term.slots :]:
        if wh == wh:  # noqa: PLR0124 - what is missing is not equal to itself
            wanted[(start - term.start_s) // term.interval_s % term.slots] = round(wh / unit_wh, 2)
    return wanted


def terms_of(untrusted: dict[str, Any]) -> Terms:
    """Return terms of a JSON object: what was planned, and for the rest an example's.

    Raises:
        TermsError, TypeError, ValueError, KeyError: that is none.
    """
    fields: dict[str, Any] = {**_EXAMPLE}
    for name in NUMBERS:
        if name in untrusted:
            fields[name] = int(untrusted[name])
    bands = tuple((int(least), int(greatest)) for least, greatest in untrusted["bands"])
    if "missing_penalty" not in untrusted:
        made = Terms(**fields, missing_penalty=2**64 - 1, bands=bands)
        dearest = max(dearest_truth(band, made) for band in set(bands))
        fields["missing_penalty"] = -(-dearest // 1000) * 1000
    return Terms(**fields, bands=bands)
