# SPDX-License-Identifier: Apache-2.0
"""Fetch all that a contract has said of one agreement, from nodes that answer for a few blocks at a time.

The range is halved whenever the node finds it too large, and grows again below that. What has come is kept in a file,
so that a later call asks only for what is new, and a call after a failure goes on where that one ended. A kept chunk
counts only as long as the chain still has its last block.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import requests
from web3.exceptions import Web3Exception

from electro_console.agreement.said import Said
from electro_contracts import events
from electro_tools.connection import said
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from web3 import Web3
    from web3.contract import Contract

_NO_AGREEMENT = (
    "DeviceEnrolled",
    "ProposalsPause",
    "ReportSkipped",
    "OutageSkipped",
    "EscrowChosen",
    "Collected",
    "DeviceRevoked",
)
_TOPICS = ["0x" + topic.hex() for name, topic in events.TOPICS.items() if name not in _NO_AGREEMENT]
_REVOKED = "0x" + events.TOPICS["DeviceRevoked"].hex()
_BUSY_WORDS = ("rate limit", "too many requests", "429", "capacity")
_MOST_WAITS = 6
_BLOCKS_AT_ONCE = 100  # of a JSON-RPC batch: fewer than any provider refuses


@dataclass(frozen=True)
class _Chunk:
    """The logs of the blocks from `first` to `last`, and the hash of the last one."""

    first: int
    last: int
    hash: str
    logs: list[dict[str, Any]]


class History:
    """What is known of one agreement's past.

    Args:
        contract: web3's view of it.
        agreement_id: whose past.
        file: where chunks are kept; None: nowhere.
        tell: called with (blocks done, blocks in all).
    """

    def __init__(
        self, contract: Contract, agreement_id: int, file: Path | None, tell: Callable[[int, int], None]
    ) -> None:
        self._contract = contract
        self._web3: Web3 = contract.w3
        self._id = agreement_id
        self._file = file
        self._tell = tell

    def until(self, head: int, first: int | None = None) -> list[Said]:
        """Return all events up to a block, in the chain's order.

        Args:
            head: the last block that counts.
            first: the first to look at; by default the one that brought the contract.

        Raises:
            ToolError: the node gives up; what has come by then is kept.
        """
        chunks = [chunk for chunk in self._kept() if chunk.last <= head]
        if first is not None and chunks and chunks[0].first > first:
            chunks = []
        if not chunks:
            first = self._birth(head) if first is None else first
        begin = start = chunks[-1].last + 1 if chunks else first or 0
        self._keep(chunks)
        size = most = max(1, head - start + 1)
        while start <= head:
            last = min(head, start + size - 1)
            try:
                chunk = self._fetch(start, last)
            except (Web3Exception, requests.RequestException, ValueError) as error:
                if size == 1:
                    raise ToolError(
                        f"the logs of block {start} do not come: {said(error)}",
                        "what has come is kept: the same command goes on from there",
                    ) from error
                size = most = max(1, min(size, last - start + 1) // 2)
                continue
            chunks.append(chunk)
            self._keep([chunk], append=True)
            start, size = last + 1, min(most, size * 2)
            self._tell(start - begin, head + 1 - begin)
        return [said for chunk in chunks for log in chunk.logs for said in _read(log)]

    def _birth(self, head: int) -> int:
        """Return the block that brought the contract's code; 0 if the node has forgotten its old states."""
        low, high = 0, head
        try:
            while low < high:
                middle = (low + high) // 2
                if self._web3.eth.get_code(self._contract.address, middle):
                    high = middle
                else:
                    low = middle + 1
        except (Web3Exception, requests.RequestException, ValueError):
            return 0
        return low

    def _fetch(self, first: int, last: int) -> _Chunk:
        """Ask for one range; waits and asks again while the node is busy."""
        for attempt in range(_MOST_WAITS):
            try:
                return self._ask(first, last)
            except (Web3Exception, requests.RequestException, ValueError) as error:
                busy = any(word in str(error).lower() for word in _BUSY_WORDS)
                if not busy or attempt == _MOST_WAITS - 1:
                    raise
                time.sleep(0.5 * 2**attempt)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _ask(self, first: int, last: int) -> _Chunk:
        topics = ([_TOPICS, "0x" + self._id.to_bytes(32, "big").hex()], [_REVOKED])
        logs: list[Any] = []  # web3's type has no blockTimestamp
        for each in topics:
            wanted: Any = {
                "fromBlock": first,
                "toBlock": last,
                "address": self._contract.address,
                "topics": each,
            }
            logs += self._web3.eth.get_logs(wanted)
        logs.sort(key=lambda log: (log["blockNumber"], log["logIndex"]))
        times = self._times({log["blockNumber"]: log.get("blockTimestamp") for log in logs})
        kept = [
            {
                "block": log["blockNumber"],
                "time": times[log["blockNumber"]],
                "transaction": "0x" + log["transactionHash"].hex(),
                "topics": ["0x" + bytes(topic).hex() for topic in log["topics"]],
                "data": "0x" + bytes(log["data"]).hex(),
            }
            for log in logs
        ]
        return _Chunk(first, last, self._hash(last), kept)

    def _times(self, known: dict[int, Any]) -> dict[int, int]:
        """Return the time of each block: some nodes say it with the log, others are asked in batches."""
        times = {block: _seconds(said) for block, said in known.items() if said is not None}
        wanted = sorted(set(known) - set(times))
        for at in range(0, len(wanted), _BLOCKS_AT_ONCE):
            blocks = wanted[at : at + _BLOCKS_AT_ONCE]
            with self._web3.batch_requests() as batch:
                for block in blocks:
                    batch.add(self._web3.eth.get_block(block))
                answers: list[Any] = batch.execute()  # blocks, whatever web3's type says
            times |= {block: found["timestamp"] for block, found in zip(blocks, answers, strict=True)}
        return times

    def _hash(self, block: int) -> str:
        found = self._web3.eth.get_block(block).get("hash")
        assert found is not None  # only a pending block has none
        return "0x" + found.hex()

    # -- What is kept

    def _kept(self) -> list[_Chunk]:
        """Return the chunks of the file that follow one another and still lie on the chain."""
        if self._file is None:
            return []
        chunks: list[_Chunk] = []
        try:
            for line in self._file.read_text(encoding="utf-8").splitlines():
                chunk = _Chunk(**json.loads(line))
                if chunks and chunk.first != chunks[-1].last + 1:
                    break
                chunks.append(chunk)
        except (OSError, ValueError, TypeError):  # none yet, or cut off while it was written
            pass
        while chunks and not self._lies_on_chain(chunks[-1]):
            chunks.pop()
        return chunks

    def _lies_on_chain(self, chunk: _Chunk) -> bool:
        try:
            return self._hash(chunk.last) == chunk.hash
        except (Web3Exception, requests.RequestException, ValueError):
            return False

    def _keep(self, chunks: list[_Chunk], *, append: bool = False) -> None:
        if self._file is None:
            return
        lines = "".join(json.dumps(vars(chunk)) + "\n" for chunk in chunks)
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a" if append else "w", encoding="utf-8") as stream:
                stream.write(lines)
        except OSError as error:
            raise ToolError(
                f"{self._file} can't be written: {error.strerror}", "name another --cache"
            ) from error


def _seconds(said: Any) -> int:
    return int(said, 16) if isinstance(said, str) else int(said)


def _read(log: dict[str, Any]) -> Iterator[Said]:
    event = events.decode(
        [bytes.fromhex(topic[2:]) for topic in log["topics"]], bytes.fromhex(log["data"][2:])
    )
    if event is not None:
        yield Said(log["block"], log["time"], log["transaction"], event)
