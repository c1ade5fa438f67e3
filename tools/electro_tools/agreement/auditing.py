# SPDX-License-Identifier: Apache-2.0
"""`electro agreement audit`: rebuild an agreement from its logs, and hold the contract to the independent model."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_contracts.sealed import SealError
from electro_protocol import address
from electro_tools.commands import Command
from electro_tools.contract.desk import agreement_argument, asks
from electro_tools.contract.indexed import index_options, indexed
from electro_tools.errors import Discrepancy, ToolError
from electro_tools.parameters import DAY
from electro_tools.viewing import viewing_of, viewing_option

if TYPE_CHECKING:
    from electro_console.agreement.paper import Paper
    from electro_console.agreement.said import Said
    from electro_tools.contract.desk import Desk
    from electro_tools.contract.indexed import Kept

_file = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command)
@agreement_argument
@click.option("--csv", "csv_file", type=_file, help="Also write every interval to a CSV file.")
@click.option("--svg", "svg_file", type=_file, help="Also draw consumption against its band.")
@click.option("--day", type=DAY, help="First day of the drawing, UTC; default: that of the first violation.")
@click.option("--days", type=click.IntRange(1, 31), default=1, show_default=True, help="Days in the drawing.")
@click.option(
    "--from-block", type=click.IntRange(0), help="Where to begin; default: where the contract was made."
)
@index_options
@click.option("--no-cache", is_flag=True, help="Fetch this agreement's logs anew and keep none.")
@viewing_option
@asks
def audit(
    desk: Desk,
    agreement_id: int,
    csv_file: Path | None,
    svg_file: Path | None,
    day: int | None,
    days: int,
    from_block: int | None,
    kept: Kept,
    no_cache: bool,
    viewing_file: Path | None,
) -> None:
    """Rebuild an agreement from its logs alone and check the contract's figures, to the unit.

    The logs carry the signed readings. An independent model, electro_contracts/model.py, works out the money from
    them. Ends with 3 if anything differs. The logs of the contract come into an index, once; if that is interrupted,
    the same command goes on from there. Of a sealed agreement the money is checked by what its meters told; with the
    viewing key every reading is judged anew, and each report named of which a meter told otherwise.
    """
    from electro_console.agreement.comparison import compare
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
    history = _history(desk, agreement_id, head, from_block, None if no_cache else kept)
    paper = rebuilt(desk, agreement_id, history, viewing_file)
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
    if not unequal and paper.sealed is not None and paper.findings == paper.sealed.all_findings != []:
        reports, passes = len(paper.sealed.findings), len(paper.sealed.unopened)
        what = [
            *([f"{reports} reports are not what their readings and bands say"] if reports else []),
            *([f"the bands of {passes} passes do not open"] if passes else []),
        ]
        raise Discrepancy(
            f"agreement {agreement_id}: the money is as the meters told, and {' and '.join(what)}",
            "electro agreement disclose --bands shows such a report to others; money is given back by waiver"
            if reports
            else "of a pass that has not begun both parties can replace them: electro agreement draft",
        )
    if unequal or paper.findings:
        raise Discrepancy(
            f"agreement {agreement_id}: {len(unequal)} figures differ and {len(paper.findings)} events do not fit",
            "the contract and the model can't both be right: look at the figures above",
        )


def _history(
    desk: Desk, agreement_id: int, head: int, from_block: int | None, kept: Kept | None
) -> list[Said]:
    """Return the events of an agreement up to a block, out of the index, or with none straight from the node."""
    if kept is None:
        from electro_console.index.final import birth_of
        from electro_console.index.newest import said_of

        contract = address.parse(desk.contract.address)
        with contextlib.closing(desk.nodes()) as nodes:
            first = birth_of(nodes, contract) if from_block is None else from_block
            return said_of(nodes, contract, agreement_id, first, head)
    with indexed(desk, kept, head=head, from_block=from_block) as index:
        return [said for said in index.history(agreement_id) if said.block <= head]


def rebuilt(desk: Desk, agreement_id: int, history: list[Said], viewing_file: Path | None) -> Paper:
    """Return the agreement that the logs tell of, opened if there is a viewing key; raise ToolError."""
    from electro_console.agreement.paper import rebuild

    try:
        return rebuild(agreement_id, history, viewing_of(desk, viewing_file))
    except SealError as error:
        raise ToolError(f"{viewing_file} does not open agreement {agreement_id}: {error}") from error


def history_of(desk: Desk, agreement_id: int, kept: Kept) -> list[Said]:
    """Return all events of an agreement up to now."""
    return _history(desk, agreement_id, desk.web3.eth.block_number, None, kept)
