# SPDX-License-Identifier: Apache-2.0
"""What a chip's own work leaves of the time for sampling, in virtual time: the same on every machine."""

from __future__ import annotations

from tests.tools.benches import figures


def test_a_chip_without_psram_samples_almost_all_the_time() -> None:
    found = figures("coverage", "--minutes", "15", "--chip", "ESP32, S3")
    assert found["simulated"]
    assert found["signatures"] == 1
    assert 990 <= found["sampled_permille"] < 1000
    assert 980 <= found["in_whole_cycles_permille"] < found["sampled_permille"]
    assert 10 < found["longest_pause_ms"] < 200


def test_most_of_an_exchange_is_measured() -> None:
    found = figures("coverage", "--exchanges", "--chip", "C3")
    assert found["simulated"]
    assert found["http_signatures"] >= 5
    assert 900 <= found["http_in_whole_cycles_permille"] < 1000
    assert 900 <= found["https_kept_in_whole_cycles_permille"] < 1000
    # a handshake is in pieces, with rests between them
    assert 900 <= found["https_handshake_in_whole_cycles_permille"] < 1000
    assert found["https_handshake_exchange_ms"] > 3 * found["http_exchange_ms"]
    assert found["https_handshake_longest_gap_ms"] > found["http_longest_gap_ms"]
