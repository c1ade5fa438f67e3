# SPDX-License-Identifier: Apache-2.0
"""The embedded chain's state: eth-tester and py-evm spoken to in the words of Ethereum's JSON-RPC.

A transaction is mined when it is sent, one block each. There is no mempool: nonces must arrive in order, and
`pending` is `latest`. The clock stands still unless `evm_mine [timestamp]` moves it, which is how a day
passes in seconds.
"""

from __future__ import annotations

import re
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, cast

from eth_tester import EthereumTester
from eth_tester.exceptions import BlockNotFound, TransactionFailed, TransactionNotFound
from web3 import Web3
from web3.middleware import combine_middleware
from web3.providers.eth_tester import EthereumTesterProvider
from web3.providers.eth_tester.middleware import ethereum_tester_middleware

from .archive import Archive, BadQuestionError
from .backend import Backend

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from web3.types import RPCEndpoint, RPCResponse

_INVALID_REQUEST, _METHOD_NOT_FOUND, _INVALID_PARAMS = -32600, -32601, -32602
_SERVER_ERROR, _REVERTED = -32000, 3
_BLOCK_ARGUMENT = {"eth_call": 1, "eth_getTransactionCount": 1, "eth_getBalance": 1, "eth_getCode": 1,
                   "eth_estimateGas": 1, "eth_getStorageAt": 2}  # fmt: skip


_CALLS = ("eth_call", "eth_estimateGas")
_NOBODY = "0x" + "00" * 20


class RpcFailure(Exception):  # noqa: N818 - it becomes an answer, it is no error of this program
    """A JSON-RPC error object to answer with."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.answer: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            self.answer["data"] = data


class _Provider(EthereumTesterProvider):
    """web3's table of eth-tester calls, with revert data kept: the library decodes it and throws it away."""

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        namespace, _, endpoint = method.partition("_")
        try:
            call = cast("dict[str, Any]", self.api_endpoints)[namespace][endpoint]
        except KeyError:
            raise RpcFailure(_METHOD_NOT_FOUND, f"the method {method} does not exist") from None
        return {"jsonrpc": "2.0", "id": 0, "result": call(self.ethereum_tester, params)}


