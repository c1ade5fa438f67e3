# SPDX-License-Identifier: Apache-2.0
"""py-evm as eth-tester drives it, with a clock of its own and with revert data kept.

eth-tester dates blocks by the wall clock, so a demo of the year 2018 could not exist; it turns revert data
into a printed Python string, so no custom error could be decoded; and it charges for calls. That is changed
here and nothing else.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from electro_tools.errors import ToolError

from .replica import Refused, Replica

try:
    from eth.exceptions import TransactionNotFound as EVMTransactionNotFound
    from eth_tester import PyEVMBackend
    from eth_tester.backends.pyevm.main import EVMSpoofTransaction, _get_vm_for_block_number
    from eth_tester.backends.pyevm.serializers import serialize_transaction, serialize_transaction_receipt
    from eth_tester.exceptions import TransactionFailed, TransactionNotFound
except ImportError as missing:
    raise ToolError(
        "the embedded chain is not installed", "pip install 'electro-grid[demo]' brings it"
    ) from missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FUNDS_WEI = 10**24
NEWEST = ("latest", "safe", "finalized", "pending")  # a transaction is final when it is sent


class Backend(PyEVMBackend):  # type: ignore[misc]  # eth-tester has no types
    """One py-evm chain.

    Args:
        chain_id: what transactions must carry (EIP-155).
        genesis_time: timestamp of block 0, unix seconds.
        funded: 20-byte addresses that begin with 10^24 wei each.
    """

    def __init__(self, chain_id: int, genesis_time: int, funded: Sequence[bytes]) -> None:
        accounts = {
            address: {"balance": _FUNDS_WEI, "nonce": 0, "code": b"", "storage": {}} for address in funded
        }
        parameters = PyEVMBackend.generate_genesis_params({"timestamp": genesis_time})
        super().__init__(genesis_parameters=parameters, genesis_state=accounts)
        chain_class = type(self.chain)  # made by eth-tester for this chain alone
        chain_class.chain_id = chain_id
        create_header = chain_class.create_header_from_parent

        def create_dated_header(chain: Any, parent: Any, **header: Any) -> Any:
            header.setdefault("timestamp", parent.timestamp + 1)
            return create_header(chain, parent, **header)

        chain_class.create_header_from_parent = create_dated_header
        self.chain.header = self.chain.create_header_from_parent(self.chain.get_canonical_head())
        self._replica = Replica(self, chain_id, dict.fromkeys(funded, _FUNDS_WEI))

    @property
    def latest_time(self) -> int:
        """Timestamp of the newest block, unix seconds."""
        return int(self.chain.get_canonical_head().timestamp)

    @property
    def latest_number(self) -> int:
        """Number of the newest block."""
        return int(self.chain.header.block_number) - 1  # the chain's header is the next block's

    def hash_of(self, number: int) -> bytes:
        """Return the hash of a block that is there."""
        found: bytes = self.chain.chaindb.get_canonical_block_hash(number)
        return found

    def get_transaction_by_hash(self, transaction_hash: bytes) -> dict[str, Any]:
        block, transaction, index = self._find(transaction_hash)
        found: dict[str, Any] = serialize_transaction(block, transaction, index, is_pending=False)
        return found

    def get_transaction_receipt(self, transaction_hash: bytes) -> dict[str, Any]:
        block, transaction, index = self._find(transaction_hash)
        receipts = block.get_receipts(self.chain.chaindb)
        found: dict[str, Any] = serialize_transaction_receipt(
            block, receipts, transaction, index, is_pending=False, vm=self.chain.get_vm()
        )
        return found

    def _find(self, transaction_hash: bytes) -> tuple[Any, Any, int]:
        """Return a transaction with its block and its place there; eth-tester would walk all blocks back."""
        try:
            number, index = self.chain.get_canonical_transaction_index(transaction_hash)
        except EVMTransactionNotFound as missing:
            raise TransactionNotFound(f"no transaction has the hash 0x{transaction_hash.hex()}") from missing
        block = self.chain.get_canonical_block_by_number(number)
        return block, block.transactions[index], index

    def mine_at(self, timestamp: int) -> None:
        """Mine an empty block at this time, which must lie after the newest block's."""
        self.chain.header = self.chain.header.copy(timestamp=timestamp)
        self.mine_blocks()

    def call(self, transaction: dict[str, Any], block_number: int | str = "latest") -> bytes:
        """Return what a call returns; the caller needs no money for it, as with every node.

        Raises:
            TransactionFailed: with the revert data, in bytes, as its argument.
        """
        newest = block_number in (*NEWEST, self.latest_number)
        if newest and transaction.get("to") and "gas" not in transaction and self._replica.follow():
            try:
                return self._replica.call(transaction)
            except Refused as refused:
                raise TransactionFailed(refused.args[0]) from refused
        filled = {"gas": self._max_available_gas(), **transaction}
        with self._trial(filled, block_number) as (state, spoofed):
            computation = state.apply_transaction(spoofed)
        if computation.is_error:
            raise TransactionFailed(computation.output)
        output: bytes = computation.output
        return output

    def estimate_gas(self, transaction: dict[str, Any], block_number: int | str = "latest") -> int:
        """Return gas that suffices at the time of that block: what is used, and more only where that is not enough.

        eth-tester halves the range from nothing to a whole block, which takes fifteen runs.

        Raises:
            TransactionFailed: with the revert data, in bytes, as its argument.
        """
        limit = self._max_available_gas()
        with self._trial({**transaction, "gas": limit}, block_number) as (state, spoofed):
            computation = state.apply_transaction(spoofed)
        if computation.is_error:
            raise TransactionFailed(computation.output)
        used = gas = int(spoofed.intrinsic_gas + computation.get_gas_used())
        margin = used // 63  # of what is left a call within gets all but 1/64 (EIP-150)
        while gas < limit and not self._suffices(transaction, gas, block_number):
            gas, margin = min(limit, used + margin), 2 * margin
        return gas

    def _suffices(self, transaction: dict[str, Any], gas: int, block_number: int | str) -> bool:
        with self._trial({**transaction, "gas": gas}, block_number) as (state, spoofed):
            return not state.apply_transaction(spoofed).is_error

    @contextmanager
    def _trial(self, transaction: dict[str, Any], block_number: int | str) -> Iterator[tuple[Any, Any]]:
        """Lend a state on which nothing lasts, its caller rich, and the unsigned transaction to try there."""
        unsigned = self._get_normalized_and_unsigned_evm_transaction(transaction, block_number)
        state = _get_vm_for_block_number(self.chain, block_number).state
        snapshot = state.snapshot()
        state.set_balance(transaction["from"], _FUNDS_WEI)
        try:
            yield state, EVMSpoofTransaction(unsigned, from_=transaction["from"])
        finally:
            state.revert(snapshot)
