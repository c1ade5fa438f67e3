# SPDX-License-Identifier: Apache-2.0
"""Make receipts for meters at the final block: what the contract keeps of each, proved to whoever knows the validators.

One is made once for all who ask while its block is the final one. As many are kept as fit into a few megabytes, and
few are made at a time: each takes a node some calls that read its state trie.
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
MADE_AT_ONCE = 4
FINAL_KNOWN_FOR_S = 1.0  # so that not each who asks asks for the final block
MOST_ROUNDS = 16  # of calls: block, meter, its three agreements, terms and bands of each


class Crowded(Exception):  # noqa: N818 - a state, which callers wait out
    """More receipts are waited for than the node can be asked to prove."""


class NoProof(Exception):  # noqa: N818 - a state of the node
    """What the node says proves nothing; the sentence says why."""


class Proofs:
    """The receipts of one contract's meters."""

    def __init__(self, node: Rpc, contract: bytes, final: FinalBlock, clock: Callable[[], float]) -> None:
        self._node, self._contract, self._final, self._clock = node, contract, final, clock
        self._made: OrderedDict[bytes, bytes] = OrderedDict()  # of the final block, by meter
        self._making: dict[bytes, asyncio.Task[bytes]] = {}
        self._few = asyncio.Semaphore(MADE_AT_ONCE)
        self._block, self._block_at = (0, ""), -FINAL_KNOWN_FOR_S

    async def receipt(self, device: bytes) -> bytes:
        """Return a meter's receipt; raises NoProof, Crowded, NodeUnreachable or RpcError."""
        number, _ = await self._mark()
        if not number:
            raise NodeUnreachable("The chain has no final block yet.")
        made = self._made.get(device)
        if made is not None:
            self._made.move_to_end(device)
            return made
        making = self._making.get(device)
        if making is None:
            if len(self._making) >= MOST_WAITING:
                raise Crowded
            making = asyncio.create_task(self._make(device, number))
            self._making[device] = making
            making.add_done_callback(lambda _: self._making.pop(device, None))
        return await asyncio.shield(making)  # one who leaves takes no answer from the others

    def forget_all(self) -> None:
        """Forget what was proved: the chain is another."""
        self._made.clear()
        self._block_at = -FINAL_KNOWN_FOR_S

    async def _mark(self) -> tuple[int, str]:
        """Return number and hash of the final block, as of a moment ago."""
        if self._clock() - self._block_at >= FINAL_KNOWN_FOR_S:
            block = await self._final.mark()
            if block != self._block:
                self._made.clear()
            self._block, self._block_at = block, self._clock()
        return self._block

    async def _answers(self, calls: list[Request]) -> list[Any]:
        answers = await self._node.batch(calls)
        for answer in answers:
            if isinstance(answer, RpcError):
                raise answer
        return answers

    async def _make(self, device: bytes, number: int) -> bytes:
        async with self._few:
            making = receipts.make(self._contract, device, hex(number), keccak256)
            try:
                calls = next(making)
                for _ in range(MOST_ROUNDS):
                    calls = making.send(await self._answers(calls))
            except StopIteration as end:
                made: receipts.Made = end.value
                if made.number == self._block[0]:
                    self._made[device] = made.raw
                    if len(self._made) > MOST_REMEMBERED:
                        self._made.popitem(last=False)
                return made.raw
            except ReceiptError as error:
                raise NoProof(str(error)) from error
            raise NoProof("the node's proofs have no end")
