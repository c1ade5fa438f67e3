# SPDX-License-Identifier: Apache-2.0
"""In a hostile neighbourhood honest traffic arrives whole; how fast is for the benchmark to tell."""

from tests.tools.benches import figures


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
