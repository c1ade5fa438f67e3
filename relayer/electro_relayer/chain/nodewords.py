# SPDX-License-Identifier: Apache-2.0
"""Understand what nodes say when they refuse a transaction or a question; each has its own words and codes.

What stands in the table was read in the sources named beside it. Everything else is UNKNOWN, and whoever hears it
waits: a node's trouble is no verdict on a message.
"""

from __future__ import annotations

import enum
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from electro_relayer.chain.rpc import RpcError


class Verdict(enum.Enum):
    TAKEN = "taken"
    KNOWN = "already known"
    NONCE_LOW = "nonce too low"
    NONCE_HIGH = "nonce too high"
    UNDERPRICED = "fee below the pool's floor"
    REPLACEMENT = "fee too low to replace what has the nonce"
    BASE_FEE = "fee below the block's base fee"
    POOR = "not enough money for gas"
    NOT_ALLOWED = "the sender may not send transactions on this chain"
    FULL = "the node's pool is full"
    GAS_LOW = "gas limit below what the transaction costs before it runs"
    REFUSED = "the transaction itself is refused"
    TROUBLE = "the node can't answer now"
    SLOW = "the node took too long, or broke on the way"
    UNKNOWN = "words that nobody knows"

    @property
    def certain(self) -> bool:
        """Another try of the same would fail likewise."""
        return self is Verdict.REFUSED


