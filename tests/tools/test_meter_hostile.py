# SPDX-License-Identifier: Apache-2.0
"""Half a day in a world that means a meter ill: nothing measurable is lost or billed wrongly, nothing done unasked."""

from __future__ import annotations

from tests.bench import hostile


def test_half_a_day_among_liars_and_failing_flash_costs_nothing() -> None:
    found = hostile.live(0.5, 1)
    assert {name: found[name] for name in hostile.MUST_BE_ZERO} == dict.fromkeys(hostile.MUST_BE_ZERO, 0), (
        found
    )
    assert found["delivered"] == found["intervals"]
    assert len(found["suffered"]) > 20  # or nobody meant it ill
