# SPDX-License-Identifier: Apache-2.0
"""What the embedded chain has made, kept by block in JSON-RPC's words as the blocks are made.

eth-tester looks for a transaction by walking the blocks back, and makes each log anew from its receipt: what an
answer costs would grow with the chain's age. Here each block is described once, and an answer costs what it says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .backend import NEWEST

if TYPE_CHECKING:
    from collections.abc import Callable

    from .backend import Backend


class BadQuestionError(ValueError):
    """The parameters are not what the method takes; says which."""


@dataclass(frozen=True)
class _Mined:
    """A transaction of a block."""

    itself: dict[str, Any]
    receipt: dict[str, Any]


@dataclass(frozen=True)
class _Block:
    """One block, its transactions whole, and their logs."""

    block: dict[str, Any]
    logs: list[dict[str, Any]]


class Archive:
    """The blocks so far.

    Args:
        backend: whose blocks.
        describe: answers eth_getBlockByNumber and eth_getTransactionReceipt, slowly.
    """

    def __init__(self, backend: Backend, describe: Callable[[str, list[Any]], Any]) -> None:
        self._backend = backend
        self._describe = describe
        self._blocks: list[_Block] = []
        self._numbers: dict[str, int] = {}  # by block hash
        self._transactions: dict[str, _Mined] = {}  # by hash
        self._methods: dict[str, Callable[[Any, Any], Any]] = {
            "eth_blockNumber": lambda _first, _second: hex(len(self._blocks) - 1),
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockByNumber": lambda number, whole: self._shown(self._place(number), whole),
            "eth_getLogs": lambda wanted, _second: self._logs(wanted),
            "eth_getTransactionByHash": lambda sent, _second: self._mined(sent, "itself"),
            "eth_getTransactionReceipt": lambda sent, _second: self._mined(sent, "receipt"),
        }

    def knows(self, method: str) -> bool:
        return method in self._methods

    def answer(self, method: str, params: list[Any]) -> Any:
        """Return the answer to a method that it knows.

        Raises:
            BadQuestionError: its parameters are wrong.
        """
        self._follow()
        first, second, *_ = [*params, None, None]
        return self._methods[method](first, second)

    def _follow(self) -> None:
        """Take in what was made since the last time; forget what evm_revert took back."""
        number = self._backend.latest_number
        if len(self._blocks) == number + 1 and self._lies_on_chain(number):
            return
        while self._blocks and (
            len(self._blocks) > number + 1 or not self._lies_on_chain(len(self._blocks) - 1)
        ):
            gone = self._blocks.pop().block
            del self._numbers[gone["hash"]]
            for transaction in gone["transactions"]:
                del self._transactions[transaction["hash"]]
        while len(self._blocks) <= number:
            self._take(self._describe("eth_getBlockByNumber", [hex(len(self._blocks)), True]))

    def _lies_on_chain(self, number: int) -> bool:
        return bool(self._blocks[number].block["hash"] == "0x" + self._backend.hash_of(number).hex())

    def _take(self, block: dict[str, Any]) -> None:
        logs: list[dict[str, Any]] = []
        for transaction in block["transactions"]:
            receipt = self._describe("eth_getTransactionReceipt", [transaction["hash"]])
            receipt["to"] = receipt["to"] or None  # eth-tester says "" of what deploys
            for log in receipt["logs"]:
                log.update(logIndex=hex(len(logs)), blockTimestamp=block["timestamp"], removed=False)
                logs.append(log)
            self._transactions[transaction["hash"]] = _Mined(transaction, receipt)
        self._numbers[block["hash"]] = len(self._blocks)
        self._blocks.append(_Block(block, logs))

    # -- Answers

    def _mined(self, untrusted_hash: Any, part: str) -> dict[str, Any] | None:
        found = self._transactions.get(_hash(untrusted_hash))
        return None if found is None else vars(found)[part]

    def _block_by_hash(self, untrusted_hash: Any, whole: Any) -> dict[str, Any] | None:
        number = self._numbers.get(_hash(untrusted_hash))
        return None if number is None else self._shown(number, whole)

    def _shown(self, number: int, whole: Any) -> dict[str, Any] | None:
        if number >= len(self._blocks):
            return None
        block = self._blocks[number].block
        return block if whole else {**block, "transactions": [each["hash"] for each in block["transactions"]]}

    def _logs(self, untrusted_filter: Any) -> list[dict[str, Any]]:
        if not isinstance(untrusted_filter, dict):
            raise BadQuestionError("eth_getLogs takes one object")
        addresses = _alternatives("address", untrusted_filter.get("address"), 20)
        topics = untrusted_filter.get("topics") or []
        if not isinstance(topics, list):
            raise BadQuestionError("topics must be an array")
        wanted = [_alternatives("topics", topic, 32) for topic in topics]
        return [
            log
            for kept in self._range(untrusted_filter)
            for log in kept.logs
            if (addresses is None or log["address"].lower() in addresses)
            and len(wanted) <= len(log["topics"])
            and all(
                may is None or has in may
                for may, has in zip(wanted, log["topics"], strict=False)  # further topics may be anything
            )
        ]

    def _range(self, untrusted_filter: dict[str, Any]) -> list[_Block]:
        """Return the blocks that a filter names by a hash or by its bounds."""
        if "blockHash" in untrusted_filter:
            number = self._numbers.get(_hash(untrusted_filter["blockHash"]))
            if number is None:
                raise BadQuestionError("unknown block")
            return self._blocks[number : number + 1]
        first, last = (self._place(untrusted_filter.get(name, "latest")) for name in ("fromBlock", "toBlock"))
        return self._blocks[first : last + 1]

    def _place(self, untrusted_number: Any) -> int:
        if untrusted_number == "earliest":
            return 0
        if untrusted_number in NEWEST or untrusted_number is None:
            return len(self._blocks) - 1
        try:
            number = int(untrusted_number, 16)
        except (TypeError, ValueError):
            number = -1
        if number < 0:
            raise BadQuestionError(f"{untrusted_number!r:.40} is no block number")
        return number


def _hash(untrusted: Any) -> str:
    return _hex(untrusted, 32, "is no hash of 32 bytes")


def _alternatives(name: str, untrusted: Any, size: int) -> frozenset[str] | None:
    """Return what a filter admits in one place, each of so many bytes; None for anything."""
    if untrusted is None or untrusted == []:
        return None
    each = untrusted if isinstance(untrusted, list) else [untrusted]
    return frozenset(_hex(one, size, f"in {name} has not {size} bytes") for one in each)


def _hex(untrusted: Any, size: int, fault: str) -> str:
    if isinstance(untrusted, str) and re.fullmatch(rf"0x[0-9a-fA-F]{{{2 * size}}}", untrusted):
        return untrusted.lower()
    raise BadQuestionError(f"{untrusted!r:.80} {fault}")
