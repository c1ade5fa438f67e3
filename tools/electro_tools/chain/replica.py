# SPDX-License-Identifier: Apache-2.0
"""The embedded chain's newest state a second time, in a compiled EVM, to answer `eth_call` there.

py-evm judges each transaction and makes its block; a meter's question takes it 23 ms, which would be four fifths of a
demo's chain. Here every mined transaction is run once more in revm, and calls are answered from what it
left. py-evm's word counts: where a transaction does not end here as it ended there, the replica is of no use, and says
so. What gas a call may spend is not counted here, for what any transaction ever touched stays warm.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pyrevm

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .backend import Backend

_REFUSAL = re.compile(r"output: 0x([0-9a-f]*)")
_RICH_WEI = 10**24
_GAS = 2**40  # nobody pays for a call
_FORK = "PRAGUE"  # py-evm's newest, which the chain runs
_SUCCEEDED = b"\x01"  # EIP-658: the status stands where the state root stood


class Refused(Exception):  # noqa: N818 - a fact about a call
    """A call was reverted; its argument is the revert data."""


class Replica:
    """Follows one chain.

    Args:
        backend: the chain.
        chain_id: what the opcode CHAINID answers.
        balances_wei: what accounts have in block 0, by address.
    """

    def __init__(self, backend: Backend, chain_id: int, balances_wei: Mapping[bytes, int]) -> None:
        self._backend = backend
        self._chain_id = chain_id
        self._balances_wei = dict(balances_wei)
        self._begin()

    def _begin(self) -> None:
        self._evm = pyrevm.EVM(
            env=pyrevm.Env(cfg=pyrevm.CfgEnv(chain_id=self._chain_id)), gas_limit=_GAS, spec_id=_FORK
        )
        for account, wei in self._balances_wei.items():
            self._evm.set_balance(_text(account), wei)
        self._followed = [self._backend.hash_of(0)]
        self._faithful = True

    def call(self, transaction: Mapping[str, Any]) -> bytes:
        """Return what a call returns at the block followed to, whose caller needs no money for it.

        Raises:
            Refused: with the revert data.
        """
        caller = _text(transaction["from"])
        before = self._evm.snapshot()
        self._evm.set_balance(caller, _RICH_WEI)
        try:
            data, value = transaction.get("data", b""), transaction.get("value", 0)
            return self._run(caller, transaction["to"], data, value, _GAS)
        finally:
            self._evm.revert(before)

    def follow(self) -> bool:
        """Run what was mined since the last time, after a reorganisation everything; tell if all ended alike."""
        backend = self._backend
        newest = backend.latest_number
        height = len(self._followed) - 1
        if height > newest or self._followed[-1] != backend.hash_of(height):
            self._begin()
            height = 0
        for number in range(height + 1, newest + 1):
            block = backend.chain.get_canonical_block_by_number(number)
            self._date(block.header)
            receipts = block.get_receipts(backend.chain.chaindb)
            for transaction, receipt in zip(block.transactions, receipts, strict=True):
                self._repeat(transaction, receipt)
            self._followed.append(block.hash)
        # a call is tried in the block that is there, as py-evm does and as nodes do
        self._date(backend.chain.get_canonical_head())
        return self._faithful

    def _date(self, header: Any) -> None:
        self._evm.set_block_env(
            pyrevm.BlockEnv(
                number=header.block_number,
                coinbase=_text(header.coinbase),
                timestamp=header.timestamp,
                prevrandao=header.mix_hash,
                basefee=0,  # a call pays nothing
                gas_limit=_GAS,
            )
        )

    def _repeat(self, transaction: Any, receipt: Any) -> None:
        """Run a transaction that py-evm has mined; of one that failed only its cost remains."""
        if receipt.state_root != _SUCCEEDED:
            return
        caller = _text(transaction.sender)
        self._evm.insert_account_info(caller, pyrevm.AccountInfo(nonce=transaction.nonce))
        self._evm.set_balance(caller, _RICH_WEI)
        try:
            # with gas in plenty: it sufficed there, and storage written before is priced otherwise here
            if transaction.to == b"":
                self._evm.deploy(caller, transaction.data, value=transaction.value, gas=_GAS)
            else:
                self._run(caller, transaction.to, transaction.data, transaction.value, _GAS)
        except (Refused, RuntimeError):
            self._faithful = False
            return
        self._evm.set_balance(caller, self._backend.get_balance(transaction.sender))
        self._faithful &= _logs(self._evm.result) == [
            (log.address, list(log.topics), log.data) for log in receipt.logs
        ]

    def _run(self, caller: str, to: bytes, data: bytes, value: int, gas: int) -> bytes:
        try:
            return bytes(self._evm.message_call(caller, _text(to), calldata=data, value=value, gas=gas))
        except RuntimeError as failed:
            found = _REFUSAL.search(str(failed))
            raise Refused(bytes.fromhex(found[1]) if found else b"") from failed


def _text(account: bytes) -> str:
    return "0x" + account.hex()


def _logs(result: Any) -> list[tuple[bytes, list[int], bytes]]:
    """Return a transaction's logs as py-evm has them."""
    return [
        (bytes.fromhex(log.address[2:]), [int(topic, 16) for topic in log.topics], bytes(log.data[1]))
        for log in result.logs
    ]
