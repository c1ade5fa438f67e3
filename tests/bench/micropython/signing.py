# SPDX-License-Identifier: Apache-2.0
"""The part of the signing benchmark that runs in MicroPython; prints one JSON object.

Times are microseconds of one call, the least of several rounds: what else the machine does only adds.
"""

import gc
import json
import sys
import time

gc.collect()
_before = gc.mem_alloc()
from electro_protocol import comb, keccak, secp256k1  # noqa: E402 - the memory it takes is measured
from electro_protocol.eip712 import Domain  # noqa: E402
from electro_protocol.reports import EnergyReport  # noqa: E402

DOMAIN = Domain(31337, bytes(range(20)))
KEY = bytes(range(1, 33))
READINGS = bytes([i & 127 for i in range(192)])  # a day of quarter hours
MESSAGE = EnergyReport(7, 1_700_000_000, bytes(range(16)), 96, 123456789, READINGS)
DIGEST = MESSAGE.digest(DOMAIN)
SIGNATURE = secp256k1.sign(DIGEST, KEY)
gc.collect()
HEAP = gc.mem_alloc() - _before


def least(function, calls, rounds=9):
    best = None
    for _ in range(rounds):
        gc.collect()
        start = time.ticks_us()
        for _ in range(calls):
            function()
        taken = time.ticks_diff(time.ticks_us(), start) / calls
        if best is None or taken < best:
            best = taken
    return best


def ours():
    return secp256k1.sign(MESSAGE.digest(DOMAIN), KEY)


def beside(peer, rounds=7):
    """Return the peer's microseconds, and how many of our digests and signatures fit into one of its calls.

    Both run in turn and for about as long, so that whatever else the machine does slows both; the median.
    """
    ratios = []
    best = None
    calls = 1
    for _ in range(rounds):
        theirs = least(peer, 1, 1)
        taken = least(ours, calls, 1)
        calls = max(1, int(theirs / taken))
        ratios.append(theirs / taken)
        best = theirs if best is None else min(best, theirs)
    return {"us": best, "ratio": sorted(ratios[1:])[(rounds - 1) // 2]}


def phases():
    """The parts of one signature."""
    scalar = int.from_bytes(KEY, "big")
    return {
        "keccak256 of 64 bytes": least(lambda: keccak.keccak256(KEY), 50),
        "EIP-712 digest of a day's report": least(lambda: MESSAGE.digest(DOMAIN), 30),
        "nonce (RFC 6979)": least(lambda: secp256k1._nonce(DIGEST, KEY, 0), 30),
        "k·G": least(lambda: comb.times_base(scalar), 20),
        "inverse modulo n": least(lambda: comb.inverse(scalar, comb.N), 30),
        "sign": least(lambda: secp256k1.sign(DIGEST, KEY), 20),
        "digest and sign": least(ours, 20),
    }


def allocated():
    """Bytes that one digest and signature takes from the heap, all of them garbage afterwards."""
    gc.collect()
    gc.disable()
    start = gc.mem_alloc()
    ours()
    taken = gc.mem_alloc() - start
    gc.enable()
    return taken


def plain():
    """The same work without viper."""
    from electro_protocol import _keccak_plain, _plain

    fast = comb.engine, keccak.start, keccak.absorb, keccak.squeeze
    comb.engine = _plain
    comb._start = ()  # each engine has its own kind
    keccak.start, keccak.absorb, keccak.squeeze = (
        _keccak_plain.start,
        _keccak_plain.absorb,
        _keccak_plain.squeeze,
    )
    try:
        assert ours() == SIGNATURE
        return least(ours, 2, 5)
    finally:
        comb.engine, keccak.start, keccak.absorb, keccak.squeeze = fast
        comb._start = ()


def embit():
    """embit's pure-Python signer on the same digest."""
    from embit.util import py_secp256k1 as peer

    made = peer.ecdsa_sign_recoverable(DIGEST, KEY)
    # embit keeps r and s with their bytes reversed
    assert bytes(reversed(made[:32])) + bytes(reversed(made[32:64])) + bytes([27 + made[64]]) == SIGNATURE
    return {
        "sign": beside(lambda: peer.ecdsa_sign(DIGEST, KEY)),
        "sign_recoverable": beside(lambda: peer.ecdsa_sign_recoverable(DIGEST, KEY)),
    }


def main():
    result = {
        "interpreter": sys.version,
        "engine": comb.engine.__name__,
        "heap": HEAP,
        "allocated": allocated(),
        "phases": phases(),
    }
    if "peers" in sys.argv:
        result["plain"] = plain()
        result["embit"] = embit()
    print(json.dumps(result))


main()
