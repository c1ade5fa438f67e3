# SPDX-License-Identifier: Apache-2.0
"""Bound the gas a batch can need: by formula where that holds, since a node's estimate takes 58 ms, its check only 3.

The bound is the worst case of what the readings say (storage written for the first time, every interval violates its
band, a first interrupted interval), with an eighth to spare, so that no batch runs out of gas; what is not used is
not paid. A test holds it to the contract, from both sides.

Outage reports have no such bound, since their cost grows with the length of the outage in intervals: they are
rare, and the node estimates them. Nor is there one on rollups that charge data as gas (Arbitrum's, for one): now and
then an estimate of a batch is compared with the formula, and where it exceeds that, the node is asked for each batch.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from electro_contracts.node.profiles import FORMULA
from electro_protocol.judging import CUT_OFF, read
from electro_protocol.messages import EnergyReport, SealedReport
from electro_protocol.readings import is_interrupted, unpack
from electro_relayer.chain.rpc import NodeUnreachable, RpcError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from electro_relayer.chain.chain import Chain
    from electro_relayer.incoming.intake import Verified

BATCH = 51_000  # the transaction itself, dispatch, the array's head
REPORT = 14_000  # beside its calldata: ecrecover, the point's slot, cold terms read as code, events
INTERVAL = 60  # a lane that violates and has a flag; its share of decoding and events
INTERRUPTED_REPORT = 50_000  # slots of the place's totals and of its bitmap, written for the first time
INTERRUPTED_INTERVAL = 160
SEALED_REPORT = (
    20_000  # the same of a sealed one, with what another schedule takes, its account and its event
)
DEVIATION = 180  # a word that is read; its share of an event
SEALED_BYTE = 48  # as CALLDATA_BYTE, and the log's 8: these bytes are hardly ever zero
SEALED_PADDING = 160  # of two texts, their lengths and offsets
CALLDATA_BYTES = 384  # a report's fixed fields and offsets
CALLDATA_BYTE = 40  # EIP-7623: floor price of a byte that is not zero
MOST_AT_ONCE = 400  # messages in one check
TRANSACTION_MOST = 1 << 24  # EIP-7825, since Osaka
COMPARED_EVERY_S = 600.0  # the estimate with the formula
ESTIMATE_PERCENT = 130  # of a node's estimate: blocks come between it and the transaction


log = logging.getLogger(__name__)


def of_report(verified: Verified) -> int:
    """Bound what one report adds to a batch."""
    intervals = verified.end - verified.first
    message = verified.message
    if isinstance(message, SealedReport):
        return _of_sealed(message)
    bound = REPORT + INTERVAL * intervals + CALLDATA_BYTE * (CALLDATA_BYTES + 2 * intervals)
    if isinstance(message, EnergyReport) and _has_interrupted(message.readings):
        bound += INTERRUPTED_REPORT + INTERRUPTED_INTERVAL * intervals
    return bound


def _has_interrupted(readings: bytes) -> bool:
    # nearly none has the bit of an interrupted interval, nor that of a missing one: no need to unpack them
    return max(readings[::2]) >= 0x80 and any(map(is_interrupted, unpack(readings)))


def _of_sealed(message: SealedReport) -> int:
    deviations = read(message.deviations, message.intervals)
    dynamic = len(message.sealed) + len(message.deviations) + SEALED_PADDING
    bound = SEALED_REPORT + DEVIATION * len(deviations) + SEALED_BYTE * (CALLDATA_BYTES + dynamic)
    if any(kind == CUT_OFF for _, kind, _ in deviations):
        bound += INTERRUPTED_REPORT + INTERRUPTED_INTERVAL * message.intervals
    return bound


def of_batch(messages: Iterable[Verified]) -> int:
    return BATCH + sum(of_report(message) for message in messages)


class GasLimits:
    """Whether this chain keeps to the formula, and what to allow a transaction."""

    def __init__(self, chain: Chain) -> None:
        self._chain = chain
        self._compared_at: float | None = None
        self.formula_holds = chain.profile.gas == FORMULA

    async def compare(self, data: bytes, bound: int) -> None:
        """Compare the formula's bound with the node's estimate, if that was long ago.

        The messages in `data` must be such as the pending block takes: what it skips costs little.
        """
        now = self._chain.clock()
        if self._compared_at is not None and now - self._compared_at < COMPARED_EVERY_S:
            return
        self._compared_at = now
        try:
            estimate = await self._chain.estimate_gas(data)
        except (NodeUnreachable, RpcError) as error:
            log.debug("no estimate to compare the formula with: %s", error)
            return
        held, self.formula_holds = self.formula_holds, estimate <= bound
        if held != self.formula_holds:
            log.warning(
                "this chain takes %d gas for a batch bounded by %d: %s",
                estimate,
                bound,
                "the node is asked for each batch" if held else "the formula is used again",
            )

    def fell_short(self) -> None:
        """Note that a transaction had too little gas by the formula: ask the node from now on."""
        self.formula_holds, self._compared_at = False, self._chain.clock()

    async def estimated(self, data: bytes, least: int = 0) -> int:
        """Return a limit from the node's estimate; raises RpcError or NodeUnreachable."""
        estimate = await self._chain.estimate_gas(data)
        most = self._chain.block_gas or estimate
        if estimate <= TRANSACTION_MOST:
            most = min(most, TRANSACTION_MOST)
        return max(estimate, min(max(least, estimate * ESTIMATE_PERCENT // 100), most))
