# SPDX-License-Identifier: Apache-2.0
"""The genesis block of a QBFT network: who seals, what gas costs (nothing), which rules hold, what is there already."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rlp

from electro_contracts.deployment import FACTORY, FACTORY_CODE

if TYPE_CHECKING:
    from collections.abc import Sequence

VANITY = bytes(32)
NO_VOTE: list[bytes] = []
ROUND_NOUGHT = b""
NO_SEALS: list[bytes] = []
# Besu, IbftHelpers / BftHelpers.EXPECTED_MIX_HASH: keccak of "Istanbul Byzantine fault tolerance", cut into words
MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
GAS_LIMIT = 30_000_000  # two full batches and their like; EIP-7825 allows one transaction 16,777,216
EPOCH_BLOCKS = 30_000  # Besu docs, QBFT: votes on validators lapse then
CODE_LIMIT = 24_576  # EIP-170, said although it is the default: the contract and the longest terms just fit


def extra_data(validators: Sequence[bytes]) -> bytes:
    """Return the first block's extraData: vanity, validators in this order, no vote, round 0, no seals."""
    encoded: bytes = rlp.encode([VANITY, list(validators), NO_VOTE, ROUND_NOUGHT, NO_SEALS])
    return encoded


def validators_of(data: bytes) -> list[bytes]:
    """Return the validators that a genesis block's extraData names; raises ValueError."""
    try:
        parts = rlp.decode(data)
    except rlp.DecodingError as error:
        raise ValueError("is no RLP") from error
    if not isinstance(parts, list) or len(parts) != 5 or not isinstance(parts[1], list):
        raise ValueError("is no QBFT extraData")
    if not all(isinstance(each, bytes) and len(each) == 20 for each in parts[1]):
        raise ValueError("names what is no address")
    return list(parts[1])


def genesis(validators: Sequence[bytes], *, chain_id: int, block_s: int, time_s: int) -> dict[str, Any]:
    """Return the genesis file.

    Rules are Shanghai's from the first block. Later forks need system contracts in genesis (Prague) or bring nothing
    that Electro uses; a network takes them up by a time in `config`, agreed among its validators.
    """
    return {
        "config": {
            "chainId": chain_id,
            "berlinBlock": 0,
            "londonBlock": 0,
            "shanghaiTime": 0,
            "zeroBaseFee": True,
            "contractSizeLimit": CODE_LIMIT,
            "qbft": {
                "epochlength": EPOCH_BLOCKS,
                "blockperiodseconds": block_s,
                "requesttimeoutseconds": 2 * block_s,
            },
        },
        "nonce": "0x0",
        "timestamp": hex(time_s),
        "extraData": "0x" + extra_data(validators).hex(),
        "gasLimit": hex(GAS_LIMIT),
        "difficulty": "0x1",
        "mixHash": MIX_HASH,
        "coinbase": "0x" + "00" * 20,
        "alloc": {FACTORY.hex(): {"balance": "0x0", "code": "0x" + FACTORY_CODE.hex()}},
    }
