# SPDX-License-Identifier: Apache-2.0
"""`electro device line` and `self-test`: many boards at once, and what each must pass."""

from __future__ import annotations

import json
from pathlib import Path

import click

from electro_tools.errors import Discrepancy

from .options import port_option

_file = click.Path(dir_okay=False, path_type=Path)


@click.command("self-test")
@port_option
@click.option("--volts", type=click.FloatRange(0.15, 2.45), help="What a jig applies to every analogue pin.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def self_test(named_port: str | None, volts: float | None, as_json: bool) -> None:
    """Test a board that has the meter's program: memory, flash, radio, and with a jig its converter.

    Exit code 3: the board is not good.
    """
    from . import selftest
    from .chip import Chip
    from .ports import choose

    tested = selftest.test(Chip(choose(named_port)), volts)
    if as_json:
        click.echo(json.dumps(tested._asdict()))
        return
    click.echo(f"board  {tested.hardware_id}")
    for pin, code in tested.codes.items():
        click.echo(f"pin    {pin}: {code} counts")
    click.echo("good")


@click.command()
@click.argument("batch_file", metavar="BATCH.toml", type=_file)
def line(batch_file: Path) -> None:
    """Take every port of a batch through its steps at once: flash, install, self-test, provision, calibrate, label.

    Labels, enrolments and verdicts.csv go into the batch's folder. Run it again for the next boards, or after a
    failure: what a board has passed it does not do twice. Exit code 3: some board is bad.
    """
    from . import line as production

    boards = production.take(batch_file, lambda board, step: click.echo(f"{board.port}  {step}", err=True))
    for board in boards:
        why = f"  {board.failed}: {board.reason}" if board.failed else f"  {board.device}"
        click.echo(f"{board.port}  {board.verdict}{why}")
    bad = [board for board in boards if board.failed]
    if bad:
        raise Discrepancy(f"{len(bad)} of {len(boards)} boards are bad")
