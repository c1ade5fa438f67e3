# SPDX-License-Identifier: Apache-2.0
"""Carry a viewing key to a meter through anyone's hands: encrypted to the meter's own key (ECDH on secp256k1).

    E 33 | key xor H("Electro viewing key for" | x of d·E | E | device)

E is a fresh point in its compressed form (SEC 1, 2.3.3), d the meter's private key. Nothing more proves what arrives:
a meter takes it only if it hashes to the hash that an agreement's terms have.
"""

from .address import address_of
from .comb import entropy, inverse
from .curve import N, P
from .keccak import keccak256
from .sealing import KEY_BYTES
from .seals import begun, summing
from .secp256k1 import public_key

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import TypeVar

    T = TypeVar("T")

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
    shared = _through(_times(int.from_bytes(ephemeral, "big"), x, y))
    return point + _masked(key, shared, point, address_of(meter))


def unwrap(wrapped: bytes, private_key: bytes) -> bytes:
    """Return what was wrapped for this key; raise DeliveryError if it was wrapped for none."""
    return _through(unwrapping(wrapped, private_key))


def unwrapping(wrapped: bytes, private_key: bytes) -> "Generator[None, None, bytes]":
    """Do the same in slices.

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
    yield
    share = entropy(32) % (N - 1) + 1
    own = int.from_bytes(private_key, "big")
    one = yield from _times(share, x, y)
    other = yield from _times((own - share) % N, x, y)
    del share, own
    # the chord through both: they are equal or opposite with a chance of 2^-250
    slope = (other[1] - one[1]) * inverse((other[0] - one[0]) % P, P)
    shared = (slope * slope - one[0] - other[0]) % P
    yield
    return _masked(wrapped[33:], (shared, 0), wrapped[:33], address_of(public_key(private_key)))


def _times(scalar: int, x: int, y: int) -> "Generator[None, None, tuple[int, int]]":
    """Multiply a point, in slices."""
    total = begun(x, y)
    total.pause()
    yield
    total.resume()
    yield from summing(total, scalar, None)
    if total.is_nowhere():
        raise DeliveryError("the product is no point")
    x, y, seven = total.end()
    if seven != 7:
        raise DeliveryError("the product fails its check")
    return x, y


def _through(steps: "Generator[None, None, T]") -> "T":
    """Take all steps at once."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]


def _masked(key: bytes, shared: "tuple[int, int]", point: bytes, device: bytes) -> bytes:
    mask = keccak256(b"Electro viewing key for" + shared[0].to_bytes(32, "big") + point + device)
    return bytes([key[k] ^ mask[k] for k in range(KEY_BYTES)])
