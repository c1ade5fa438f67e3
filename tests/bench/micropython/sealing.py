# SPDX-License-Identifier: Apache-2.0
"""The part of the sealing benchmark that runs in MicroPython; prints one JSON object.

Times are microseconds, the least of several rounds: what else the machine does only adds. Allocated is what goes
through the heap for one, garbage included.
"""

import gc
import json
import sys
import time

from electro_protocol.address import address_of
from electro_protocol.readings import pack
from electro_protocol.reports import EnergyReport  # noqa: F401 - what a meter has loaded anyhow
from electro_protocol.secp256k1 import public_key, sign

DIGEST, KEY, VIEWING = bytes(range(32)), bytes(range(1, 33)), bytes(range(7, 39))
DEVICE = address_of(public_key(KEY))
WEEK = 672

gc.collect()
_before = gc.mem_alloc()
from electro_protocol import judging, sealing  # noqa: E402
from electro_protocol.sealed import SealedReport  # noqa: E402

gc.collect()
SEALING_BYTES = gc.mem_alloc() - _before
_before = gc.mem_alloc()
from electro_protocol.delivery import unwrap, wrap  # noqa: E402

gc.collect()
DELIVERY_BYTES = gc.mem_alloc() - _before


def least(function, rounds):
    """Return the microseconds, and the bytes that go through the heap."""
    best = allocated = None
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        start = time.ticks_us()
        function()
        taken = time.ticks_diff(time.ticks_us(), start)
        allocated = gc.mem_alloc() - before
        gc.enable()
        best = taken if best is None else min(best, taken)
    return best, allocated


def report(slots, every):
    """Return what makes and seals a report of so many intervals; every so many of them is over its band."""
    bands = pack([100] * slots + [800] * slots)
    readings = pack([900 if every and not k % every else 500 for k in range(slots)])

    def made():
        words = judging.deviations(readings, bands, 0)
        about = sealing.report(DIGEST, DEVICE, 7, 0, bytes(16), slots)
        sealed = sealing.seal_report(VIEWING, about, 123_456_789, readings, words)
        return SealedReport(7, 0, bytes(16), 0, sealed, words)

    return made


def opening(slots):
    nonce, sealed = sealing.seal_bands(VIEWING, pack([100] * slots + [800] * slots))
    return lambda: sealing.open_bands(VIEWING, nonce, sealed)


def main():
    wrapped = wrap(VIEWING, public_key(KEY), bytes(31) + b"\x09")
    cases = (
        ("signature", lambda: sign(DIGEST, KEY), 30),
        ("day", report(96, 0), 10),
        ("day_all_over", report(96, 1), 10),
        ("week", report(WEEK, 0), 5),
        ("week_all_over", report(WEEK, 1), 5),
        ("open_day_s_bands", opening(96), 10),
        ("open_week_s_bands", opening(WEEK), 5),
        ("unwrap_a_key", lambda: unwrap(wrapped, KEY), 5),
    )
    result = {"interpreter": sys.version, "sealing_bytes": SEALING_BYTES, "delivery_bytes": DELIVERY_BYTES}
    for name, function, rounds in cases:
        result[name + "_us"], result[name + "_allocated"] = least(function, rounds)
    print(json.dumps(result))


main()
