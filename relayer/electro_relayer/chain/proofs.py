# SPDX-License-Identifier: Apache-2.0
"""Make receipts for meters at the final block: what the contract keeps of each, proved to whoever knows the validators.

A meter's is made once, and told to all who ask for half a minute: meters ask hourly, and what an hour old block proves
is as good. The header and its seals serve all receipts of a block, and the numbers of terms never change. As many are
kept as fit into a few megabytes, and few are made at a time: each takes a node some calls that read its state trie.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from electro_contracts import receipts
from electro_protocol.rlp import ReceiptError
from electro_relayer.chain.rpc import NodeUnreachable, RpcError
from electro_relayer.hashing import keccak256

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_relayer.chain.final import FinalBlock
    from electro_relayer.chain.rpc import Request, Rpc

MOST_REMEMBERED = 1_000  # of 3 KB, 16 at most
MOST_WAITING = 200
MOST_OF_ONE_SENDER = 50  # at once, so that one alone leaves room for others
MADE_AT_ONCE = 4
GOOD_FOR_S = 30.0
MOST_TERMS = 10_000  # whose numbers are remembered, 300 bytes each
FINAL_KNOWN_FOR_S = 1.0  # so that not each who asks asks for the final block
MOST_ROUNDS = 16  # of calls: meter, its three agreements, terms and bands of each


class Crowded(Exception):  # noqa: N818 - a state, which callers wait out
    """More receipts are waited for than the node can be asked to prove."""


class NoProof(Exception):  # noqa: N818 - a state of the node
    """What the node says proves nothing; the sentence says why."""


class Proofs:
    """The receipts of one contract's meters."""

    def __init__(self, node: Rpc, contract: bytes, final: FinalBlock, clock: Callable[[], float]) -> None:
        self._node, self._contract, self._final, self._clock = node, contract, final, clock
        self._made: OrderedDict[bytes, tuple[float, bytes]] = OrderedDict()  # when, and what, by meter
        self._making: dict[bytes, asyncio.Task[bytes]] = {}
        self._few = asyncio.Semaphore(MADE_AT_ONCE)
        self._head: asyncio.Task[receipts.Block] | None = None
        self._head_at = -FINAL_KNOWN_FOR_S
        self._terms: dict[bytes, receipts.Numbers] = {}

    def has(self, device: bytes) -> bool:
        """Tell whether a meter's receipt costs no more than telling it."""
        made = self._made.get(device)
        return device in self._making or (made is not None and self._clock() - made[0] < GOOD_FOR_S)

    async def receipt(self, device: bytes) -> bytes:
        """Return a meter's receipt; raises NoProof, Crowded, NodeUnreachable or RpcError."""
        making = self._making.get(device)
        if making is None and self.has(device):
            self._made.move_to_end(device)
            return self._made[device][1]
        if making is None:
            if len(self._making) >= MOST_WAITING:
                raise Crowded
            making = asyncio.create_task(self._make(device))
            self._making[device] = making
            making.add_done_callback(lambda _: self._making.pop(device, None))
        return await asyncio.shield(making)  # one who leaves takes no answer from the others

    def forget_all(self) -> None:
        """Forget what was proved: the chain is another."""
        self._made.clear()
        self._head_at = -FINAL_KNOWN_FOR_S
        self._head = None

    async def _block(self) -> receipts.Block:
        """Return the final block as of a moment ago, which all receipts of it share."""
        if self._head is None or self._clock() - self._head_at >= FINAL_KNOWN_FOR_S:
            self._head_at = self._clock()
            self._head = asyncio.create_task(self._read_block(self._head))
        return await asyncio.shield(self._head)

    async def _read_block(self, before: asyncio.Task[receipts.Block] | None) -> receipts.Block:
        number, digest = await self._final.mark()
        if not number:
            raise NodeUnreachable("The chain has no final block yet.")
        if before is not None and before.done() and not before.cancelled() and not before.exception():
            block = before.result()
            if "0x" + block.hash.hex() == digest:
                return block
        (told,) = await self._answers([receipts.question(hex(number))])
        return receipts.Block(told, keccak256)

    async def _answers(self, calls: list[Request]) -> list[Any]:
        answers = await self._node.batch(calls)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return answers

    async def _make(self, device: bytes) -> bytes:
        async with self._few:
            try:
                making = receipts.make_at(self._contract, device, await self._block(), self._terms, keccak256)
                calls = next(making)
                for _ in range(MOST_ROUNDS):
                    calls = making.send(await self._answers(calls))
            except StopIteration as end:
                made: receipts.Made = end.value
                self._keep(device, made.raw)
                return made.raw
            except ReceiptError as error:
                raise NoProof(str(error)) from error
            raise NoProof("the node's proofs have no end")

    def _keep(self, device: bytes, raw: bytes) -> None:
        self._made[device] = self._clock(), raw
        self._made.move_to_end(device)
        if len(self._made) > MOST_REMEMBERED:
            self._made.popitem(last=False)
        if len(self._terms) > MOST_TERMS:
            self._terms.clear()
