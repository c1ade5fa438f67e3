# SPDX-License-Identifier: Apache-2.0
"""Bring a QBFT header and its seals from the form in which nodes tell them into the one that meters check.

A seal signs the header with its real round and no seals; the block's hash is of the header with round 0 and no seals.
So nodes keep different seals, and tell different extraData, for one block. No meter imports this.

Source: Besu's BftBlockHashing, and headers of a real network in ../../../tests/device/vectors.
"""

from .comb import inverse
from .curve import N, P
from .header import EXTRA_DATA, ROUND, SEALS, extra_data, fields_of
from .rlp import ReceiptError, content, item, listed, number

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .rlp import Item

_SHORT = 55  # bytes of content up to which its length stands in the first byte
_MOST_SEALS = 64  # of a header from a node, whose set of validators may be any


def signed_form(header: bytes) -> "tuple[bytes, list[bytes]]":
    """Return a QBFT header in the form that is signed, and its seals, r|s|v with v of 0 or 1."""
    fields = fields_of(header, item(header, 0, len(header)))
    parts = extra_data(header, fields[EXTRA_DATA])
    seals = []
    for one in listed(header, parts[SEALS], "the list of seals", _MOST_SEALS):
        seals.append(content(header, one, "a seal", 65))
    return _with_round(header, number(header, parts[ROUND], "the round", 4)), seals


def hashed_form(header: bytes) -> bytes:
    """Return what the hash is of by which everybody names the block of a QBFT header."""
    return _with_round(header, 0)


def _with_round(header: bytes, round_: int) -> bytes:
    """Return the header with this round and no seals."""
    fields = fields_of(header, item(header, 0, len(header)))
    parts = [_encoded(header, one) for one in extra_data(header, fields[EXTRA_DATA])]
    parts[ROUND] = encode_number(round_)
    parts[SEALS] = encode_list([])
    whole = [_encoded(header, one) for one in fields]
    whole[EXTRA_DATA] = encode(encode_list(parts))
    return encode_list(whole)


def hinted(seal: bytes) -> bytes:
    """Return a seal, r|s|v with v of 0 or 1, as `seals` takes it: with y of its R and the inverse of r."""
    r = int.from_bytes(seal[:32], "big")
    square = (r * r * r + 7) % P
    y = pow(square, (P + 1) >> 2, P)
    if len(seal) != 65 or seal[64] > 1 or not 0 < r < N or y * y % P != square:
        raise ReceiptError("a seal's r is the x of no point, or its v is neither 0 nor 1")
    if (y & 1) != seal[64]:
        y = P - y
    return seal[:64] + y.to_bytes(32, "big") + inverse(r, N).to_bytes(32, "big")


def packed(form: bytes, seals: "list[bytes]", nodes: "list[bytes]") -> bytes:
    """Return the receipt of a header in the form that is signed, seals with their hints, and nodes."""
    return encode_list([form, encode(b"".join(seals)), encode_list([encode(node) for node in nodes])])


def _encoded(data: bytes, one: "Item") -> bytes:
    """Return an item as it came, with its head: there is but one."""
    is_list, start, end = one
    raw = data[start:end]
    return _head(0xC0, len(raw)) + raw if is_list else encode(raw)


def encode(raw: bytes) -> bytes:
    """Return a string's encoding."""
    return raw if len(raw) == 1 and raw[0] < 0x80 else _head(0x80, len(raw)) + raw


def encode_number(value: int) -> bytes:
    """Return the encoding of a number of at most 32 bytes."""
    raw = value.to_bytes(32, "big")
    first = 0
    while first < 32 and not raw[first]:
        first += 1
    return encode(raw[first:])


def encode_list(encoded: "list[bytes]") -> bytes:
    """Return the encoding of a list of encoded items."""
    payload = b"".join(encoded)
    return _head(0xC0, len(payload)) + payload


def _head(kind: int, length: int) -> bytes:
    if length <= _SHORT:
        return bytes([kind + length])
    if length < 256:
        return bytes([kind + _SHORT + 1, length])
    return bytes([kind + _SHORT + 2, length >> 8, length & 255])
