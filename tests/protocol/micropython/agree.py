# SPDX-License-Identifier: Apache-2.0
"""Compute what lines of key, public key, digest, signature, message and hash claim; print how many agree."""

import sys
from binascii import unhexlify

from electro_protocol import comb
from electro_protocol.keccak import keccak256
from electro_protocol.secp256k1 import public_key, sign

if not comb.engine.__name__.endswith("_fast"):
    raise SystemExit("this interpreter has no fast path")
agreed = 0
with open(sys.argv[1]) as file:  # noqa: PTH123 - MicroPython has no pathlib
    for line in file:
        key, public, digest, signature, message, hashed = [
            unhexlify(part) for part in line.strip().split(",")
        ]
        if public_key(key) != public or sign(digest, key) != signature or keccak256(message) != hashed:
            raise SystemExit("differs: " + line)
        agreed += 1
print(agreed)
