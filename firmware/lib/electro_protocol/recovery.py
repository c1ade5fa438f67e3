# SPDX-License-Identifier: Apache-2.0
"""What is done with signatures elsewhere than on a meter: recovering the key, the compact form.

secp256k1 imports it when it is first asked for either.

Source: SEC 1 v2, section 4.1.6; EIP-2; EIP-2098.
"""

from ._plain import add, affine, multiply
from .comb import inverse, times_base
from .curve import N, P, SignatureError


def recover(digest: bytes, signature: bytes) -> bytes:
    """Return the public key, x|y in 64 bytes; see secp256k1.recover."""
    if len(digest) != 32:
        raise SignatureError("a digest has 32 bytes")
    if len(signature) != 65:
        raise SignatureError("a signature has 65 bytes")
    r = int.from_bytes(signature[:32], "big")
    s = int.from_bytes(signature[32:64], "big")
    v = signature[64]
    if v not in (27, 28):
        raise SignatureError("v is neither 27 nor 28")
    if not 0 < r < N or not 0 < s < N:
        raise SignatureError("r or s is out of range")
    if s > N >> 1:
        raise SignatureError("s is high: every signature has one encoding only (EIP-2)")
    square = (r * r * r + 7) % P
    y = pow(square, (P + 1) >> 2, P)
    if y * y % P != square:
        raise SignatureError("r is the x of no point")
    if (y & 1) != v - 27:
        y = P - y
    z = int.from_bytes(digest, "big") % N
    inverted = inverse(r, N)
    point = multiply(s * inverted % N, r, y)
    if z:
        x, y = times_base(N - z * inverted % N)
        point = add(point, (x, y, 1))
    if not point[2]:
        raise SignatureError("the signature recovers to infinity")
    x, y = affine(point)
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def compact(signature: bytes) -> bytes:
    """Return r|vs, 64 bytes; see secp256k1.compact."""
    if len(signature) != 65 or signature[64] not in (27, 28) or signature[32] & 0x80:
        raise SignatureError("only r|s|v with low s and v of 27 or 28 has a compact form")
    return signature[:32] + bytes([signature[32] | (signature[64] - 27) << 7]) + signature[33:64]
