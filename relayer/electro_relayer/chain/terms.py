# SPDX-License-Identifier: Apache-2.0
"""Fetch the code that holds an agreement's terms, once for all meters that ask for it: it never changes."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from electro_relayer.chain.gathering import Gathering
from electro_relayer.chain.rpc import NodeUnreachable, Rpc, RpcError, hex_data, read_data, understood

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_CODE = 4_085  # a week of quarter hours, and 64 meters
MOST_REMEMBERED = 1_000  # agreements, four megabytes at most
MOST_AT_ONCE = 50  # accounts in one request


class TermsCodes:
    """Remembers what was found; who asks for nobody's account is told so each time from the chain."""

    def __init__(self, node: Rpc) -> None:
        self._node = node
        self._known: OrderedDict[bytes, bytes] = OrderedDict()
        self._gathering: Gathering[bytes, bytes | None] = Gathering(self._fetch, most=MOST_AT_ONCE)

    def known(self, account: bytes) -> bytes | None:
        """Return terms that are remembered."""
        code = self._known.get(account)
        if code is not None:
            self._known.move_to_end(account)
        return code

    async def code(self, account: bytes) -> bytes | None:
        """Return the terms that the chain holds at an account, None if it holds none there; raises NodeUnreachable."""
        code = await self._gathering.answer(account)
        if code is not None:
            self._known[account] = code
            self._known.move_to_end(account)
            if len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return code

    def forget_all(self) -> None:
        """Forget what was found: the chain is another."""
        self._known.clear()

    async def _fetch(self, accounts: Sequence[bytes]) -> list[bytes | Exception | None]:
        answers = await self._node.batch([("eth_getCode", [hex_data(a), "latest"]) for a in accounts])
        return [self._read(answer) for answer in answers]

    def _read(self, answer: object) -> bytes | Exception | None:
        """Take code for terms if it is no program (its first byte is STOP) and not too long."""
        if isinstance(answer, RpcError):
            return NodeUnreachable(f"The node can't answer: {answer}")
        try:
            with understood(self._node):
                code = read_data(str(answer))
        except NodeUnreachable as error:
            return error
        return code if 0 < len(code) <= MOST_CODE and code[0] == 0 else None
