# SPDX-License-Identifier: Apache-2.0
"""Sign a thousand times, tell what one signature allocates, sign fifty times with almost no heap left."""

import gc
import json
import sys

from electro_protocol import secp256k1
from electro_protocol.eip712 import Domain
from electro_protocol.messages import EnergyReport

DOMAIN = Domain(31337, bytes(range(20)))
MESSAGE = EnergyReport(7, 1_700_000_000, bytes(range(16)), 96, 123456789, bytes(192))
KEY = bytes(range(1, 33))
LEFT = int(sys.argv[1])


def sign():
    return secp256k1.sign(MESSAGE.digest(DOMAIN), KEY)


first = sign()
gc.collect()
before = gc.mem_alloc()
for _ in range(1000):
    if sign() != first:
        raise SystemExit("another signature")
gc.collect()
leaked = gc.mem_alloc() - before

# all that a digest and signature takes from the heap: the median, for an inverse that is tried again takes more
taken = []
for _ in range(51):
    gc.collect()
    gc.disable()
    start = gc.mem_alloc()
    sign()
    taken.append(gc.mem_alloc() - start)
    gc.enable()
allocated = sorted(taken)[25]
taken = None

# fill the heap in the smallest pieces around LEFT bytes, then let those go
gc.collect()
reserve = bytearray(LEFT)
filled = None
try:
    while True:
        filled = (filled,)
except MemoryError:
    reserve = None
gc.collect()
free = gc.mem_free()
same = True
for _ in range(50):  # each blinds otherwise
    same = same and sign() == first
print(json.dumps({"leaked": leaked, "allocated": allocated, "free": free, "same": same}))
