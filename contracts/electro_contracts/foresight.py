# SPDX-License-Identifier: Apache-2.0
"""What a party's notice would do if it were given now: figures to be read before it is signed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .bill import neutral_share

if TYPE_CHECKING:
    from .terms import Terms


@dataclass(frozen=True)
class Leaving:
    """What notice does: `kept` intervals remain, until `end`; of `left_out` a consumer has `forfeited` the bonus."""

    kept: int
    end: int
    left_out: int
    forfeited: int


@dataclass(frozen=True)
class Fault:
    """What declaring a meter at fault does.

    Args:
        last: the interval that is the meter's last.
        decides: whether this notice sets the end; if not, an earlier cut does, and no gap becomes neutral.
        ahead: neutral intervals ahead, until another meter is accepted.
        back: unreported ones of the look-back, neutral unless they still come.
        lost: unreported ones before that, which cost `owed` unless they still come.
        share: what the neutral ones take from the bonus at most.
    """

    last: int
    decides: bool
    ahead: int
    back: int
    lost: int
    owed: int
    share: int


def leaving(terms: Terms, bonus: int, now: int) -> Leaving:
    """Return what notice at an instant would do."""
    kept = max(0, (now + terms.notice - terms.start) // terms.interval_seconds + 1)
    left_out = max(0, terms.intervals - kept)
    return Leaving(kept, terms.instant(kept), left_out, bonus * left_out // terms.intervals)


def fault(terms: Terms, bonus: int, places: int, kept: int, next_: int, end: int, now: int) -> Fault:
    """Return what declaring a fault at an instant would do.

    Args:
        terms: of the agreement.
        bonus: of it.
        places: how many it has.
        kept: intervals of the term that notice has left.
        next_: the interval that the contract expects of the meter.
        end: the first that does not count for it.
        now: the instant.
    """
    begun = 0 if now < terms.start else (now - terms.start) // terms.interval_seconds + 1
    decides = 0 < begun <= end
    ahead = max(0, kept - begun) if begun < end else 0
    looked = max(0, now - terms.fault_lookback - terms.start)
    since, until = max(-(-looked // terms.interval_seconds), next_), min(begun - 1, end)
    back = max(0, until - since)
    lost = max(0, min(since, until) - next_)
    share = neutral_share(bonus, ahead + back, terms, places)
    return Fault(
        begun - 1 if decides else end - 1, decides, ahead, back, lost, lost * terms.missing_penalty, share
    )
