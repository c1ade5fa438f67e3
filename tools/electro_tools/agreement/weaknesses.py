# SPDX-License-Identifier: Apache-2.0
"""What terms let a consumer or an operator do: each behaviour that pays, with the sum in the terms' own figures.

Silence is never cheaper than the truth: the contract refuses such terms. What no contract can close is told here, so
that the parties agree on it with open eyes: seals, a second voltage input, another figure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_contracts.bill import dearest_truth, is_penalised, neutral_share, of_readings
from electro_contracts.deployment import LEAST
from electro_plan.quantities import duration_text
from electro_protocol.messages import CAUSE_UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from electro_contracts.terms import Terms
    from electro_plan.money import Currency

CONSUMER, OPERATOR = "consumer", "operator"
_DAY_S, _HOUR_MIN = 86_400, 60
# Networks plan a day ahead (day-ahead markets close at noon of the day before): a shorter lead follows what happens.
_PLANNED_AHEAD_S = _DAY_S


@dataclass(frozen=True)
class Weakness:
    """A behaviour that pays: what it is called, whom it serves, what it brings in minor units, and how."""

    name: str
    favours: str
    amount: int
    words: str


def least_silence(terms: Terms) -> tuple[int, int]:
    """Return the slot in which a truth can cost most, and how much: what silence must cost at least."""
    return max(
        ((slot, dearest_truth(band, terms)) for slot, band in enumerate(terms.bands)),
        key=lambda found: (found[1], -found[0]),
    )


def least_sealed_silence(terms: Terms) -> int:
    """Return what silence must cost at least if readings are sealed: by the dearest band that there could be."""
    return dearest_truth((terms.capacity_units, 0), terms)


def find(terms: Terms, currency: Currency, bonus: int | None, meters: int | None) -> list[Weakness]:
    """Return what pays under the terms; with a bonus and a number of meters also against those."""
    found = _Found(terms, currency, bonus, meters)
    return [each for part in found.parts() for each in part if each.amount > 0]


class _Found:
    """The parts of the search, over the same terms."""

    def __init__(self, terms: Terms, currency: Currency, bonus: int | None, meters: int | None) -> None:
        self._terms, self._money, self._bonus, self._meters = terms, currency.text, bonus, meters
        # what using nothing costs in each slot
        self._idle = [self._price(slot, 0) for slot in range(len(terms.bands))]
        self._pass = duration_text(len(terms.bands) * terms.interval_seconds)

    def parts(self) -> tuple[Iterator[Weakness], ...]:
        return (
            self._pulled(),
            self._unplaced(),
            self._fault(),
            self._kept_back(),
            self._dead_meter(),
            self._beyond_capacity(),
            self._flat(),
            self._short_lead(),
            self._grace(),
            self._several(),
            self._spent(),
        )

    def _price(self, slot: int, units: int) -> int:
        band = self._terms.bands[slot]
        return of_readings(slot, (units,), self._terms, lambda _: band).accrued

    def _hour(self) -> int:
        return self._terms.outage_penalty + _HOUR_MIN * self._terms.outage_minute_penalty

    def _kwh(self, units: int) -> str:
        return f"{units * self._terms.unit_wh / 1000:,.10g} kWh"

    def _pulled(self) -> Iterator[Weakness]:
        """Voltage leads and feed pulled together."""
        whole, dearest = sum(self._idle), max(self._idle)
        slot = self._idle.index(dearest)
        words = (
            f"Voltage leads and feed pulled together look like an outage, in which a shortfall is not charged: "
            f"saves up to {self._money(dearest)} in an interval (slot {slot}), {self._money(whole)} in {self._pass} "
            f"without load"
        )
        if is_penalised(CAUSE_UNKNOWN, self._terms):
            minutes = len(self._idle) * self._terms.interval_seconds // 60
            cost = self._terms.outage_penalty + minutes * self._terms.outage_minute_penalty
            words += f"; with one voltage input, as an unknown cause, that costs {self._money(cost)}"
        yield Weakness("pulled leads", CONSUMER, whole, f"{words}. Seals close it.")

    def _unplaced(self) -> Iterator[Weakness]:
        """A trip that a meter with one voltage input can't place."""
        if is_penalised(CAUSE_UNKNOWN, self._terms):
            words = (
                f"Unknown causes are penalised: an hour's outage of the grid that the meter can't place "
                f"costs the consumer {self._money(self._hour())}. The second voltage input tells whose it was."
            )
            yield Weakness("unknown cause", OPERATOR, self._hour(), words)
        else:
            words = (
                f"Unknown causes are not penalised: an hour's shutdown by the consumer that the meter can't "
                f"place saves {self._money(self._hour())}. The second voltage input tells whose it was."
            )
            yield Weakness("unknown cause", CONSUMER, self._hour(), words)

    def _fault(self) -> Iterator[Weakness]:
        """A fault declared to get out, without notice, before a stretch without load."""
        terms, slots, places = self._terms, len(self._idle), self._meters or 1
        whole = sum(self._idle)
        begin = (
            f"A fault declared before {self._pass} without load ends a place without the notice of "
            f"{duration_text(terms.notice)}: saves {self._money(whole)}"
        )
        if self._bonus is None:
            break_even = whole * terms.intervals * places // slots
            words = (
                f"{begin} less the neutral share; it pays while the bonus is below {self._money(break_even)}."
            )
            yield Weakness("fault as an exit", CONSUMER, whole, words)
            return
        share = neutral_share(self._bonus, min(slots, terms.intervals), terms, places)
        words = f"{begin}, costs {self._money(share)} of the bonus."
        yield Weakness("fault as an exit", CONSUMER, whole - share, words)

    def _kept_back(self) -> Iterator[Weakness]:
        """Reports kept back within the look-back of a fault."""
        count = min(self._terms.fault_lookback // self._terms.interval_seconds, self._terms.intervals)
        saved = count * max(dearest_truth(band, self._terms) for band in self._terms.bands)
        if self._bonus is not None:
            saved -= neutral_share(self._bonus, count, self._terms, self._meters or 1)
        words = (
            f"Reports of the last {duration_text(self._terms.fault_lookback)} kept back, then the meter declared "
            f"faulty: {count:,} intervals are neutral, whatever was measured; saves up to {self._money(saved)}."
        )
        yield Weakness("kept back before a fault", CONSUMER, saved, words)

    def _dead_meter(self) -> Iterator[Weakness]:
        """A meter that dies unseen."""
        unseen_s = max(0, _DAY_S - self._terms.fault_lookback)
        cost = unseen_s // self._terms.interval_seconds * self._terms.missing_penalty
        words = (
            f"A meter that dies and is declared faulty a day later costs the consumer {self._money(cost)}: what is "
            f"older than the look-back of {duration_text(self._terms.fault_lookback)} is missing."
        )
        yield Weakness("dead meter", OPERATOR, cost, words)

    def _beyond_capacity(self) -> Iterator[Weakness]:
        """Use beyond what the connection is said to take."""
        terms = self._terms
        twice = max(self._price(slot, 2 * terms.capacity_units) for slot in range(len(terms.bands)))
        if not terms.over_rate:
            return
        from_units = min(
            greatest + (terms.missing_penalty - terms.violation_penalty) // terms.over_rate + 1
            for _, greatest in terms.bands
        )
        words = (
            f"From {self._kwh(from_units)} in an interval on, no data is cheaper than the excess: at twice the "
            f"capacity it saves {self._money(twice - terms.missing_penalty)}. Be sure that the connection "
            f"takes no more than {self._kwh(terms.capacity_units)}."
        )
        yield Weakness("beyond the capacity", CONSUMER, twice - terms.missing_penalty, words)

    def _flat(self) -> Iterator[Weakness]:
        """No price on how far an interval is outside its band."""
        terms = self._terms
        room = max(terms.capacity_units - greatest for _, greatest in terms.bands)
        if not terms.over_rate and room:
            words = f"Once above its band a consumer takes {self._kwh(room)} more for nothing: over_per_unit is 0."
            yield Weakness("flat excess", CONSUMER, max(terms.violation_penalty, 1), words)
        if not terms.under_rate and any(least for least, _ in terms.bands):
            words = (
                "Once below its band a consumer may use nothing at all for nothing more: under_per_unit is 0."
            )
            yield Weakness("flat shortfall", CONSUMER, max(terms.violation_penalty, 1), words)

    def _short_lead(self) -> Iterator[Weakness]:
        """Bands that follow what happens."""
        terms = self._terms
        if terms.lead_seconds >= _PLANNED_AHEAD_S:
            return
        lifted = max(
            self._price(slot, min(greatest + terms.raise_units, terms.capacity_units))
            for slot, (_, greatest) in enumerate(terms.bands)
        )
        saved = max(*self._idle, lifted)
        words = (
            f"The consumer alone may shift its bands {duration_text(terms.lead_seconds)} ahead, down to nothing"
            + (f" or {self._kwh(terms.raise_units)} up" if terms.raise_units else "")
            + f": what it foresees by then saves up to {self._money(saved)} an interval."
        )
        yield Weakness("short lead", CONSUMER, saved, words)

    def _grace(self) -> Iterator[Weakness]:
        """Reports that come too late."""
        if self._terms.grace >= LEAST.grace:
            return
        cost = _DAY_S // self._terms.interval_seconds * self._terms.missing_penalty
        words = (
            f"After a grace of {duration_text(self._terms.grace)} nothing is taken: a meter out of reach of the chain "
            f"for a day longer costs the consumer {self._money(cost)}; whoever can hold its messages back gains that."
        )
        yield Weakness("small grace", OPERATOR, cost, words)

    def _several(self) -> Iterator[Weakness]:
        """Places whose sum would be within."""
        if self._meters == 1:
            return
        terms = self._terms
        cost = max(
            self._price(slot, 0) + self._price(slot, terms.capacity_units) for slot in range(len(terms.bands))
        )
        words = (
            f"Each meter is judged by itself, on the same schedule: load moved from one place to another, their sum "
            f"within, costs the consumer up to {self._money(cost)} an interval."
        )
        yield Weakness("several meters", OPERATOR, cost, words)

    def _spent(self) -> Iterator[Weakness]:
        """A bonus that is used up."""
        if not self._bonus:
            return
        worst = max(
            max(self._price(slot, self._terms.capacity_units), idle) for slot, idle in enumerate(self._idle)
        )
        if not worst:
            return
        count = -(-self._bonus // worst)
        words = (
            f"After {count:,} intervals of the dearest kind the bonus of {self._money(self._bonus)} is spent, and "
            f"nothing costs any more."
        )
        yield Weakness("spent bonus", CONSUMER, worst, words)
