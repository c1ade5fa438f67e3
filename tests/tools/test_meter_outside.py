# SPDX-License-Identifier: Apache-2.0
"""Nothing that comes from outside can do more than be refused: 100,000 inputs of all kinds, in 32-bit MicroPython."""

from __future__ import annotations

import os

from tests.bench import outside

# ELECTRO_OUTSIDE=1000000 tries so many.
INPUTS = int(os.environ.get("ELECTRO_OUTSIDE", "100000"))


def test_whatever_comes_is_read_in_range_or_refused_in_one_way(micropython_i386: list[str]) -> None:
    found = outside.fuzz([*micropython_i386, "-X", f"heapsize={outside.HEAP}"], 1, INPUTS)
    assert sum(kind["inputs"] for kind in found.values()) == INPUTS
    for name, kind in found.items():
        assert kind["taken"] > 100, name  # each kind is tried with what is sound, too
    for name in ("json", "states", "results", "terms", "http", "dns", "sntp"):
        assert found[name]["inputs"] - found[name]["taken"] > 1000, name
