# SPDX-License-Identifier: Apache-2.0
"""In a hostile neighbourhood honest traffic arrives whole; how fast is for the benchmark to tell."""

import rlp

from electro_contracts import calldata
from electro_relayer.chain.receipts import read_receipt
from tests.bench.relayer_memory import CONTRACT, StandIn
from tests.tools.benches import figures


def test_the_benches_stand_in_settles_what_it_takes_as_a_node_does():
    node = StandIn()
    empty = calldata.CHECK + (32).to_bytes(32, "big") + bytes(32)  # a batch without messages
    digest = node._take(b"\x02" + rlp.encode([b""] * 7 + [empty]))
    for _ in range(2):  # it is asked for when it is mined, and again when that is final
        receipt = read_receipt(
            node._answer("eth_getTransactionReceipt", [digest]), bytes.fromhex(digest[2:]), CONTRACT
        )
        assert receipt is not None
        assert receipt.succeeded


def test_honest_reports_arrive_whole_while_everybody_else_does_their_worst():
    found = figures("relayer_hostile", "--short")
    assert found["delivered"] == found["honest"] > 0
    assert found["twice"] == found["reverted"] == 0
    assert found["hostile_requests"] > found["honest"]  # they did try
    assert {"200", "400", "403", "404", "409", "413"} <= set(found["hostile_answers"])
    assert "500" not in found["hostile_answers"]
    assert found["latency_ratio"] > 0


def test_a_burst_of_meters_asks_the_node_once_for_fifty_and_leaves_little_behind():
    found = figures("relayer_state", "--asks", "2000", "--meters", "3000")
    assert found["meters_per_request"] >= 50
    assert found["calls_per_meter"] < 1.1
    assert found["mb_after"] < 160
    assert found["cpu_ratio"] > 0
