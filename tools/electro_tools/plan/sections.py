# SPDX-License-Identifier: Apache-2.0
"""`electro plan sections`: what the accepted agreements of a chain together allow on each section of a network."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_protocol import address
from electro_tools.commands import Command
from electro_tools.contract.desk import asks
from electro_tools.contract.indexed import index_options, indexed
from electro_tools.errors import ToolError
from electro_tools.parameters import MOMENT
from electro_tools.viewing import in_folder, viewing_folder_option

from .options import in_zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from electro_plan.sections import Planned, Section
    from electro_tools.contract.desk import Desk
    from electro_tools.contract.indexed import Kept

_path = click.Path(dir_okay=False, path_type=Path)
_DAY_S = 86_400
_HOUR_S = 3600


@click.command(cls=Command)
@click.argument("file", type=_path)
@click.option(
    "--since",
    type=MOMENT,
    help="First instant; default: the hour that runs. Before it what was reported is shown too.",
)
@click.option("--days", type=click.IntRange(1, 62), default=7, show_default=True, help="How many.")
@click.option("--zone", default="UTC", show_default=True, help="Whose clock hours and days follow.")
@click.option(
    "--offer",
    "offers",
    type=click.IntRange(1),
    multiple=True,
    help="Also a proposal that is not accepted: what it would change.",
)
@click.option("--svg", type=_path, help="Also draw a heat map.")
@viewing_folder_option
@index_options
@asks
def sections(
    desk: Desk,
    file: Path,
    since: int | datetime | None,
    days: int,
    zone: str,
    offers: tuple[int, ...],
    svg: Path | None,
    viewing_folder: Path | None,
    kept: Kept,
) -> None:
    """Add up what accepted agreements allow on each section of FILE, hour by hour, against what it can take.

    FILE has a [[section]] for each: name, capacity_kw, meters, and the parent that feeds it. Renominated bands count.
    It says the hours in which more is allowed than a section takes, those in which it idles, and where there is room.
    Of sealed agreements without their viewing key all counts that their connection can take.
    """  # fmt: skip
    from electro_plan import zones
    from electro_plan.heat_map import heat_map_svg
    from electro_plan.sections import plan_sections

    from .writing import ensure_new, write_new

    if svg is not None:
        ensure_new(svg)
    zone = zones.name(zone)
    network = read_sections(file)
    keys = in_folder(viewing_folder)
    now = desk.now()
    first = (now if since is None else in_zone(since, zone)) // _HOUR_S * _HOUR_S
    end = first + days * _DAY_S
    meters = {address.parse(meter) for section in network for meter in section.meters}
    with indexed(desk, kept) as index:
        held = index.commitments(meters, first, end, now, keys=keys)
        more = index.commitments(meters, first, end, now, offers, keys) if offers else []
    planned = plan_sections(network, held, first, end)
    offered = None
    if offers:
        if not more:
            raise ToolError("the offers have no meter on these sections in this time")
        offered = plan_sections(network, [*held, *more], first, end)
    if svg is not None:
        write_new(svg, heat_map_svg(offered or planned, zone))
    if desk.as_json:
        click.echo(json.dumps(_facts(planned, offered, zone)))
    else:
        _tell(planned, offered, zone)


def read_sections(path: Path) -> list[Section]:
    """Read a file of sections.

    Raises:
        ToolError: naming the entry.
    """
    from electro_plan.sections import Section

    from .entries import document, tables

    made = []
    for table in tables(path, document(path, "section"), "section"):
        name = table.text("name")
        meters = []
        for text in table.texts("meters", []):
            try:
                meters.append(address.checksum(address.parse(text)))
            except ValueError as error:
                raise ToolError(f"{path}: section.meters of {name}: {error}") from error
        made.append(
            Section(
                name,
                table.number("capacity_kw", above=True) * 1000,
                tuple(meters),
                table.text("parent", "") or None,
                table.number("idle_share", 0.2),
            )
        )
        table.end()
    if not made:
        raise ToolError(f"{path} has no [[section]]")
    return made


def _tell(planned: Sequence[Planned], offered: Sequence[Planned] | None, zone: str) -> None:
    from electro_plan.wording import instant

    first, last = planned[0].starts_s[0], planned[0].starts_s[-1]
    click.echo(f"{instant(int(first), zone)} to {instant(int(last) + planned[0].step_s, zone)}, kW")
    heads = ("section", "capacity", "least", "greatest", "overloaded", "idle", "meters")
    rows = [heads, *(_row(each) for each in planned)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(heads))]
    for row in rows:
        cells = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        click.echo("  ".join([row[0].ljust(widths[0]), *cells]))
    for each in planned:
        click.echo(
            f"{each.section.name}: {_room_words(each, zone)}{_actual_words(each)}{_sealed_words(each)}"
        )
    for was, becomes in zip(planned, offered or (), strict=False):
        if (becomes.greatest_w != was.greatest_w).any():
            click.echo(
                f"with the offer, {becomes.section.name}: at most {_kw(float(becomes.greatest_w.max()))} kW instead of "
                f"{_kw(float(was.greatest_w.max()))}, overloaded {becomes.hours(becomes.overloaded):.4g} h instead of "
                f"{was.hours(was.overloaded):.4g}; then {_room_words(becomes, zone)}"
            )


def _row(planned: Planned) -> tuple[str, ...]:
    return (
        planned.section.name,
        _kw(planned.section.capacity_w),
        _kw(float(planned.least_w.min())),
        _kw(float(planned.greatest_w.max())),
        f"{planned.hours(planned.overloaded):.4g} h",
        f"{planned.hours(planned.idle):.4g} h",
        f"{int(planned.meters.max())} of {planned.of_meters}",
    )


def _room_words(planned: Planned, zone: str) -> str:
    room = planned.room(zone)
    words = f"room for {_kw(room.always_w)} kW at all hours"
    if room.window_w > room.always_w:
        words += f", for {_kw(room.window_w)} kW between {room.from_hour:02}:00 and {room.to_hour:02}:00"
    return words


def _actual_words(planned: Planned) -> str:
    import numpy as np

    known = planned.actual_w[np.isfinite(planned.actual_w)]
    return f"; reported up to {_kw(float(known.max()))} kW" if len(known) else ""


def _sealed_words(planned: Planned) -> str:
    count = planned.sealed_meters
    if not count:
        return ""
    return (
        f"; the bands of {count} of its meters are sealed, and count as all that their connections can take"
    )


def _kw(watts: float) -> str:
    return f"{watts / 1000:,.6g}"


def _facts(planned: Sequence[Planned], offered: Sequence[Planned] | None, zone: str) -> dict[str, Any]:
    import math

    facts: dict[str, Any] = {"zone": zone, "sections": []}
    for at, each in enumerate(planned):
        entry: dict[str, Any] = {
            "name": each.section.name,
            "capacity_w": each.section.capacity_w,
            "first": int(each.starts_s[0]),
            "step_s": each.step_s,
            "meters": int(each.meters.max()),
            "of_meters": each.of_meters,
            "sealed_meters": each.sealed_meters,
            "least_w": each.least_w.tolist(),
            "greatest_w": each.greatest_w.tolist(),
            "actual_w": [None if math.isnan(power) else power for power in each.actual_w.tolist()],
            **_hours(each, zone),
        }
        if offered is not None:
            entry["with_offer"] = {"greatest_w": offered[at].greatest_w.tolist(), **_hours(offered[at], zone)}
        facts["sections"].append(entry)
    return facts


def _hours(planned: Planned, zone: str) -> dict[str, Any]:
    room = planned.room(zone)
    return {
        "overloaded_hours": planned.hours(planned.overloaded),
        "idle_hours": planned.hours(planned.idle),
        "room_always_w": room.always_w,
        "room_w": room.window_w,
        "room_from_hour": room.from_hour,
        "room_to_hour": room.to_hour,
    }
