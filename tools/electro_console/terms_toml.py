# SPDX-License-Identifier: Apache-2.0
"""Write terms as a terms file, to the unit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_plan import quantities
from electro_plan.errors import PlanError
from electro_plan.sentence import sentence
from electro_plan.wording import LAST_S

if TYPE_CHECKING:
    from electro_contracts.terms import Terms

CAUSES = ("unknown", "grid", "consumer")  # by number; the bit of each in penalisedCauses


def to_toml(terms: Terms) -> str:
    """Return the terms as a TOML text with their bands slot by slot in units.

    Raises:
        PlanError: they begin so far ahead that no date names it.
    """
    if terms.start > LAST_S:
        raise PlanError(sentence("terms that begin after the year 9999 have no date for their file"))
    start = datetime.fromtimestamp(terms.start, UTC)
    causes = ", ".join(f'"{name}"' for bit, name in enumerate(CAUSES) if terms.penalised_causes >> bit & 1)
    pairs = [f"[{least}, {greatest}]" for least, greatest in terms.bands]
    rows = [", ".join(pairs[at : at + 6]) for at in range(0, len(pairs), 6)]
    length_s = terms.intervals * terms.interval_seconds
    return f"""\
# termsHash 0x{terms.hash.hex()}
[term]
start = {start:%Y-%m-%dT%H:%M:%SZ}
interval = "{quantities.duration_text(terms.interval_seconds)}"
length = "{quantities.duration_text(length_s)}"
unit = "{terms.unit_wh} Wh"
capacity = "{terms.capacity_units * terms.unit_wh} Wh"

[penalties]  # whole minor units
violation = {terms.violation_penalty}
under_per_unit = {terms.under_rate}
over_per_unit = {terms.over_rate}
missing = {terms.missing_penalty}
outage = {terms.outage_penalty}
outage_minute = {terms.outage_minute_penalty}
outage_causes = [{causes}]

[deadlines]
grace = "{quantities.duration_text(terms.grace)}"
dispute_window = "{quantities.duration_text(terms.dispute_window)}"
notice = "{quantities.duration_text(terms.notice)}"
fault_lookback = "{quantities.duration_text(terms.fault_lookback)}"

[renomination]
raise = "{terms.raise_units * terms.unit_wh} Wh"
lead = "{quantities.duration_text(terms.lead_seconds)}"

[discount]
rate = "{quantities.share_text(terms.discount_rate_ppm)}"
expiry = "{quantities.duration_text(terms.discount_expiry)}"

[bands]  # [least, greatest] units of {terms.unit_wh} Wh for each slot
slots = [
  {("," + chr(10) + "  ").join(rows)},
]
"""
