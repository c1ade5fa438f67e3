# SPDX-License-Identifier: Apache-2.0
"""Make a receipt for a meter out of what a node says, without speaking to one: whoever does drives the generator.

`make` yields lists of JSON-RPC calls, (method, parameters), and takes lists of their results. What it returns is what
`electro_protocol.receipt` checks. A node's answers are untrusted: whatever they are, a ReceiptError or a receipt comes
of them, and whether that one is true the meter finds out.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Generator
from typing import Any

from electro_protocol import header, qbft, receipt, storage
from electro_protocol.keccak import keccak256
from electro_protocol.qbft import encode, encode_list, encode_number
from electro_protocol.rlp import ReceiptError, item
from electro_protocol.trie import MOST_NODES

from .terms import HEADER_BYTES

Hash = Callable[[bytes], bytes]
Numbers = tuple[int, int, bool]  # of terms: slots, interval_s, whether they are sealed
Calls = Generator[list[tuple[str, list[Any]]], list[Any], "Made"]

# Of a header, in the order of its RLP: the name in JSON, and whether it is a number.
_FIELDS = (
    ("parentHash", False), ("sha3Uncles", False), ("miner", False), ("stateRoot", False),
    ("transactionsRoot", False), ("receiptsRoot", False), ("logsBloom", False), ("difficulty", True),
    ("number", True), ("gasLimit", True), ("gasUsed", True), ("timestamp", True), ("extraData", False),
    ("mixHash", False), ("nonce", False),
)  # fmt: skip
# What later forks append.
_LATER_FIELDS = (
    ("baseFeePerGas", True),  # EIP-1559
    ("withdrawalsRoot", False),  # EIP-4895
    ("blobGasUsed", True),  # EIP-4844
    ("excessBlobGas", True),
    ("parentBeaconBlockRoot", False),  # EIP-4788
    ("requestsHash", False),  # EIP-7685
)
_HEX = re.compile(r"0x[0-9a-fA-F]*\Z")
_MOST_HEX = 2 * 65_536


class Made:
    """A receipt, and the block it is of."""

    def __init__(
        self, raw: bytes, number: int, time_s: int, block_hash: bytes, terms: dict[bytes, bytes]
    ) -> None:
        self.raw = raw
        self.number = number
        self.time_s = time_s
        self.block_hash = block_hash
        self.terms = terms  # the code of the terms by its hash, as far as it was asked for


class Block:
    """A header as receipts have it, its seals with their hints, and what it says."""

    def __init__(self, told: object, hash_: Hash = keccak256, *, with_seals: bool = True) -> None:
        """Take a block as a node tells it; see `make`. Raises ReceiptError if it makes none."""
        if not isinstance(told, dict):
            raise ReceiptError("the node has no such block")
        self.form, self.seals, self.parsed, self.hash = _header(told, hash_, with_seals=with_seals)
        self.number = self.parsed.number


def make(
    contract: bytes, device: bytes, block: str, hash_: Hash = keccak256, *, with_seals: bool = True
) -> Calls:
    """Ask a node for a receipt for a meter, of a block by its tag or number in hex; hash_: the fastest keccak256.

    with_seals: those of a QBFT header, as many as are needed; without, its header is taken at its word.

    Raises ReceiptError if what it says makes none.
    """
    (told,) = yield [question(block)]
    return (yield from make_at(contract, device, Block(told, hash_, with_seals=with_seals), {}, hash_))


def question(block: str) -> tuple[str, list[Any]]:
    """Return the call whose result `Block` takes."""
    return "eth_getBlockByNumber", [block, False]


def make_at(
    contract: bytes, device: bytes, block: Block, known: dict[bytes, Numbers], hash_: Hash = keccak256
) -> Calls:
    """Ask for the receipt of a block that is there already, as one block serves all meters.

    known: the numbers of terms by the hash of their code, which is asked for and kept here if it is new.
    """
    at = hex(block.number)
    nodes: dict[bytes, None] = {}  # each once, in the order in which they came
    terms: dict[bytes, bytes] = {}
    questions = storage.standings(contract, device, block.parsed.time_s, hash_)
    asked = next(questions)
    while True:
        answers: list[Any] = []
        if not asked:
            pass
        elif len(asked[0]) == 32:
            (proof,) = yield [("eth_getProof", [_hex(contract), [_hex(key) for key in asked], at])]
            answers = _words(proof, len(asked), nodes)
        elif len(asked[0]) == 20:
            proofs = yield [("eth_getProof", [_hex(key), [], at]) for key in asked]
            answers = [_code_hash(proof, nodes) for proof in proofs]
        else:
            new = [key for key in asked if key[20:] not in known]
            if new:
                codes = yield [("eth_getCode", [_hex(key[:20]), at]) for key in new]
                for key, code in zip(new, codes, strict=True):
                    known[key[20:]] = _terms(key[20:], code, terms, hash_)
            answers = [known[key[20:]] for key in asked]
        try:
            asked = questions.send(answers)
        except StopIteration:
            break
    raw = qbft.packed(block.form, block.seals, list(nodes))
    if len(raw) > receipt.MOST_BYTES or len(nodes) > MOST_NODES:
        raise ReceiptError(f"it would have more than {receipt.MOST_BYTES} bytes, or {MOST_NODES} nodes")
    return Made(raw, block.number, block.parsed.time_s, block.hash, terms)


def _header(
    told: dict[str, Any], hash_: Hash, *, with_seals: bool
) -> tuple[bytes, list[bytes], header.Header, bytes]:
    """Return a header as a receipt has it, its seals with their hints, what it says, and the block's hash."""
    whole = encoded_header(told)
    sealed: list[bytes] = []
    if _octets(told, "mixHash") == header.MIX_HASH:
        block_hash = hash_(qbft.hashed_form(whole))
        whole, found = qbft.signed_form(whole)
        parsed = header.Header(whole, item(whole, 0, len(whole)))
        if with_seals:
            sealed = [qbft.hinted(seal) for seal in found[: receipt.quorum(len(parsed.validators))]]
    else:
        block_hash = hash_(whole)
        parsed = header.Header(whole, item(whole, 0, len(whole)))
    if block_hash != _octets(told, "hash"):
        raise ReceiptError(
            "the node tells a header that has not the hash it tells: it may have fields of a later fork"
        )
    return whole, sealed, parsed, block_hash