class Ledger:
    """One chain in memory.

    Args:
        chain_id: what `eth_chainId` answers and transactions must carry (EIP-155).
        genesis_time: timestamp of block 0, unix seconds.
        funded: 20-byte addresses that begin with 10^24 wei each.
    """

    def __init__(self, chain_id: int, genesis_time: int, funded: Sequence[bytes]) -> None:
        self._backend = Backend(chain_id, genesis_time, funded)
        self._tester = EthereumTester(self._backend)
        self._own: dict[str, Callable[[list[Any]], str]] = {
            "eth_chainId": lambda _: hex(chain_id),
            "web3_clientVersion": lambda _: f"electro/v{version('electro-grid')}/py-evm",
            "net_version": lambda _: str(chain_id),
            "evm_mine": self._mine,
            "eth_sendTransaction": self._refuse_to_sign,
        }
        self._call: Callable[..., RPCResponse] = combine_middleware(
            (ethereum_tester_middleware,), Web3(), _Provider(self._tester).make_request
        )
        self._archive = Archive(self._backend, self._described)

    def answer(self, untrusted: Any) -> dict[str, Any] | list[dict[str, Any]]:
        """Return the JSON-RPC 2.0 answer to a decoded request or batch; never raises for bad input."""
        if isinstance(untrusted, list):
            return [self._one(item) for item in untrusted] or self._one(None)
        return self._one(untrusted)

    def _one(self, untrusted: Any) -> dict[str, Any]:
        request = untrusted if isinstance(untrusted, dict) else {}
        head = {"jsonrpc": "2.0", "id": request.get("id")}
        method, params = request.get("method"), request.get("params", [])
        if not isinstance(method, str) or not isinstance(params, list):
            return {**head, "error": {"code": _INVALID_REQUEST, "message": "not a JSON-RPC 2.0 request"}}
        try:
            return {**head, "result": self._result(method, params)}
        except RpcFailure as failure:
            return {**head, "error": failure.answer}

    def _result(self, method: str, params: list[Any]) -> Any:
        own = self._own.get(method)
        if own is not None:
            return own(params)
        try:
            if self._archive.knows(method):
                return self._archive.answer(method, params)
            return self._described(method, _with_defaults(method, params))
        except BadQuestionError as bad:
            raise RpcFailure(_INVALID_PARAMS, str(bad)) from bad
        except TransactionFailed as failed:
            raise _reverted(failed) from failed
        except (BlockNotFound, TransactionNotFound):
            return None
        except RpcFailure:
            raise
        except Exception as error:  # py-evm and eth-tester raise whatever a bad argument met first
            raise RpcFailure(_SERVER_ERROR, _in_words_of_geth(error)) from error

    def _described(self, method: str, params: list[Any]) -> Any:
        """Return eth-tester's answer in JSON-RPC's words."""
        return quantities(self._call(cast("RPCEndpoint", method), params)["result"])

    def _refuse_to_sign(self, _params: list[Any]) -> str:
        raise RpcFailure(_METHOD_NOT_FOUND, "the chain holds no keys: sign, then eth_sendRawTransaction")

    def _mine(self, params: list[Any]) -> str:
        """Mine an empty block; with a timestamp (an integer or 0x-hex) at that time, if it lies ahead."""
        if not params:
            self._tester.mine_block()
            return "0x0"
        try:
            timestamp = int(params[0], 16) if isinstance(params[0], str) else int(params[0])
        except (TypeError, ValueError):
            raise RpcFailure(_SERVER_ERROR, "evm_mine takes a timestamp in unix seconds") from None
        latest = self._backend.latest_time
        if timestamp <= latest:
            raise RpcFailure(_SERVER_ERROR, f"{timestamp} is not after the newest block, {latest}")
        self._backend.mine_at(timestamp)
        return "0x0"


def _reverted(failed: TransactionFailed) -> RpcFailure:
    """Return geth's answer to a reverted call: code 3, with the revert data."""
    cause: Any = failed
    while isinstance(cause, Exception) and cause.args:
        cause = cause.args[0]
    if isinstance(cause, bytes):
        return RpcFailure(_REVERTED, "execution reverted", "0x" + cause.hex())
    if isinstance(cause, str) and cause.startswith("0x"):
        return RpcFailure(_REVERTED, "execution reverted", cause)
    return RpcFailure(_REVERTED, f"execution reverted: {cause}", "0x")


def _with_defaults(method: str, params: list[Any]) -> list[Any]:
    """Fill in what a node fills in: the block, `latest` for `pending`, and nobody as the caller."""
    filled = list(params)
    position = _BLOCK_ARGUMENT.get(method)
    if position is not None:
        if len(filled) == position:
            filled.append("latest")
        elif filled[position] == "pending":
            filled[position] = "latest"
    if method in _CALLS and filled and isinstance(filled[0], dict):
        filled[0] = {"from": _NOBODY, **filled[0]}
    return filled


def _in_words_of_geth(error: Exception) -> str:
    """Return geth's words where clients look for them: a nonce that is not the next one."""
    nonce = re.search(r"nonce: Expected (\d+), but got (\d+)", str(error))
    if nonce is None:
        return f"{type(error).__name__}: {error}"[:300]
    expected, got = int(nonce[1]), int(nonce[2])
    return f"nonce too {'low' if got < expected else 'high'}: next nonce {expected}, tx nonce {got}"


def quantities(value: Any) -> Any:
    """Return an eth-tester result with integers as 0x quantities and bytes as 0x data, as JSON-RPC wants."""
    if value is None or isinstance(value, bool | str | float):
        return value
    if isinstance(value, int):
        return hex(value)
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, dict) or hasattr(value, "items"):
        return {key: quantities(item) for key, item in value.items()}
    return [quantities(item) for item in value]
