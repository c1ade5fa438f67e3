# SPDX-License-Identifier: Apache-2.0
"""An ERC-20 beside the contract, plain or as odd as some are; compiled once in each process."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from eth_abi import encode

from electro_contracts import build
from electro_protocol.keccak import keccak256
from tests.toolchain import fetch

if TYPE_CHECKING:
    from .world import World

NONE, FEE, SAYS_FALSE, SAYS_NOTHING, CALLS_BACK, BLOCKS, BOASTS, FORGETS = range(8)
SOURCE = Path(__file__).parent / "solidity" / "Token.sol"


@functools.cache
def bytecode() -> bytes:
    source = {
        "language": "Solidity",
        "sources": {"Token.sol": {"content": SOURCE.read_text()}},
        "settings": {**build.SETTINGS, "outputSelection": {"Token.sol": {"Token": ["evm.bytecode.object"]}}},
    }
    output = build.compile_standard_json(fetch.node_modules(), source, str(fetch.node()))
    return bytes.fromhex(output["contracts"]["Token.sol"]["Token"]["evm"]["bytecode"]["object"])


class Token:
    """One deployed token; callers are addresses as text."""

    def __init__(self, world: World) -> None:
        self.engine = world.engine
        self.spender = world.address
        self.anyone = world.anyone
        self.address = world.engine.deploy(bytecode())

    def fund(self, account: str, amount: int) -> None:
        """Mint to an account, and let the contract draw all of it."""
        self._send(account, "mint(address,uint256)", account, amount)
        self._send(account, "approve(address,uint256)", self.spender, amount)

    def become(self, oddity: int, target: str = "0x" + "00" * 20, data: bytes = b"") -> None:
        self._send(self.anyone, "become(uint8,address,bytes)", oddity, target, data)

    def balance(self, account: str) -> int:
        data = keccak256(b"balanceOf(address)")[:4] + encode(["address"], [account])
        return int.from_bytes(self.engine.call(self.anyone, self.address, data), "big")

    def _send(self, caller: str, signature: str, *arguments: object) -> None:
        types = signature[signature.index("(") + 1 : -1].split(",")
        self.engine.send(caller, self.address, keccak256(signature.encode())[:4] + encode(types, arguments))
