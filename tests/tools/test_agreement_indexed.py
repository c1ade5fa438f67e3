# SPDX-License-Identifier: Apache-2.0
"""Commands read the index: it comes out of nodes that limit ranges, fail or are busy, and counts while it is true."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from typing import TYPE_CHECKING, Any

from tests.tools.agreements import HOUR_S, START, World, audit, electro

if TYPE_CHECKING:
    import pytest


def test_a_node_that_limits_ranges_is_asked_in_chunks_and_again_only_for_what_is_new(day: World) -> None:
    def limited(method: str, params: Any) -> dict[str, Any] | None:
        if method == "eth_getLogs" and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) >= 3:
            return {"error": {"code": -32005, "message": "query exceeds max block range 3"}}
        return None

    whole = audit("--no-cache")
    day.front.meddle = limited
    assert audit() == whole
    day.front.asked.clear()
    assert audit() == whole
    assert "eth_getLogs" not in [method for method, _ in day.front.asked]
    day.wait_until(START + 25 * HOUR_S)
    day.report(day.account("meter"), 1, 24, [350], 1_935_000)
    day.front.asked.clear()
    assert audit()["meters"][0]["bill"]["intervals"] == 25
    assert sum(method == "eth_getLogs" for method, _ in day.front.asked) == 1


def test_after_a_failure_the_same_command_goes_on_where_it_ended(told: World) -> None:
    head = told.web3.eth.block_number

    def failing(method: str, params: Any) -> dict[str, Any] | None:
        if method == "eth_getLogs" and int(params[0]["toBlock"], 16) > head - 3:
            return {"error": {"code": -32000, "message": "internal error"}}
        return None

    told.front.meddle = failing
    done = electro("agreement", "audit", 1)
    assert (done.code, done.out) == (1, "")
    assert f"the node does not give the logs of block {head - 2}: " in done.err
    assert "the same command goes on from there" in done.err
    told.front.meddle = lambda _method, _params: None
    told.front.asked.clear()
    assert audit()["equal"]
    begins = [
        int(params[0]["fromBlock"], 16) for method, params in told.front.asked if method == "eth_getLogs"
    ]
    assert min(begins) == head - 2


def test_a_busy_node_is_asked_again(told: World) -> None:
    refusals = iter(range(2))

    def busy(method: str, _params: Any) -> dict[str, Any] | None:
        if method == "eth_getLogs" and next(refusals, None) is not None:
            return {"error": {"code": -32005, "message": "Too many requests, rate limit reached"}}
        return None

    told.front.meddle = busy
    assert audit()["equal"]


def _damaged(kept: bytes) -> dict[str, bytes]:
    return {
        "cut": kept[: len(kept) // 2],
        "no database": b"[]\n" * 4000,
        "empty": b"",
        "overwritten": kept[:100] + bytes(8092) + kept[8192:],
    }


def test_an_index_that_is_damaged_is_made_anew(told: World) -> None:
    whole = audit()
    (file,) = (told.folder / "cache" / "electro" / "index").glob("*.sqlite")
    for what, damaged in _damaged(file.read_bytes()).items():
        file.write_bytes(damaged)
        done = electro("agreement", "audit", 1, "--json")
        assert json.loads(done.out) == whole, what
        assert audit() == whole, what


def test_an_index_of_a_past_that_the_chain_gave_up_is_built_anew(
    told: World, caplog: pytest.LogCaptureFixture
) -> None:
    whole = audit()
    (file,) = (told.folder / "cache" / "electro" / "index").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE progress SET hash = zeroblob(32)")
        database.execute("DELETE FROM violations")
    done = electro("agreement", "audit", 1, "--json")
    assert json.loads(done.out) == whole
    assert "the index is built anew" in caplog.text
    assert audit() == whole


def test_a_database_of_another_contract_is_left_alone(told: World) -> None:
    audit()
    (file,) = (told.folder / "cache" / "electro" / "index").glob("*.sqlite")
    with contextlib.closing(sqlite3.connect(file)) as database, database:
        database.execute("UPDATE facts SET value = '00' WHERE name = 'contract'")
    done = electro("agreement", "audit", 1, "--database", file)
    assert (done.code, done.out) == (1, "")
    assert "is the index of contract 0x00 on chain 1337" in done.err
    assert "name another --database" in done.err
