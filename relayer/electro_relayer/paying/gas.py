# SPDX-License-Identifier: Apache-2.0
"""Bound by formula the gas a batch of reports can need: a node's estimate takes 58 ms, its check only 3.

The bound is the worst case of what the readings say (storage written for the first time, every interval violates its
band, a first interval without supply), with an eighth to spare, so that no batch runs out of gas; what is not used is
not paid. A test holds it to the contract, from both sides.

Outage reports have no such bound, since their cost grows with the length of the outage in intervals: they are
rare, and the node estimates them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport
from electro_protocol.readings import NO_SUPPLY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from electro_relayer.incoming.intake import Verified

BATCH = 51_000  # the transaction itself, dispatch, the array's head
REPORT = 14_000  # beside its calldata: ecrecover, the point's slot, cold terms read as code, events
INTERVAL = 60  # a lane that violates and has a flag; its share of decoding and events
NO_SUPPLY_REPORT = 50_000  # slots of the outage's beginning and of its bitmap, written for the first time
NO_SUPPLY_INTERVAL = 160
NO_SUPPLY_LANE = NO_SUPPLY.to_bytes(2, "big")  # found across two lanes too, which costs only a larger bound
CALLDATA_BYTES = 320  # a report's fixed fields and offsets
CALLDATA_BYTE = 40  # EIP-7623: floor price of a byte that is not zero
ESTIMATE_PERCENT = 130  # of a node's estimate: blocks come between it and the transaction


def of_message(verified: Verified) -> int:
    """Bound what one message adds to a batch; of an outage report, what a short one does."""
    intervals = verified.end - verified.first
    bound = REPORT + INTERVAL * intervals + CALLDATA_BYTE * (CALLDATA_BYTES + 2 * intervals)
    message = verified.message
    if isinstance(message, EnergyReport) and NO_SUPPLY_LANE in message.readings:
        bound += NO_SUPPLY_REPORT + NO_SUPPLY_INTERVAL * intervals
    return bound


def of_batch(messages: Iterable[Verified]) -> int:
    return BATCH + sum(of_message(message) for message in messages)
