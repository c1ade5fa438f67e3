# SPDX-License-Identifier: Apache-2.0
"""`electro agreement audit`: rebuild an agreement from its logs, and hold the contract to the independent model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_tools.commands import Command
from electro_tools.contract.desk import agreement_argument, asks
from electro_tools.errors import Discrepancy, ToolError
from electro_tools.parameters import DAY

if TYPE_CHECKING:
    from electro_console.agreement.said import Said
    from electro_tools.contract.desk import Desk

_file = click.Path(dir_okay=False, path_type=Path)
_folder = click.Path(file_okay=False, path_type=Path)


@click.command(cls=Command)
@agreement_argument
@click.option("--csv", "csv_file", type=_file, help="Also write every interval to a CSV file.")
@click.option("--svg", "svg_file", type=_file, help="Also draw consumption against its band.")
@click.option("--day", type=DAY, help="First day of the drawing, UTC; default: that of the first violation.")
@click.option("--days", type=click.IntRange(1, 31), default=1, show_default=True, help="Days in the drawing.")
@click.option(
    "--from-block", type=click.IntRange(0), help="Where to begin; default: where the contract was made."
)
@click.option(
    "--cache",
    type=_folder,
    help="Keep logs here. Default: ~/.cache/electro/logs.",
)
@click.option("--no-cache", is_flag=True, help="Fetch all logs anew and keep none.")
@asks
def audit(
    desk: Desk,
    agreement_id: int,
    csv_file: Path | None,
    svg_file: Path | None,
    day: int | None,
    days: int,
    from_block: int | None,
    cache: Path | None,
    no_cache: bool,
) -> None:
    """Rebuild an agreement from its logs alone and check the contract's figures, to the unit.

    The logs carry the signed readings. An independent model, electro_contracts/model.py, works out the money from
    them. Ends with 3 if anything differs. Where the node gives few blocks at a time it takes several calls; if one
    fails, the same command goes on from there.
    """
    from electro_console.agreement.comparison import compare
    from electro_console.agreement.paper import rebuild
    from electro_tools.papers import must_be_new

    from . import audit_report
    from .interval_csv import write_csv
    from .on_record import on_record

    for file in (csv_file, svg_file):
        if file is not None:
            must_be_new(file)
    newest = desk.web3.eth.get_block("latest")
    head, now = newest["number"], newest["timestamp"]
    if agreement_id > desk.ask("agreementCount", block=head):
        raise ToolError(f"there is no agreement {agreement_id}", "electro agreement list")
    # before the logs, which may take their time: many nodes forget the state of a block within minutes
    record = on_record(desk, agreement_id, head)
    history = _history(desk, agreement_id, head, from_block, None if no_cache else cache or _default_cache())
    paper = rebuild(agreement_id, history)
    if paper.proposed is None:
        raise ToolError(
            f"the logs have no proposal of agreement {agreement_id}", "begin earlier: --from-block 0"
        )
    compared = compare(paper, record, now)
    audit_report.show(desk, paper, compared, history, head, now)
    meters = {device: paper.intervals(device) for device in paper.model.points} if paper.model else {}
    if csv_file is not None:
        write_csv(csv_file, paper.terms, meters)
    if svg_file is not None:
        from .picture import draw

        draw(svg_file, paper.terms, meters, day, days)
    unequal = [each for each in compared if not each.equal]
    if unequal or paper.findings:
        raise Discrepancy(
            f"agreement {agreement_id}: {len(unequal)} figures differ and {len(paper.findings)} events do not fit",
            "the contract and the model can't both be right: look at the figures above",
        )


def _history(
    desk: Desk, agreement_id: int, head: int, from_block: int | None, cache: Path | None
) -> list[Said]:
    """Fetch the logs, with progress on a terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

    from electro_tools.contract.history import History

    name = f"{desk.domain.chain_id}-{desk.contract.address.lower()}-{agreement_id}.jsonl"
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("logs", total=None)
        history = History(
            desk.contract,
            agreement_id,
            cache / name if cache else None,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
        return history.until(head, from_block)


def history_of(desk: Desk, agreement_id: int) -> list[Said]:
    """Return all events of an agreement up to now, from the usual cache and the node."""
    return _history(desk, agreement_id, desk.web3.eth.block_number, None, _default_cache())


def _default_cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "electro" / "logs"
