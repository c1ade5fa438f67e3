# SPDX-License-Identifier: Apache-2.0
"""Make receipts to check: of real state that anvil keeps, under headers that validators of our own seal.

The headers are written and sealed here with `rlp` and libsecp256k1 alone, as Besu does; that this is how Besu does it,
the headers of a real network say (../device/vectors/besu*.json).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import rlp
from coincurve import PrivateKey
from Crypto.Hash import keccak

from electro_contracts import receipts

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

MIX_HASH = "0x63746963616c2062797a616e74696e65206661756c7420746f6c6572616e6365"
FIELDS = (
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty",
    "number", "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas",
)  # fmt: skip
NUMBERS = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas")


def hashed(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()


def validators(count: int, name: str = "validator") -> list[PrivateKey]:
    """Keys in the order of their addresses."""
    keys = [PrivateKey(hashed(f"{name} {i}".encode())) for i in range(count)]
    return sorted(keys, key=address)


def address(key: PrivateKey) -> bytes:
    return hashed(key.public_key.format(compressed=False)[1:])[12:]


def unhexed(text: str) -> bytes:
    digits = text[2:]
    return bytes.fromhex("0" * (len(digits) % 2) + digits)


def header_rlp(told: dict[str, Any], extra_data: bytes) -> bytes:
    """The RLP of a header in JSON, with this extraData."""
    fields = [
        extra_data
        if name == "extraData"
        else unhexed(told[name]).lstrip(b"\0")
        if name in NUMBERS
        else unhexed(told[name])
        for name in FIELDS
        if name in told
    ]
    return bytes(rlp.encode(fields))


def extra_data(
    addresses: Sequence[bytes], round_: int, seals: Sequence[bytes], vanity: bytes = bytes(32)
) -> bytes:
    number = round_.to_bytes(4, "big").lstrip(b"\0")
    return bytes(rlp.encode([vanity, list(addresses), [], number, list(seals)]))


def seal(
    told: dict[str, Any], addresses: Sequence[bytes], signers: Sequence[PrivateKey], round_: int = 0
) -> dict[str, Any]:
    """The same block as a QBFT node would tell it: with validators, sealed by these keys in this round."""
    sealed = {**told, "mixHash": MIX_HASH, "difficulty": "0x1", "nonce": "0x" + bytes(8).hex()}
    for later in ("withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash"):
        sealed.pop(later, None)
    digest = hashed(header_rlp(sealed, extra_data(addresses, round_, ())))
    seals = [signer.sign_recoverable(digest, hasher=None) for signer in signers]
    sealed["extraData"] = "0x" + extra_data(addresses, round_, seals).hex()
    sealed["hash"] = "0x" + hashed(header_rlp(sealed, extra_data(addresses, 0, ()))).hex()
    return sealed


def parts(raw: bytes) -> tuple[bytes, bytes, list[bytes]]:
    """The header, the seals and the nodes of a receipt."""
    header, seals, nodes = rlp.decode(raw)
    return bytes(rlp.encode(header)), seals, nodes


def driven(steps: Generator[None, None, Any]) -> Any:
    """What a generator returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def made(
    ask: Callable[..., Any],
    contract: bytes,
    device: bytes,
    change: Callable[[dict[str, Any]], dict[str, Any]] = lambda told: told,
    block: str = "latest",
) -> receipts.Made:
    """The receipt that a node's answers make, its header changed first."""
    making = receipts.make(contract, device, block)
    results = None
    while True:
        try:
            calls = making.send(results)  # type: ignore[arg-type]  # None to begin with
        except StopIteration as end:
            found: receipts.Made = end.value
            return found
        results = [ask(method, *parameters) for method, parameters in calls]
        if calls and calls[0][0] == "eth_getBlockByNumber":
            results = [change(results[0])]
