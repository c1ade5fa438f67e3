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
from .curve import SignatureError as SignatureError  # noqa: PLC0414 - to be imported from here

_HALF_N = N >> 1
_ONES = b"\x01" * 32
_INNER_PAD = b"\x36" * 64
_OUTER_PAD = b"\x5c" * 64
_INNER = int.from_bytes(_INNER_PAD[:32], "big")
_OUTER = int.from_bytes(_OUTER_PAD[:32], "big")
_V = b"\x1b", b"\x1c"  # 27 and 28


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


def _hmac(inner: bytearray, outer: bytearray, data: "bytes | bytearray") -> bytes:
    """Return HMAC-SHA256 (RFC 2104) of data under the key in the two pads; MicroPython has no hmac module."""
    state = hashlib.sha256(inner)
    state.update(data)
    middle = state.digest()
    state = hashlib.sha256(outer)
    state.update(middle)
    return state.digest()


def _rekey(inner: bytearray, outer: bytearray, key: bytes) -> None:
    """Put a key of 32 bytes into both pads."""
    number = int.from_bytes(key, "big")
    inner[:32] = (number ^ _INNER).to_bytes(32, "big")
    outer[:32] = (number ^ _OUTER).to_bytes(32, "big")


def _nonce(digest: bytes, private_key: bytes, refused: int) -> bytes:
    """Return k of RFC 6979 section 3.2, after so many that were refused; the digest is below n.

    What depends on the key lies in buffers of this call, which are overwritten: no two calls share one.
    """
    inner = bytearray(_INNER_PAD)  # K is zero at first
    outer = bytearray(_OUTER_PAD)
    message = bytearray(97)  # V, a byte, the private key, the digest
    message[:32] = _ONES
    message[33:65] = private_key
    message[65:] = digest
    _rekey(inner, outer, _hmac(inner, outer, message))
    value = _hmac(inner, outer, _ONES)
    message[:32] = value
    message[32] = 1
    _rekey(inner, outer, _hmac(inner, outer, message))
    value = _hmac(inner, outer, _hmac(inner, outer, value))
    while refused:
        refused -= 1
        _rekey(inner, outer, _hmac(inner, outer, value + b"\x00"))
        value = _hmac(inner, outer, _hmac(inner, outer, value))
    message[:32] = message[33:65] = inner[:32] = outer[:32] = _ONES
    return value


def sign(digest: bytes, private_key: bytes) -> bytes:
    """Return r|s|v, 65 bytes, over the 32-byte digest.

    Raises ValueError if the digest is not 32 bytes or the key is none, and FaultError if the result fails its
    check.
    """
    if len(digest) != 32:
        raise ValueError("a digest has 32 bytes")
    _scalar(private_key)  # raises if it is none
    z = int.from_bytes(digest, "big")
    if z >= N:
        digest = (z - N).to_bytes(32, "big")
    del z
    refused = 0
    while True:
        signature = _sign(digest, private_key, int.from_bytes(_nonce(digest, private_key, refused), "big"))
        if signature:
            return signature
        refused += 1


def _sign(digest: bytes, private_key: bytes, k: int) -> bytes:
    """Return the signature with this k; empty if k is out of range, or would give a zero or an x from n up.

    r + n would need v of 29 or 30, which Ethereum has not. Each happens once in 2^128.
    """
    if not 0 < k < N:
        return b""
    r, y = times_base(k)
    if not 0 < r < N:
        return b""
    odd = y & 1
    del y  # what is not needed any more makes room for what follows
    secret = int.from_bytes(private_key, "big")
    z = int.from_bytes(digest, "big")
    # a random factor of 128 bits on k and on the key: neither meets anything public without it
    factor = entropy(16)
    blinded = secret * factor % N * r % N
    blinded += z * factor
    blinded %= N
    factor = k * factor % N
    s = inverse(factor, N) * blinded % N
    del factor, blinded
    if not s:
        return b""
    z += r * secret
    z %= N
    if s * k % N != z:
        raise FaultError("the signature fails its check")
    if s > _HALF_N:
        s = N - s
        odd ^= 1
    return b"".join((r.to_bytes(32, "big"), s.to_bytes(32, "big"), _V[odd]))


def recover(digest: bytes, signature: bytes) -> bytes:
    """Return the public key, x|y in 64 bytes, that made this signature of 65 bytes over digest.

    Raises SignatureError for v other than 27 or 28, r or s out of range, a high s, an r on no point, or a digest
    that has not 32 bytes.
    """
    from .recovery import recover as recover_key

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
    from .recovery import compact as compacted

    return compacted(signature)
