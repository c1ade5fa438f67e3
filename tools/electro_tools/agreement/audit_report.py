# SPDX-License-Identifier: Apache-2.0
"""What an audit found, for people at 80 columns or as one JSON object."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

from electro_console.agreement.intervals import INTERRUPTED, MISSING, SILENT, Interval, spans, spans_text
from electro_console.terms_toml import CAUSES
from electro_contracts import events
from electro_contracts.invoices import word_text
from electro_contracts.places import By
from electro_plan.quantities import duration_text, instant_text
from electro_protocol import address
from electro_tools.facts import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_console.agreement.comparison import Compared
    from electro_console.agreement.paper import Paper
    from electro_console.agreement.said import Said
    from electro_contracts.model import Agreement
    from electro_tools.contract.desk import Desk

_TIMES = ("end", "good until")  # figures that are unix seconds
_BY = {By.CONSUMER: "the consumer", By.OPERATOR: "the operator", By.BOTH: "both together"}
_PARTIES = (
    events.Granted,
    events.Waived,
    events.Terminated,
    events.Cancelled,
    events.DeviceRevoked,
    events.DeviceRotated,
    events.DiscountRedeemed,
    events.RedemptionAcknowledged,
    events.Renominated,
    events.FaultDeclared,
    events.ConsumerChanged,
)


def show(
    desk: Desk, paper: Paper, compared: Sequence[Compared], history: Sequence[Said], head: int, now: int
) -> None:
    """Print the audit."""
    if desk.as_json:
        click.echo(json.dumps(safe(_as_json(paper, compared, head, now))))
        return
    assert paper.proposed is not None  # the command has seen to it
    click.echo(f"agreement  {paper.agreement_id}, {len(history):,} events up to block {head}")
    click.echo(f"at         {instant_text(now)}")
    click.echo(f"consumer   {address.checksum(paper.proposed.consumer)}")
    if paper.model is None:
        click.echo("state      never accepted: there is nothing to add up")
        return
    for device in paper.model.points:
        _meter(paper, paper.model, device, now)
    _parties(history, are_sealed=paper.sealed is not None)
    _figures(compared)
    for finding in paper.findings:
        click.echo(f"DIFFERS  {finding}")
    good = all(each.equal for each in compared) and not paper.findings
    verdict = click.style("yes, to the unit", fg="green") if good else click.style("NO", fg="red")
    click.echo(f"check  contract = independent model: {verdict}")


def _meter(paper: Paper, model: Agreement, device: bytes, now: int) -> None:
    intervals = paper.intervals(device)
    bill = model.bill(device, now)
    click.echo(f"\nmeter      {address.checksum(device)}")
    click.echo(f"reported   {bill.intervals:,} of {len(intervals):,} intervals")
    off = [each for each in intervals if each.deviation]
    if off:
        click.echo(f"violations {len(off):,}, costing {sum(each.penalty for each in off):,}")
    for each in off:
        click.echo(f"  {_violation(each, paper)}")
    closed = model.is_closed(now)
    for kind in (SILENT, INTERRUPTED, MISSING):
        stretches = [span for span in spans(intervals, kind) if kind != MISSING or _is_late(model, span, now)]
        if stretches:
            count = sum(last - first + 1 for first, last in stretches)
            cost = sum(each.penalty for each in intervals if each.kind == kind and not each.deviation)
            costing = f", costing {cost:,}" if cost else ""
            click.echo(f"{kind:10} {count:,}: intervals {_some(spans_text(stretches))}{costing}")
    if closed and bill.missing + bill.unexplained:
        cost = (bill.missing + bill.unexplained) * paper.terms.missing_penalty
        click.echo(
            f"charged    {bill.missing} never reported, {bill.unexplained} interrupted without an outage: {cost:,}"
        )
    point = model.points[device]
    for outage in [*point.outages, *([point.open_outage] if point.open_outage else [])]:
        length = duration_text(outage.ended_at - outage.started_at) if outage.ended_at else "still out"
        cost = paper.outage_penalties[device][outage.number]
        words = f"{instant_text(outage.started_at)}, {length}, cause {CAUSES[outage.cause]}"
        click.echo(f"outage     {words}: {cost:,}")
    _register(paper, device)


def _is_late(model: Agreement, span: tuple[int, int], now: int) -> bool:
    """Whether a stretch that is not reported has at least begun to be late."""
    return model.terms.start + (span[0] + 1) * model.terms.interval_seconds <= now


def _violation(each: Interval, paper: Paper) -> str:
    side = "over" if each.deviation > 0 else "under"
    kwh = abs(each.deviation) * paper.terms.unit_wh / 1000
    when = instant_text(each.start)[:16]
    interrupted = " (interrupted)" if each.kind == INTERRUPTED else ""
    off = f"{side} by {abs(each.deviation):,} units, {kwh:,.10g} kWh{interrupted}"
    return f"{when}  interval {each.index}: {off}: {each.penalty:,}"


def _register(paper: Paper, device: bytes) -> None:
    register = paper.registers.get(device)
    if register is None:
        return
    click.echo(f"register   {register.last_wh / 1000:,.3f} kWh")
    if register.reports > 1:
        rose, read = register.counted_wh / 1000, register.read_wh / 1000
        click.echo(f"           {rose:+,.3f} kWh since the first report; readings {read:,.3f} kWh")
    for gap in register.gaps:
        click.echo(f"  {gap.text()}")


def _parties(history: Sequence[Said], *, are_sealed: bool) -> None:
    lines = []
    for said in history:
        if isinstance(said.event, _PARTIES):
            fields = dataclasses.asdict(said.event)
            fields.pop("agreement_id", None)
            if are_sealed and "bands" in fields:
                fields["bands"] = "sealed, of a whole pass"
            shown = ", ".join(
                f"{name.replace('_', ' ')} {_value(name, value)}" for name, value in fields.items()
            )
            lines.append(f"  {instant_text(said.time)[:16]}  {_words(type(said.event).__name__)}: {shown}")
    if lines:
        click.echo("\n" + "\n".join(["what the parties did", *lines]))


def _words(name: str) -> str:
    """Return an event's name as words: DeviceRevoked, "device revoked"."""
    return "".join(f" {c.lower()}" if c.isupper() else c for c in name).strip()


