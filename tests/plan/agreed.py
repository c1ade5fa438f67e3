# SPDX-License-Identifier: Apache-2.0
"""Terms made for tests."""

from electro_contracts.terms import Terms

TERMS = Terms(
    start=1_800_000_000,
    interval_seconds=900,
    intervals=2688,
    unit_wh=100,
    violation_penalty=500,
    under_rate=3,
    over_rate=7,
    outage_penalty=1000,
    outage_minute_penalty=10,
    penalised_causes=4,
    missing_penalty=300_000,
    grace=7 * 86_400,
    dispute_window=14 * 86_400,
    notice=14 * 86_400,
    discount_rate_ppm=1_000_000,
    discount_expiry=365 * 86_400,
    capacity_units=1200,
    raise_units=0,
    lead_seconds=86_400,
    fault_lookback=0,
    bands=((100, 600),) * 96,
)
