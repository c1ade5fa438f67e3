# SPDX-License-Identifier: Apache-2.0
"""`electro agreement template`, `check` and `terms`: what the parties agree on, as a file."""

from __future__ import annotations

import dataclasses
import textwrap
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_plan.money import MINOR_UNITS, Currency
from electro_plan.quantities import duration_text, instant
from electro_tools.commands import Command
from electro_tools.contract.desk import agreement_argument, asks, json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import BONUS
from electro_tools.viewing import opened, viewing_option

if TYPE_CHECKING:
    from electro_contracts.terms import Terms
    from electro_tools.contract.desk import Desk

_file = click.Path(dir_okay=False, path_type=Path)
_DEFAULT_UNIT_WH = 100
_DEFAULT_INTERVAL_S = 900
_WIDTH = 80  # of a terminal


def _start(_ctx: click.Context, parameter: click.Parameter, text: str | None) -> datetime:
    """Keep the offset that was written: bands by the time of day follow it."""
    if text is None:
        today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        return today + timedelta(days=30)
    try:
        instant(text)
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param=parameter) from error


@click.command(cls=Command)
@click.option("--out", type=_file, default=Path("terms.toml"), show_default=True, help="The file to write.")
@click.option(
    "--start",
    callback=_start,
    help="First instant of the term, ISO 8601 with offset; default: midnight a month ahead.",
)
@click.option(
    "--days", type=click.IntRange(1, 3660), default=28, show_default=True, help="Length of the term."
)
@json_option
def template(out: Path, start: datetime, days: int, as_json: bool) -> None:
    """Write a terms file to fill in; its figures are examples: agree on your own.

    `electro plan bands FILE --terms terms.toml` writes one whose bands follow from a load history.
    """
    from . import terms_text

    if out.exists():
        raise ToolError(f"{out} exists already", "name another file with --out")
    slots = terms_text.EXAMPLE_BANDS
    capacity = max(greatest for _, greatest in slots) * 5 // 4
    text = terms_text.TEMPLATE.format(
        start=start.isoformat(),
        interval=duration_text(_DEFAULT_INTERVAL_S),
        length=f"{days} d",
        unit=_DEFAULT_UNIT_WH,
        bands=terms_text.BANDS_BY_DAY,
        capacity=f"{capacity * _DEFAULT_UNIT_WH / 1000:.10g}",
        missing=terms_text.example_missing(slots, capacity, _DEFAULT_INTERVAL_S),
        **terms_text.EXAMPLE_PENALTIES,
    )
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ToolError(f"{out} can't be written: {error.strerror}") from error
    Facts().add("terms", str(out)).print(as_json=as_json)


@click.command(cls=Command)
@click.argument("file", type=_file)
@click.option("--bonus", type=BONUS, help="Minor units: what the behaviours are worth against it.")
@click.option("--meters", type=click.IntRange(1, 64), help="Metering points of the agreement.")
@json_option
def check(file: Path, bonus: int | None, meters: int | None, as_json: bool) -> None:
    """Read a terms file; say what it means, and for which behaviours it is weak. Nothing is sent.

    Silence has one price, and the least that it may be is worked out, for sealed readings too. Then each behaviour of a
    consumer or an operator that pays under these terms, with the sum. The hash is what a consumer names when it accepts
    these terms.
    """
    from . import terms_file, weaknesses

    content = terms_file.read_all(file)
    facts = Facts(content.about.zone)
    if content.about.name is not None:
        facts.add("name", content.about.name)
    terms, currency = content.terms, content.about.currency
    describe(facts, terms, currency)
    slot, dearest = weaknesses.least_silence(terms)
    agreed = f"agreed are {currency.text(terms.missing_penalty)}"
    words = f"{currency.text(dearest)} is what the truth can cost, in slot {slot}; {agreed}"
    facts.add("silence", dearest, words).silent("silence_slot", slot)
    hidden = weaknesses.least_sealed_silence(terms)
    enough = "agreed is enough" if terms.missing_penalty >= hidden else "more must be agreed"
    facts.add(
        "if sealed", hidden, f"{currency.text(hidden)} is what the truth can cost in any band; {enough}"
    )
    found = weaknesses.find(terms, currency, bonus, meters)
    facts.silent("weak", [dataclasses.asdict(each) for each in found])
    facts.print(as_json=as_json)
    if not as_json:
        for each in found:
            click.echo(
                f"\nweak       {each.name}, in favour of the {each.favours}: {currency.text(each.amount)}"
            )
            click.echo(textwrap.fill(each.words, _WIDTH, initial_indent="  ", subsequent_indent="  "))


