# SPDX-License-Identifier: Apache-2.0
"""Ask a node raw questions of JSON-RPC, and recognise its chain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_contracts.node.profiles import Profile, recognise
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from electro_contracts.node.access import Endpoint

_TIMEOUT_S = 30


@dataclass(frozen=True)
class Refused:
    """What a node answers instead of a result."""

    words: str


@dataclass(frozen=True)
class Known:
    """A chain as its node tells it."""

    chain_id: int
    client: str
    latest: dict[str, Any]
    profile: Profile

    @property
    def number(self) -> int:
        return int(self.latest["number"], 16)

    @property
    def base_fee_wei(self) -> int | None:
        told = self.latest.get("baseFeePerGas")
        return None if told is None else int(told, 16)


class Asking:
    """A node that is asked one thing after the other."""

    def __init__(self, node: Endpoint) -> None:
        from electro_tools.connection import provider

        self._node, self._provider = node, provider(node, _TIMEOUT_S)

    @property
    def shown(self) -> str:
        return self._node.shown

    def ask(self, method: str, *params: Any) -> Any:
        """Return the result, or Refused; raises ToolError where no JSON-RPC comes."""
        from requests import RequestException
        from web3.exceptions import Web3Exception
        from web3.types import RPCEndpoint

        from electro_tools.connection import said

        try:
            answer = self._provider.make_request(RPCEndpoint(method), list(params))
        except (RequestException, Web3Exception, ValueError) as error:
            raise ToolError(said(error)) from error
        refused: Any = answer.get("error")
        if refused is None:
            return answer.get("result")
        return Refused(str(refused.get("message", refused) if isinstance(refused, dict) else refused)[:200])

    def number(self, method: str, *params: Any) -> int | None:
        """Return a result that is a number; None where there is none."""
        answer = self.ask(method, *params)
        try:
            return int(answer, 16)
        except (TypeError, ValueError):
            return None

    def know(self, profile: Profile | None = None) -> Known:
        """Return what kind of chain this is, or is said to be; raises ToolError."""
        chain_id, latest = self.number("eth_chainId"), self.ask("eth_getBlockByNumber", "latest", False)
        if chain_id is None or not isinstance(latest, dict) or "number" not in latest:
            raise ToolError(f"what answers at {self.shown} is no Ethereum node")
        client = self.ask("web3_clientVersion")
        name = client if isinstance(client, str) else ""
        return Known(chain_id, name, latest, profile or recognise(chain_id, name, latest))
