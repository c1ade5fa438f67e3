# SPDX-License-Identifier: Apache-2.0
"""`electro contract`: deployed, at the same address on two chains, and told from whatever is not this contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.toolchain.running_anvil import FUNDED_ADDRESS, FUNDED_PRIVATE_KEY
from tests.tools.agreements import World, electro

from electro_contracts import artifact
from electro_contracts.deployment import FACTORY
from electro_protocol import address
from electro_tools.contract import deploy as deploy_module
from electro_tools.errors import ToolError
from electro_tools.transact import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.toolchain.running_anvil import Anvil


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with (
        pytest.MonkeyPatch.context() as environment,
        World(tmp_path_factory.mktemp("told"), environment) as running,
    ):
        yield running


@pytest.fixture
def world(told: World) -> World:
    told.front.meddle = lambda _method, _params: None
    return told


def test_an_honest_deployment_is_verified(world: World) -> None:
    done = electro("contract", "verify", world.contract, "--operator", world.operator.address)
    assert done.code == 0, done.err
    assert max(map(len, done.out.splitlines())) <= 80
    found = electro("contract", "verify", world.contract, "--json").json
    assert (found["verified"], found["admin"]) == (True, world.operator.address)
    assert (found["code"], found["parties"], found["results"]) == (None, None, None)


def _code(world: World, of: str, change: Callable[[bytearray], Any]) -> None:
    """Let the node tell other code of an address."""

    def meddle(method: str, params: Any) -> dict[str, Any] | None:
        if method != "eth_getCode" or params[0].lower() != of.lower():
            return None
        code = bytearray.fromhex(world.front.truth(method, params)["result"][2:])
        change(code)
        return {"result": "0x" + code.hex()}

    world.front.meddle = meddle


def _flip(at: int) -> Callable[[bytearray], None]:
    def change(code: bytearray) -> None:
        code[at] ^= 1

    return change


def _swap(was: bytes, becomes: bytes) -> Callable[[bytearray], None]:
    def change(code: bytearray) -> None:
        at = code.index(was)
        code[at : at + len(was)] = becomes

    return change


def test_every_change_of_any_part_of_the_code_is_found_and_ends_with_3(world: World) -> None:
    calls = world.web3.eth.contract(world.contract, abi=artifact.load().abi).functions
    parties, results = calls.PARTIES().call(), calls.RESULTS().call()
    tampered = [
        (world.contract, _flip(-60), "is another than in the artifact"),
        (world.contract, _flip(2_000), "is another than in the artifact"),
        (world.contract, lambda code: code.append(0), "bytes of code, and the artifact"),
        (
            world.contract,
            _swap(address.parse(parties), b"\x11" * 20),
            "begins a value that no deployment writes: 0x" + "00" * 12 + "11",
        ),
    ]
    for name, part in (("Parties", parties), ("Results", results)):
        said = f"its part {name} at {part}: "
        tampered += [(part, change, said) for change in (_flip(-60), _flip(0), lambda code: code.append(0))]
    for where, change, sentence in tampered:
        _code(world, where, change)
        done = electro("contract", "verify", world.contract)
        assert done.code == 3, sentence
        assert sentence in done.err
    world.front.meddle = lambda _method, _params: None
    stranger = electro("contract", "verify", world.contract, "--operator", world.anyone.address)
    assert (stranger.code, "is no operator of it" in stranger.err) == (3, True)
    assert "is not Electro" in electro("contract", "verify", parties).err
    assert "there is no contract at" in electro("contract", "verify", world.anyone.address).err


def test_without_the_factory_a_deterministic_deployment_says_what_to_do(world: World) -> None:
    done = electro("contract", "deploy", "--deterministic", *world.as_("operator")[:2])
    assert done.code == 1
    assert f"chain 1337 has no CREATE2 factory at {address.checksum(FACTORY)}" in done.err
    usage = electro("contract", "deploy", "--salt", "x", *world.as_("operator")[:2])
    assert usage.code == 2


def test_the_address_is_the_same_on_two_chains_and_a_second_deployment_finds_the_first(
    start_anvil: Callable[..., Anvil], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ELECTRO_CHAIN_ID", raising=False)  # of the other tests' chain
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text(FUNDED_PRIVATE_KEY)
    addresses = set()
    for chain_id in (31337, 4711):
        with start_anvil(chain_id=chain_id) as chain:
            line = ("contract", "deploy", "--deterministic", "--rpc", chain.url, "--key-file", key, "--json")
            planned = electro(*line, "--dry-run").json
            assert not planned["there"]
            made = electro(*line).json
            again = electro(*line).json
            other = electro(*line, "--salt", "second").json
            assert made["contract"] == again["contract"] == planned["contract"] != other["contract"]
            assert (made["gas"] > 0, again["gas"]) == (True, 0)
            verified = electro(
                *("contract", "verify", made["contract"], "--operator", FUNDED_ADDRESS),
                *("--rpc", chain.url, "--json"),
            )
            assert verified.json["verified"]
            addresses.add(made["contract"])
    assert len(addresses) == 1


def _once(send: Callable[..., Any]) -> Callable[..., Any]:
    sent: list[bool] = []

    def sending(*arguments: Any) -> Any:
        if sent:
            raise ToolError("the node is gone")
        sent.append(True)
        return send(*arguments)

    return sending


def test_an_interrupted_deployment_goes_on_where_it_stopped(
    start_anvil: Callable[..., Anvil], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the factory and without it: what is there already is not paid for again."""
    monkeypatch.delenv("ELECTRO_CHAIN_ID", raising=False)
    key = tmp_path / "key"
    key.touch(mode=0o600)
    key.write_text(FUNDED_PRIVATE_KEY)
    for more, gone in (("--deterministic",), False), ((), True):
        with start_anvil() as chain:
            web3 = connect(chain.url)
            line = ("contract", "deploy", *more, "--rpc", chain.url, "--key-file", key, "--json")
            if gone:
                web3.provider.make_request("anvil_setCode", [address.checksum(FACTORY), "0x"])  # type: ignore[arg-type]
            with monkeypatch.context() as patch:
                patch.setattr(deploy_module, "send", _once(deploy_module.send))
                assert "the node is gone" in electro(*line).err
            before = web3.eth.get_transaction_count(FUNDED_ADDRESS)
            made = electro(*line).json
            assert web3.eth.get_transaction_count(FUNDED_ADDRESS) - before == 2
            verified = electro("contract", "verify", made["contract"], "--rpc", chain.url, "--json")
            assert verified.json["verified"]


