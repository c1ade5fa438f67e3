# SPDX-License-Identifier: Apache-2.0
"""Say in a line what the contract has just judged."""

from __future__ import annotations

from electro_contracts import events

CAUSES = ("an unknown cause", "the grid's side", "the consumer's side")


def narrate(event: events.Event | None, usual_intervals: int) -> tuple[bytes, str] | None:
    """Return (device, what happened) of an event worth a line; None for the everyday ones.

    A report is worth a line when it carries more than twice the usual number of intervals: a meter catches up.
    """
    match event:
        case events.EnergyReported(device=device, first_interval=first, readings=readings):
            count = len(readings) // 2
            if count <= 2 * usual_intervals:
                return None
            return device, f"catches up: intervals {first} to {first + count - 1} in one report"
        case events.Violations(device=device):
            parts = []
            if event.over:
                parts.append(f"{event.over} over the band by {event.over_units} units")
            if event.under:
                parts.append(f"{event.under} under it by {event.under_units} units")
            if event.no_data:
                parts.append(f"{event.no_data} without data")
            return device, f"intervals: {', '.join(parts)}; {money(event.penalty)} lost"
        case events.OutageReported(device=device, started_at=start, ended_at=end):
            side = CAUSES[event.cause]
            if not end:
                return device, f"supply is out, by {side}; {money(event.penalty)} lost"
            minutes = (end - start) / 60
            return device, f"supply is back after {minutes:.1f} min, cut by {side}; {money(event.penalty)} lost in all"
        case _:
            return None


def money(minor: int) -> str:
    """Return an amount in minor units as people write it."""
    return f"{minor / 100:,.2f}"
