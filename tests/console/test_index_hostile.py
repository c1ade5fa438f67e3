# SPDX-License-Identifier: Apache-2.0
"""Nodes that lie, cut, repeat and shuffle, databases that can't be written: one sentence each, nothing half done."""

from __future__ import annotations

import contextlib
import copy
import random
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from electro_console.index import schema
from electro_console.index.database import Database
from electro_console.index.errors import (
    Busy,
    DatabaseFailure,
    Incomplete,
    IndexFailure,
    NodeFailure,
    OtherChain,
    Refused,
)
from electro_console.index.following import Follower
from electro_console.index.node import Nodes
from electro_console.index.reading import Index
from electro_contracts import events
from tests.console.recorded import Life

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.console.recorded import RecordedChain

REPORTED = "0x" + events.TOPICS["EnergyReported"].hex()


@pytest.fixture(scope="module")
def _life() -> Life:
    life = Life(11)
    life.go_on(220)
    return life


@pytest.fixture
def life(_life: Life) -> Life:
    """A life that is told honestly until a test meddles."""
    _life.chain.meddle = lambda _method, _params: None
    _life.chain.asked.clear()
    return _life


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with contextlib.closing(Database(tmp_path / "index.sqlite")) as opened:
        yield opened


def _follower(database: Database, chain: RecordedChain, **more: Any) -> Follower:
    return Follower(database, chain, chain.contract, final="latest", begins=1, **more)  # type: ignore[arg-type]


def _tables(database: Database) -> dict[str, Any]:
    """Return all rows but how ranges were cut and transactions numbered, and every event as it comes out again."""
    found: dict[str, Any] = {}
    with database.reading() as connection:
        for table in schema.metadata.sorted_tables:
            if table.name not in ("blocks", "transactions"):
                columns = [each for each in table.columns if each.name != "transaction"]
                rows = [tuple(row) for row in connection.execute(sa.select(*columns))]
                found[table.name] = sorted(rows, key=repr)
    index = Index(database)
    found["histories"] = [index.history(id_) for id_ in range(1, index.status().agreements + 1)]
    return found


def _whole(life: Life, folder: Path) -> dict[str, Any]:
    life.chain.meddle = lambda _method, _params: None
    with contextlib.closing(Database(folder / "whole.sqlite")) as database:
        _follower(database, life.chain).catch_up()
        return _tables(database)


def _altered(life: Life, change: Callable[[list[dict[str, Any]]], Any]) -> None:
    def meddle(method: str, params: Any) -> Any:
        return change(copy.deepcopy(life.chain.truth(method, params))) if method == "eth_getLogs" else None

    life.chain.meddle = meddle


def test_logs_in_another_order_are_put_in_theirs(life: Life, database: Database, tmp_path: Path) -> None:
    chance = random.Random(3)
    _altered(life, lambda logs: chance.sample(logs, len(logs)))
    _follower(database, life.chain).catch_up()
    assert _tables(database) == _whole(life, tmp_path)


def test_every_limit_of_ranges_gives_the_same_tables(life: Life, database: Database, tmp_path: Path) -> None:
    chance = random.Random(4)

    def limited(method: str, params: Any) -> Any:
        if method == "eth_getLogs":
            blocks = int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) + 1
            if blocks > chance.choice((1, 3, 10, 40)):
                raise Refused("too many blocks")

    life.chain.meddle = limited
    _follower(database, life.chain).catch_up()
    asked = [params[0] for method, params in life.chain.asked if method == "eth_getLogs"]
    sizes = {int(each["toBlock"], 16) - int(each["fromBlock"], 16) + 1 for each in asked}
    assert min(sizes) < 8 < max(sizes)
    assert _tables(database) == _whole(life, tmp_path)


def test_logs_that_are_cut_are_noticed_where_something_follows(life: Life, database: Database) -> None:
    reports = [log for block in life.chain.blocks for log in block["logs"] if log["topics"][0] == REPORTED]
    points = [tuple(each["topics"][1:]) for each in reports]
    lost = next(each for at, each in enumerate(reports) if points[at] in points[at + 1 :])

    def without(logs: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each for each in logs if each["transactionHash"] != lost["transactionHash"]]

    _altered(life, without)
    with pytest.raises(Incomplete, match="the node's logs have a gap") as failure:
        _follower(database, life.chain).catch_up()
    assert "name another node; if that says the same, electro index rebuild; what has come is kept" in str(
        failure.value.hint
    )
    before = Index(database).status().block
    assert before < int(lost["blockNumber"], 16) or before < life.chain.head


def test_an_answer_of_a_round_number_of_logs_is_asked_for_again_in_halves(
    life: Life, database: Database
) -> None:
    from electro_console.index import logs as module

    round_number = 16

    def cut(method: str, params: Any) -> Any:
        return life.chain.truth(method, params)[:round_number] if method == "eth_getLogs" else None

    life.chain.meddle = cut
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_ROUND", round_number)
        _follower(database, life.chain).catch_up()
        told = Index(database).status()
    assert told.block == life.chain.head
    assert told.agreements == len(life.play.paper.entries)


