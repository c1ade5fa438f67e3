# SPDX-License-Identifier: Apache-2.0
"""Logs come out of nodes that limit ranges, fail or are busy; what is kept counts only while the chain has it."""

from __future__ import annotations

import json
from typing import Any

from tests.tools.agreements import HOUR_S, START, World, audit, electro


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
    assert sum(method == "eth_getLogs" for method, _ in day.front.asked) == 2


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


def test_kept_logs_of_another_chain_or_a_damaged_file_are_not_believed(told: World) -> None:
    whole = audit()
    (file,) = (told.folder / "cache" / "electro" / "logs").iterdir()
    kept = file.read_text()
    for damaged in (kept[:-40], kept.replace(json.loads(kept)["hash"], "0x" + "00" * 32), "[]\n", ""):
        file.write_text(damaged)
        assert audit() == whole
        assert file.read_text() == kept
