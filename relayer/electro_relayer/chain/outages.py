# SPDX-License-Identifier: Apache-2.0
"""Ask the contract what it says of outage reports, many at once, at the latest block and at the final one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_contracts.errors import REASONS
from electro_relayer.chain.gathering import Gathering
from electro_relayer.chain.rpc import Rpc, all_or_none, read_data, understood

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_relayer.chain.final import FinalBlock
    from electro_relayer.chain.survey import Surveyor
    from electro_relayer.incoming.intake import Verified

ACCEPTABLE = bytes(4)  # the contract's "would be accepted"
MOST_AT_ONCE = 50  # in one question; a request brings no more


class OutageQuestions:
    """Questions about outages that are asked before one is taken."""

    def __init__(self, node: Rpc, surveyor: Surveyor, final: FinalBlock, highest: Callable[[], int]) -> None:
        self._node, self._surveyor, self._final, self._highest = node, surveyor, final, highest
        self._gathering: Gathering[Verified, tuple[bytes, bytes]] = Gathering(self._ask, most=MOST_AT_ONCE)

    async def reasons(self, outage: Verified) -> tuple[bytes, bytes]:
        """Return what the contract says of an outage at the latest and at the final block; raises NodeUnreachable."""
        return await self._gathering.answer(outage)

    async def _ask(self, outages: Sequence[Verified]) -> list[tuple[bytes, bytes]]:
        data = calldata.check_outages([outage.signed for outage in outages])
        questions = [self._surveyor.question(data, "latest")]
        if not self._final.at_once:
            questions.append(self._surveyor.question(data, self._final.rule.block(self._highest())))
        latest, *at_final = await self._node.batch(questions)
        with understood(self._node):
            told = calldata.decode_reasons(read_data(*all_or_none([latest])))
            if not at_final:
                return list(zip(told, told, strict=True))
            data = read_data(*all_or_none(at_final))  # empty where the final block is older than the contract
            final = calldata.decode_reasons(data) if data else [ACCEPTABLE] * len(outages)
            return list(zip(told, final, strict=True))


def reason_name(reason: bytes) -> str:
    return REASONS.get(reason, "0x" + reason.hex())
