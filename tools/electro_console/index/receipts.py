# SPDX-License-Identifier: Apache-2.0
"""What a header says of its block's logs: their bloom, and the root of the receipts in which they stand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rlp
from Crypto.Hash import keccak

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

BLOOM_BYTES = 256


def keccak256(data: bytes) -> bytes:
    """Return the hash; for thousands of headers the device's own, in Python, is too slow."""
    return keccak.new(data=data, digest_bits=256).digest()


# -- The bloom (Yellow Paper, 4.4.3: M3:2048)


def bits_of(word: bytes) -> int:
    """Return the three bits, of 2,048, that an address or topic sets."""
    digest = keccak256(word)
    bits = 0
    for at in (0, 2, 4):
        bits |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return bits


def may_hold(bloom: int, wanted: int) -> bool:
    """Whether all bits are set: if not, there is surely no such log."""
    return bloom & wanted == wanted


# -- Receipts (EIP-2718), and the trie that the header names by its root


def encoded(receipt: Mapping[str, Any]) -> bytes:
    """Return a receipt of JSON-RPC as the trie holds it.

    Raises:
        ValueError, LookupError, TypeError: it is none.
    """
    kind = int(receipt.get("type") or "0x0", 16)
    status = receipt.get("status")
    first = _bytes(receipt["root"]) if status is None else _number(status)
    logs = [
        [_bytes(log["address"]), [_bytes(topic) for topic in log["topics"]], _bytes(log["data"])]
        for log in receipt["logs"]
    ]
    body: bytes = rlp.encode(
        [first, _number(receipt["cumulativeGasUsed"]), _bytes(receipt["logsBloom"]), logs]
    )
    return bytes([kind]) + body if kind else body


def root_of(items: Sequence[bytes]) -> bytes:
    """Return the root of a trie in which each item stands under the RLP of its index."""
    if not items:
        return keccak256(rlp.encode(b""))
    pairs = [(_nibbles(rlp.encode(_minimal(at))), item) for at, item in enumerate(items)]
    return keccak256(rlp.encode(_node(pairs)))


def _node(pairs: list[tuple[tuple[int, ...], bytes]]) -> list[Any]:
    """Return the node that holds these rests of keys; the RLP of one that is short stands within its parent."""
    if len(pairs) == 1:
        ((path, item),) = pairs
        return [_packed(path, leaf=True), item]
    shared = _shared([path for path, _ in pairs])
    if shared:
        below = [(path[shared:], item) for path, item in pairs]
        return [_packed(pairs[0][0][:shared], leaf=False), _reference(_node(below))]
    branch: list[Any] = [b""] * 17
    for nibble in range(16):
        below = [(path[1:], item) for path, item in pairs if path and path[0] == nibble]
        if below:
            branch[nibble] = _reference(_node(below))
    branch[16] = next((item for path, item in pairs if not path), b"")
    return branch


def _reference(node: list[Any]) -> Any:
    packed: bytes = rlp.encode(node)
    return node if len(packed) < 32 else keccak256(packed)


def _shared(paths: Sequence[tuple[int, ...]]) -> int:
    first, last = min(paths), max(paths)
    length = 0
    while length < min(len(first), len(last)) and first[length] == last[length]:
        length += 1
    return length


def _packed(path: Sequence[int], *, leaf: bool) -> bytes:
    """Return nibbles with the flag of their kind and oddness (Yellow Paper, appendix C)."""
    flag = (2 if leaf else 0) + len(path) % 2
    nibbles = [flag, *path] if len(path) % 2 else [flag, 0, *path]
    return bytes(nibbles[at] << 4 | nibbles[at + 1] for at in range(0, len(nibbles), 2))


def _nibbles(key: bytes) -> tuple[int, ...]:
    return tuple(nibble for byte in key for nibble in (byte >> 4, byte & 15))


def _minimal(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _number(untrusted: str) -> bytes:
    return _minimal(int(untrusted, 16))


def _bytes(untrusted: str) -> bytes:
    return bytes.fromhex(untrusted.removeprefix("0x"))


def own_logs(
    receipts: Iterable[Mapping[str, Any]], contract: str, topics: frozenset[str]
) -> list[Mapping[str, Any]]:
    """Return the logs of a contract that have one of these topics first."""
    return [
        log
        for receipt in receipts
        for log in receipt["logs"]
        if log["address"].lower() == contract and log["topics"] and log["topics"][0] in topics
    ]
