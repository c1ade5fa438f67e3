# SPDX-License-Identifier: Apache-2.0
"""Where the meters of an agreement stand: what the contract expects of each next, and how far it is behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_console.refusals import STATES
from electro_plan.quantities import duration_text

if TYPE_CHECKING:
    from electro_console.index.records import Agreement
    from electro_tools.contract.desk import Desk


def standing(
    desk: Desk, agreement_id: int, found: dict[str, Any], interval_s: int, now: int
) -> list[dict[str, Any]]:
    """Return a record for each meter of an agreement that binds; none for a proposal or what was called off.

    A meter is behind by the intervals that have ended and are not on chain.
    """
    if STATES[found["state"]] in ("proposed", "cancelled"):
        return []
    ended = max(0, now - found["start"]) // interval_s
    meters = []
    for device in found["devices"]:
        point = desk.record("point", agreement_id, device)
        meters.append(
            {
                "device": device,
                "next": point["next"],
                "end": point["end"],
                "behind": max(0, min(ended, point["end"]) - point["next"]),
                "accrued": point["accrued"] + point["outageAccrued"],
                "place": point["place"],
                "unexplained": point["unexplained"],
                "faulted": point["faulted"],
            }
        )
    return meters


def behind(agreement: Agreement, interval_s: int) -> list[tuple[dict[str, Any], int]]:
    """Return a record like those for each meter that is behind, out of the index, with the interval's seconds."""
    return [
        (
            {
                "device": meter.address,
                "next": meter.next,
                "end": meter.end,
                "behind": meter.behind,
                "accrued": meter.accrued,
                "place": meter.place,
                "unexplained": meter.unexplained,
                "faulted": meter.faulted,
            },
            interval_s,
        )
        for meter in agreement.meters
        if meter.behind
    ]


def words(meter: dict[str, Any], found: dict[str, Any], interval_s: int, now: int) -> str:
    """Return where a meter stands as words."""
    complete = meter["next"] >= meter["end"]
    parts = [f"place {meter['place']}"]
    parts.append("all reported" if complete else f"next interval {meter['next']} of {meter['end']}")
    if meter["faulted"]:
        parts.append("declared faulty")
    if meter["behind"]:
        late = "never reported" if now > found["reportsUntil"] else "behind"
        parts.append(f"{meter['behind']} {late} ({duration_text(meter['behind'] * interval_s)})")
    if meter["unexplained"]:
        parts.append(f"{meter['unexplained']} interrupted and no outage on record")
    parts.append(f"{meter['accrued']:,} accrued")
    return ", ".join(parts)
