# SPDX-License-Identifier: Apache-2.0
"""`electro fleet simulate`: options, a live table, and the closing summary."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from electro_tools.accounts import KeyFile, key_options
from electro_tools.commands import Command
from electro_tools.contract.desk import json_option
from electro_tools.errors import Discrepancy, ToolError
from electro_tools.fleet.failures import CLOCK, WORDS
from electro_tools.fleet.showing import shown
from electro_tools.node import node_options
from electro_tools.parameters import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from electro_contracts.node.access import Endpoint
    from electro_tools.demo.relayer_process import RelayerProcess
    from electro_tools.fleet.run import Standing

_SHARE = click.FloatRange(0, 1)
_FILE = click.Path(dir_okay=False, path_type=Path)
_REAL_INTERVAL_S, _QUICK_INTERVAL_S = 60, 900
_KILLED_FROM, _KILLED_UNTIL = 1 / 3, 1 / 2  # of a run
# A fleet reports from one address, all at once, and by a clock that runs ahead of the wall's.
_RELAYER = {"ELECTRO_RELAYER_DEVICE_RATE": "0", "ELECTRO_RELAYER_CONNECTIONS": "4000"}


def _failure_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for kind, words in reversed(WORDS.items()):
        command = click.option(
            f"--{kind}",
            type=_SHARE,
            default=0.0,
            metavar="SHARE",
            help=f"So many of the meters, 0 to 1: {words}.",
        )(command)
    return command


@click.group()
def fleet() -> None:
    """Try an installation with many simulated meters."""


@fleet.command(cls=Command)
@click.option("--meters", type=click.IntRange(1, 20_000), default=10, show_default=True, help="How many.")
@click.option(
    "--intervals", type=click.IntRange(4, 672), default=96, show_default=True, help="How many they report."
)
@click.option(
    "--interval", "interval_s", type=click.IntRange(5, 3600), metavar="SECONDS", help="900; in real time 60."
)
@click.option(
    "--report-every", type=click.IntRange(1, 96), default=4, show_default=True, help="Intervals in a report."
)
@click.option(
    "--windows", type=click.IntRange(1, 300), default=1, show_default=True, help="Sampled in each interval."
)
@click.option("--relayer", "relayers", multiple=True, metavar="URL", help="Of a relayer. Repeat for more.")
@click.option("--relayer-key-file", type=_FILE, help="Without --relayer: run one that pays with this key.")
@click.option(
    "--kill-relayer", is_flag=True, help="End that one with SIGKILL for a while, and start it again."
)
@click.option(
    "--contract", "contract_address", type=ADDRESS, envvar="ELECTRO_CONTRACT", help="By default a new one."
)
@click.option("--real-time", is_flag=True, help="Wait for the chain's clock also where it could be moved.")
@click.option(
    "--processes", type=click.IntRange(1, 64), help="To spread them over; by default one a processor."
)
@_failure_options
@node_options
@key_options
@json_option
def simulate(
    meters: int,
    intervals: int,
    interval_s: int | None,
    report_every: int,
    windows: int,
    relayers: tuple[str, ...],
    relayer_key_file: Path | None,
    kill_relayer: bool,
    contract_address: str | None,
    real_time: bool,
    processes: int | None,
    node: Endpoint,
    chain_id: int | None,
    key: KeyFile,
    as_json: bool,
    **shares: float,
) -> None:
    """Let many meters measure, sign and send through relayers to a chain, and say what arrived.

    In each runs the chip's own code, on a simulated board. The key is the operator's: it enrols the meters and
    proposes their agreements. A chain in memory (anvil, hardhat, electro chain) is moved through the run; on any other
    a run takes the time that its intervals take. Ends with 3 if something is missing at the end.
    """
    from electro_tools.chain.asking import Asking
    from electro_tools.fleet.pace import Pace
    from electro_tools.fleet.run import Fleet, Wish
    from electro_tools.transact import connect

    if not relayers and relayer_key_file is None:
        raise click.UsageError("Name --relayer URL, or --relayer-key-file FILE to run one.")
    if relayers and kill_relayer:
        raise click.UsageError("--kill-relayer ends the relayer that --relayer-key-file runs.")
    if sum(shares.values()) > 1:
        raise click.UsageError("The shares of what fails add up to more than all meters.")
    profile = Asking(node).know().profile
    web3 = connect(node, chain_id, timeout_s=None)
    pace = Pace(web3, profile, real_time=real_time)
    if shares[CLOCK] and pace.moves:
        raise ToolError(
            "a meter without a clock learns today's date, and this run takes place on other days",
            "try --clock with --real-time",
        )
    operator = key.open()
    contract = _contract(web3, contract_address, operator)
    began = time.monotonic()
    console = Console(stderr=as_json)
    with (
        tempfile.TemporaryDirectory(prefix="electro-fleet-") as folder,
        shown(console, quiet=as_json) as show,
    ):

        def run(own: RelayerProcess | None) -> Coroutine[Any, Any, list[Standing]]:
            wish = Wish(
                meters,
                interval_s or (_QUICK_INTERVAL_S if pace.moves else _REAL_INTERVAL_S),
                intervals,
                report_every,
                windows,
                processes or os.cpu_count() or 1,
                relayers or (own.url if own else "",),
                shares,
            )
            trouble = _killing(own) if own and kill_relayer else None
            return Fleet(wish, contract, operator, pace, profile.pool, Path(folder), show, trouble).run()

        pays = None if relayers else relayer_key_file
        finality = "latest" if pace.moves else "auto"  # a chain in memory takes nothing back
        standings = asyncio.run(_with_relayer(node, contract.address, pays, Path(folder), finality, run))
    _conclude(console, standings, intervals, time.monotonic() - began, as_json=as_json)


def _contract(web3: Any, contract_address: str | None, operator: Any) -> Any:
    from electro_contracts.deployment import Least
    from electro_tools.contract.deploy import at, deploy, reach

    if contract_address is not None:
        return reach(web3, contract_address)
    made = deploy(
        web3,
        operator,
        admin=operator.address,
        operator=operator.address,
        admin_delay_s=0,
        least=Least(0, 0, 0),
    )
    return at(web3, made.address)


async def _with_relayer(
    node: Endpoint,
    contract: str,
    key_file: Path | None,
    folder: Path,
    finality: str,
    run: Callable[[RelayerProcess | None], Any],
) -> Any:
    """Await what `run` makes of a relayer, which is run for that long if there is a key for it."""
    if key_file is None:
        return await run(None)
    from electro_tools.demo.relayer_process import RelayerProcess

    settings = {**_RELAYER, "ELECTRO_RELAYER_FINALITY": finality}
    relayer = RelayerProcess(node, contract, key_file, folder / "relayer.log", settings)
    try:
        await relayer.start()
        return await run(relayer)
    finally:
        await relayer.stop()


def _killing(relayer: RelayerProcess) -> Callable[[float], Coroutine[Any, Any, None]]:
    """Return what ends the relayer at a third of a run, and starts it again, knowing nothing, at a half."""
    down = [False]

    async def trouble(over: float) -> None:
        if not down[0] and _KILLED_FROM <= over < _KILLED_UNTIL:
            down[0] = True
            await relayer.kill()
        elif down[0] and over >= _KILLED_UNTIL:
            down[0] = False
            await relayer.start()

    return trouble


def _conclude(
    console: Console, standings: list[Standing], intervals: int, took_s: float, *, as_json: bool
) -> None:
    import json

    from electro_tools.fleet import summary

    found = summary.as_json(standings, intervals)
    if as_json:
        click.echo(json.dumps({**found, "took_s": round(took_s, 1)}))
    else:
        console.print(summary.table(standings, intervals, f"{intervals} intervals each, all simulated"))
        for why, meters in summary.reasons(standings, intervals):
            console.print(f"missing at {meters:,} meters: {why}", highlight=False, markup=False)
        console.print(f"took {took_s:.0f} s", highlight=False)
    missing = found["intervals"] - found["arrived"]
    if missing:
        raise Discrepancy(f"{missing:,} of {found['intervals']:,} intervals are not on the chain")
