# SPDX-License-Identifier: Apache-2.0
"""The lane arithmetic equals its plain definition, at all boundaries in all lanes and for random words."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from eth_abi import decode, encode

from electro_contracts import build
from electro_protocol.keccak import keccak256
from electro_protocol.readings import pack

from .engines import Revm

if TYPE_CHECKING:
    from collections.abc import Callable

EDGES = (0, 1, 2, 0x7FFC, 0x7FFD, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0xFFFC, 0xFFFD, 0xFFFE, 0xFFFF)
BOUNDS = (0, 1, 2, 0x7FFD, 0x7FFE, 0x7FFF)
JUDGEMENT = "(uint256,uint256,uint256,uint256,uint256,uint256)"

# These tests share one compiled contract: one worker runs them all.


@pytest.fixture(scope="module")
def ask(node: Path, node_modules: Path) -> Callable[..., tuple[object, ...]]:
    """A function that asks the contract LanesPlain, compiled with the settings of the real one."""
    source = build.standard_json(node_modules)
    name = "tests/LanesPlain.sol"
    source["sources"][name] = {"content": (Path(__file__).parent / "solidity" / "LanesPlain.sol").read_text()}
    source["settings"]["outputSelection"] = {name: {"LanesPlain": ["evm.bytecode.object"]}}
    output = build.compile_standard_json(node_modules, source, str(node))
    engine = Revm()
    contract = engine.deploy(
        bytes.fromhex(output["contracts"][name]["LanesPlain"]["evm"]["bytecode"]["object"])
    )

    def call(signature: str, returns: list[str], *arguments: object) -> tuple[object, ...]:
        types = signature[signature.index("(") + 1 : -1].split(",")
        data = keccak256(signature.encode())[:4] + encode(types, arguments)
        return decode(returns, engine.call(engine.accounts[2], contract, data))

    return call


def _equal(ask: Callable[..., tuple[object, ...]], lanes: list[int], bands: list[tuple[int, int]]) -> None:
    # behind the bounds there are other things: no reading would be within these
    least, most = [*(least for least, _ in bands), *[0x7FFF] * 16], [*(most for _, most in bands), *[0] * 16]
    arguments = (pack(lanes), pack(least), pack(most))
    answers = [
        ask(f"{which}(bytes,bytes,bytes)", ["bool", JUDGEMENT], *arguments) for which in ("fast", "plain")
    ]
    assert answers[0] == answers[1], (lanes, bands)


def test_every_edge_in_every_lane_beside_every_edge(ask: Callable[..., tuple[object, ...]]) -> None:
    for least in BOUNDS:
        for most in (each for each in BOUNDS if each >= least):
            for shift in range(len(EDGES)):
                lanes = [EDGES[(i + shift) % len(EDGES)] for i in range(16)]
                _equal(ask, lanes, [(least, most)] * 16)
                for reading in (least, most, max(0, least - 1), most + 1):
                    _equal(ask, [reading] * 16, [(least, most)] * 16)


def test_one_bad_lane_among_good_ones_is_found_in_every_place(ask: Callable[..., tuple[object, ...]]) -> None:
    for place in range(16):
        for bad in (0, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF):
            lanes = [500] * 16
            lanes[place] = bad
            _equal(ask, lanes, [(400, 600)] * 16)


@pytest.mark.parametrize("count", [16, 17, 80, 95, 96, 97, 176, 207, 672])
def test_each_lane_of_a_report_of_any_length_has_its_own_bounds(
    ask: Callable[..., tuple[object, ...]], count: int
) -> None:
    """Words are compared six at a time, then one at a time, then the rest: each place of each has its turn.

    Each band has one reading that it allows, and no two slots the same.
    """
    lanes = [7000 + i for i in range(count)]
    bands = [(lane, lane) for lane in lanes]
    within, judgement = ask(
        "fast(bytes,bytes,bytes)", ["bool", JUDGEMENT], pack(lanes), pack(lanes), pack(lanes)
    )
    assert within is True
    assert judgement == (0,) * 6
    rng = random.Random(count)
    for place in range(count) if count < 300 else range(0, count, 5):
        bad = [*lanes]
        bad[place] = rng.choice([lanes[place] - 1, lanes[place] + 1, 0x8000 | lanes[place], 0xFFFE, 0xFFFF])
        _equal(ask, bad, bands)


@pytest.mark.parametrize("count", [1, 2, 15, 16, 17, 31, 33, 95, 96, 671, 672])
def test_random_reports_of_any_length(ask: Callable[..., tuple[object, ...]], count: int) -> None:
    rng = random.Random(count)
    for _ in range(40):
        bands = [tuple(sorted(rng.choices(range(0x8000), k=2))) for _ in range(count)]
        mostly_inside = [
            rng.randint(*band) if rng.random() < 0.8 else rng.choice([*EDGES, rng.randrange(0x10000)])
            for band in bands
        ]
        _equal(ask, mostly_inside, bands)


def test_the_greatest_sums_fit_their_lanes(ask: Callable[..., tuple[object, ...]]) -> None:
    _equal(ask, [0] * 672, [(0x7FFF, 0x7FFF)] * 672)
    _equal(ask, [0x7FFF] * 672, [(0, 0)] * 672)
    _equal(ask, [0xFFFF] * 672, [(0, 0)] * 672)
    _equal(ask, [0xFFFE] * 672, [(0, 0)] * 672)


def test_interrupted_lanes_are_gathered_into_bits(ask: Callable[..., tuple[object, ...]]) -> None:
    rng = random.Random(1)
    for _ in range(300):
        lanes = [rng.choice([0xFFFE, 0x8000, 0xFFFF, 0x7FFE, 0, rng.randrange(0x10000)]) for _ in range(16)]
        fast, plain = ask(
            "interruptedBits(uint256)", ["uint256", "uint256"], int.from_bytes(pack(lanes), "big")
        )
        assert fast == plain


def test_bounds_are_checked_lane_by_lane(ask: Callable[..., tuple[object, ...]]) -> None:
    rng = random.Random(2)
    for slots in (1, 7, 8, 16, 17, 96):
        for _ in range(40):
            good = [tuple(sorted(rng.choices([*BOUNDS, rng.randrange(0x8000)], k=2))) for _ in range(slots)]
            if rng.random() < 0.6:
                good[rng.randrange(slots)] = (rng.choice(EDGES), rng.choice(EDGES))
            bands = pack([least for least, _ in good] + [most for _, most in good])
            behind = bytes(rng.choices(range(256), k=32))  # as the parties are behind the bands
            limits = [rng.choice([0x7FFF, 0x7FFF, rng.randrange(0x8000)]) for _ in range(3)]
            limits[1] = 0x7FFF - limits[1]
            fast, plain = ask(
                "areBounds(bytes,uint256,uint256,uint256,uint256)",
                ["bool", "bool"], bands + behind, slots, *limits,
            )  # fmt: skip
            assert fast == plain, (good, limits)
