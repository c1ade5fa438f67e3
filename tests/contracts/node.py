# SPDX-License-Identifier: Apache-2.0
"""An anvil as an engine of the contract's tests: a real node, at the price of a round trip for each step."""

from __future__ import annotations

import itertools
import json
import time
import urllib.request
from typing import TYPE_CHECKING, Any

from .engines import Outcome

if TYPE_CHECKING:
    from tests.toolchain.running_anvil import Anvil

GAS_LIMIT = 2**24  # of a transaction: EIP-7825


class Node:
    """Accounts are the node's own; transactions keep to the limit of EIP-7825."""

    def __init__(self, anvil: Anvil) -> None:
        self.chain_id = anvil.chain_id
        self._url = anvil.url
        self._ids = itertools.count()
        self.accounts = self.ask("eth_accounts")[:3]

    def set_time(self, now: int) -> None:
        self.ask("evm_setNextBlockTimestamp", now)
        self.ask("evm_mine")

    def deploy(self, code: bytes) -> str:
        return str(self.transact({"from": self.accounts[2], "data": "0x" + code.hex()})["contractAddress"])

    def call(self, caller: str, to: str, data: bytes) -> bytes:
        answer = self.ask("eth_call", {"from": caller, "to": to, "data": "0x" + data.hex()}, "latest")
        return bytes.fromhex(answer[2:])

    def send(self, caller: str, to: str, data: bytes) -> Outcome:
        receipt = self.transact({"from": caller, "to": to, "data": "0x" + data.hex()})
        logs = [
            ([bytes.fromhex(topic[2:]) for topic in log["topics"]], bytes.fromhex(log["data"][2:]))
            for log in receipt["logs"]
        ]
        return Outcome(b"", int(receipt["gasUsed"], 16), logs)

    def transact(self, fields: dict[str, str]) -> dict[str, Any]:
        sent = self.ask("eth_sendTransaction", {**fields, "gas": hex(GAS_LIMIT)})
        for _ in range(500):  # anvil mines at once, and has the receipt a moment later
            receipt: dict[str, Any] | None = self.ask("eth_getTransactionReceipt", sent)
            if receipt is not None:
                assert receipt["status"] == "0x1"
                return receipt
            time.sleep(0.01)
        raise AssertionError("the transaction is not mined")

    def ask(self, method: str, *parameters: object) -> Any:
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": parameters}
        request = urllib.request.Request(
            self._url, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as answered:
            answer = json.load(answered)
        assert "result" in answer, answer
        return answer["result"]
