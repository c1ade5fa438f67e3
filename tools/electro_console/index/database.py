# SPDX-License-Identifier: Apache-2.0
"""The database: opened, told apart from others', locked for one writer, and its failures in words.

SQLite by a path or `sqlite:///…`, PostgreSQL by `postgresql://…`. Readers see whole ranges of blocks only: each
range is one transaction. A process that is killed leaves the range before; its lock dies with it.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from electro_plan.sentence import foreign, sentence

from . import schema
from .errors import Busy, Damaged, DatabaseFailure, OtherChain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Engine

_WAIT_MS = 10_000  # for another connection's transaction: a range takes a second or two
_PAGE_BYTES = 8192  # a day's report is 250 bytes: half the depth of the tree for large histories, of 4,096
_CACHE_KB = 65_536
_LOCK_WAIT_S = 2.0  # for those who ask whether it is held
_LOCK_KEY = 0x456C6563_74726F  # "Electro", of PostgreSQL's advisory locks
_FULL = ("database or disk is full", "No space left", "disk I/O error", "could not extend file")
_READ_ONLY = ("readonly database", "read-only transaction", "permission denied")


def default_path(chain_id: int, contract: str, folder: Path | None = None) -> Path:
    """Return where the index of a contract is kept if nobody says otherwise."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "electro" / "index"
    return (folder or home) / f"{chain_id}-{contract.lower()}.sqlite"


