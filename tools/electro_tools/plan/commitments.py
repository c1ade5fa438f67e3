# SPDX-License-Identifier: Apache-2.0
"""What meters may take by the agreements of a chain, renominated bands included, and what they have reported."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_console.refusals import STATES
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from electro_contracts.terms import Terms
    from electro_plan.sections import Commitment
    from electro_tools.contract.desk import Desk

_BINDING = ("accepted", "terminated", "settled")


def commitments_of(
    desk: Desk, meters: set[str], first_s: int, end_s: int, now: int, offers: Sequence[int] = ()
) -> list[Commitment]:
    """Return what agreements allow meters within a time.

    Args:
        desk: the contract.
        meters: whose.
        first_s: unix seconds.
        end_s: the same.
        now: intervals that ended before may have been reported.
        offers: proposals, instead of all agreements that bind.

    Raises:
        ToolError: an offer is none.
    """
    from electro_contracts.terms import Terms

    found = []
    count = desk.ask("agreementCount")
    for agreement_id in offers or range(1, count + 1):
        if agreement_id > count:
            raise ToolError(f"there is no agreement {agreement_id}; the newest is {count}")
        record = desk.record("agreement", agreement_id)
        state = STATES[record["state"]]
        if offers and state != "proposed":
            raise ToolError(f"agreement {agreement_id} is no offer: it is {state}")
        if (not offers and state not in _BINDING) or record["start"] >= end_s or record["end"] <= first_s:
            continue
        places = [(place, device) for place, device in enumerate(record["devices"]) if device in meters]
        if places:
            terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
            reported = first_s < now and record["start"] < now and not offers
            actual = _reported(desk, agreement_id, record) if reported else {}
            for place, device in places:
                found.append(
                    _commitment(desk, agreement_id, record, place, device, terms, (first_s, end_s), actual)
                )
    return found


def _commitment(
    desk: Desk,
    agreement_id: int,
    record: dict[str, Any],
    place: int,
    device: str,
    terms: Terms,
    window: tuple[int, int],
    actual: dict[str, dict[int, int]],
) -> Commitment:
    """Return one place's."""
    import numpy as np

    from electro_plan.sections import Commitment
    from electro_tools.agreement.overrides import bands_held, overridden

    length, slots = terms.interval_seconds, len(terms.bands)
    kept = (record["end"] - terms.start) // length
    first = max(0, (window[0] - terms.start) // length)
    end = min(kept, -(-(window[1] - terms.start) // length))
    index: NDArray[np.int64] = np.arange(first, end, dtype=np.int64)
    bands = np.array(terms.bands, np.int64)[index % slots]
    for pass_ in overridden(desk, agreement_id, place, first, end, slots):
        held, _ = bands_held(desk, agreement_id, place, pass_, terms)
        inside = index // slots == pass_
        bands[inside] = np.array(held, np.int64)[index[inside] % slots]
    watts = terms.unit_wh * 3600 / length
    known = actual.get(device, {})
    used = np.array([known.get(each, np.nan) for each in index.tolist()], np.float64)
    least, greatest = (bands[:, side].astype(np.float64) * watts for side in (0, 1))
    return Commitment(device, terms.start + index * length, length, least, greatest, used * watts)


def _reported(desk: Desk, agreement_id: int, record: dict[str, Any]) -> dict[str, dict[int, int]]:
    """Return the units of each interval that each meter has reported, from the logs."""
    from electro_console.agreement.paper import rebuild
    from electro_protocol import address
    from electro_tools.agreement.auditing import history_of

    paper = rebuild(agreement_id, history_of(desk, agreement_id))
    if paper.model is None:
        raise ToolError(
            f"the logs of agreement {agreement_id}, which is {STATES[record['state']]}, begin too late"
        )
    return {
        address.checksum(device): {
            each.index: each.used for each in paper.intervals(device) if each.used is not None
        }
        for device in paper.model.points
    }
