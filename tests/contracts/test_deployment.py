# SPDX-License-Identifier: Apache-2.0
"""Through the well-known factory the contract has the address that was predicted, on whatever chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyrevm
import pytest
from eth.vm.forks import LondonVM
from eth_abi import decode

from electro_contracts import artifact, deployment
from electro_protocol.address import checksum, parse
from electro_protocol.eip712 import Domain

from .engines import PyEvm, Revm, refused
from .node import Node
from .world import constructor_arguments, encode_call, key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.toolchain.running_anvil import Anvil

ADMIN, OPERATOR = key("admin"), key("operator")
DELAY_S = 86_400


def _plan(salt: bytes = deployment.SALT) -> deployment.Deployment:
    return deployment.plan(ADMIN.address, DELAY_S, OPERATOR.address, salt=salt)


def _steps(salt: bytes = deployment.SALT) -> list[deployment.Deployment]:
    return [*deployment.parts(), _plan(salt)]


def _with_factory(chain_id: int) -> Revm:
    engine = Revm(chain_id)
    engine.evm.insert_account_info(
        checksum(deployment.FACTORY), pyrevm.AccountInfo(code=deployment.FACTORY_CODE)
    )
    return engine


def _send(engine: Revm | PyEvm | Node, step: deployment.Deployment) -> bytes:
    """What the factory answers."""
    return engine.send(engine.accounts[2], checksum(deployment.FACTORY), step.data).answer


def _on_chain(chain_id: int) -> tuple[Revm, bytes]:
    """A chain with the contract, and where that is."""
    engine = _with_factory(chain_id)
    return engine, [_send(engine, step) for step in _steps()][-1]


def test_two_chains_give_the_same_address_and_different_domains() -> None:
    address = _plan().address
    separators = set()
    for chain_id in (1, 137):
        engine, answered = _on_chain(chain_id)
        assert answered == address
        domain = encode_call("eip712Domain")
        answer = engine.call(engine.accounts[0], checksum(address), domain)
        types = ["bytes1", "string", "string", "uint256", "address", "bytes32", "uint256[]"]
        _, _, _, told_chain, home, _, _ = decode(types, answer)
        assert (told_chain, parse(checksum(bytes.fromhex(home[2:])))) == (chain_id, address)
        separators.add(Domain(chain_id, address).separator)
        role = encode_call("defaultAdmin")
        assert engine.call(engine.accounts[0], checksum(address), role)[12:] == ADMIN.address
    assert len(separators) == 2


def test_other_arguments_and_another_salt_give_other_addresses() -> None:
    other = deployment.plan(ADMIN.address, DELAY_S, ADMIN.address)
    short = deployment.plan(ADMIN.address, DELAY_S, OPERATOR.address, deployment.Least(1, 2, 3))
    assert len({_plan().address, _plan(b"\1" * 32).address, other.address, short.address}) == 4


def test_the_init_code_is_the_artifact_with_the_arguments_as_eth_abi_has_them() -> None:
    parts = [checksum(part.address) for part in deployment.parts()]
    least = (7 * 86_400, 86_400, 30 * 86_400)
    arguments = constructor_arguments(ADMIN.text, OPERATOR.text, least, parts, DELAY_S)
    assert _plan().init_code == artifact.load().bytecode + arguments


def test_nobody_can_deploy_the_contract_before_its_parts_and_an_interrupted_deployment_goes_on() -> None:
    engine, steps = _with_factory(1), _steps()
    for there in range(len(steps) - 1):
        with refused("Unknown"):  # the factory passes no reason on
            _send(engine, steps[-1])
        assert _send(engine, steps[there]) == steps[there].address
    assert _send(engine, steps[-1]) == _plan().address


def test_one_of_each_part_serves_all_contracts_of_a_chain() -> None:
    engine, first = _on_chain(1)
    other = _send(engine, _plan(b"\1" * 32))
    for name in ("PARTIES", "RESULTS"):
        told = {engine.call(engine.accounts[0], checksum(each), encode_call(name)) for each in (first, other)}
        assert len(told) == 1


def test_a_part_deployed_by_anyone_in_any_way_is_the_same_code_and_can_not_go_away() -> None:
    """No SELFDESTRUCT, and nothing by which other code could run in its place, opcode by opcode."""
    engine = _with_factory(1)
    for part in artifact.load().parts.values():
        code = bytes(engine.evm.get_code(engine.deploy(part.bytecode)) or b"")
        assert code.rstrip(b"\0") == part.deployed_bytecode  # pyrevm shows the zeros that it puts behind code
        assert not {0xFF, 0xF4, 0xF2} & _opcodes(part.deployed_bytecode)
    assert 0xFF not in _opcodes(artifact.load().deployed_bytecode)


def _opcodes(code: bytes) -> set[int]:
    """What could be run, and constants behind the code at the worst."""
    found, at = set(), 0
    while at < len(code):
        found.add(code[at])
        at += 1 + (code[at] - 0x5F if 0x60 <= code[at] <= 0x7F else 0)
    return found


def test_the_keyless_transaction_brings_the_factory_that_deploys_there() -> None:
    """On py-evm, from a chain without the factory on: a transaction of before EIP-155 by an account without a key."""
    engine = PyEvm(LondonVM)
    chain, factory, signer = engine.chain, checksum(deployment.FACTORY), checksum(deployment.FACTORY_SIGNER)
    assert chain.get_code(factory) == "0x"
    chain.send_transaction(
        {"from": engine.accounts[0], "to": signer, "value": deployment.FACTORY_FUNDS_WEI, "gas": 21_000}
    )
    sent = chain.send_raw_transaction("0x" + deployment.FACTORY_TRANSACTION.hex())
    assert chain.get_transaction_receipt(sent)["contract_address"] == factory
    assert chain.get_code(factory) == "0x" + deployment.FACTORY_CODE.hex()
    for step in _steps():
        _send(engine, step)
    length = len(artifact.load().deployed_bytecode)
    assert len(chain.get_code(checksum(_plan().address))) == 2 + 2 * length


def test_anvil_has_the_factory_and_gives_the_predicted_address_on_two_chains(
    start_anvil: Callable[..., Anvil],
) -> None:
    for chain_id in (5, 6):
        node = Node(start_anvil(chain_id=chain_id))
        factory, address = checksum(deployment.FACTORY), checksum(_plan().address)
        assert node.ask("eth_getCode", factory, "latest") == "0x" + deployment.FACTORY_CODE.hex()
        assert node.ask("eth_getCode", address, "latest") == "0x"
        for step in _steps():
            _send(node, step)
        assert len(node.ask("eth_getCode", address, "latest")) > 2
        admin = node.call(node.accounts[0], address, encode_call("defaultAdmin"))
        assert admin[12:] == ADMIN.address


def test_the_same_deployment_again_is_refused() -> None:
    engine, _ = _on_chain(1)
    for step in _steps():
        with refused("Unknown"):
            _send(engine, step)


@pytest.mark.parametrize(
    "arguments",
    [
        (b"\1" * 19, 0, b"\1" * 20),
        (b"\1" * 20, 0, b"\1" * 32),
        (b"\1" * 20, 0, b"\1" * 20, deployment.LEAST, b""),
    ],
)
def test_arguments_of_a_wrong_length_are_refused(arguments: tuple[bytes, int, bytes]) -> None:
    with pytest.raises(ValueError, match=r"has (20|32) bytes"):
        deployment.plan(*arguments)
