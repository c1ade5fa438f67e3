# SPDX-License-Identifier: Apache-2.0
"""Where a bonus is going: what the last weeks' rate means until the end, and what silence would cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from electro_console.index.records import Agreement, BurnDown

_WINDOW_S = 28 * 86_400  # whole weeks, so that weekends weigh as they do


def project(found: Agreement, burn: BurnDown, now: int) -> dict[str, Any] | None:
    """Return what is foreseen at an instant; None once nothing of the term lies ahead.

    `taken` was taken in `window_s`; at that rate `foreseen` remain at the `end`. `silence` is taken more, and
    `after_silence` remain, if no meter reports any more until the grace is over.
    """
    dates, money = found.dates, found.money
    if not found.state.binds or found.settled_at is not None or now >= dates.closes_at:
        return None
    left_after_silence = max(0, money.remaining - burn.silence_until_end)
    silence = {"silence": burn.silence_until_end, "after_silence": left_after_silence}
    since = max(dates.start, min(now, dates.end) - _WINDOW_S)
    window_s = min(now, dates.end) - since
    if window_s <= 0 or now >= dates.end:
        return {**silence, "window_s": 0, "taken": 0, "foreseen": money.remaining, "empty_at": None}
    taken = max(0, _remaining_at(burn, since, found) - money.remaining)
    foreseen = max(0, money.remaining - taken * (dates.end - now) // window_s)
    empty_at = now + money.remaining * window_s // taken if taken and not foreseen else None
    return {**silence, "window_s": window_s, "taken": taken, "foreseen": foreseen, "empty_at": empty_at}


def _remaining_at(burn: BurnDown, instant: int, found: Agreement) -> int:
    place = int(np.searchsorted(burn.at, instant, "right")) - 1
    return burn.remaining[place] if place >= 0 else found.money.bonus + found.money.grants
