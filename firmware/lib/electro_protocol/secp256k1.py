# SPDX-License-Identifier: Apache-2.0
"""Recoverable ECDSA over secp256k1: deterministic (RFC 6979, HMAC-SHA256), low s (EIP-2), v of 27 or 28.

`sign` works on secrets that are blinded by random factors, and checks what it computed before it returns it;
what that protects against, and what it does not, stands in the package's README. `recover` and `verify` work
on public numbers only.

Source: SEC 1 v2 (sections 4.1.3 and 4.1.6), RFC 6979 section 3.2, EIP-2, EIP-2098.
"""

import hashlib

from .comb import FaultError, entropy, inverse, times_base
from .curve import N

_HALF_N = N >> 1
_INNER = 0x3636363636363636363636363636363636363636363636363636363636363636
_OUTER = 0x5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C
_INNER_REST = b"\x36" * 32
_OUTER_REST = b"\x5c" * 32


class SignatureError(ValueError):
    """A signature that no key could have made, or that has more than one encoding."""


def _scalar(private_key: bytes) -> int:
    if len(private_key) != 32:
        raise ValueError("a private key has 32 bytes")
    scalar = int.from_bytes(private_key, "big")
    if not 0 < scalar < N:
        raise ValueError("a private key lies between 1 and n - 1")
    return scalar


def public_key(private_key: bytes) -> bytes:
    """Return x|y, 64 bytes, of the 32-byte private key.

    Raises ValueError if the key is not 32 bytes or not between 1 and n - 1.
    """
    x, y = times_base(_scalar(private_key))
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _hmac(key: bytes, data: "bytes | bytearray") -> bytes:
    """Return HMAC-SHA256 (RFC 2104) of data under a key of 32 bytes; MicroPython has no hmac module."""
    number = int.from_bytes(key, "big")
    inner = hashlib.sha256((number ^ _INNER).to_bytes(32, "big"))
    inner.update(_INNER_REST)
    inner.update(data)
    outer = hashlib.sha256((number ^ _OUTER).to_bytes(32, "big"))
    outer.update(_OUTER_REST)
    outer.update(inner.digest())
    return outer.digest()


def _seed(z: int, private_key: bytes) -> "tuple[bytes, bytes]":
    """Return K and V of RFC 6979 section 3.2 after its step g."""
    # V, a byte, the private key, the digest: in one buffer that can be overwritten
    message = bytearray(97)
    message[:32] = b"\x01" * 32
    message[33:65] = private_key
    message[65:] = (z % N).to_bytes(32, "big")
    key = _hmac(bytes(32), message)
    value = _hmac(key, b"\x01" * 32)
    message[:32] = value
    message[32] = 1
    key = _hmac(key, message)
    message[:] = bytes(97)
    return key, _hmac(key, value)


def sign(digest: bytes, private_key: bytes) -> bytes:
    """Return r|s|v, 65 bytes, over the 32-byte digest.

    Raises ValueError if the digest is not 32 bytes or the key is none, and FaultError if the result fails its
    check.
    """
    if len(digest) != 32:
        raise ValueError("a digest has 32 bytes")
    secret = _scalar(private_key)
    z = int.from_bytes(digest, "big")
    key, value = _seed(z, private_key)
    while True:
        value = _hmac(key, value)
        signature = _sign(z, secret, int.from_bytes(value, "big"))
        if signature:
            break
        key = _hmac(key, value + b"\x00")
        value = _hmac(key, value)
    return signature


def _sign(z: int, secret: int, k: int) -> bytes:
    """Return the signature with this k; empty if k is out of range, or would give a zero or an x from n up.

    r + n would need v of 29 or 30, which Ethereum has not. Each happens once in 2^128.
    """
    if not 0 < k < N:
        return b""
    r, y = times_base(k)
    if not 0 < r < N:
        return b""
    # a random factor of 128 bits on k and on the key: neither meets anything public without it
    factor = entropy(16)
    blinded = (z * factor + secret * factor % N * r) % N
    s = inverse(k * factor % N, N) * blinded % N
    if not s:
        return b""
    if (s * k - z - r * secret) % N:
        raise FaultError("the signature fails its check")
    odd = y & 1
    if s > _HALF_N:
        s = N - s
        odd ^= 1
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + odd])


def recover(digest: bytes, signature: bytes) -> bytes:
    """Return the public key, x|y in 64 bytes, that made this signature of 65 bytes over digest.

    Raises SignatureError for v other than 27 or 28, r or s out of range, a high s, or an r on no point.
    """
    from .recovery import recover as recover_key  # noqa: PLC0415 - a meter, which only signs, saves 4 KB

    return recover_key(digest, signature)


def verify(digest: bytes, signature: bytes, public_key: bytes) -> bool:
    """Tell whether the key x|y made this signature over digest; what recover refuses, nobody made."""
    try:
        return recover(digest, signature) == public_key
    except SignatureError:
        return False


def compact(signature: bytes) -> bytes:
    """Return r|vs, 64 bytes (EIP-2098), of a signature of 65 bytes with low s.

    Raises SignatureError if it has no compact form.
    """
    from .recovery import compact as compacted  # noqa: PLC0415 - see recover

    return compacted(signature)