def encoded_header(told: dict[str, Any]) -> bytes:
    """Return the RLP of a header that a node tells in JSON."""
    later = [(name, is_number) for name, is_number in _LATER_FIELDS if told.get(name) is not None]
    if [name for name, _ in later] != [name for name, _ in _LATER_FIELDS[: len(later)]]:
        raise ReceiptError("the node tells a header that misses a field between others")
    fields = []
    for name, is_number in (*_FIELDS, *later):
        octets = _octets(told, name)
        if is_number and len(octets) > 32:
            raise ReceiptError(f"the node's {name} is no number")
        fields.append(encode_number(int.from_bytes(octets, "big")) if is_number else encode(octets))
    return encode_list(fields)


def _words(proof: object, count: int, nodes: dict[bytes, None]) -> list[int]:
    """Return the words of a contract's slots, and keep the nodes that prove them."""
    _keep(proof, "accountProof", nodes)
    told = proof.get("storageProof") if isinstance(proof, dict) else None
    if not isinstance(told, list) or len(told) != count:
        raise ReceiptError("the node proves other slots than it was asked for")
    words = []
    for one in told:
        _keep(one, "proof", nodes)
        words.append(int.from_bytes(_octets(one, "value"), "big"))
    return words


def _code_hash(proof: object, nodes: dict[bytes, None]) -> bytes:
    _keep(proof, "accountProof", nodes)
    return _octets(proof, "codeHash")


def _keep(proof: object, name: str, nodes: dict[bytes, None]) -> None:
    listed = proof.get(name) if isinstance(proof, dict) else None
    if not isinstance(listed, list):
        raise ReceiptError(f"the node tells no {name}")
    for one in listed:
        node = _unhex(one, name)
        if len(node) >= 32:  # what is shorter lies in its parent
            nodes[node] = None


def _terms(code_hash: bytes, code: object, terms: dict[bytes, bytes], hash_: Hash) -> Numbers:
    """Return the numbers in the code of terms, which is kept if it has the hash that was proved."""
    octets = _unhex(code, "code")
    if hash_(octets) != code_hash or len(octets) <= HEADER_BYTES:
        raise ReceiptError("the node tells a code of terms that has not the hash it proves")
    found = numbers(octets)
    if not found[0] or not found[1]:
        raise ReceiptError("the terms' code has a number out of range")
    terms[code_hash] = octets
    return found


def numbers(code: bytes) -> Numbers:
    """Return what checking a receipt takes of terms' code."""
    slots, interval_s, sealed = struct.unpack_from(">HIH", code, 1)
    return slots, interval_s, bool(sealed)


def _octets(told: object, name: str) -> bytes:
    return _unhex(told.get(name) if isinstance(told, dict) else None, name)


def _unhex(text: object, name: str) -> bytes:
    """Return the bytes of hex that a node sent; a quantity may have an odd number of digits."""
    if not isinstance(text, str) or len(text) > _MOST_HEX or not _HEX.match(text):
        raise ReceiptError(f"the node's {name} is missing, or no hex")
    digits = text[2:]
    return bytes.fromhex("0" * (len(digits) % 2) + digits)


def _hex(octets: bytes) -> str:
    return "0x" + octets.hex()