def _value(name: str, value: Any) -> str:
    if isinstance(value, bytes):
        if name == "bands":
            return f"of {len(value) // 4} intervals"
        return address.checksum(value) if len(value) == 20 else word_text(value)
    if isinstance(value, str):
        return value
    if name == "by":
        return _BY[value]
    if isinstance(value, bool):
        return "yes" if value else "no"
    return instant_text(value) if name == "revoked_at" else f"{value:,}"


def _figures(compared: Sequence[Compared]) -> None:
    click.echo(f"\n{'':14}{'contract':>26}{'model':>26}")
    device = None
    for each in compared:
        if each.device != device:
            device = each.device
            click.echo(device)
        if not each.contract and not each.model:
            continue
        shown = [
            instant_text(figure) if each.what in _TIMES and each.device is None and figure else f"{figure:,}"
            for figure in (each.contract, each.model)
        ]
        click.echo(f"{each.what:14}{shown[0]:>26}{shown[1]:>26}" + ("" if each.equal else "  DIFFERS"))


def _some(text: str) -> str:
    """Return a list that fits a few lines; --json and --csv have all of it."""
    return text if len(text) <= 200 else text[:200].rpartition(",")[0] + " and more (--csv has all)"


def _as_json(paper: Paper, compared: Sequence[Compared], head: int, now: int) -> dict[str, Any]:
    assert paper.proposed is not None  # the command has seen to it
    meters = []
    for device in paper.model.points if paper.model else []:
        assert paper.model is not None
        intervals = paper.intervals(device)
        register = paper.registers.get(device)
        meters.append(
            {
                "device": address.checksum(device),
                "bill": dataclasses.asdict(paper.model.bill(device, now)),
                "violations": [dataclasses.asdict(each) for each in intervals if each.deviation],
                **{kind.replace(" ", "_"): spans(intervals, kind) for kind in (SILENT, INTERRUPTED, MISSING)},
                "outages": [outage.to_json() for outage in paper.model.points[device].outages],
                "register": None if register is None else _register_json(register),
            }
        )
    return {
        "agreement": paper.agreement_id,
        "block": head,
        "time": now,
        "consumer": address.checksum(paper.proposed.consumer),
        "accepted": paper.model is not None,
        "meters": meters,
        "compared": [{**dataclasses.asdict(each), "equal": each.equal} for each in compared],
        "findings": paper.findings,
        "equal": all(each.equal for each in compared) and not paper.findings,
    }


def _register_json(register: Any) -> dict[str, Any]:
    gaps = [{**dataclasses.asdict(gap), "difference_wh": gap.difference_wh} for gap in register.gaps]
    return {
        "last_wh": register.last_wh,
        "counted_wh": register.counted_wh,
        "read_wh": register.read_wh,
        "gaps": gaps,
    }