# The first phrase found decides, so the special stand before the general. Sources, by the letter beside each:
# G  go-ethereum 1.16: core/txpool/errors.go, core/txpool/validation.go, core/error.go, internal/ethapi/errors.go;
#    bor, op-geth and nitro are made from it
# B  Besu 25.12: RpcErrorType.java, and a node that was asked
# N  Nethermind 1.36: TxPoolErrorMessages.cs, whose older versions say the names of AcceptTxResult.cs
# E  Erigon 3.0: txnprovider/txpool/txpoolcfg/txpoolcfg.go
# R  Reth 1.9: rpc-eth-types/src/error/mod.rs, transaction-pool/src/error.rs
# A  anvil 1.7: anvil/src/eth/error.rs
# P  py-evm 0.12, by way of eth-tester
# H  providers of nodes as a service, as they answered
_WORDS = (
    ("already known", Verdict.KNOWN),  # G N E R
    ("known transaction", Verdict.KNOWN),  # B
    ("already imported", Verdict.KNOWN),  # A R
    ("existing txn with same hash", Verdict.KNOWN),  # E
    ("alreadyknown", Verdict.KNOWN),  # N
    ("replacement transaction underpriced", Verdict.REPLACEMENT),  # G B N E R
    ("to replace existing transaction", Verdict.REPLACEMENT),  # A R
    ("could not replace existing tx", Verdict.REPLACEMENT),  # E
    ("replacementnotallowed", Verdict.REPLACEMENT),  # N
    ("future transaction tries to replace pending", Verdict.NONCE_HIGH),  # G
    ("nonce too low", Verdict.NONCE_LOW),  # G B N E R A
    ("oldnonce", Verdict.NONCE_LOW),  # N
    ("nonce too high", Verdict.NONCE_HIGH),  # G B N R A
    ("nonce too far in future", Verdict.NONCE_HIGH),  # N
    ("noncegap", Verdict.NONCE_HIGH),  # N
    ("nonce is too distant", Verdict.NONCE_HIGH),  # B: more than the pool takes of one account
    ("transaction with a lower nonce", Verdict.NONCE_HIGH),  # B: one before it in the pool is invalid
    ("gapped-nonce", Verdict.NONCE_HIGH),  # G
    ("less than block base fee", Verdict.BASE_FEE),  # G R A
    ("below current base fee", Verdict.BASE_FEE),  # B
    ("underpriced", Verdict.UNDERPRICED),  # G N E R
    ("below minimum required priority fee", Verdict.UNDERPRICED),  # R
    ("below chain minimum", Verdict.UNDERPRICED),  # R
    ("gas price below", Verdict.UNDERPRICED),  # B
    ("gas price too low", Verdict.UNDERPRICED),  # P
    ("tip below minimum", Verdict.UNDERPRICED),  # H
    ("fee per gas below minimum", Verdict.UNDERPRICED),  # H
    ("fee too low", Verdict.UNDERPRICED),  # E
    ("feetoolow", Verdict.UNDERPRICED),  # N
    ("insufficient funds", Verdict.POOR),  # G N E R A
    ("insufficientfunds", Verdict.POOR),  # N
    ("upfront cost exceeds", Verdict.POOR),  # B
    ("overdraws from account", Verdict.POOR),  # R
    ("sender account balance", Verdict.POOR),  # P
    ("not authorized to send transactions", Verdict.NOT_ALLOWED),  # B
    ("account limit exceeded", Verdict.FULL),  # G
    ("spammer", Verdict.FULL),  # E R: as many of this account as it takes
    ("pool is full", Verdict.FULL),  # G E
    ("pool size constraints", Verdict.FULL),  # R
    ("in-flight transaction limit", Verdict.FULL),  # G
    ("intrinsic gas too low", Verdict.GAS_LOW),  # G R A
    ("intrinsic gas exceeds", Verdict.GAS_LOW),  # B
    ("intrinsicgas", Verdict.GAS_LOW),  # E
    ("floor data gas", Verdict.GAS_LOW),  # G
    ("exceeds block gas limit", Verdict.REFUSED),  # G B
    ("exceeds block's gas limit", Verdict.REFUSED),  # R
    ("greater than the block gas limit", Verdict.REFUSED),  # A
    ("gas limit reached", Verdict.REFUSED),  # N
    ("gas limit is too high", Verdict.REFUSED),  # E
    ("gas limit too high", Verdict.REFUSED),  # G R: EIP-7825
    ("intrinsic gas too high", Verdict.REFUSED),  # R A
    ("gas required exceeds", Verdict.REFUSED),  # G R A: of an estimate
    ("out of gas", Verdict.REFUSED),  # G R A: of an estimate
    ("oversized data", Verdict.REFUSED),  # G E
    ("input data too large", Verdict.REFUSED),  # R
    ("transaction too large", Verdict.REFUSED),  # N
    ("maxtxsizeexceeded", Verdict.REFUSED),  # N
    ("rlptoolong", Verdict.REFUSED),  # E
    ("rate limit", Verdict.TROUBLE),  # H
    ("too many requests", Verdict.TROUBLE),  # H
    ("request count exceeded", Verdict.TROUBLE),  # H
    ("capacity", Verdict.TROUBLE),  # H
    ("timed out", Verdict.SLOW),  # H
    ("timeout", Verdict.SLOW),  # B G H
    ("sync", Verdict.TROUBLE),  # B N: "Initial sync is still in progress", "node is syncing"
    ("header not found", Verdict.TROUBLE),  # G R: another node behind the same address
    ("missing trie node", Verdict.TROUBLE),  # G
    ("world state", Verdict.TROUBLE),  # B
    ("internal error", Verdict.SLOW),  # B A
)
_CODES = {
    -32001: Verdict.NONCE_LOW,  # B
    -32006: Verdict.NONCE_HIGH,  # B
    -32007: Verdict.NOT_ALLOWED,  # B
    -32008: Verdict.TROUBLE,  # B: initial sync
    -32009: Verdict.UNDERPRICED,  # B
    429: Verdict.TROUBLE,  # H
}
_NUMBER = re.compile("[0-9]+")  # of 500 characters: those of an error are not more
_DEMANDED = re.compile(r"minimum (?:needed|required priority fee):? (\d{1,30})(?!\d)")  # G R


def understand(error: RpcError) -> Verdict:
    """Name what an error means for the transaction, or the question, that it answers."""
    words = error.message.lower()
    for phrase, verdict in _WORDS:
        if phrase in words:
            return verdict
    if "nonce" in words and "expected" in words:  # P: "Invalid transaction nonce: Expected 5, but got 4"
        numbers = [int(digits) for digits in _NUMBER.findall(words)]
        return Verdict.NONCE_HIGH if len(numbers) == 2 and numbers[1] > numbers[0] else Verdict.NONCE_LOW
    return _CODES.get(error.code, Verdict.UNKNOWN)


def demanded_wei(words: str) -> int | None:
    """Return the least price that a refusal names, if it names one."""
    found = _DEMANDED.search(words.lower())
    return int(found[1]) if found is not None else None
