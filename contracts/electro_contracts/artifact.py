# SPDX-License-Identifier: Apache-2.0
"""The compiled contract as checked-in data: no user needs a compiler. `electro_contracts.build` makes it."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

PATH = Path(__file__).with_name("Electro.json")
# What the compiler was given, with every source: a block explorer takes it as it is to verify a deployed contract.
INPUT_PATH = PATH.with_name("Electro.input.json")


class Code(NamedTuple):
    """`bytecode` makes an account that has `deployed_bytecode`."""

    bytecode: bytes
    deployed_bytecode: bytes


@dataclass(frozen=True)
class Artifact:
    """`bytecode` takes constructor arguments behind it; `deployed_bytecode` has zeros for immutables.

    `abi` is that of the whole contract: the parts that it runs by delegatecall are included. `parts` are those, by
    name, in the order in which the constructor takes their addresses; they have neither arguments nor immutables.
    """

    abi: list[dict[str, Any]]
    bytecode: bytes
    deployed_bytecode: bytes
    parts: dict[str, Code]
    compiler: str
    openzeppelin: str
    settings: dict[str, Any]
    source_hash: str  # of solc's standard JSON input, keys sorted, no spaces


@functools.cache
def load() -> Artifact:
    """Return the artifact of the contract Electro."""
    data = json.loads(PATH.read_text(encoding="utf-8"))
    return Artifact(
        abi=data["abi"],
        **_code(data)._asdict(),
        parts={name: _code(part) for name, part in data["parts"].items()},
        compiler=data["compiler"],
        openzeppelin=data["openzeppelin"],
        settings=data["settings"],
        source_hash=data["source_hash"],
    )


def _code(data: dict[str, str]) -> Code:
    return Code(*(bytes.fromhex(data[key].removeprefix("0x")) for key in Code._fields))
