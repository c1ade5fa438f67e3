# SPDX-License-Identifier: Apache-2.0
"""Ask the contract which bands hold in a pass of an agreement's schedule, for meters that judge by them themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import calldata
from electro_relayer.chain.gathering import Gathering
from electro_relayer.chain.rpc import NodeUnreachable, Rpc, RpcError, read_data, understood

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_relayer.chain.survey import Surveyor

MOST_AT_ONCE = 50  # in one request
Pass = tuple[int, int, int]  # agreement, place, and an interval of the pass
Schedule = tuple[bytes, bytes]  # account and hash of the code with the bands


class Schedules:
    """Remembers nothing: until a pass begins others may replace its bands, and then each meter asks once."""

    def __init__(self, node: Rpc, surveyor: Surveyor) -> None:
        self._node, self._surveyor = node, surveyor
        self._gathering: Gathering[Pass, Schedule] = Gathering(self._fetch, most=MOST_AT_ONCE)

    async def of(self, pass_: Pass) -> Schedule:
        """Return what holds at the latest block; raises NodeUnreachable."""
        return await self._gathering.answer(pass_)

    async def _fetch(self, passes: Sequence[Pass]) -> list[Schedule | Exception]:
        calls = [self._surveyor.question(calldata.schedule_of(*each), "latest") for each in passes]
        return [self._read(answer) for answer in await self._node.batch(calls)]

    def _read(self, answer: object) -> Schedule | Exception:
        if isinstance(answer, RpcError):
            return NodeUnreachable(f"The node can't answer: {answer}")
        try:
            with understood(self._node):
                return calldata.decode_schedule(read_data(str(answer)))
        except NodeUnreachable as error:
            return error
