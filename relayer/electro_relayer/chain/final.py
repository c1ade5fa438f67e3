# SPDX-License-Identifier: Apache-2.0
"""Follow the final block: by which rule it is found, which it is, and whether the chain still has what it called so."""

from __future__ import annotations

import logging

from electro_contracts.node.profiles import UNKNOWN, Profile
from electro_relayer.chain.finality import Finality, find_finality
from electro_relayer.chain.rpc import NodeUnreachable, Rpc, RpcError, read_quantity, understood

log = logging.getLogger(__name__)


class FinalBlock:
    """Knows the rule, and whether the chain has ever had a final block."""

    def __init__(self, node: Rpc, setting: str) -> None:
        self._node, self._setting = node, setting
        self._profile = UNKNOWN
        self.rule = Finality("latest")
        self.lives = False  # the chain has had a final block

    async def find(self, profile: Profile) -> None:
        """Choose the rule, and say which and why; raises RpcError or NodeUnreachable."""
        self._profile = profile
        self.rule = await find_finality(self._node, self._setting, profile)
        log.info("final is %s", self.rule)

    async def review(self) -> None:
        """Look again at what the chain calls final, where that was not settled."""
        if self.rule.settled:
            return
        found = await find_finality(self._node, self._setting, self._profile)
        if found != self.rule:
            log.warning("final is %s from now on, and was %s", found, self.rule)
            self.rule = found

    @property
    def at_once(self) -> bool:
        """The chain takes no block back."""
        return self.rule.instant

    async def number(self) -> int:
        """Return the number of the final block; 0 while the chain has none."""
        return (await self.mark())[0]

    async def mark(self) -> tuple[int, str]:
        """Return number and hash of the final block; 0 and nothing while the chain has none."""
        block = self.rule.tag
        if block is None:
            with understood(self._node):
                latest = read_quantity(await self._node.call("eth_blockNumber", []))
            block = self.rule.block(latest)
        try:
            header = await self._node.call("eth_getBlockByNumber", [block, False])
        except RpcError:
            header = None
        if header is None:
            if self.lives:
                raise NodeUnreachable(f"The node {self._node.shown} does not know the block {block}.")
            return 0, ""
        with understood(self._node):
            mark = read_quantity(header["number"]), str(header["hash"])
        self.lives = True
        return mark

    async def still_has(self, number: int, digest: str) -> bool | None:
        """Tell whether a block that was told is still the chain's; None if the chain is not as long now."""
        try:
            header = await self._node.call("eth_getBlockByNumber", [hex(number), False])
        except RpcError:  # what some clients answer instead of null
            return None
        return header.get("hash") == digest if isinstance(header, dict) else None

    def forget(self) -> None:
        """Take the chain for another one, which may have no final block yet."""
        self.lives = False
