# SPDX-License-Identifier: Apache-2.0
"""A process that follows is killed at random moments, again and again: what stays is whole, and goes on to the same."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from electro_console.index.database import Database
from electro_console.index.errors import DatabaseFailure
from electro_console.index.following import Follower
from electro_console.index.reading import Index
from electro_tools import lifeline
from electro_tools.chain.server import ChainServer
from tests.console.recorded import Life
from tests.console.test_index_hostile import _tables

if TYPE_CHECKING:
    from collections.abc import Iterator

TOP = Path(__file__).resolve().parents[2]
KILLS = int(os.environ.get("ELECTRO_KILLS", "6"))
_MOST_BLOCKS = 3


@pytest.fixture(scope="module")
def life() -> Life:
    life = Life(21)
    life.go_on(250)
    return life


@pytest.fixture(scope="module")
def url(life: Life) -> Iterator[str]:
    """A node that gives a few blocks at a time, so that there are many moments between two ranges."""
    answer = life.chain.answer

    class Slow:
        def answer(self, untrusted: Any) -> Any:
            if isinstance(untrusted, dict) and untrusted["method"] == "eth_getLogs":
                wanted = untrusted["params"][0]
                if int(wanted["toBlock"], 16) - int(wanted["fromBlock"], 16) >= _MOST_BLOCKS:
                    error = {"code": -32005, "message": "query exceeds max block range"}
                    return {"jsonrpc": "2.0", "id": untrusted["id"], "error": error}
            return answer(untrusted)

    with ChainServer(Slow()) as server:  # type: ignore[arg-type]
        yield server.url


def _start(name: str, url: str, life: Life) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.console.following_process", name, url, life.chain.contract.hex()]
    return subprocess.Popen(
        lifeline.tied(command), cwd=TOP, pass_fds=lifeline.pass_fds(), stderr=subprocess.PIPE
    )


def _block(database: Database) -> int:
    try:
        return Index(database).status().block
    except DatabaseFailure:
        return 0


def _killed_and_finished(name: str, url: str, life: Life, whole: dict[str, Any]) -> None:
    chance = random.Random(1)
    with contextlib.closing(Database(name)) as database:
        reached = 0
        for _ in range(KILLS):
            process = _start(name, url, life)
            goal = _block(database) + chance.randint(1, 8)
            while _block(database) < goal and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.random() * 0.05)
            process.send_signal(signal.SIGKILL)
            process.wait()
            assert process.stderr is not None
            process.stderr.close()
            assert _block(database) >= reached
            reached = _block(database)
            if reached:
                Index(database).overview(life.now)  # whatever stands there can be read
        process = _start(name, url, life)
        _, said = process.communicate()
        assert process.returncode == 0, said.decode()
        assert _tables(database) == whole


@pytest.fixture(scope="module")
def whole(life: Life, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The tables of an index that nobody disturbed."""
    with contextlib.closing(Database(tmp_path_factory.mktemp("whole") / "index.sqlite")) as database:
        Follower(database, life.chain, life.chain.contract, final="latest", begins=1).catch_up()  # type: ignore[arg-type]
        return _tables(database)


def test_sqlite_goes_on_where_a_killed_process_left_it(
    url: str, life: Life, whole: dict[str, Any], tmp_path: Path
) -> None:
    _killed_and_finished(str(tmp_path / "index.sqlite"), url, life, whole)


def test_postgresql_goes_on_where_a_killed_process_left_it(
    url: str, life: Life, whole: dict[str, Any], postgresql: str
) -> None:
    _killed_and_finished(postgresql, url, life, whole)