class Database:
    """One index's database. Use it as a context manager, or close it.

    Args:
        name: a path, or a URL.
    """

    def __init__(self, name: str | Path) -> None:
        self.url = _url(name)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.shown = (
            str(self.url.database) if self.is_sqlite else self.url.render_as_string(hide_password=True)
        )
        try:
            self.engine = _engine(self.url, self.is_sqlite)
        except ModuleNotFoundError as missing:
            raise DatabaseFailure(
                sentence("PostgreSQL is spoken to by psycopg, which is not installed"),
                sentence("pip install 'electro-grid[postgresql]' brings it"),
            ) from missing

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """Lend a connection that sees one moment of the index.

        Raises:
            DatabaseFailure: there is none, or it is of another version.
        """
        with self.in_words():
            if self.is_sqlite and not Path(str(self.url.database)).exists():
                raise DatabaseFailure(
                    sentence("there is no index at {0}", self.shown),
                    sentence("electro index follow makes it"),
                )
            with self.engine.connect() as connection:
                if not self.is_sqlite:
                    connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
                self.must_hold(connection)
                yield connection

    def must_hold(self, connection: Connection) -> dict[str, str]:
        """Return of what the index is.

        Raises:
            DatabaseFailure: there is none, or it is of another version.
        """
        facts = _facts(connection)
        if "version" not in facts:
            raise DatabaseFailure(
                sentence("{0} holds no index", self.shown), sentence("electro index follow makes it")
            )
        if facts["version"] != str(schema.VERSION):
            raise DatabaseFailure(
                sentence("the index in {0} was made by another version of Electro", self.shown),
                sentence("electro index follow builds it anew"),
            )
        return facts

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """Lend a connection of which all or nothing is kept."""
        with self.in_words(), self.engine.begin() as connection:
            yield connection

    @contextlib.contextmanager
    def in_words(self) -> Iterator[None]:
        """Turn what the database says into a sentence."""
        try:
            yield
        except DBAPIError as error:
            raise self._failure(str(error.orig)) from error
        except (sqlite3.Error, PoolTimeout) as error:
            raise self._failure(str(error)) from error

    def _failure(self, words: str) -> DatabaseFailure:
        said = " ".join(words.split())[:200]
        if "database is locked" in words:
            return Busy(
                sentence("{0} is locked by another program", self.shown),
                sentence("end it, or wait until it is done"),
            )
        if any(each in words for each in _FULL):
            return DatabaseFailure(
                sentence("there is no room to write into {0}{1}", self.shown, foreign(said)),
                sentence("make room; the index goes on from where it is"),
            )
        if any(each in words for each in _READ_ONLY):
            return DatabaseFailure(
                sentence("{0} may only be read{1}", self.shown, foreign(said)),
                sentence("name another --database"),
            )
        if "not a database" in words or "malformed" in words:
            return Damaged(
                sentence("{0} is no database, or a damaged one{1}", self.shown, foreign(said)),
                sentence("remove it; electro index follow makes it anew"),
            )
        if self.is_sqlite and "unable to open" in words:
            return DatabaseFailure(
                sentence("{0} can't be opened", self.shown),
                sentence("look at its folder, and at who may write there"),
            )
        return DatabaseFailure(
            sentence("the database {0} does not do what it should{1}", self.shown, foreign(said))
        )

    # -- Of whom it is

    def prepare(
        self, connection: Connection, chain_id: int, contract: bytes, begins: int, *, partial: bool
    ) -> None:
        """Make the tables if need be, those of another version anew; people's notes stay.

        Raises:
            OtherChain: the index is of another chain or contract.
        """
        schema.people.create_all(connection)
        found = _facts(connection)
        if found.get("version") == str(schema.VERSION):
            self.must_be_of(found, chain_id, contract)
            return
        if found:
            self.must_be_of(found, chain_id, contract)
            schema.metadata.drop_all(connection)
        schema.metadata.create_all(connection)
        made = {
            "version": str(schema.VERSION),
            "chain_id": str(chain_id),
            "contract": contract.hex(),
            "begins": str(begins),
            "partial": str(int(partial)),
        }
        connection.execute(
            sa.insert(schema.facts), [{"name": name, "value": value} for name, value in made.items()]
        )
        empty = {
            "one": 1,
            "block": begins - 1,
            "hash": bytes(32),
            "time": 0,
            "final": -1,
            "verified": begins - 1,
        }
        connection.execute(sa.insert(schema.progress), [empty])

    def must_be_of(self, found: dict[str, str], chain_id: int, contract: bytes) -> None:
        """Raise OtherChain unless the facts are those of this contract."""
        if (found.get("chain_id"), found.get("contract")) != (str(chain_id), contract.hex()):
            raise OtherChain(
                sentence(
                    "{0} is the index of contract 0x{1} on chain {2}, not of 0x{3} on chain {4}",
                    self.shown,
                    found.get("contract"),
                    found.get("chain_id"),
                    contract.hex(),
                    chain_id,
                ),
                sentence("name another --database"),
            )

    def facts(self) -> dict[str, str]:
        """Return what the index is of; nothing if there is none."""
        if self.is_sqlite and not Path(str(self.url.database)).exists():
            return {}
        with self.in_words(), self.engine.connect() as connection:
            return _facts(connection)

    def remove(self) -> None:
        """Remove the file, notes and all: it holds nothing that can be read any more."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.url.database}{suffix}").unlink(missing_ok=True)

    def empty(self, connection: Connection) -> None:
        """Drop everything but people's notes."""
        schema.metadata.drop_all(connection)

    # -- One writer

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Be the one who writes; the lock dies with the process.

        Raises:
            Busy: another one is.
        """
        with self._locked_file() if self.is_sqlite else self._locked_server():
            yield

    @property
    def is_followed(self) -> bool:
        """Whether somebody writes into it now; to ask hinders nobody."""
        if not self.is_sqlite:
            with self.in_words(), self.engine.connect() as connection:
                # one key of 64 bits stands there as two halves
                held = sa.text(
                    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database "
                    "WHERE locktype = 'advisory' AND granted AND datname = current_database() "
                    "AND classid::bigint = :high AND objid::bigint = :low"
                )
                halves = {"high": _LOCK_KEY >> 32, "low": _LOCK_KEY & 0xFFFFFFFF}
                return bool(connection.scalar(held, halves))
        lock = Path(f"{self.url.database}.lock")
        if not lock.exists():
            return False
        with contextlib.closing(
            sqlite3.connect(f"file:{quote(str(lock))}?mode=ro", uri=True, timeout=0)
        ) as asked:
            try:
                asked.execute("SELECT count(*) FROM sqlite_master")
            except sqlite3.OperationalError as error:
                return "locked" in str(error)
        return False

    @contextlib.contextmanager
    def _locked_file(self) -> Iterator[None]:
        """Hold SQLite's own lock on a file beside: every system's kernel gives it back when its holder dies."""
        path = Path(str(self.url.database))
        with self.in_words():
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise DatabaseFailure(
                    sentence("{0} can't be made: {1}", path.parent, error.strerror)
                ) from error
            lock = sqlite3.connect(f"{path}.lock", timeout=_LOCK_WAIT_S, isolation_level=None)
            try:
                try:
                    lock.execute("BEGIN EXCLUSIVE")
                except sqlite3.OperationalError as error:
                    if "locked" not in str(error):
                        raise
                    raise self._busy() from error
                yield
            finally:
                lock.close()

    @contextlib.contextmanager
    def _locked_server(self) -> Iterator[None]:
        with self.in_words(), self.engine.connect() as connection:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")  # noqa: PLW2901
            if not connection.scalar(sa.select(sa.func.pg_try_advisory_lock(_LOCK_KEY))):
                raise self._busy()
            try:
                yield
            finally:
                with contextlib.suppress(DBAPIError):  # a connection that is gone has given it back
                    connection.scalar(sa.select(sa.func.pg_advisory_unlock(_LOCK_KEY)))

    def _busy(self) -> Busy:
        return Busy(
            sentence("another process writes into {0}", self.shown),
            sentence("one is enough: read from it, or end the other one"),
        )


def _facts(connection: Connection) -> dict[str, str]:
    if not sa.inspect(connection).has_table(schema.facts.name):
        return {}
    return dict(connection.execute(sa.select(schema.facts)).all())


def _url(name: str | Path) -> URL:
    text = str(name)
    if "://" not in text:
        return URL.create("sqlite", database=text)
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise DatabaseFailure(
            sentence("{0}://… names no database", text.partition("://")[0]), _HINT
        ) from error
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or not url.database:
        raise DatabaseFailure(sentence("{0} is no database that the index is kept in", backend), _HINT)
    return url


_HINT = sentence("a path for SQLite, or postgresql://user@host/name")


def _engine(url: URL, is_sqlite: bool) -> Engine:
    if not is_sqlite:
        return sa.create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
    engine = sa.create_engine(url, connect_args={"timeout": _WAIT_MS / 1000, "check_same_thread": False})

    @sa.event.listens_for(engine, "connect")
    def _settle(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where SQLAlchemy says so, reading ones too
        connection.execute(f"PRAGMA page_size = {_PAGE_BYTES}")
        with contextlib.suppress(sqlite3.OperationalError):  # a database that may only be read stays as it is
            connection.execute("PRAGMA journal_mode = WAL")
        # a killed process loses nothing; a machine that loses power at most the last ranges, which are fetched again
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KB}")

    @sa.event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine
