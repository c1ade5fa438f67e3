# SPDX-License-Identifier: Apache-2.0
"""Move on through a run: a chain's clock is moved where it can be, and waited for where it can't."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

from web3.exceptions import Web3Exception

from electro_contracts.node.profiles import ANVIL, EMBEDDED, HARDHAT
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from web3 import Web3

    from electro_contracts.node.profiles import Profile

MOVABLE = (ANVIL, HARDHAT, EMBEDDED)
_LOOK_S = 0.25


class Pace:
    """The chain's clock: `moves` tells whether this run moves it on; else it goes as time does.

    A chain in memory that makes blocks for transactions alone stands still in between: it is told the time that passed.
    """

    def __init__(self, web3: Web3, profile: Profile, *, real_time: bool) -> None:
        self._web3 = web3
        self._movable = profile in MOVABLE
        self.moves = self._movable and not real_time

    def now_s(self) -> int:
        """Return the newest block's time."""
        return int(self._web3.eth.get_block("latest")["timestamp"])

    async def reach(self, unix_s: int) -> int:
        """Return once the chain's time has come to an instant, the time that it then is."""
        if self.moves:
            return await asyncio.to_thread(self._move, unix_s)
        return await asyncio.to_thread(self._wait, unix_s)

    def _wait(self, unix_s: int) -> int:
        began_s, began = self.now_s(), time.monotonic()
        while (now_s := self.now_s()) < unix_s:
            passed_s = int(time.monotonic() - began)
            if self._movable and began_s + passed_s > now_s:
                self._move(min(unix_s, began_s + passed_s))
            else:
                time.sleep(_LOOK_S)
        return now_s

    def _move(self, unix_s: int) -> int:
        now_s = self.now_s()
        if now_s < unix_s:
            moved: Any = unix_s
            try:
                answer = self._web3.provider.make_request("evm_mine", [moved])  # type: ignore[arg-type]
            except Web3Exception as error:
                raise ToolError("the chain's clock can't be moved") from error
            if "error" in answer:
                raise ToolError(
                    f"the chain's clock can't be moved: {answer['error']}", "--real-time waits for it"
                )
            return unix_s
        return now_s
