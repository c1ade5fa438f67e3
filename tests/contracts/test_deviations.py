# SPDX-License-Identifier: Apache-2.0
"""What a sealed report tells is read as its plain definition has it, and as meters do, at edges and at random."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from eth_abi import decode, encode

from electro_contracts import build
from electro_protocol import judging
from electro_protocol.keccak import keccak256

from .engines import Revm

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = tuple[bool, tuple[int, ...]]

COUNT = 672  # of a week of quarter hours
EDGES = (0, 1, 2, 0x7FFD, 0x7FFE, 0x7FFF, 0x8000, 0x8001, 0xFFFE, 0xFFFF)


@pytest.fixture(scope="module")
def ask(node: Path, node_modules: Path) -> Callable[..., Read]:
    """A function that asks the contract DeviationsPlain, compiled with the settings of the real one."""
    source = build.standard_json(node_modules)
    name = "tests/DeviationsPlain.sol"
    text = (Path(__file__).parent / "solidity" / "DeviationsPlain.sol").read_text()
    source["sources"][name] = {"content": text}
    source["settings"]["outputSelection"] = {name: {"DeviationsPlain": ["evm.bytecode.object"]}}
    output = build.compile_standard_json(node_modules, source, str(node))
    engine = Revm()
    code = output["contracts"][name]["DeviationsPlain"]["evm"]["bytecode"]["object"]
    contract = engine.deploy(bytes.fromhex(code))

    def call(which: str, *arguments: object) -> Read:
        data = keccak256(f"{which}(bytes,uint256,uint256)".encode())[:4]
        data += encode(["bytes", "uint256", "uint256"], arguments)
        answer = engine.call(engine.accounts[2], contract, data)
        bad, judgement = decode(["bool", "(uint256,uint256,uint256,uint256,uint256,uint256)"], answer)
        return bad, judgement

    return call


def _equal(ask: Callable[..., Read], words: bytes, count: int, taken: int) -> bool:
    """Hold the loop, its plain definition and the meters' to each other; return whether the words can be."""
    fast, plain = (ask(which, words, count, taken) for which in ("fast", "plain"))
    assert fast[0] == plain[0], words.hex()
    try:
        read = judging.read(words, count)
    except judging.DeviationError:
        assert fast[0], words.hex()
        return False
    assert not fast[0], words.hex()
    assert fast[1] == plain[1], words.hex()
    counts = [sum(kind == each and offset < taken for offset, kind, _ in read) for each in range(4)]
    assert fast[1][2:4] == (counts[judging.UNKNOWN], counts[judging.CUT_OFF])
    return True


def _word(kind: int, offset: int, units: int) -> bytes:
    return (kind << 28 | offset << 16 | units).to_bytes(4, "big")


def test_every_kind_with_units_and_offsets_at_the_edges(ask: Callable[..., Read]) -> None:
    can = 0
    for kind in range(16):
        for units in EDGES:
            for offset in (0, 1, 4, 5, 6, 0xFFF):
                for before in (b"", _word(0, 1, 1)):
                    can += _equal(ask, before + _word(kind, offset, units), 6, 5)
    # units that can be: 5 of over, under and interrupted, 1 of no data; offsets: 4 alone, 2 behind another word
    assert can == (5 + 5 + 5 + 1) * (4 + 2)


@pytest.mark.parametrize("seed", range(4))
def test_random_words_that_can_be_and_such_with_one_that_can_not(ask: Callable[..., Read], seed: int) -> None:
    chance = random.Random(seed)
    spoiled = 0
    for _ in range(25):
        count = chance.choice((1, 7, 96, COUNT))
        offsets = sorted(chance.sample(range(count), chance.randrange(count + 1)))
        words = bytearray()
        for offset in offsets:
            kind = chance.randrange(4)
            least, most = ((1, 0x7FFF), (1, 0x7FFF), (0, 0x7FFE), (0, 0))[kind]
            words += _word(kind, offset, chance.randint(least, most))
        assert _equal(ask, bytes(words), count, chance.randrange(count + 1))
        if words:
            words[chance.randrange(len(words))] ^= 1 << chance.randrange(8)
            spoiled += not _equal(ask, bytes(words), count, count)
    assert spoiled


def test_the_most_that_a_report_may_tell_overflows_nothing(ask: Callable[..., Read]) -> None:
    for kind, units in ((0, 0x7FFF), (1, 0x7FFF), (2, 0x7FFE), (3, 0)):
        words = b"".join(_word(kind, offset, units) for offset in range(COUNT))
        assert _equal(ask, words, COUNT, COUNT)


@pytest.mark.parametrize("seed", range(4))
def test_noise_is_refused_by_all_alike(ask: Callable[..., Read], seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        assert not _equal(ask, chance.randbytes(4 * chance.randrange(4, 20)), COUNT, COUNT)
