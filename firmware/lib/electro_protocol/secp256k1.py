# SPDX-License-Identifier: Apache-2.0
"""Recoverable ECDSA over secp256k1: deterministic (RFC 6979, HMAC-SHA256), low s (EIP-2), v of 27 or 28.

Plain integers, so it runs wherever Python does. It is not constant-time.

Source: SEC 1 v2 (sections 4.1.3 and 4.1.6), SEC 2 v2 (curve), RFC 6979 section 3.2, EIP-2, EIP-2098.
"""

import hashlib

try:
    from collections.abc import Iterator
except ImportError:  # MicroPython, where annotations are never evaluated
    pass

P = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFC2F
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_GX = 0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798
_GY = 0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8
_HALF_N = N >> 1

# A point is (x, y, z) in Jacobian coordinates: the affine point is (x/z², y/z³); z = 0 is infinity.
_INFINITY = (0, 1, 0)


class SignatureError(ValueError):
    """A signature that no key could have made, or that has more than one encoding."""


def _double(point: "tuple[int, int, int]") -> "tuple[int, int, int]":
    """Return 2·point (dbl-2009-l, a = 0)."""
    x, y, z = point
    if not z:
        return point
    yy = y * y % P
    s = 4 * x * yy % P
    m = 3 * x * x % P
    x3 = (m * m - 2 * s) % P
    return x3, (m * (s - x3) - 8 * yy * yy) % P, 2 * y * z % P


def _add(left: "tuple[int, int, int]", right: "tuple[int, int, int]") -> "tuple[int, int, int]":
    """Return left + right, whatever they are."""
    x1, y1, z1 = left
    x2, y2, z2 = right
    if not z1:
        return right
    if not z2:
        return left
    zz1 = z1 * z1 % P
    zz2 = z2 * z2 % P
    u1 = x1 * zz2 % P
    h = (x2 * zz1 - u1) % P
    s1 = y1 * z2 * zz2 % P
    r = (y2 * z1 * zz1 - s1) % P
    if not h:
        return _double(left) if not r else _INFINITY
    hh = h * h % P
    hhh = h * hh % P
    v = u1 * hh % P
    x3 = (r * r - hhh - 2 * v) % P
    return x3, (r * (v - x3) - s1 * hhh) % P, z1 * z2 * h % P


def _multiply(scalar: int, x: int, y: int) -> "tuple[int, int, int]":
    """Return scalar·(x, y) with a window of four bits."""
    table = [_INFINITY, (x, y, 1)]
    for i in range(2, 16):
        table.append(_double(table[i >> 1]) if not i & 1 else _add(table[i - 1], table[1]))
    total = _INFINITY
    for digit in scalar.to_bytes(32, "big"):
        for nibble in (digit >> 4, digit & 15):
            total = _add(_double(_double(_double(_double(total)))), table[nibble])
    return total


def _affine(point: "tuple[int, int, int]") -> "tuple[int, int]":
    x, y, z = point
    inverse = pow(z, P - 2, P)
    squared = inverse * inverse % P
    return x * squared % P, y * squared * inverse % P


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
    x, y = _affine(_multiply(_scalar(private_key), _GX, _GY))
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def _hmac(key: bytes, data: bytes) -> bytes:
    """Return HMAC-SHA256 (RFC 2104) of data under a key of 32 bytes; MicroPython has no hmac module."""
    block = key + bytes(32)
    inner = hashlib.sha256(bytes([b ^ 0x36 for b in block]) + data).digest()
    return hashlib.sha256(bytes([b ^ 0x5C for b in block]) + inner).digest()


def _nonces(digest: bytes, private_key: bytes) -> "Iterator[int]":
    """Yield the candidates for k of RFC 6979 section 3.2, without end."""
    reduced = (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    seed = private_key + reduced
    value = b"\x01" * 32
    key = _hmac(bytes(32), value + b"\x00" + seed)
    value = _hmac(key, value)
    key = _hmac(key, value + b"\x01" + seed)
    value = _hmac(key, value)
    while True:
        value = _hmac(key, value)
        yield int.from_bytes(value, "big")
        key = _hmac(key, value + b"\x00")
        value = _hmac(key, value)


def sign(digest: bytes, private_key: bytes) -> bytes:
    """Return r|s|v, 65 bytes, over the 32-byte digest.

    Raises ValueError if the digest is not 32 bytes or the key is none.
    """
    if len(digest) != 32:
        raise ValueError("a digest has 32 bytes")
    secret = _scalar(private_key)
    z = int.from_bytes(digest, "big")
    for k in _nonces(digest, private_key):
        if not 0 < k < N:
            continue
        x, y = _affine(_multiply(k, _GX, _GY))
        r = x % N
        if x >= N or not r:
            continue  # r + n would need v of 29 or 30, which Ethereum has not; one in 2^128
        s = pow(k, N - 2, N) * (z + r * secret) % N
        if not s:
            continue
        odd = y & 1
        if s > _HALF_N:
            s = N - s
            odd ^= 1
        return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + odd])
    raise AssertionError("unreachable")


def recover(digest: bytes, signature: bytes) -> bytes:
    """Return the public key, x|y in 64 bytes, that made this signature of 65 bytes over digest.

    Raises SignatureError for v other than 27 or 28, r or s out of range, a high s, or an r on no point.
    """
    if len(digest) != 32:
        raise ValueError("a digest has 32 bytes")
    if len(signature) != 65:
        raise SignatureError("a signature has 65 bytes")
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:64], "big")
    v = signature[64]
    if v not in (27, 28):
        raise SignatureError("v is neither 27 nor 28")
    if not 0 < r < N or not 0 < s < N:
        raise SignatureError("r or s is out of range")
    if s > _HALF_N:
        raise SignatureError("s is high: every signature has one encoding only (EIP-2)")
    square = (r * r * r + 7) % P
    y = pow(square, (P + 1) >> 2, P)
    if y * y % P != square:
        raise SignatureError("r is the x of no point")
    if (y & 1) != v - 27:
        y = P - y
    z = int.from_bytes(digest, "big")
    inverse = pow(r, N - 2, N)
    point = _add(_multiply(-z * inverse % N, _GX, _GY), _multiply(s * inverse % N, r, y))
    if not point[2]:
        raise SignatureError("the signature recovers to infinity")
    x, y = _affine(point)
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def compact(signature: bytes) -> bytes:
    """Return r|vs, 64 bytes (EIP-2098), of a signature of 65 bytes with low s."""
    if len(signature) != 65 or signature[64] not in (27, 28) or signature[32] & 0x80:
        raise SignatureError("only r|s|v with low s and v of 27 or 28 has a compact form")
    return signature[:32] + bytes([signature[32] | (signature[64] - 27) << 7]) + signature[33:64]
