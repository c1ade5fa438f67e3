# SPDX-License-Identifier: Apache-2.0
"""Carry a viewing key to a meter through anyone's hands: encrypted to the meter's own key (ECDH on secp256k1).

    E 33 | key xor H("Electro viewing key for" | x of d·E | E | device)

E is a fresh point in its compressed form (SEC 1, 2.3.3), d the meter's private key. Nothing more proves what arrives:
a meter takes it only if it hashes to the hash that an agreement's terms have.
"""

from ._plain import add, affine, multiply
from .address import address_of
from .comb import entropy
from .curve import N, P
from .keccak import keccak256
from .sealing import KEY_BYTES
from .secp256k1 import public_key

WRAPPED_BYTES = 33 + KEY_BYTES


class DeliveryError(ValueError):
    """What is no wrapped key."""


def wrap(key: bytes, meter: bytes, ephemeral: bytes) -> bytes:
    """Return a viewing key for the meter with this public key, x|y; ephemeral: a private key, used once."""
    own = public_key(ephemeral)
    point = bytes([2 | own[63] & 1]) + own[:32]
    x = int.from_bytes(meter[:32], "big")
    y = int.from_bytes(meter[32:], "big")
    if len(key) != KEY_BYTES or len(meter) != 64 or (y * y - x * x * x - 7) % P:
        raise DeliveryError("a viewing key of 32 bytes goes to a public key on the curve")
    shared = affine(multiply(int.from_bytes(ephemeral, "big"), x, y))[0]
    return point + _masked(key, shared, point, address_of(meter))


def unwrap(wrapped: bytes, private_key: bytes) -> bytes:
    """Return what was wrapped for this key; raise DeliveryError if it was wrapped for none.

    The private key meets somebody else's point only in two random shares.
    """
    if len(wrapped) != WRAPPED_BYTES or wrapped[0] not in (2, 3):
        raise DeliveryError(f"a wrapped viewing key has {WRAPPED_BYTES} bytes, the first 2 or 3")
    x = int.from_bytes(wrapped[1:33], "big")
    square = (x * x * x + 7) % P
    y = pow(square, (P + 1) >> 2, P)
    if x >= P or y * y % P != square:
        raise DeliveryError("it begins with no point of the curve")
    if y & 1 != wrapped[0] & 1:
        y = P - y
    share = entropy(32) % N
    rest = (int.from_bytes(private_key, "big") - share) % N
    shared = affine(add(multiply(share, x, y), multiply(rest, x, y)))[0]
    device = address_of(public_key(private_key))
    return _masked(wrapped[33:], shared, wrapped[:33], device)


def _masked(key: bytes, shared: int, point: bytes, device: bytes) -> bytes:
    mask = keccak256(b"Electro viewing key for" + shared.to_bytes(32, "big") + point + device)
    return bytes([key[k] ^ mask[k] for k in range(KEY_BYTES)])