@click.command(cls=Command)
@agreement_argument
@viewing_option
@asks
def terms(desk: Desk, agreement_id: int, viewing_file: Path | None) -> None:
    """Write an agreement's terms, as they are on chain, to the terminal as a terms file.

    Sealed ones are opened with the viewing key.
    """
    from electro_console.terms_toml import to_toml
    from electro_contracts.terms import Terms

    kept = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    found = opened(kept, viewing_file)
    if desk.as_json:
        facts = Facts()
        describe(facts, found, are_sealed=kept.seal is not None)
        facts.print(as_json=True)
        return
    click.echo(to_toml(found), nl=False)


def describe(
    facts: Facts, terms: Terms, currency: Currency = MINOR_UNITS, *, are_sealed: bool = False
) -> None:
    """Add what terms mean to the facts; money as people write it in the currency.

    are_sealed: on chain; here they are open for who has the viewing key.
    """
    from electro_console.terms_toml import CAUSES

    unit = terms.unit_wh
    least = min(low for low, _ in terms.bands) * unit
    greatest = max(high for _, high in terms.bands) * unit
    pass_s = len(terms.bands) * terms.interval_seconds
    facts.time("start", terms.start).time("end", terms.end)
    facts.time("grace until", terms.reports_until).time("settles at", terms.settles_at)
    facts.add(
        "intervals", terms.intervals, f"{terms.intervals:,} of {duration_text(terms.interval_seconds)}"
    ).silent("interval_seconds", terms.interval_seconds)
    facts.add("slots", len(terms.bands), f"{len(terms.bands)}, a schedule of {duration_text(pass_s)}")
    facts.add("unit", unit, f"{unit} Wh")
    capacity = f"{terms.capacity_units * unit / 1000:,} kWh an interval can be taken"
    facts.add("capacity", terms.capacity_units, capacity)
    if terms.seal is None:
        facts.say("bands", f"from {least / 1000:,} kWh to {greatest / 1000:,} kWh an interval")
        facts.silent("bands", [list(band) for band in terms.bands])
    else:
        facts.add("viewing key hash", "0x" + terms.seal.key_hash.hex(), "bands and readings are sealed")
    facts.add(
        "violation",
        terms.violation_penalty,
        f"{currency.text(terms.violation_penalty)} for each interval outside its band",
    )
    facts.add("under", terms.under_rate, f"{currency.text(terms.under_rate)} for each unit below")
    facts.add("over", terms.over_rate, f"{currency.text(terms.over_rate)} for each unit above")
    facts.add(
        "missing",
        terms.missing_penalty,
        f"{currency.text(terms.missing_penalty)} for each interval without data",
    )
    causes = [name for bit, name in enumerate(CAUSES) if terms.penalised_causes >> bit & 1]
    facts.say(
        "outage",
        f"{currency.text(terms.outage_penalty)} and {currency.text(terms.outage_minute_penalty)} a minute, "
        f"cause {' or '.join(causes)}"
        if causes
        else "nothing, whatever the cause",
    )
    facts.silent("outage", terms.outage_penalty).silent("outage_minute", terms.outage_minute_penalty)
    facts.silent("outage_causes", causes)
    facts.add("notice", terms.notice, duration_text(terms.notice))
    looked_back = f"{duration_text(terms.fault_lookback)} before a declared fault"
    facts.add("look-back", terms.fault_lookback, looked_back)
    if are_sealed:
        facts.add("renominate", None, "both together alone, a whole pass before it begins")
    else:
        alone = f"the consumer alone, {duration_text(terms.lead_seconds)} ahead"
        if terms.raise_units:
            alone += f", up to {terms.raise_units * unit / 1000:,} kWh above its band"
        facts.add("renominate", terms.lead_seconds, alone).silent("raise", terms.raise_units)
    share = f"{terms.discount_rate_ppm / 10_000:g} % of what remains"
    facts.add("discount", terms.discount_rate_ppm, f"{share}, for {duration_text(terms.discount_expiry)}")
    facts.silent("discount_expiry", terms.discount_expiry)
    facts.add("terms hash", "0x" + terms.hash.hex())
