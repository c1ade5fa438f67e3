# SPDX-License-Identifier: Apache-2.0
"""Ask the contract where meters stand, many in one call, at the latest block and at the final one."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from electro_contracts import calldata
from electro_relayer.chain.rpc import (
    NodeUnreachable,
    RpcError,
    all_or_none,
    hex_data,
    read_data,
    read_quantity,
    understood,
)
from electro_relayer.hashing import keccak256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_contracts.calldata import MeterState
    from electro_relayer.chain.finality import Finality
    from electro_relayer.chain.rpc import Request, Rpc

_IS_ENROLLED = keccak256(b"isEnrolled(address)")[:4]
# Nodes run a call with 50 million gas or more, anvil and a few with a block's 30 million. Where a meter serves three
# agreements, or its schedule is so short that an override is looked for at each slot, it takes more than this, and a
# node that won't is asked for less. A test holds the figures to the contract.
CALL_GAS = 12_500_000
METER_GAS, SLOT_GAS = 52_000, 770
# Slots that are asked for: of each number in between the next, so that who asks for many numbers of the same meter, or
# of many, has the node make few calls.
STEPS = (0, 24, 96, 192, 384, 672)
Question = tuple[bytes, int]  # a meter, and for how many slots its bounds are asked
Told = list["MeterState"] | NodeUnreachable | None  # of one meter; None of a stranger


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
    ) -> tuple[Head, list[Told]]:
        """Return the head, and each meter's states: None for a stranger; raises NodeUnreachable or RpcError.

        `none_yet`: the chain may have no final block so far, and then its first is taken for that.
        """
        headers: list[Request] = [("eth_getBlockByNumber", ["latest", False])]
        asks_final = finality.tag is not None and not finality.instant
        if asks_final:
            headers.append(("eth_getBlockByNumber", [finality.tag, False]))
        asked = [(device, _step(ahead)) for device, ahead in questions]
        groups = _together(asked)
        calls = [self._about(group, "latest") for group in groups]
        answers = await self._node.batch(headers + calls)
        none_final = asks_final and none_yet and (answers[1] is None or isinstance(answers[1], RpcError))
        all_or_none(answers[: 1 if none_final else len(headers)])
        states: dict[Question, Told] = {}
        for group, answer in zip(groups, answers[len(headers) :], strict=True):
            states |= zip(group, await self._read(group, "latest", answer), strict=True)
        with understood(self._node):
            latest, time_s = read_quantity(answers[0]["number"]), read_quantity(answers[0]["timestamp"])
            if none_final:
                final = 0
            elif asks_final:
                final = read_quantity(answers[1]["number"])
            else:
                final = latest if finality.instant else max(0, latest - finality.depth)
        head = Head(latest, time_s, min(final, latest), finality.instant)
        told = zip(questions, asked, strict=True)
        return head, [_cut(states[its], ahead) for (_, ahead), its in told]

    async def positions_at(self, devices: Sequence[bytes], block: str) -> list[dict[int, Position]]:
        """Return each meter's position by agreement at a block; raises NodeUnreachable."""
        groups = _together([(device, 0) for device in devices])
        answers = await self._node.batch([self._about(group, block) for group in groups])
        told: dict[Question, Told] = {}
        for group, answer in zip(groups, answers, strict=True):
            older = answer == "0x"  # than the contract is the block
            read = [None] * len(group) if older else await self._read(group, block, answer)
            told |= zip(group, read, strict=True)
        return [_positions(told[device, 0]) for device in devices]

    def _about(self, questions: Sequence[Question], block: str) -> Request:
        """Return the call that asks for meters' states, for as many slots of each as of the first."""
        return self.question(
            calldata.meter_states([device for device, _ in questions], questions[0][1]), block
        )

    async def _read(self, questions: Sequence[Question], block: str, answer: Any) -> list[Told]:
        """Read the answer about meters; what a node can't answer at once it is asked for in halves."""
        if not isinstance(answer, RpcError):
            try:
                with understood(self._node):
                    return _states(read_data(answer), len(questions), questions[0][1])
            except NodeUnreachable as error:
                return [error] * len(questions)
        if len(questions) == 1:
            return [NodeUnreachable(f"The node can't answer: {answer}")]
        half = len(questions) // 2
        halves = questions[:half], questions[half:]
        answers = await self._node.batch([self._about(each, block) for each in halves])
        return [
            told
            for each, its_answer in zip(halves, answers, strict=True)
            for told in await self._read(each, block, its_answer)
        ]


def _step(ahead: int) -> int:
    return next((step for step in STEPS if step >= ahead), ahead)


def _cut(told: Told, ahead: int) -> Told:
    """Return the same with bounds of so many slots at most."""
    if not isinstance(told, list) or all(len(state.bounds) <= ahead for state in told):
        return told
    return [replace(state, bounds=state.bounds[:ahead]) for state in told]


def _together(questions: Sequence[Question]) -> list[list[Question]]:
    """Part questions, each once, into calls: of one number of slots, and of bounded gas."""
    by_slots: dict[int, dict[Question, None]] = {}
    for question in questions:
        by_slots.setdefault(question[1], {})[question] = None
    groups = []
    for ahead, asked in by_slots.items():
        most = max(1, CALL_GAS // (METER_GAS + SLOT_GAS * ahead))
        each = list(asked)
        groups += [each[start : start + most] for start in range(0, len(each), most)]
    return groups


def _states(data: bytes, count: int, ahead: int) -> list[Told]:
    told: list[Told] = [*calldata.decode_meter_states(data, ahead)]
    if len(told) != count:
        raise ValueError(f"{len(told)} of {count} meters are told of")
    return told


def _positions(told: Told) -> dict[int, Position]:
    """Return a meter's positions; none where it was not enrolled yet, or the node has that block's state no more."""
    if not isinstance(told, list):
        return {}
    return {s.agreement_id: Position(s.next_interval, s.next_outage) for s in told}
