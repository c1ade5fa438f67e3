# SPDX-License-Identifier: Apache-2.0
"""A day of the year's benchmark: the register is close to what the load used."""

from __future__ import annotations

from tests.tools.benches import figures


def test_the_register_shows_what_the_load_used() -> None:
    found = figures("year", "--days", "1", "--windows", "3")
    assert found["intervals"] == 96
    assert found["without_data"] == 0
    assert found["register_wh"] > 100_000
    assert abs(found["error_percent"]) < 0.05
    assert abs(found["readings_sum_error_percent"]) < 0.05
