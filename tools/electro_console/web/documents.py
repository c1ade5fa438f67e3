# SPDX-License-Identifier: Apache-2.0
"""An agreement for other programs: its readings with bands and money in their formats, its deadlines for a calendar."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from electro_console.index.addresses import checksum
from electro_console.index.records import Kind
from electro_plan.deadlines import Deadline, calendar_file
from electro_plan.history import LoadHistory, Quality
from electro_plan.writing import FORMATS, write
from electro_plan.writing.export import Export

if TYPE_CHECKING:
    from electro_console.index.records import Agreement, Readings, Status

    from .names import Names
    from .words import Words


def history_of(stretch: Readings, names: Names) -> tuple[LoadHistory, dict[str, Any]]:
    """Return a place's readings as a history, and the columns beside it: bands, kinds, money."""
    known = stretch.units >= 0
    used = np.where(known, stretch.units, np.nan).astype(np.float64) * stretch.unit_wh
    quality = np.where(known, np.uint8(Quality.OK), np.uint8(Quality.MISSING)).astype(np.uint8)
    starts = stretch.start_s + stretch.interval_s * np.arange(len(stretch), dtype=np.int64)
    meters = [checksum(each) for each in stretch.meters]
    history = LoadHistory(
        starts,
        stretch.interval_s,
        used,
        quality,
        names.zone,
        f"agreement {stretch.agreement}",
        meters[-1] if meters else "",
    )
    kwh, scale = stretch.unit_wh / 1000, 10**names.currency.decimals
    kinds = [Kind(each).name.lower().replace("_", " ") for each in stretch.kind.tolist()]
    money = f"penalty_{names.currency.name}" if names.currency.name else "penalty_minor_units"
    return history, {
        "least_kwh": [each * kwh for each in stretch.least.tolist()],
        "greatest_kwh": [each * kwh for each in stretch.greatest.tolist()],
        "kind": kinds,
        money: [each / scale if names.currency.decimals else each for each in stretch.penalty.tolist()],
        "meter_address": [meters[each] if each >= 0 else "" for each in stretch.meter.tolist()],
    }


def exported(stretch: Readings, names: Names, file_format: str) -> tuple[bytes, str]:
    """Return the file of a format, and its ending."""
    history, columns = history_of(stretch, names)
    ending = FORMATS[file_format][1]
    with tempfile.TemporaryDirectory(prefix="electro-console-") as folder:
        path = Path(folder) / f"export{ending}"
        write(Export(history, columns, inn=names.inn, number=stretch.agreement), path, file_format)
        return path.read_bytes(), ending


def calendar(found: Agreement, status: Status, names: Names, w: Words, made_s: int) -> str:
    """Return the deadlines of an agreement as a calendar file."""
    dates = found.dates
    moments = [
        ("start", dates.start, w.say("begins"), w.say("can be accepted and called off until then")),
        (
            "notice",
            dates.notice_until,
            w.say("last moment for notice"),
            w.say("later a notice ends nothing sooner"),
        ),
        ("end", dates.end, w.say("ends"), w.say("the last interval ends")),
        (
            "reports",
            dates.reports_until,
            w.say("last reports"),
            w.say("what is not reported by then is charged as silence"),
        ),
        ("settles", dates.settles_at, w.say("can be settled"), w.say("anyone may")),
    ]
    if dates.redeemable_until:
        moments.append(
            (
                "redeem",
                dates.redeemable_until,
                w.say("discount expires"),
                w.say("what is not redeemed by then is gone"),
            )
        )
    name = names.agreement(found.id) or f"{w.say('Agreement')} {found.id}"
    place = f"{status.chain_id}-{checksum(status.contract).lower()}"
    return calendar_file(
        [
            Deadline(f"{key}-{found.id}-{place}@electro", at, f"{name}: {title}", note)
            for key, at, title, note in moments
        ],
        made_s,
    )
