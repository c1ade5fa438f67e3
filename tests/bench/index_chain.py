# SPDX-License-Identifier: Apache-2.0
"""A chain that exists only as a node's answers: agreements of one meter each, and their days, as JSON in bytes."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
from eth_abi import encode

from electro_contracts import artifact, events
from electro_contracts.bill import of_readings
from electro_contracts.terms import Terms
from electro_protocol.readings import unpack

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

CONTRACT = bytes.fromhex("e1ec" * 10)
CHAIN_ID = 1337
START = 1_798_761_600  # 2027-01-01
DAY_S = 86_400
SLOTS = 96
_REPORTS_A_TRANSACTION = 50
_LOGS_A_BLOCK = 500
_LOGS_AN_ANSWER = 4990  # of a rounder number the index would ask again, in halves
TERMS = Terms(
    start=START, interval_seconds=900, intervals=365 * SLOTS, unit_wh=100, violation_penalty=500, under_rate=3,
    over_rate=7, outage_penalty=1000, outage_minute_penalty=10, penalised_causes=4, missing_penalty=12_000,
    grace=7 * DAY_S, dispute_window=DAY_S, notice=DAY_S, discount_rate_ppm=250_000, discount_expiry=30 * DAY_S,
    capacity_units=1500, raise_units=0, lead_seconds=DAY_S, fault_lookback=3 * 3600,
    bands=tuple((200, 1000) for _ in range(SLOTS)),
)  # fmt: skip


def device_of(meter: int) -> bytes:
    """Return the address of a meter, by its number from 0."""
    return hashlib.sha256(b"meter %d" % meter).digest()[:20]


class MadeChain:
    """A node of which only what the index asks can be asked; it answers by blocks that were made beforehand.

    Args:
        meters: how many, each with an agreement of its own.
    """

    shown = "made"
    chain_id = CHAIN_ID

    def __init__(self, meters: int) -> None:
        self.meters = meters
        self.answers: dict[int, bytes] = {}  # what eth_getLogs gives for the range that ends with a block
        self.begins: dict[int, int] = {}  # where that range begins
        self.head = 0
        self.bytes = 0
        self._block, self._position = 1, 0

    def __len__(self) -> int:
        return 1

    def call(self, method: str, *params: Any) -> Any:
        if method == "eth_getLogs":
            return self._logs(int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16))
        assert method == "eth_getBlockByNumber", method
        return _header(int(params[0], 16))

    def batch(self, asked: Sequence[tuple[str, list[Any]]]) -> list[Any]:
        assert {method for method, _ in asked} <= {"eth_getTransactionByHash"}, asked
        return [{"from": "0x" + "0b" * 20, "to": "0x" + CONTRACT.hex()} for _ in asked]

    def _logs(self, first: int, last: int) -> list[dict[str, Any]]:
        if self.begins.get(last) == first:
            return orjson.loads(self.answers[last])  # type: ignore[no-any-return]
        behind = min(each for each in self.answers if each >= last)
        return [
            log for log in orjson.loads(self.answers[behind]) if first <= int(log["blockNumber"], 16) <= last
        ]

    def ranges(self) -> Iterator[tuple[int, int]]:
        """Yield first and last block of each answer, and forget it behind."""
        for last in sorted(self.answers):
            yield self.begins[last], last
            del self.answers[last]

    def agree(self) -> None:
        """Let every meter's agreement be proposed and accepted."""
        terms = _kind("AgreementProposed")
        numbers = TERMS.to_tuple()
        logs: list[dict[str, Any]] = []
        for meter in range(self.meters):
            data = encode(terms, [1_000_000, numbers, ["0x" + device_of(meter).hex()]])
            topics = [_word(meter + 1), "0x" + "00" * 12 + "c0" * 20]
            logs.append(self._log("AgreementProposed", topics, data, len(logs), START - DAY_S))
            accepted = encode(["bytes32", "bytes32"], [TERMS.hash, bytes(32)])
            logs.append(self._log("AgreementAccepted", topics, accepted, len(logs), START - DAY_S))
            if len(logs) >= _LOGS_AN_ANSWER:
                self._answer(logs)
        self._answer(logs)

    def report(self, day: int, *, violations: float = 0.02, meters: Sequence[int] | None = None) -> int:
        """Let meters report a day; return how many intervals those are.

        Args:
            day: from 0.
            violations: the share of reports that cost something.
            meters: which; by default all.
        """
        random = np.random.default_rng(day)
        chosen = range(self.meters) if meters is None else meters
        lanes = random.integers(300, 900, (len(chosen), SLOTS)).astype(np.uint16)
        bad = random.random(len(chosen)) < violations
        lanes[bad, 40] = 1200
        at = START + (day + 1) * DAY_S
        logs: list[dict[str, Any]] = []
        for row, meter in enumerate(chosen):
            readings = lanes[row].astype(">u2").tobytes()
            topics = [_word(meter + 1), "0x" + "00" * 12 + device_of(meter).hex()]
            head = [day * SLOTS, (day + 1) * 5_760_000, 96, len(readings)]
            data = b"".join(each.to_bytes(32, "big") for each in head) + readings
            logs.append(self._log("EnergyReported", topics, data, len(logs), at))
            if bad[row]:
                bill = of_readings(0, unpack(readings), TERMS, lambda i: TERMS.bands[i % SLOTS])
                figures = [
                    day * SLOTS,
                    bill.under,
                    bill.over,
                    bill.no_data,
                    bill.under_units,
                    bill.over_units,
                ]
                cost = b"".join(each.to_bytes(32, "big") for each in [*figures, bill.accrued])
                logs.append(self._log("Violations", topics, cost, len(logs), at))
            if len(logs) >= _LOGS_AN_ANSWER:
                self._answer(logs)
        self._answer(logs)
        return len(chosen) * SLOTS

    def _log(self, name: str, topics: list[str], data: bytes, place: int, at: int) -> dict[str, Any]:
        if not place:
            self._block, self._position = self.head + 1, 0
        elif self._position >= _LOGS_A_BLOCK and name != "Violations":  # which stands behind its report
            self._block, self._position = self._block + 1, 0
        block, position = self._block, self._position
        self._position += 1
        sent = hashlib.sha256(b"%d %d" % (block, position // _REPORTS_A_TRANSACTION)).hexdigest()
        return {
            "address": "0x" + CONTRACT.hex(),
            "topics": ["0x" + events.TOPICS[name].hex(), *topics],
            "data": "0x" + data.hex(),
            "blockHash": _hash(block),
            "blockNumber": hex(block),
            "blockTimestamp": hex(at),
            "transactionHash": "0x" + sent,
            "transactionIndex": hex(position // _REPORTS_A_TRANSACTION),
            "logIndex": hex(position),
            "removed": False,
        }

    def _answer(self, logs: list[dict[str, Any]]) -> None:
        if not logs:
            return
        begins = self.head + 1
        self.head = int(logs[-1]["blockNumber"], 16)
        self.begins[self.head] = begins
        self.answers[self.head] = orjson.dumps(logs)
        self.bytes += len(self.answers[self.head])
        logs.clear()


def _header(block: int) -> dict[str, Any]:
    return {
        "number": hex(block),
        "hash": _hash(block),
        "parentHash": _hash(block - 1),
        "timestamp": hex(START),
    }


def _hash(block: int) -> str:
    return "0x" + hashlib.sha256(b"block %d" % block).hexdigest()


def _word(number: int) -> str:
    return f"0x{number:064x}"


def _kind(name: str) -> list[str]:
    """Return the types of what an event does not index."""
    (entry,) = (each for each in artifact.load().abi if each["type"] == "event" and each["name"] == name)
    return [_type(each) for each in entry["inputs"] if not each["indexed"]]


def _type(entry: dict[str, Any]) -> str:
    if entry["type"] != "tuple":
        return str(entry["type"])
    return "(" + ",".join(map(_type, entry["components"])) + ")"


assert len(dataclasses.fields(TERMS)) == len(TERMS.to_tuple())
