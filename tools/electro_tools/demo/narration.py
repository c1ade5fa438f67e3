# SPDX-License-Identifier: Apache-2.0
"""Say in a few words what the contract has just judged: a line of 80 columns has room for 45 of them."""

from __future__ import annotations

from electro_contracts import events

_CAUSES = ("unknown cause", "grid side", "consumer side")


def narrate(event: events.Event | None, usual_intervals: int) -> tuple[bytes, str] | None:
    """Return (device, what happened) of an event worth a line; None for the everyday ones.

    A report is worth a line when it carries more than twice the usual number of intervals: a meter catches up.
    """
    match event:
        case events.EnergyReported(device=device, first_interval=first, readings=readings):
            count = len(readings) // 2
            if count <= 2 * usual_intervals:
                return None
            return device, f"catches up: {first} to {first + count - 1} in one report"
        case events.Violations(device=device):
            parts = []
            if event.over:
                parts.append(f"{event.over} over by {event.over_units} units")
            if event.under:
                parts.append(f"{event.under} under by {event.under_units} units")
            if event.no_data:
                parts.append(f"{event.no_data} without data")
            return device, f"{', '.join(parts)}: {money(event.penalty)} lost"
        case events.OutageReported(device=device, started_at=start, ended_at=end):
            if not end:
                return device, f"supply is out ({_CAUSES[event.cause]})"
            return device, f"supply was out for {(end - start) / 60:.1f} min: {money(event.penalty)} lost"
        case _:
            return None


def money(minor: int) -> str:
    """Return an amount in minor units as people write it."""
    return f"{minor / 100:,.2f}"
