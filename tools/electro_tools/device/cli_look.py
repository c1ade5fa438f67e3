# SPDX-License-Identifier: Apache-2.0
"""`electro device status`, `monitor`, `logs`, `doctor`, `identify`: look at a meter that runs, and leave it running."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from electro_tools.errors import Discrepancy, ToolError
from electro_tools.facts import Facts

from .options import port_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .diagnosis import Finding

url_option = click.option(
    "--url", help="Ask its page in the network instead of the serial line: its address."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def _status(named_port: str | None, url: str | None) -> dict[str, Any]:
    from . import talk
    from .ports import choose

    if url is not None:
        return talk.fetch(url)
    with talk.Line(choose(named_port)) as line:
        return line.ask("status")


@click.command()
@port_option
@url_option
@json_option
def status(named_port: str | None, url: str | None, as_json: bool) -> None:
    """Show what a meter measures, knows and has on its mind."""
    from . import status_words

    told = _status(named_port, url)
    if as_json:
        click.echo(json.dumps(told))
        return
    facts = Facts()
    for label, words in status_words.lines(told):
        facts.say(label, _printable(words))
    facts.print(as_json=False)


@click.command()
@port_option
@click.option(
    "--every", "every_s", type=click.FloatRange(0.5, 3600), default=1.0, show_default=True, help="Seconds."
)
@click.option(
    "--count", type=click.IntRange(1), help="Stop after so many lines; default: go on until interrupted."
)
def monitor(named_port: str | None, every_s: float, count: int | None) -> None:
    """Follow volts, amperes, watts, and the running slot against its band.

    In a terminal one line changes; else there is one line for each look.
    """
    from . import talk
    from .ports import choose

    console = Console(highlight=False, soft_wrap=True)
    with talk.Line(choose(named_port)) as line:
        for number in _counted(count):
            if number:
                time.sleep(every_s)
            words = live_words(line.ask("live"))
            if console.is_terminal:
                console.print("\r\x1b[2K" + words, end="", markup=False)
            else:
                click.echo(words)
    if console.is_terminal:
        console.print()


def live_words(told: dict[str, Any]) -> str:
    """Return one line of what changes from second to second, with a bar of the slot's band."""
    volts = "/".join(f"{mv / 1000:.1f}" for mv in told["urms_mv"])
    amps = "/".join(f"{ma / 1000:,.2f}" for ma in told["irms_ma"])
    said = f"{volts} V  {amps} A  {told['power_mw'] / 1e6:,.3f} kW  {told['register_wh'] / 1000:,.3f} kWh"
    if not told["supplied"]:
        said += "  SUPPLY LOST"
    slot = told.get("slot")
    return said + (f"  {_bar(slot)}" if slot and slot.get("least") is not None else "")


def _bar(slot: dict[str, Any]) -> str:
    """Return the band as a line of 30 marks: [ and ] are its ends, # the energy so far, > the projection."""
    width = 30
    unit_wh = slot["unit_wh"]
    most_wh = max(slot["most"], slot["projected_units"], 1) * unit_wh * 1.15
    so_far = max(slot.get("so_far_wh") or 0, 0)
    marks = ["#" if k < so_far / most_wh * width else "." for k in range(width)]
    for value, mark in ((slot["projected_units"], ">"), (slot["least"], "["), (slot["most"], "]")):
        if value >= 0:
            marks[min(width - 1, int(value * unit_wh / most_wh * width))] = mark
    inside = slot["least"] <= slot["projected_units"] <= slot["most"]
    word = "" if slot["projected_units"] < 0 or inside else "  LEAVES ITS BAND"
    left_s = slot["began_s"] + slot["length_s"] - slot["now_s"]
    return f"|{''.join(marks)}| {left_s // 60}:{left_s % 60:02d} left{word}"


def _counted(count: int | None) -> Iterator[int]:
    number = 0
    while count is None or number < count:
        yield number
        number += 1


@click.command()
@port_option
@click.option("--follow", is_flag=True, help="Go on with what the meter says of itself.")
@click.option(
    "--bytes", "count", type=click.IntRange(1, 4096), default=2048, show_default=True, help="Of crash.log."
)
def logs(named_port: str | None, follow: bool, count: int) -> None:
    """Show the end of the crash log, and then what the meter says."""
    from . import talk
    from .ports import choose

    with talk.Line(choose(named_port), lambda line: click.echo(_printable(line))) as line:
        text = str(line.ask(f"logs {count}").get("log", ""))
        click.echo(_printable(text.rstrip("\n")) or "the crash log is empty: nothing ever failed")
        while follow:
            for said in line.lines():
                click.echo(_printable(said))


@click.command()
@port_option
@click.option(
    "--seconds", type=click.IntRange(1, 600), default=20, show_default=True, help="How long it blinks."
)
def identify(named_port: str | None, seconds: int) -> None:
    """Let the meter blink quickly and say its address: what a consumer compares before accepting."""
    from . import talk
    from .ports import choose

    with talk.Line(choose(named_port)) as line:
        told = line.ask(f"identify {seconds}")
    click.echo(f"device  {told.get('device')}\nblinks  {seconds} s, four times a second")


@click.command()
@port_option
@url_option
@json_option
def doctor(named_port: str | None, url: str | None, as_json: bool) -> None:
    """Look at everything a meter needs, and say what to do where something is missing.

    A meter that does not run is looked at as well, which stops what runs on the chip. Exit code 3: something is not
    well.
    """
    from . import talk
    from .diagnosis import findings
    from .ports import choose

    if url is not None:
        found = findings(talk.fetch(url))
    else:
        port = choose(named_port)
        try:
            with talk.Line(port) as line:
                found = findings(line.ask("status"))
        except talk.Silence:
            from .stopped import examine

            found = examine(port)
    _tell(found, as_json=as_json)


def _tell(found: list[Finding], *, as_json: bool) -> None:
    bad = [finding for finding in found if not finding.well]
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in found]))
    else:
        for finding in found:
            click.echo(
                f"{'well' if finding.well else 'LOOK'}  {finding.name}: {_printable(finding.sentence)}"
            )
            if finding.hint:
                click.echo(f"      {finding.hint}")
    if bad:
        raise Discrepancy(f"{len(bad)} of {len(found)} need a look")


def _printable(words: str) -> str:
    """Return words that can't command a terminal: relayers have a say in some of them."""
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in words)


__all__ = ("ToolError", "doctor", "identify", "logs", "monitor", "status")
