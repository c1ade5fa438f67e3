# SPDX-License-Identifier: Apache-2.0
"""The part of the receipt's benchmark that runs in MicroPython: of the receipt in a file; prints one JSON object.

Times are microseconds, the least of several rounds: what else the machine does only adds. Of the whole it is the sum of
what each slice took at least.
"""

import gc
import json
import sys
import time
from binascii import unhexlify

from electro_protocol.address import address_of
from electro_protocol.reports import EnergyReport  # noqa: F401 - what a meter has loaded anyhow
from electro_protocol.secp256k1 import sign

ROUNDS = 15
DIGEST = bytes(range(32))
KEY = bytes(range(1, 33))
address_of(bytes(64))


def least(function, rounds=ROUNDS):
    best = None
    for _ in range(rounds):
        gc.collect()
        start = time.ticks_us()
        function()
        taken = time.ticks_diff(time.ticks_us(), start)
        best = taken if best is None else min(best, taken)
    return best


class Told:
    """The receipt, and what a meter knows beforehand."""

    def __init__(self, path):
        with open(path) as file:  # noqa: PTH123 - MicroPython has no pathlib
            told = json.load(file)
        self.raw = bytearray(unhexlify(told["raw"]))
        self.validators = tuple([unhexlify(one) for one in told["validators"]])
        self.contract, self.meter = unhexlify(told["contract"]), unhexlify(told["meter"])
        self.terms = {unhexlify(hash_): tuple(header) for hash_, header in told["terms"].items()}

    def header_of(self, _account, code_hash):
        return self.terms[code_hash]

    def steps(self):
        from electro_protocol.receipt import check

        return check(self.raw, self.validators, self.contract, self.meter, 0, self.header_of)


def memory(told):
    """Return bytes of the modules, and what lives at most between two slices."""
    gc.collect()
    before = gc.mem_alloc()
    import electro_protocol.receipt  # noqa: F401

    gc.collect()
    modules = gc.mem_alloc() - before
    before = gc.mem_alloc()
    live = 0
    for _ in told.steps():
        gc.collect()
        live = max(live, gc.mem_alloc() - before)
    return modules, live


def slices(told):
    """Return the microseconds of each slice."""
    gc.disable()  # a collection of this heap would count as a slice's; a meter collects when it chooses
    found = []
    for _ in range(ROUNDS):
        gc.collect()
        # fill the holes between what is alive: who looks for a place in them first takes as long as a signature's half
        for _ in range(3_000):
            bytearray(32)
        running = told.steps()
        k = 0
        while True:
            start = time.ticks_us()
            done = next(running, running) is running
            taken = time.ticks_diff(time.ticks_us(), start)
            if done:
                break
            if k == len(found):
                found.append(taken)
            found[k] = min(found[k], taken)
            k += 1
    gc.enable()
    return found


def main():
    told = Told(sys.argv[1])
    signature = least(lambda: sign(DIGEST, KEY), 100)
    modules, live = memory(told)
    taken = slices(told)
    from electro_protocol import rlp, seals, trie

    parts = rlp.listed(told.raw, rlp.item(told.raw, 0, len(told.raw)), "the receipt", 3)
    seal = bytes(told.raw[parts[1][1] : parts[1][1] + seals.SEAL_BYTES])
    nodes = rlp.listed(told.raw, parts[2], "the nodes", trie.MOST_NODES)
    result = {
        "interpreter": sys.version,
        "signature_us": signature,
        "receipt_us": sum(taken),
        "slices": len(taken),
        "longest_slice_us": max(taken),
        "seal_us": least(lambda: [0 for _ in seals.signer(DIGEST, seal)]),
        "hash_nodes_us": least(lambda: [0 for _ in trie.Nodes(told.raw, nodes).hash()]),
        "receipt_bytes": len(told.raw),
        "nodes": len(nodes),
        "module_bytes": modules,
        "live_bytes": live,
    }
    print(json.dumps(result))


main()
