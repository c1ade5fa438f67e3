# SPDX-License-Identifier: Apache-2.0
"""A random life of the contract, kept as a chain that answers a node's questions: a block for each transaction.

`meddle` may answer in the chain's place, by method and parameters, as the front of `tests.tools.agreements` does.
"""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING, Any

from electro_console.index.decoding import TOPICS
from tests.contracts.fuzz.play import CUMULATED, NAMES, Play

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

CHAIN_ID = 31337


class RecordedChain:
    """Blocks with logs, asked as `electro_console.index.node.Nodes` are; `final` is the newest one that counts."""

    shown = "recorded"
    chain_id = CHAIN_ID

    def __init__(self, contract: bytes) -> None:
        self.contract = contract
        self.blocks: list[dict[str, Any]] = [{"time": 0, "logs": [], "from": "0x" + "00" * 20}]
        self.salt = b""
        self.asked: list[tuple[str, Any]] = []
        self.meddle: Callable[[str, Any], Any] = lambda _method, _params: None

    def __len__(self) -> int:
        return 1

    def next(self) -> None:
        """Be the only node."""

    def others(self) -> list[RecordedChain]:
        """Have none beside it."""
        return []

    def close(self) -> None:
        """Have nothing to give back."""

    @property
    def head(self) -> int:
        return len(self.blocks) - 1

    def mine(self, now: int, sender: bytes, logs: Sequence[Any]) -> None:
        """Add a block with the logs of a transaction, as pyrevm gives them."""
        number = len(self.blocks)
        made = []
        for position, log in enumerate(logs):
            made.append(
                {
                    "address": "0x" + self.contract.hex(),
                    "topics": [each.lower() for each in log.topics],
                    "data": "0x" + bytes(log.data[1]).hex(),
                    "blockNumber": hex(number),
                    "transactionHash": self.transaction(number),
                    "logIndex": hex(position),
                    "removed": False,
                }
            )
        self.blocks.append({"time": now, "logs": made, "from": "0x" + sender.hex()})

    def hash(self, number: int) -> str:
        return "0x" + hashlib.sha256(self.salt + b"block %d" % number).hexdigest()

    def transaction(self, number: int) -> str:
        return "0x" + hashlib.sha256(b"transaction %d" % number).hexdigest()

    def call(self, method: str, *params: Any) -> Any:
        """Answer a question."""
        self.asked.append((method, params))
        meddled = self.meddle(method, params)
        return self.truth(method, params) if meddled is None else meddled

    def batch(self, asked: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        return [self.call(method, *params) for method, params in asked]

    def truth(self, method: str, params: Sequence[Any]) -> Any:
        """Answer as the chain is."""
        match method:
            case "eth_chainId":
                return hex(CHAIN_ID)
            case "eth_getCode":
                return "0x" if params[0] == "0x" + "11" * 20 else "0x60"
            case "eth_getTransactionByHash":
                number = next(n for n in range(len(self.blocks)) if self.transaction(n) == params[0])
                return {"from": self.blocks[number]["from"], "to": "0x" + self.contract.hex()}
            case "eth_getBlockByNumber":
                number = self.head if params[0] in ("latest", "finalized") else int(params[0], 16)
                return self._header(number) if number <= self.head else None
            case "eth_getLogs":
                return list(self._logs(params[0]))
        raise AssertionError(method)

    def _header(self, number: int) -> dict[str, Any]:
        return {
            "number": hex(number),
            "hash": self.hash(number),
            "parentHash": self.hash(number - 1),
            "timestamp": hex(self.blocks[number]["time"]),
        }

    def _logs(self, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
        first, last = (int(wanted[name], 16) for name in ("fromBlock", "toBlock"))
        for number in range(first, min(last, self.head) + 1):
            for log in self.blocks[number]["logs"]:
                if _fits(log["topics"], wanted["topics"]):
                    yield {**log, "blockHash": self.hash(number)}

    def answer(self, untrusted: Any) -> Any:
        """Answer a request of JSON-RPC, or a batch of them: what a server of it needs."""
        if isinstance(untrusted, list):
            return [self.answer(each) for each in untrusted]
        result = self.call(untrusted["method"], *untrusted["params"])
        return {"jsonrpc": "2.0", "id": untrusted["id"], "result": result}


def _fits(topics: Sequence[str], wanted: Sequence[Any]) -> bool:
    for at, each in enumerate(wanted):
        if each is not None and (
            at >= len(topics) or topics[at] not in ([each] if isinstance(each, str) else each)
        ):
            return False
    return True


class Life:
    """A random life, played step by step, and the chain that it leaves."""

    def __init__(self, seed: int) -> None:
        self.play = Play(random.Random(seed))
        self.chain = RecordedChain(self.play.chain.address)
        self._send = self.play.chain.send
        self.play.chain.send = self._recorded  # type: ignore[method-assign]
        self.play.prepare()

    @property
    def now(self) -> int:
        return self.play.paper.now

    def go_on(self, steps: int) -> None:
        """Take so many steps."""
        for _ in range(steps):
            getattr(self.play, self.play.rng.choices(NAMES, cum_weights=CUMULATED)[0])()

    def end(self) -> None:
        """Let every agreement end, and settle it."""
        self.play.end()

    def _recorded(self, caller: bytes, data: bytes, gas: int | None = None) -> str:
        refused = self._send(caller, data, gas)
        if not refused:
            result = self.play.chain.world.engine.evm.result
            own = [log for log in result.logs if bytes.fromhex(log.address[2:]) == self.chain.contract]
            self.chain.mine(self.now, caller, own)
        return refused


assert set(TOPICS)
