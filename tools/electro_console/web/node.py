# SPDX-License-Identifier: Apache-2.0
"""Questions to the node that a page asks: of the newest block, of the contract's views, rehearsals; never a change."""

from __future__ import annotations

import asyncio
import itertools
import json
from typing import TYPE_CHECKING, Any

import aiohttp
from eth_abi.abi import decode, encode
from eth_abi.exceptions import DecodingError, EncodingError

from electro_contracts import artifact
from electro_contracts.node.access import AccessError, Endpoint
from electro_plan.sentence import foreign, sentence
from electro_protocol.keccak import keccak256

from .errors import BadRequest, NodeTrouble

if TYPE_CHECKING:
    from collections.abc import Sequence

_TIMEOUT_S = 20
BESIDE_S = 3  # a page does not wait longer for what stands beside it
_MOST_BYTES = 4 << 20  # of an answer: a hundred agreements with a week's bands


class Reverted(Exception):  # noqa: N818 - the EVM's word
    """A call that the contract refuses; `data` is what it says."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data.hex())
        self.data = data


class Node:
    """One or more nodes of the same chain, asked in turn until one answers.

    Args:
        nodes: their addresses, or how each is reached.
        contract: 20 bytes.

    Raises:
        NodeTrouble: one is no address.
    """

    def __init__(self, nodes: Sequence[Endpoint | str], contract: bytes) -> None:
        self.contract = contract
        try:
            self._nodes = [Endpoint(node) if isinstance(node, str) else node for node in nodes]
        except AccessError as error:
            raise NodeTrouble(sentence("a node's address {0}", error.problem)) from error
        self._session: aiohttp.ClientSession | None = None
        self._ids = itertools.count(1)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def newest(self) -> tuple[int, int]:
        """Return number and time of the newest block."""
        block = await self.ask("eth_getBlockByNumber", "latest", False)
        try:
            return int(block["number"], 16), int(block["timestamp"], 16)
        except (TypeError, KeyError, ValueError) as error:
            raise NodeTrouble(sentence("the node's newest block has no number and time")) from error

    async def view(self, name: str, *arguments: Any, block: int | None = None) -> Any:
        """Return what a view of the contract answers: a struct by the names of its fields.

        Raises:
            NodeTrouble: the node does not answer as it should.
            Reverted: the contract refuses.
        """
        data = await self.call(None, calldata(name, *arguments), block)
        entry = _FUNCTIONS[name]
        try:
            values = decode([_type(each) for each in entry["outputs"]], data)
        except (DecodingError, OverflowError) as error:
            raise NodeTrouble(
                sentence(
                    "the node's answer for {0} is none: is the contract there, and of this version?", name
                )
            ) from error
        named = [_named(output, value) for output, value in zip(entry["outputs"], values, strict=True)]
        return named[0] if len(named) == 1 else named

    async def call(self, sender: bytes | None, data: bytes, block: int | None = None) -> bytes:
        """Return what the contract answers to a call, without effect."""
        transaction = {"to": "0x" + self.contract.hex(), "data": "0x" + data.hex()}
        if sender is not None:
            transaction["from"] = "0x" + sender.hex()
        answer = await self.ask("eth_call", transaction, "latest" if block is None else hex(block))
        if not isinstance(answer, str) or not answer.startswith("0x"):
            raise NodeTrouble(sentence("the node's answer to a call is no data"))
        try:
            return bytes.fromhex(answer[2:])
        except ValueError as error:
            raise NodeTrouble(sentence("the node's answer to a call is no data")) from error

    async def ask(self, method: str, *parameters: Any) -> Any:
        """Return a result of JSON-RPC from the first node that gives one; who was silent is asked last from then on."""
        trouble = NodeTrouble(sentence("no node is named"))
        for node in tuple(self._nodes):
            try:
                answer = await self._post(node, method, parameters)
            except NodeTrouble as error:
                trouble = error
                self._put_last(node)
                continue
            except asyncio.CancelledError:  # whoever asked does not wait any longer
                self._put_last(node)
                raise
            try:
                return _result(answer)
            except NodeTrouble as error:
                trouble = error
        raise trouble

    def _put_last(self, node: Endpoint) -> None:
        self._nodes.sort(key=lambda each: each is node)

    async def _post(self, node: Endpoint, method: str, parameters: Sequence[Any]) -> Any:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT_S))
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": list(parameters)}
        shown = node.authorization()
        try:
            async with self._session.post(
                node.url,
                json=body,
                headers={"Authorization": shown} if shown else None,
                ssl=node.context() or True,
                allow_redirects=False,
            ) as response:
                if response.status in (401, 403):
                    raise NodeTrouble(
                        sentence(
                            "the node {0} does not let the console in{1}",
                            node.shown,
                            foreign(node.let_in(response.status)),
                        )
                    )
                content = await response.content.read(_MOST_BYTES)
                while len(content) < _MOST_BYTES and (more := await response.content.read(_MOST_BYTES)):
                    content += more
        except (TimeoutError, aiohttp.ClientError) as error:
            raise NodeTrouble(
                sentence("the node {0} does not answer{1}", node.shown, foreign(node.why(error)))
            ) from error
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise NodeTrouble(sentence("the node answers something that is no JSON")) from error


def _result(untrusted: Any) -> Any:
    if not isinstance(untrusted, dict):
        raise NodeTrouble(sentence("the node answers something that is no JSON-RPC"))
    error = untrusted.get("error")
    if error is None:
        return untrusted.get("result")
    data = error.get("data") if isinstance(error, dict) else None
    if isinstance(data, dict):  # as some nodes nest it
        data = data.get("data")
    if isinstance(data, str) and data.startswith("0x"):
        try:
            raise Reverted(bytes.fromhex(data[2:]))
        except ValueError:
            pass
    message = error.get("message") if isinstance(error, dict) else error
    raise NodeTrouble(sentence("the node refuses: {0}", str(message)[:200]))


def _type(entry: dict[str, Any]) -> str:
    kind: str = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    return "(" + ",".join(_type(each) for each in entry["components"]) + ")" + kind[5:]


def _named(entry: dict[str, Any], value: Any) -> Any:
    if entry["type"] == "tuple":
        return {
            part["name"]: _named(part, each) for part, each in zip(entry["components"], value, strict=True)
        }
    return value


_FUNCTIONS = {each["name"]: each for each in artifact.load().abi if each["type"] == "function"}


def calldata(name: str, *arguments: Any) -> bytes:
    """Return the data of a call of the contract's.

    Raises:
        BadRequest: an argument does not fit.
    """
    types = [_type(each) for each in _FUNCTIONS[name]["inputs"]]
    try:
        return keccak256(f"{name}({','.join(types)})".encode())[:4] + encode(types, arguments)
    except (EncodingError, OverflowError) as error:
        raise BadRequest(sentence("that does not fit the contract's {0}{1}", name, foreign(error))) from error
