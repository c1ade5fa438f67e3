# SPDX-License-Identifier: Apache-2.0
"""Ask the contract where meters stand, many at once, at the latest block and at the final one.

A meter that the contract does not know costs one call: its refusal is recognised by the error's selector, and only a
node that hides that is asked once more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from electro_contracts import calldata
from electro_relayer.chain.rpc import NodeUnreachable, RpcError, all_or_none, hex_data, read_data, understood
from electro_relayer.hashing import keccak256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_contracts.calldata import MeterState
    from electro_relayer.chain.finality import Finality
    from electro_relayer.chain.rpc import Request, Rpc

_IS_ENROLLED = keccak256(b"isEnrolled(address)")[:4]
_NOT_ENROLLED = keccak256(b"NotEnrolled(address)")[:4].hex()
Question = tuple[bytes, int]  # a meter, and for how many slots its bounds are asked


class Position(NamedTuple):
    """How far a meter has come in an agreement: the next interval and the next outage to be reported."""

    interval: int
    outage: int


@dataclass(frozen=True, slots=True)
class Head:
    """The latest block and the final one, as told together."""

    latest: int
    time_s: int
    final: int
    final_at_once: bool  # the chain takes no block back


class Surveyor:
    """Speaks of meters to one node, or to several of which one is in use."""

    def __init__(self, node: Rpc, contract: bytes, sender: bytes) -> None:
        self._node = node
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

    async def is_electro(self) -> bool:
        """Tell whether something at the address answers like the contract."""
        return len(await self.ask(_IS_ENROLLED + bytes(32), "latest")) == 32

    async def at_latest(
        self, questions: Sequence[Question], finality: Finality, *, none_yet: bool = False
    ) -> tuple[Head, list[list[MeterState] | NodeUnreachable | None]]:
        """Return the head, and each meter's states: None for a stranger; raises NodeUnreachable or RpcError.

        `none_yet`: the chain may have no final block so far, and then its first is taken for that.
        """
        headers: list[Request] = [("eth_getBlockByNumber", ["latest", False])]
        asks_final = finality.tag is not None and not finality.instant
        if asks_final:
            headers.append(("eth_getBlockByNumber", [finality.tag, False]))
        answers = await self._node.batch(headers + self._about_meters(questions, "latest"))
        none_final = asks_final and none_yet and (answers[1] is None or isinstance(answers[1], RpcError))
        all_or_none(answers[: 1 if none_final else len(headers)])
        states = [_states(answer) for answer in answers[len(headers) :]]
        unclear = [i for i, state in enumerate(states) if isinstance(state, RpcError)]
        if unclear:
            enrolled = await self._are_enrolled([questions[i][0] for i in unclear])
            for i, known in zip(unclear, enrolled, strict=True):
                states[i] = NodeUnreachable(f"The node can't answer: {states[i]}") if known else None
        with understood(self._node):
            latest, time_s = int(answers[0]["number"], 16), int(answers[0]["timestamp"], 16)
            if none_final:
                final = 0
            elif asks_final:
                final = int(answers[1]["number"], 16)
            else:
                final = latest if finality.instant else max(0, latest - finality.depth)
        head = Head(latest, time_s, min(final, latest), finality.instant)
        return head, states  # type: ignore[return-value]  # no RpcError is left

    async def positions_at(self, devices: Sequence[bytes], block: str) -> list[dict[int, Position]]:
        """Return each meter's position by agreement at a block; raises NodeUnreachable."""
        answers = await self._node.batch(self._about_meters([(device, 0) for device in devices], block))
        with understood(self._node):
            return [_positions(answer) for answer in answers]

    async def code_at(self, account: bytes) -> bytes:
        """Return the code of an account; raises RpcError or NodeUnreachable."""
        answer = await self._node.call("eth_getCode", [hex_data(account), "latest"])
        with understood(self._node):
            return read_data(answer)

    def _about_meters(self, questions: Sequence[Question], block: str) -> list[Request]:
        """Return the calls that ask for the meters' states, one for each question."""
        return [self.question(calldata.meter_state(device, ahead), block) for device, ahead in questions]

    async def _are_enrolled(self, devices: Sequence[bytes]) -> list[bool]:
        questions = [self.question(_IS_ENROLLED + device.rjust(32, b"\0"), "latest") for device in devices]
        answers = all_or_none(await self._node.batch(questions))
        with understood(self._node):
            return [any(read_data(answer)) for answer in answers]


def _states(answer: Any) -> list[MeterState] | NodeUnreachable | RpcError | None:
    """Read one meter's answer: None for a stranger, the node's error where it may be either."""
    if isinstance(answer, RpcError):
        words = f"{answer.data} {answer.message}"  # where a node puts the contract's error is its own affair
        return None if _NOT_ENROLLED in words else answer
    try:
        return calldata.decode_meter_state(read_data(answer))
    except (TypeError, ValueError, LookupError, AttributeError) as error:
        return NodeUnreachable(f"The node answers nonsense: {error!r:.100}")


def _positions(answer: Any) -> dict[int, Position]:
    if isinstance(answer, RpcError):  # not enrolled yet at that block
        return {}
    data = read_data(answer)  # empty where the final block is older than the contract
    states = calldata.decode_meter_state(data) if data else []
    return {s.agreement_id: Position(s.next_interval, s.next_outage) for s in states}