_NONSENSE: dict[str, Callable[[list[dict[str, Any]]], Any]] = {
    "no list": lambda _: {"logs": 1},
    "null": lambda _: "0x",
    "twice": lambda logs: [*logs, *logs],
    "no log": lambda logs: [*logs, 7],
    "an empty log": lambda logs: [*logs, {}],
    "no topics": lambda logs: [*logs, {**logs[0], "topics": [], "logIndex": "0x77"}],
    "another contract": lambda logs: [*logs, {**logs[0], "address": "0x" + "11" * 20, "logIndex": "0x77"}],
    "taken back": lambda logs: [*logs, {**logs[0], "removed": True, "logIndex": "0x77"}],
    "of the future": lambda logs: [*logs, {**logs[0], "blockNumber": "0xffffff", "logIndex": "0x77"}],
    "two hashes": lambda logs: [*logs, {**logs[0], "blockHash": "0x" + "22" * 32, "logIndex": "0x77"}],
    "a huge number": lambda logs: [*logs, {**logs[0], "blockNumber": "0x" + "f" * 70}],
    "a negative number": lambda logs: [*logs, {**logs[0], "logIndex": "-0x1"}],
    "half a byte": lambda logs: [*logs, {**logs[0], "data": "0x123", "logIndex": "0x77"}],
    "a list that never ends": lambda logs: [
        {**log, "data": log["data"][:130] + "f" * (len(log["data"]) - 130)} for log in logs
    ],
    "empty data": lambda logs: [{**log, "data": "0x"} for log in logs],
}


@pytest.mark.parametrize("change", _NONSENSE.values(), ids=_NONSENSE)
def test_nonsense_is_one_sentence_and_nothing_is_entered(life: Life, database: Database, change: Any) -> None:
    _altered(life, change)
    with pytest.raises(IndexFailure) as failure:
        _follower(database, life.chain).catch_up()
    assert "\n" not in failure.value.sentence
    assert len(failure.value.sentence) < 400
    assert Index(database).status().block == 0
    assert Index(database).status().agreements == 0


def test_a_second_node_goes_on_where_the_first_one_fails(
    life: Life, database: Database, tmp_path: Path
) -> None:
    class Two:
        """The recorded chain behind two nodes, of which the first gives logs for the first blocks only."""

        shown, chain_id, contract = "two", life.chain.chain_id, life.chain.contract
        at = 0

        def __len__(self) -> int:
            return 2

        def next(self) -> None:
            self.at = 1 - self.at

        def call(self, method: str, *params: Any) -> Any:
            if self.at == 0 and method == "eth_getLogs" and int(params[0]["toBlock"], 16) > 20:
                raise NodeFailure("the first node does not answer")
            return life.chain.call(method, *params)

        def batch(self, asked: Any) -> list[Any]:
            return [self.call(method, *params) for method, params in asked]

    two = Two()
    _follower(database, two).catch_up()  # type: ignore[arg-type]
    assert two.at == 1
    assert _tables(database) == _whole(life, tmp_path)


def test_a_chain_that_gave_up_what_was_final_is_another_chain(life: Life, database: Database) -> None:
    _follower(database, life.chain).catch_up()
    life.chain.salt = b"other"
    try:
        with pytest.raises(OtherChain, match="has another block") as failure:
            _follower(database, life.chain).catch_up()
    finally:
        life.chain.salt = b""
    assert "electro index rebuild" in str(failure.value.hint)


def test_a_database_that_is_locked_read_only_or_full_is_one_sentence(life: Life, tmp_path: Path) -> None:
    file = tmp_path / "index.sqlite"
    with contextlib.closing(Database(file)) as database:
        follower = _follower(database, life.chain)
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr("electro_console.index.database._WAIT_MS", 50)
                with (
                    contextlib.closing(Database(file)) as waiting,
                    pytest.raises(Busy, match="is locked by another program"),
                ):
                    _follower(waiting, life.chain).catch_up()
        with database.engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(DatabaseFailure, match="there is no room to write into"):
            follower.catch_up()
        assert Index(database).status().block == 0
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
        follower.catch_up()
        assert Index(database).status().block == life.chain.head
        with database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA query_only = ON")
            with pytest.raises(DatabaseFailure, match="may only be read"), database.in_words():
                connection.execute(sa.delete(schema.facts))


def test_a_folder_that_is_none_and_a_name_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with contextlib.closing(Database(tmp_path / "file" / "index.sqlite")) as database:
        with pytest.raises(DatabaseFailure, match="can't be made"), database.locked():
            pass
        with pytest.raises(DatabaseFailure, match="there is no index at"):
            Index(database).status()
    for name in ("mysql://a/b", "nothing://x", "sqlite://"):
        with pytest.raises(DatabaseFailure):
            Database(name)


def test_an_index_of_another_version_is_not_read_and_is_made_anew(life: Life, database: Database) -> None:
    _follower(database, life.chain).catch_up()
    with database.writing() as connection:
        connection.execute(sa.update(schema.facts).where(schema.facts.c.name == "version").values(value="0"))
    with pytest.raises(DatabaseFailure, match="was made by another version"):
        Index(database).status()
    _follower(database, life.chain).catch_up()
    assert Index(database).status().block == life.chain.head


def test_a_node_of_another_chain_is_refused(database: Database) -> None:
    nodes = Nodes(["http://127.0.0.1:9"], 5)
    with (
        contextlib.closing(nodes),
        pytest.raises(NodeFailure, match=r"the node http://127.0.0.1:9 does not answer"),
    ):
        Follower(database, nodes, bytes(20))


def test_who_asks_whether_somebody_follows_hinders_nobody(
    life: Life, database: Database, tmp_path: Path
) -> None:
    _follower(database, life.chain).catch_up()
    with contextlib.closing(Database(tmp_path / "index.sqlite")) as other:
        assert not other.is_followed
        with database.locked():
            assert other.is_followed
            with pytest.raises(Busy, match="another process writes into"), other.locked():
                pass
        assert not other.is_followed
        with other.locked():
            assert Index(database).status().followed


def test_an_address_without_a_contract_is_no_empty_index(life: Life, database: Database) -> None:
    chain = copy.copy(life.chain)
    chain.contract = b"\x11" * 20
    with pytest.raises(OtherChain, match=f"no contract at 0x{'11' * 20} on chain"):
        _follower(database, chain)
    assert not database.facts()
