# SPDX-License-Identifier: Apache-2.0
"""A stand-in for Hyperledger Besu with QBFT: anvil without fees, behind a proxy that speaks as Besu was heard to.

It is no Besu. An accounts allowlist is told as its sources say: before the nonce is looked at. What was measured on
real Besu 25.12, with one validator and with four, without fees, is told as it was: answers in chunks; blocks that four
validators of ours have sealed (SET, KEYS), by three of them in a round that differ from answer to answer, as they
differ from node to node, for one and the same hash; blocks that `finalized` and `safe` do not name; its own error codes
and words; a second transaction on the same nonce that silently takes the first one's place; all fees zero; a sequenced
pool of five transactions of an account; and a chain that halts, and comes back. The hash is anvil's, so it is not that
of the sealed header. Consensus, pool and EVM are anvil's.
"""

from __future__ import annotations

from typing import Any

import rlp
from eth_account import Account

from electro_relayer.hashing import keccak256
from tests.protocol.receipts import address, seal, validators
from tests.relayer.faults import FaultyNode, error, sends

FREE_OF_CHARGE = ("--base-fee", "0", "--gas-price", "0", "--disable-min-priority-fee")
POOL_PER_ACCOUNT = 5
_UNKNOWN_BLOCKS = ("finalized", "safe")
KEYS = validators(4, "besu")
SET = tuple(address(each) for each in KEYS)
_ROUNDS = (0, 1, 3)
_WORDS = {  # anvil's, in lower case → Besu's
    "already imported": (-32000, "Known transaction"),
    "nonce too low": (-32001, "Nonce too low"),
    "sender account not authorized": (-32007, "Sender account not authorized to send transactions"),
    "chain id": (-32000, "Wrong chainId"),
}


class BesuStandIn(FaultyNode):
    """The proxy; `replaced` counts what was silently replaced, `turned_away` what the pool had no place for."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.replaced, self.turned_away = 0, 0
        self.chunked = True
        self._told = 0  # blocks
        self.allowlist: set[str] | None = None  # of accounts, in lower case
        self._too_many: set[str] = set()  # raw transactions of the request at hand
        self.instead, self.refuse, self.change = self._make_room, self._turn_away, self._speak

    async def halt(self) -> None:
        """Make no more blocks, as when too few validators are left; transactions are taken all the same."""
        await self._ask("evm_setAutomine", False)
        await self._ask("evm_setIntervalMining", 0)

    async def come_back(self) -> None:
        """Go on, a block a second."""
        await self._ask("evm_setIntervalMining", 1)

    async def _ask(self, method: str, *params: Any) -> Any:
        asked = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
        async with self._session.post(self.target, json=asked) as response:
            return (await response.json())["result"]

    async def _make_room(self, calls: list[Any]) -> None:
        """Drop what is replaced (without fees nothing is dearer than anything), and see what is too much."""
        self._too_many = set()
        for raw in sends(calls):
            sender, nonce = _signed(raw)
            waiting = await self._waiting(sender)
            new = set(waiting) | {nonce}
            if nonce in waiting and waiting[nonce] != _hash(raw):
                await self._ask("anvil_dropTransaction", waiting[nonce])
                self.replaced += 1
            mined = int(await self._ask("eth_getTransactionCount", sender, "latest"), 16)
            if nonce >= mined + POOL_PER_ACCOUNT or len(new) > POOL_PER_ACCOUNT:
                self._too_many.add(raw)
                self.turned_away += 1

    async def _waiting(self, sender: str) -> dict[int, str]:
        content = await self._ask("txpool_content")
        return {
            int(nonce): transaction["hash"]
            for kind in ("pending", "queued")
            for account, found in content[kind].items()
            if account.lower() == sender.lower()
            for nonce, transaction in found.items()
        }

    def _turn_away(self, call: Any) -> str | None:
        for raw in sends([call]):
            if self.allowlist is not None and _signed(raw)[0].lower() not in self.allowlist:
                return "Sender account not authorized to send transactions"
        too_many = any(raw in self._too_many for raw in sends([call]))
        return "Transaction nonce is too distant from current sender nonce" if too_many else None

    def _speak(self, call: Any, answer: Any) -> Any:
        """Say it as Besu does."""
        if any(block in _UNKNOWN_BLOCKS for block in call["params"] if isinstance(block, str)):
            return error(call, "Unknown block", -39001)
        if "error" in answer:
            return self._complain(call, answer)
        if call["method"] in ("eth_gasPrice", "eth_maxPriorityFeePerGas"):
            return {**answer, "result": "0x0"}
        if call["method"] == "web3_clientVersion":
            return {**answer, "result": "besu/v25.12.0/linux-x86_64/openjdk-java-21"}
        found = answer["result"]
        if isinstance(found, dict) and "extraData" in found:
            self._told += 1
            absent = self._told % len(KEYS)
            signers = [key for place, key in enumerate(KEYS) if place != absent]
            sealed = seal(found, SET, signers, _ROUNDS[self._told % len(_ROUNDS)])
            return {**answer, "result": {**sealed, "hash": found["hash"]}}
        return answer

    def _complain(self, call: Any, answer: Any) -> Any:
        said = answer["error"]
        if "data" in said or said["code"] == 3:
            return {**answer, "error": {**said, "code": 3, "message": "Execution reverted"}}
        for words, (code, message) in _WORDS.items():
            if words in said["message"].lower():
                return error(call, message, code)
        return answer


def _signed(raw: str) -> tuple[str, int]:
    """Who signed a transaction, of type 2 or a legacy one, and on which nonce."""
    typed = raw.startswith("0x02")
    fields = rlp.decode(bytes.fromhex(raw[4 if typed else 2 :]))
    return Account.recover_transaction(raw), int.from_bytes(fields[1 if typed else 0], "big")


def _hash(raw: str) -> str:
    return "0x" + keccak256(bytes.fromhex(raw[2:])).hex()
