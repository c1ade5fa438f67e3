# SPDX-License-Identifier: Apache-2.0
"""Money in escrow from the command line: chosen once, approved, drawn, credited and collected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import pytest
from tests.contracts import tokens
from tests.tools.agreements import HOUR_S, START, World, electro, inside

from electro_tools.transact import send

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTLES_AT = START + 48 * HOUR_S + 2 * HOUR_S + 86_400 + 1
_ABI: Any = [
    {
        "type": "function",
        "name": name,
        "stateMutability": mutability,
        "inputs": [{"type": kind, "name": ""} for kind in inputs],
        "outputs": [{"type": kind, "name": ""} for kind in outputs],
    }
    for name, mutability, inputs, outputs in (
        ("mint", "nonpayable", ["address", "uint256"], []),
        ("balanceOf", "view", ["address"], ["uint256"]),
        ("allowance", "view", ["address", "address"], ["uint256"]),
    )
]


class Escrow(World):
    """A world with a token of which the operator has a million."""

    def __enter__(self) -> Self:
        super().__enter__()
        factory = self.web3.eth.contract(abi=_ABI, bytecode=tokens.bytecode())
        receipt = send(self.web3, self.operator, factory.constructor())
        self.token: Any = self.web3.eth.contract(receipt["contractAddress"], abi=_ABI)
        send(self.web3, self.operator, self.token.functions.mint(self.operator.address, 10**6))
        return self

    def has(self, account: str) -> int:
        balance: int = self.token.functions.balanceOf(account).call()
        return balance


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node_modules: Path) -> Iterator[Escrow]:
    assert node_modules.is_dir()  # the compiler of the token
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    with Escrow(tmp_path, monkeypatch) as running:
        yield running


def test_money_goes_from_the_operator_through_the_escrow_to_both(world: Escrow) -> None:
    operator, consumer, anyone = (world.as_(name) for name in ("operator", "consumer", "anyone"))
    token, meter = world.token.address, world.account("meter")
    wrong = electro("contract", "use-escrow", token, *anyone)
    assert (wrong.code, "is not the administrator of this contract" in wrong.err) == (1, True)
    assert electro("contract", "use-escrow", token, *operator, "--json").json["token"] == token
    assert electro("contract", "verify", world.contract, "--json").json["currency"] == token
    world.enrol(meter)
    line = ("--consumer", world.consumer.address, "--device", meter.address, "--bonus", 100_000)
    assert electro("agreement", "propose", world.terms(), *line, *operator).code == 0
    unfunded = electro("agreement", "accept", 1, *consumer)
    assert unfunded.code == 1
    assert "the token in escrow says: allowance" in unfunded.err
    assert "electro agreement approve" in unfunded.err
    assert electro("agreement", "approve", 25_000, *operator, "--json").json["allowed"] == 25_000
    assert electro("agreement", "accept", 1, *consumer).code == 0
    assert world.has(world.contract) == 25_000  # a quarter of the bonus: what the discount can come to

    world.wait_until(START + 48 * HOUR_S)
    world.report(meter, 1, 0, inside(0, 24), 0)
    world.report(meter, 1, 24, [2000, *inside(25, 23)], 0)
    world.wait_until(SETTLES_AT)
    settled = electro("agreement", "settle", 1, *anyone, "--json").json
    discount = settled["discount"]
    assert discount == settled["remaining"] // 4
    held = electro("agreement", "redeem", 1, "a", 1_000, *consumer)
    assert (held.code, "was paid out by the settlement" in held.err) == (1, True)
    shown = electro("agreement", "show", 1).out
    assert f"currency     {token} in escrow" in shown
    assert f"owed         {discount:,} to the consumer" in shown
    paid = electro("agreement", "collect", *consumer, "--json").json
    assert (paid["account"], paid["paid"]) == (world.consumer.address, discount)
    assert world.has(world.consumer.address) == discount
    elsewhere = electro("agreement", "collect", "--to", world.anyone.address, *operator, "--json").json
    assert (elsewhere["account"], elsewhere["to"]) == (world.operator.address, world.anyone.address)
    assert world.has(world.anyone.address) == 25_000 - discount
    assert world.has(world.contract) == 0
    nothing = electro("agreement", "collect", *consumer)
    assert (nothing.code, "there is nothing to take" in nothing.err) == (1, True)
    assert electro("agreement", "audit", 1, "--json").json["equal"]
