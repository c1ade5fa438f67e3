# SPDX-License-Identifier: Apache-2.0
"""A small run of the outage benchmark holds its promise: soon enough, and never wrong."""

from __future__ import annotations

from tests.tools.benches import figures


def test_interruptions_are_known_in_41_ms_and_nothing_else_passes_for_one() -> None:
    for row in figures("outage", "--each", "24")["rows"]:
        assert row.get("false_alarms", 0) == 0, row
        assert row.get("found", row["generated"]) == row["generated"], row
        if row["kind"] == "interruption":
            assert row["worst_ms"] <= 41
        if row["kind"] == "interruption of three phases":
            assert row["worst_ms"] <= 160  # one phase after the other
