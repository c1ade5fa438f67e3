# SPDX-License-Identifier: Apache-2.0
"""Write a terms file to fill in: a template, with planned bands or example ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from electro_plan import quantities, zones

from .about import to_toml as about_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from electro_plan.schedule import Term
    from electro_tools.plan.money import UnitPrices

    from .about import About

TEMPLATE = """\
# Terms of a consumption agreement: what this file says is fixed once it is proposed.
# electro agreement check FILE says what it means.

[term]
start = {start}  # first instant, with the offset of local standard time
interval = "{interval}"  # how long one reading is
length = "{length}"  # of the whole term
unit = "{unit} Wh"  # of readings and bands; a reading holds at most 32767 of them
capacity = "{capacity} kWh"  # what the connection can take in one interval

[penalties]  # whole minor units of your currency: kopecks, cents
violation = {violation}  # for each interval outside its band, however far
under_per_unit = {under}  # for each unit below the band
over_per_unit = {over}  # for each unit above the band
missing = {missing}  # for each interval without data: no less than a truth can cost
outage = {outage}  # for each outage with one of the causes below
outage_minute = {outage_minute}  # for each full minute of it
outage_causes = ["consumer"]  # and "unknown", if you agree on that; the grid's side never is

[deadlines]
grace = "7 d"  # after the term reports are still taken
dispute_window = "14 d"  # then the operator may waive penalties; then anyone settles
notice = "14 d"  # of who ends the agreement early
fault_lookback = "0 s"  # before a declared fault of a meter: what it never reported there is neutral

[renomination]  # what the consumer alone may change of a pass of the schedule
raise = "0 Wh"  # by so much above the band of an interval
lead = "1 d"  # so long ahead

[discount]
rate = "100 %"  # of the remaining bonus becomes the discount
expiry = "365 d"  # after the settlement it is gone

{bands}"""

EXAMPLE_PENALTIES = {
    "violation": 500,
    "under": 3,
    "over": 7,
    "outage": 1000,
    "outage_minute": 10,
}

EXAMPLE_BANDS = ((100, 600), (400, 1200))  # of the text below, in units of 100 Wh


def example_missing(
    bands: Sequence[tuple[int, int]],
    capacity: int,
    interval_s: int,
    penalties: Mapping[str, int] = EXAMPLE_PENALTIES,
) -> int:
    """Return the least price of silence that penalties allow, rounded up to thousands."""
    minutes = -(-interval_s // 60)
    dearest = max(
        max((capacity - greatest) * penalties["over"], least * penalties["under"])
        for least, greatest in bands
    )
    outage = penalties["outage"] + minutes * penalties["outage_minute"]
    return -(-(penalties["violation"] + dearest + outage) // 1000) * 1000


BANDS_BY_DAY = """\
[bands]  # least and greatest energy of one interval; each entry holds until the next
unit = "kWh"
day = [
  ["00:00", 10.0, 60.0],
  ["06:00", 40.0, 120.0],
  ["22:00", 10.0, 60.0],
]
# or a row for each slot of a day or a week:  file = "bands.csv"
# with the columns least_kwh and greatest_kwh; electro plan bands makes one from a load history
"""

BANDS_IN_FILE = """\
[bands]
file = "{file}"  # least and greatest energy of each slot, {slots} of them
"""


def planned_terms(
    term: Term,
    unit_wh: int,
    bands: Sequence[tuple[int, int]],
    bands_file: str,
    capacity: int,
    prices: UnitPrices,
    about: About,
) -> str:
    """Return a terms file with planned bands, which are in a file of their own; what is not planned is an example.

    Args:
        term: start, interval, length.
        unit_wh: Wh of a unit.
        bands: of each slot.
        bands_file: as it is named from the terms file.
        capacity: of the connection, units an interval.
        prices: of leaving a band.
        about: name and zone.
    """
    start = datetime.fromtimestamp(term.start_s, UTC)
    if about.zone is not None:
        start = start.astimezone(zones.clock(about.zone))
    penalties = EXAMPLE_PENALTIES | {
        "violation": prices.violation,
        "under": prices.under,
        "over": prices.over,
    }
    section = BANDS_IN_FILE.format(file=bands_file, slots=len(bands))
    return TEMPLATE.format(
        start=start.isoformat(),
        interval=quantities.duration_text(term.interval_s),
        length=quantities.duration_text(term.end_s - term.start_s),
        unit=unit_wh,
        capacity=f"{capacity * unit_wh / 1000:.10g}",
        missing=example_missing(bands, capacity, term.interval_s, penalties),
        bands=about_text(about) + section,
        **penalties,
    )
