# SPDX-License-Identifier: Apache-2.0
"""The index in a real PostgreSQL: the same answers as in SQLite, one writer, and sentences for what goes wrong."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
import pytest

from electro_console.index.database import Database
from electro_console.index.errors import Busy, DatabaseFailure, OtherChain
from electro_console.index.following import Follower
from electro_console.index.overlay import up_to
from electro_console.index.reading import Index
from electro_console.index.upkeep import rebuild
from tests.console.recorded import Life

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def life() -> Life:
    """A life of a few agreements."""
    life = Life(5)
    life.go_on(300)
    return life


def _follower(database: Database, life: Life, final: str = "latest") -> Follower:
    return Follower(database, life.chain, life.chain.contract, final=final, begins=1)  # type: ignore[arg-type]


def _answers(index: Index, life: Life) -> list[Any]:
    """Return everything that can be asked of a life."""
    now = life.now
    found: list[Any] = [index.agreements(now), index.overview(now), index.meters(now), index.outages()]
    found += [index.redemptions(), index.deadlines(now, now + 10**7)]
    for id_ in life.play.paper.entries:
        read = [index.readings(id_, place, now) for place in range(len(life.play.paper.entries[id_].devices))]
        columns = [[np.asarray(value).tolist() for value in vars(each).values()] for each in read]
        found += [index.agreement(id_, now), index.movements(id_, now), columns, index.history(id_)]
        found += [vars(index.burn_down(id_, now))["remaining"], index.overrides(id_)]
    return found


def test_postgresql_and_sqlite_answer_the_same(postgresql: str, tmp_path: Path, life: Life) -> None:
    answers = []
    for name in (postgresql, str(tmp_path / "index.sqlite")):
        with contextlib.closing(Database(name)) as database, database.locked():
            _follower(database, life).catch_up()
            answers.append(_answers(Index(database), life))
    assert answers[0] == answers[1]
    assert any(isinstance(each, list) and each for each in answers[0])


def test_one_writes_and_many_read(postgresql: str, life: Life) -> None:
    with (
        contextlib.closing(Database(postgresql)) as first,
        contextlib.closing(Database(postgresql)) as second,
    ):
        with first.locked():
            _follower(first, life).catch_up()
            with pytest.raises(Busy, match="another process writes into postgresql"), second.locked():
                pass
            assert Index(second).status().followed
            assert Index(second).status().block == life.chain.head
        assert not Index(second).status().followed


def test_what_is_not_final_is_seen_and_not_kept(postgresql: str, life: Life) -> None:
    with contextlib.closing(Database(postgresql)) as database:
        with database.locked():
            _follower(database, life, final="40").catch_up()
        final = Index(database).status().block
        assert final == life.chain.head - 40
        with up_to(database, life.chain, life.chain.head) as index:  # type: ignore[arg-type]
            newest = _answers(index, life)
        assert Index(database).status().block == final
        with database.locked():
            _follower(database, life).catch_up()
        assert _answers(Index(database), life) == newest


def test_notes_outlive_a_rebuild(postgresql: str, life: Life) -> None:
    with contextlib.closing(Database(postgresql)) as database, database.locked():
        _follower(database, life).catch_up()
        note = Index(database).add_note(1, "waiver", "operator", "works", life.now, amount=2**100)
        rebuild(database)
        _follower(database, life).catch_up()
        assert Index(database).notes(1) == (note,)


def test_another_contracts_database_is_left_alone(postgresql: str, life: Life) -> None:
    with contextlib.closing(Database(postgresql)) as database, database.locked():
        _follower(database, life).catch_up()
        with pytest.raises(OtherChain, match="is the index of contract 0x"):
            Follower(database, life.chain, bytes(20), final="latest", begins=1)  # type: ignore[arg-type]


def test_what_postgresql_refuses_is_one_sentence(postgresql: str, life: Life) -> None:
    missing = postgresql.replace("/index", "/nothing")
    with contextlib.closing(Database(missing)) as database, pytest.raises(DatabaseFailure) as failure:
        Index(database).status()
    assert "does not exist" in failure.value.sentence
    with pytest.raises(DatabaseFailure, match="holds no index"):
        Index.open(postgresql)
    with contextlib.closing(Database(postgresql)) as database, database.locked():
        _follower(database, life).catch_up()
        with psycopg.connect(postgresql, autocommit=True) as connection:
            name = connection.info.dbname
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    with contextlib.closing(Database(postgresql)) as database:  # it holds for those who connect from now on
        with pytest.raises(DatabaseFailure, match="may only be read"):
            Index(database).add_note(1, "waiver", "operator", "works", life.now)
        assert Index(database).agreement(1, life.now).id == 1


def test_a_password_is_never_shown() -> None:
    database = Database("postgresql://electro:secret@127.0.0.1:1/index")
    with contextlib.closing(database), pytest.raises(DatabaseFailure) as failure:
        Index(database).status()
    assert "secret" not in failure.value.sentence