def test_operators_are_appointed_and_the_administrator_hands_over(world: World) -> None:
    admin, anyone, consumer = (world.as_(name) for name in ("operator", "anyone", "consumer"))
    other = world.anyone.address
    assert electro("agreement", "pause", *anyone).code == 1
    assert electro("contract", "appoint", other, *admin, "--json").json["operator"] == other
    assert electro("agreement", "pause", *anyone).code == 0
    assert electro("contract", "verify", world.contract, "--operator", other).code == 0
    assert electro("contract", "dismiss", other, *admin, "--json").json["dismissed"] == other
    assert "is not the operator" in electro("agreement", "resume", *anyone).err
    assert electro("agreement", "resume", *admin).code == 0
    assert "is not the administrator" in electro("contract", "appoint", other, *anyone).err
    assert electro("contract", "hand-over", world.consumer.address, *admin).code == 0
    assert "is not who has been named the next administrator" in electro("contract", "take-over", *anyone).err
    early = electro("contract", "take-over", *consumer)  # even without a delay a second must pass
    assert (early.code, "the delay for a new administrator is over at 2027-01-14" in early.err) == (1, True)
    world.wait_until(world.web3.eth.get_block("latest")["timestamp"] + 2)
    assert electro("contract", "take-over", *consumer, "--json").json["admin"] == world.consumer.address
    assert electro("contract", "hand-over", world.operator.address, *consumer).code == 0
    world.wait_until(world.web3.eth.get_block("latest")["timestamp"] + 2)
    assert electro("contract", "take-over", *admin).code == 0
