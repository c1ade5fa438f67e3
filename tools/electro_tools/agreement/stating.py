# SPDX-License-Identifier: Apache-2.0
"""`electro agreement statement`, `export` and `deadlines`: an agreement in files that others read."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import agreement_argument, asks
from electro_tools.contract.indexed import index_options
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.viewing import viewing_option

if TYPE_CHECKING:
    from electro_console.agreement.paper import Paper
    from electro_tools.contract.desk import Desk
    from electro_tools.contract.indexed import Kept

    from .about import About

_path = click.Path(dir_okay=False, path_type=Path)


def _about(terms: Path | None, zone: str | None) -> About:
    """Return what a terms file says for people, with another zone if one is given."""
    from dataclasses import replace

    from electro_plan import zones

    from .about import About
    from .terms_file import read_all

    found = read_all(terms).about if terms is not None else About()
    return found if zone is None else replace(found, zone=zones.name(zone))


def _must_exist(desk: Desk, agreement_id: int) -> None:
    count = desk.ask("agreementCount")
    if agreement_id > count:
        raise ToolError(
            f"there is no agreement {agreement_id}; the newest is {count}", "electro agreement list"
        )


def _paper(desk: Desk, agreement_id: int, kept: Kept, viewing_file: Path | None) -> Paper:
    """Return an agreement that binds, from its logs.

    Raises:
        ToolError: it does not.
    """
    from .auditing import history_of, rebuilt

    _must_exist(desk, agreement_id)
    paper = rebuilt(desk, agreement_id, history_of(desk, agreement_id, kept), viewing_file)
    if paper.model is None:
        raise ToolError(f"agreement {agreement_id} was not accepted: nothing was measured for it")
    return paper


@click.command(cls=Command)
@agreement_argument
@click.option("--out", type=_path, required=True, help="The PDF to write.")
@click.option(
    "--language", type=click.Choice(["en", "ru"]), default="en", show_default=True, help="Of its words."
)
@click.option("--terms", type=_path, help="Terms file whose [about] names agreement, zone and currency.")
@click.option("--zone", help="In which times are told; default: of the terms file, else UTC.")
@viewing_option
@index_options
@asks
def statement(
    desk: Desk,
    agreement_id: int,
    out: Path,
    language: str,
    terms: Path | None,
    zone: str | None,
    viewing_file: Path | None,
    kept: Kept,
) -> None:
    """Write a statement for the accounts: every penalty in words, what remains, and that it was checked.

    All is worked out from the signed readings in the contract's logs, as `audit` does.
    """  # fmt: skip
    from electro_console.agreement.comparison import compare
    from electro_console.agreement.statement_lines import lines_of
    from electro_plan.statement.ledger import Statement
    from electro_plan.statement.pdf import statement_pdf
    from electro_tools.plan.writing import ensure_new, write_new

    from .on_record import on_record

    ensure_new(out)
    about = _about(terms, zone)
    newest = desk.web3.eth.get_block("latest")
    _must_exist(desk, agreement_id)
    record = on_record(desk, agreement_id, newest["number"])
    found = desk.record("agreement", agreement_id, block=newest["number"])
    paper = _paper(desk, agreement_id, kept, viewing_file)
    equal = not paper.findings and all(each.equal for each in compare(paper, record, newest["timestamp"]))
    made = Statement(
        name=about.name or "",
        agreement_id=agreement_id,
        contract=f"{desk.contract.address}, chain {desk.domain.chain_id}",
        consumer=found["consumer"],
        start_s=found["start"],
        end_s=found["end"],
        at_s=newest["timestamp"],
        zone=about.zone or "UTC",
        bonus=found["bonus"],
        lines=lines_of(paper, newest["timestamp"]),
        remaining=found["remaining"],
        discount=found["discount"] if paper.settled else None,
        checked=equal,
        currency=about.currency,
    )
    write_new(out, statement_pdf(made, language))
    facts = Facts(about.zone).count("agreement", agreement_id).add("statement", str(out))
    facts.add("lines", len(made.lines)).add("remaining", made.remaining, about.currency.text(made.remaining))
    facts.add(
        "checked", equal, "equal to the independent model" if equal else "the contract and the model DIFFER"
    )
    facts.print(as_json=desk.as_json)


@click.command(cls=Command)
@agreement_argument
@click.option("--out", type=_path, required=True, help="The file to write.")
@click.option(
    "--format", "file_format", help="csv, xlsx, parquet, espi or 80020; default: by the file's ending."
)
@click.option("--place", type=click.IntRange(0, 63), default=0, show_default=True, help="The metering point.")
@click.option("--terms", type=_path, help="Terms file whose [about] names zone and currency.")
@click.option("--zone", help="In which times are told; default: of the terms file, else UTC.")
@click.option("--point", default="", help="Code of the metering point; default: its meter's address.")
@click.option("--sender", default="", help="Name of who sends it, for 80020.")
@click.option("--inn", default="", help="The sender's taxpayer number, for 80020.")
@viewing_option
@index_options
@asks
def export(
    desk: Desk,
    agreement_id: int,
    out: Path,
    file_format: str | None,
    place: int,
    terms: Path | None,
    zone: str | None,
    point: str,
    sender: str,
    inn: str,
    viewing_file: Path | None,
    kept: Kept,
) -> None:
    """Write a place's readings, with bands and money beside them, for other programs.

    Intervals that no meter has reported are missing there, never zero. Of a sealed agreement readings and bands are
    missing without the viewing key.
    """
    from electro_plan.writing import write
    from electro_plan.writing.export import Export

    from .exporting import history_at, is_hidden

    about = _about(terms, zone)
    paper = _paper(desk, agreement_id, kept, viewing_file)
    history, columns = history_at(paper, place, about)
    written = write(
        Export(history, columns, point=point, sender=sender, inn=inn, number=agreement_id), out, file_format
    )
    facts = Facts(about.zone).count("agreement", agreement_id).count("place", place)
    facts.add("intervals", len(history)).add("format", written).add("written", str(out))
    if is_hidden(paper):
        facts.say("sealed", "readings and bands are missing: no viewing key was given")
    facts.print(as_json=desk.as_json)


@click.command(cls=Command)
@agreement_argument
@click.option("--out", type=_path, required=True, help="The calendar file (.ics) to write.")
@click.option("--terms", type=_path, help="Terms file whose [about] names the agreement.")
@asks
def deadlines(desk: Desk, agreement_id: int, out: Path, terms: Path | None) -> None:
    """Write an agreement's deadlines as a calendar file, for any calendar program."""
    from electro_contracts.terms import Terms
    from electro_plan.deadlines import Deadline, calendar_file
    from electro_tools.plan.writing import write_new

    _must_exist(desk, agreement_id)
    found = desk.record("agreement", agreement_id)
    agreed = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    name = _about(terms, None).name or f"Agreement {agreement_id}"
    moments = [
        ("start", found["start"], "begins", "It can be accepted and called off until then."),
        (
            "notice",
            found["end"] - agreed.notice,
            "last moment for notice",
            "Later a notice ends nothing sooner.",
        ),
        ("end", found["end"], "ends", "The last interval ends."),
        (
            "reports",
            found["reportsUntil"],
            "last reports",
            "What no meter has reported by then is charged as silence.",
        ),
        ("settles", found["settlesAt"], "can be settled", "electro agreement settle: anyone may."),
    ]
    if found["redeemableUntil"]:
        moments.append(
            ("redeem", found["redeemableUntil"], "discount expires", "What is not redeemed by then is gone.")
        )
    place = f"{desk.domain.chain_id}-{desk.contract.address.lower()}"
    made = [
        Deadline(f"{key}-{agreement_id}-{place}@electro", at_s, f"{name}: {title}", note)
        for key, at_s, title, note in moments
    ]
    write_new(out, calendar_file(made, int(time.time())))
    facts = Facts().count("agreement", agreement_id).add("deadlines", len(made)).add("written", str(out))
    facts.print(as_json=desk.as_json)
