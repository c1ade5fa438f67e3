# SPDX-License-Identifier: Apache-2.0
"""Read where a meter stands on the contract, at the latest block and at the final one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from electro_contracts import calldata
from electro_relayer.chain.rpc import RpcError, all_or_none, hex_data, read_data, understood
from electro_relayer.chain.standing import Agreement, Standing
from electro_relayer.hashing import keccak256

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.chain.finality import Finality
    from electro_relayer.chain.rpc import Request, Rpc

_IS_ENROLLED = keccak256(b"isEnrolled(address)")[:4]


class Surveyor:
    def __init__(self, node: Rpc, contract: bytes, sender: bytes, clock: Callable[[], float]) -> None:
        self._node, self._clock = node, clock
        self._contract, self._sender = contract, sender

    def question(self, data: bytes, block: str) -> Request:
        """Return the eth_call that asks the contract at a block."""
        call = {"from": hex_data(self._sender), "to": hex_data(self._contract), "data": hex_data(data)}
        return "eth_call", [call, block]

    async def ask(self, data: bytes, block: str) -> bytes:
        """Return the contract's answer; raises RpcError or NodeUnreachable."""
        answer = await self._node.call(*self.question(data, block))
        with understood(self._node):
            return read_data(answer)

    async def is_enrolled(self, device: bytes) -> bool:
        return any(await self.ask(_IS_ENROLLED + device.rjust(32, b"\0"), "latest"))

    async def is_electro(self) -> bool:
        """Tell whether something at the address answers like the contract."""
        return len(await self.ask(_IS_ENROLLED + bytes(32), "latest")) == 32

    async def survey(self, device: bytes, ahead: int, finality: Finality) -> Standing:
        """Return the meter's standing with bounds for so many slots; raises NodeUnreachable or RpcError."""
        read_at = self._clock()
        latest_question = self.question(calldata.meter_state(device, ahead), "latest")
        requests: list[Request] = [("eth_getBlockByNumber", ["latest", False]), latest_question]
        if finality.tag is not None and not finality.instant:
            requests += self._final_requests(device, finality.tag)
        header, state, *at_final = await self._node.batch(requests)
        all_or_none([header, *at_final[:1]])
        # the contract answers a stranger with an error, and nodes dress errors differently: ask what is plain
        enrolled = not isinstance(state, RpcError) or await self.is_enrolled(device)
        if enrolled:
            all_or_none([state])
        with understood(self._node):
            latest, chain_time_s = int(header["number"], 16), int(header["timestamp"], 16)
            states = calldata.decode_meter_state(read_data(state)) if enrolled else []
        if not finality.instant and not at_final:
            at_final = await self._node.batch(self._final_requests(device, finality.block(latest)))
            all_or_none(at_final[:1])
        with understood(self._node):
            final = int(at_final[0]["number"], 16) if at_final else latest
            final_next = (
                _next_intervals(at_final[1])
                if at_final
                else {s.agreement_id: s.next_interval for s in states}
            )
        return Standing(
            device=device,
            enrolled=enrolled,
            # min: the two answers are of two moments, and what is final can't be ahead of the latest
            agreements=tuple(
                Agreement(s, s.next_interval, min(s.next_interval, final_next.get(s.agreement_id, 0)))
                for s in states
            ),
            latest=latest,
            final=final,
            chain_time_s=chain_time_s,
            read_at=read_at,
        )

    def _final_requests(self, device: bytes, block: str) -> list[Request]:
        return [
            ("eth_getBlockByNumber", [block, False]),
            self.question(calldata.meter_state(device, 0), block),
        ]


def _next_intervals(answer: Any) -> dict[int, int]:
    if isinstance(answer, RpcError):  # not enrolled yet at that block
        return {}
    data = read_data(answer)  # empty where the final block is older than the contract
    return {s.agreement_id: s.next_interval for s in calldata.decode_meter_state(data)} if data else {}
