# SPDX-License-Identifier: Apache-2.0
"""An agreement in files: readings as CSV, and for other programs; the statement; deadlines for a calendar."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from aiohttp import web

from electro_console.agreement.comparison import compare
from electro_console.agreement.statement_lines import lines_of
from electro_console.index.addresses import checksum
from electro_console.index.records import Kind
from electro_console.web.answers import NAMES, words_of
from electro_console.web.documents import calendar, exported
from electro_console.web.errors import BadRequest, ConsoleError, NoSuchPage
from electro_console.web.questions import QUESTIONS
from electro_console.web.words import Words
from electro_plan.errors import PlanError
from electro_plan.sentence import sentence
from electro_plan.statement.ledger import Statement
from electro_plan.statement.pdf import statement_pdf

from . import asked
from .agreement import readings_asked
from .audit import on_record

if TYPE_CHECKING:
    from electro_console.agreement.comparison import OnRecord
    from electro_console.agreement.paper import Paper
    from electro_console.index.records import Agreement, Readings, Status
    from electro_console.web.names import Names

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
    stretch, place = await readings_asked(request, found, status.block_time)
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


async def export(request: web.Request) -> web.Response:
    """Return a place's readings in a format of others."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    found = await questions.ask(questions.index.agreement, asked.identity(request), status.block_time)
    stretch, place = await readings_asked(request, found, status.block_time)
    file_format = request.match_info["format"]
    try:
        data, ending = await questions.ask(exported, stretch, names, file_format)
    except PlanError as error:
        raise BadRequest(error.sentence) from error
    return _file(data, "application/octet-stream", f"agreement-{found.id}-place-{place}{ending}")


async def deadlines(request: web.Request) -> web.Response:
    """Return an agreement's deadlines for a calendar."""
    questions, names = request.app[QUESTIONS], request.app[NAMES]
    status = await questions.status()
    found = await questions.ask(questions.index.agreement, asked.identity(request), status.block_time)
    try:
        text = calendar(found, status, names, words_of(request), status.block_time)
    except PlanError as error:
        raise BadRequest(error.sentence) from error
    return _file(text.encode(), "text/calendar", f"agreement-{found.id}.ics")


async def statement(request: web.Request) -> web.Response:
    """Return a statement for the accounts, checked against the contract now."""
    questions, names, w = request.app[QUESTIONS], request.app[NAMES], words_of(request)
    status = await questions.status()
    number = asked.identity(request)
    found = await questions.ask(questions.index.agreement, number, status.block_time)
    if not found.state.binds:
        raise NoSuchPage(sentence("agreement {0} was not accepted: there is nothing to state", number))
    record = await on_record(questions.node, number, status.block)
    try:
        paper = await questions.ask(questions.index.paper, number)
        data = await questions.ask(_statement, paper, record, found, status, names, w)
    except PlanError as error:
        raise ConsoleError(error.sentence) from error
    return _file(data, "application/pdf", f"agreement-{number}.pdf")


def _statement(
    paper: Paper, record: OnRecord, found: Agreement, status: Status, names: Names, w: Words
) -> bytes:
    now = status.block_time
    compared = compare(paper, record, now)
    made = Statement(
        name=names.agreement(found.id) or "",
        agreement_id=found.id,
        contract=f"{checksum(status.contract)}, chain {status.chain_id}",
        consumer=checksum(found.consumer),
        start_s=found.dates.start,
        end_s=found.dates.end,
        at_s=now,
        zone=w.zone,
        bonus=found.money.bonus,
        lines=lines_of(paper, now),
        remaining=record.agreement["remaining"],
        discount=record.agreement["discount"] if paper.settled else None,
        checked=not paper.findings and all(each.equal for each in compared),
        currency=names.currency,
    )
    return statement_pdf(made, w.language)


def _file(data: bytes, kind: str, name: str) -> web.Response:
    return web.Response(
        body=data, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


_PATH = r"/agreements/{id:[1-9]\d{0,17}}"
ADDRESSES = {
    f"{_PATH}/readings.csv": readings_csv,
    f"{_PATH}/export.{{format:xlsx|parquet|espi|80020}}": export,
    f"{_PATH}/deadlines.ics": deadlines,
    f"{_PATH}/statement.pdf": statement,
}
