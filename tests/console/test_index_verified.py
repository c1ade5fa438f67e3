# SPDX-License-Identifier: Apache-2.0
"""--verify holds what a real node gives against headers and receipts; what is not final yet may be taken back."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

from electro_console.index.database import Database
from electro_console.index.errors import DatabaseFailure, Incomplete, NodeFailure, OtherChain, Refused
from electro_console.index.following import Follower
from electro_console.index.node import Nodes
from electro_console.index.overlay import up_to
from electro_console.index.reading import Index
from tests.relayer.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.toolchain.running_anvil import Anvil


class Meddled(Nodes):
    """A real node, of which a test changes some answers."""

    meddle: Callable[[str, Any, Any], Any] = staticmethod(lambda _method, _params, answer: answer)

    def call(self, method: str, *params: Any) -> Any:
        return self.meddle(method, params, super().call(method, *params))


@pytest.fixture(scope="module")
def world(start_anvil: Callable[..., Anvil]) -> World:
    """Three meters of an agreement, with two of them enrolled in one block."""
    with start_anvil() as chain:
        made = World(chain.url)
        made.agree(3, passed=2)
        yield made


@pytest.fixture
def nodes(world: World) -> Iterator[Meddled]:
    with contextlib.closing(Meddled([world.url])) as opened:
        yield opened


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with contextlib.closing(Database(tmp_path / "index.sqlite")) as opened:
        yield opened


def _follower(database: Database, nodes: Nodes, world: World, **more: Any) -> Follower:
    return Follower(database, nodes, world.address, **{"final": "latest", **more})


def test_an_honest_nodes_logs_are_verified_by_their_receipts(
    world: World, nodes: Meddled, database: Database
) -> None:
    asked = []

    def meddle(method: str, _params: Any, answer: Any) -> Any:
        asked.append(method)
        return answer

    nodes.meddle = meddle
    _follower(database, nodes, world, verify=True).catch_up()
    status = Index(database).status()
    assert status.verified == status.block == world.web3.eth.block_number
    assert status.meters == 3
    assert "eth_getBlockReceipts" in asked


def test_what_was_entered_unverified_is_verified_later(
    world: World, nodes: Meddled, database: Database
) -> None:
    _follower(database, nodes, world).catch_up()
    assert Index(database).status().verified < Index(database).status().begins
    _follower(database, nodes, world, verify=True).catch_up()
    assert Index(database).status().verified == Index(database).status().block


def _without_the_last(method: str, _params: Any, answer: Any) -> Any:
    return answer[:-1] if method == "eth_getLogs" and len(answer) > 1 else answer


def test_logs_that_a_node_holds_back_at_the_end_are_missed(
    world: World, nodes: Meddled, database: Database
) -> None:
    nodes.meddle = _without_the_last
    _follower(database, nodes, world).catch_up()  # nothing in the logs themselves shows it
    nodes.meddle = lambda _method, _params, answer: answer
    with pytest.raises(OtherChain, match="logs are in the index, and the chain has"):
        _follower(database, nodes, world, verify=True).catch_up()


def test_verified_logs_are_all_there(world: World, nodes: Meddled, database: Database) -> None:
    def none(method: str, params: Any, answer: Any) -> Any:
        return [] if method == "eth_getLogs" and "blockHash" not in params[0] else answer

    nodes.meddle = none
    with pytest.raises(Incomplete, match="logs of the contract, and 0 were given"):
        _follower(database, nodes, world, verify=True).catch_up()


def test_a_node_without_receipts_is_asked_block_by_block(
    world: World, nodes: Meddled, database: Database
) -> None:
    def none(method: str, params: Any, answer: Any) -> Any:
        if method == "eth_getBlockReceipts":
            raise Refused("the method does not exist")
        return answer

    nodes.meddle = none
    _follower(database, nodes, world, verify=True).catch_up()
    assert Index(database).status().verified == world.web3.eth.block_number


_LIES: dict[str, tuple[Callable[[str, Any, Any], Any], str]] = {
    "receipts left out": (
        lambda method, _, answer: answer[:-1] if method == "eth_getBlockReceipts" else answer,
        "receipts of block .* that its header denies",
    ),
    "receipts that are none": (
        lambda method, _, answer: [{}] if method == "eth_getBlockReceipts" else answer,
        "receipts that can't be read",
    ),
}


@pytest.mark.parametrize(("lie", "sentence"), _LIES.values(), ids=_LIES)
def test_lies_about_receipts_are_told(
    world: World, nodes: Meddled, database: Database, lie: Any, sentence: str
) -> None:
    nodes.meddle = lie
    with pytest.raises(NodeFailure, match=sentence):
        _follower(database, nodes, world, verify=True).catch_up()


def test_what_is_not_final_is_shown_and_may_be_taken_back(anvil: Anvil, database: Database) -> None:
    world = World(anvil.url)
    with contextlib.closing(Nodes([world.url])) as nodes:
        snapshot = world.rpc("evm_snapshot")
        world.enrol((77).to_bytes(32, "big"))
        _follower(database, nodes, world, final="1").catch_up()
        assert Index(database).status().meters == 0
        with up_to(database, nodes, world.web3.eth.block_number) as index:
            assert index.status().meters == 1
        world.rpc("evm_revert", snapshot)
        taken_back = world.enrol((78).to_bytes(32, "big"))
        world.rpc("anvil_mine", "0x3")
        _follower(database, nodes, world, final="1").catch_up()
        assert Index(database).status().meters == 1
        assert Index(database).device(taken_back.device).base_seconds == 1


def test_the_index_of_a_chain_that_begins_to_be_final_waits(anvil: Anvil, database: Database) -> None:
    world = World(anvil.url)
    with contextlib.closing(Nodes([world.url])) as nodes:
        done = _follower(database, nodes, world, final="1000").catch_up()
        assert done.is_caught_up
        assert done.logs == 0


def test_nodes_that_have_different_blocks_are_told_apart(
    world: World, anvil: Anvil, database: Database
) -> None:
    other = World(anvil.url)
    while other.web3.eth.block_number < world.web3.eth.block_number:
        other.rpc("anvil_mine", "0x1")
    with contextlib.closing(Nodes([world.url, other.url])) as nodes:
        with pytest.raises(OtherChain, match=r"have different blocks \d+"):
            Follower(database, nodes, world.address, final="latest", verify=True)._catch_up(None)
        assert Index(database).status().agreements == 0


def test_an_index_that_begins_too_late_is_told(world: World, nodes: Meddled, database: Database) -> None:
    _follower(database, nodes, world, begins=3).catch_up()
    with pytest.raises(DatabaseFailure, match="begins at block 3") as failure:
        _follower(database, nodes, world, begins=0)
    assert failure.value.hint == "electro index rebuild --from-block 0"
