# SPDX-License-Identifier: Apache-2.0
"""Play lives of a meter's books that chance makes, and judge every reading: on how many of them is one wrong?

    python tests/bench/lives.py [--lives 10000] [--hours 6] [--seed 1] [--tell] [--json]

Supply that goes and comes back, resets and losses of power, hours without the time, flash and NVS that can't be read or
written: tests/device/support/lives.py says what is played and what must hold. --tell prints what happens in the one
life of --seed. The clock is virtual, and so is the flash's failing; its files are real.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "tests" / "device" / "support")]

from lives import Life  # noqa: E402 - after the path

from electro_protocol.readings import NO_DATA  # noqa: E402

_AT_ONCE = 50  # lives


def play(seeds: range, hours: float) -> tuple[dict[int, list[str]], int, int]:
    """Return what is wrong by seed, and of all intervals how many were told, and told as no data."""
    wrong, told, without = {}, 0, 0
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            life = Life(seed, folder)
            try:
                life.live(hours)
                found = life.judge()
            except Exception as error:  # noqa: BLE001 - whatever a meter dies of
                found = [repr(error)]
        if found:
            wrong[seed] = found
        told += len(life.told)
        without += sum(lane == NO_DATA for lane in life.told.values())
    return wrong, told, without


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--lives", type=int, default=10_000, help="default: 10,000")
    parser.add_argument("--hours", type=float, default=6, help="of a life; default: 6")
    parser.add_argument("--seed", type=int, default=1, help="of the first life; default: 1")
    parser.add_argument("--tell", action="store_true", help="tell what happens in one life")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    chosen = parser.parse_args()
    if chosen.tell:
        with tempfile.TemporaryDirectory() as folder:
            life = Life(chosen.seed, folder, print)
            life.live(chosen.hours)
            sys.exit(bool(life.judge()))
    began = time.perf_counter()
    seeds = range(chosen.seed, chosen.seed + chosen.lives)
    pieces = [seeds[k : k + _AT_ONCE] for k in range(0, len(seeds), _AT_ONCE)]
    wrong: dict[int, list[str]] = {}
    told = without = done = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for piece, found in zip(pieces, pool.map(play, pieces, [chosen.hours] * len(pieces)), strict=True):
            wrong |= found[0]
            told += found[1]
            without += found[2]
            done += len(piece)
            if sys.stderr.isatty():
                print(f"{done:,} of {chosen.lives:,} lives, {len(wrong)} wrong", end="\r", file=sys.stderr)
    if chosen.json:
        said = {"simulated": True, "lives": done, "intervals": told, "no_data": without, "wrong": len(wrong)}
        print(json.dumps({**said, "seeds": wrong, "seconds": round(time.perf_counter() - began)}))
    else:
        for seed, lines in wrong.items():
            print(f"seed {seed}:", *lines, sep="\n    ")
        print(
            f"{done:,} lives, {told:,} intervals, {without:,} of them without data; {len(wrong)} lives wrong"
        )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
