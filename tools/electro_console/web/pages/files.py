# SPDX-License-Identifier: Apache-2.0
"""An agreement in files: readings as CSV, and for other programs; the statement; deadlines for a calendar."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from aiohttp import web

from electro_console.index.addresses import checksum
from electro_console.index.records import Kind
from electro_console.web.questions import QUESTIONS
from electro_console.web.words import Words

from . import asked
from .agreement import _readings

if TYPE_CHECKING:
    from electro_console.index.records import Readings

_COLUMNS = (
    "start",
    "interval",
    "kind",
    "used_kwh",
    "least_kwh",
    "greatest_kwh",
    "off_kwh",
    "penalty_minor_units",
    "meter",
)


async def readings_csv(request: web.Request) -> web.Response:
    """Return the stretch of readings that the address asks for, a row for each interval; times in UTC."""
    questions = request.app[QUESTIONS]
    status = await questions.status()
    found = await questions.ask(questions.index.agreement, asked.identity(request), status.block_time)
    stretch, place = await _readings(request, found, status.block_time)
    name = f"agreement-{found.id}-place-{place}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return web.Response(text=_csv(stretch), content_type="text/csv", headers=headers)


def _csv(stretch: Readings) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    kwh, w = stretch.unit_wh / 1000, Words()
    meters = [checksum(each) for each in stretch.meters]
    columns = (
        stretch.units,
        stretch.kind,
        stretch.least,
        stretch.greatest,
        stretch.deviation,
        stretch.penalty,
        stretch.meter,
    )
    rows = zip(*(each.tolist() for each in columns), strict=True)
    for index, (units, kind, least, greatest, off, penalty, meter) in enumerate(rows, stretch.first):
        used = "" if units < 0 else f"{units * kwh:.10g}"
        writer.writerow((
            w.machine(stretch.start_s + (index - stretch.first) * stretch.interval_s), index,
            Kind(kind).name.lower().replace("_", " "), used, f"{least * kwh:.10g}", f"{greatest * kwh:.10g}",
            f"{off * kwh:.10g}", penalty, meters[meter] if meter >= 0 else "",
        ))  # fmt: skip
    return out.getvalue()


ADDRESSES = {r"/agreements/{id:[1-9]\d{0,17}}/readings.csv": readings_csv}
