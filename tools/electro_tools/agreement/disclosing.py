# SPDX-License-Identifier: Apache-2.0
"""`electro agreement disclose` and `check-disclosure`: show one sealed report to somebody who has no viewing key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from electro_console.agreement.sealed_bands import proof_of
from electro_console.agreement.sealed_paper import about_of
from electro_contracts import events
from electro_contracts.terms import Terms, pack_bands
from electro_protocol import address, judging, sealing
from electro_protocol.readings import is_interrupted, units, unpack
from electro_tools import papers, viewing
from electro_tools.commands import Command
from electro_tools.contract.desk import agreement_argument, asks
from electro_tools.contract.indexed import index_options
from electro_tools.errors import Discrepancy, ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import ADDRESS
from electro_tools.viewing import viewing_option

from .auditing import history_of
from .disclosure import Disclosure, read
from .overrides import in_the_clear, replaced

if TYPE_CHECKING:
    from electro_tools.contract.desk import Desk
    from electro_tools.contract.indexed import Kept

_file = click.Path(dir_okay=False, path_type=Path)


@click.command(cls=Command)
@agreement_argument
@click.option("--device", type=ADDRESS, required=True, help="The meter that signed the report.")
@click.option("--report", "first", type=click.IntRange(0), required=True, help="The report's first interval.")
@click.option(
    "--bands", is_flag=True, help="Show the bands of its pass too, so that the judgement can be checked."
)
@click.option("--out", type=_file, required=True, help="The file to write.")
@viewing_option
@index_options
@asks
def disclose(
    desk: Desk,
    agreement_id: int,
    device: str,
    first: int,
    bands: bool,
    out: Path,
    viewing_file: Path | None,
    kept: Kept,
) -> None:
    """Write what shows one sealed report, and no other, to anyone.

    It holds the seed and the key of that report alone. With --bands it shows all bands that hold in the report's pass
    of the schedule: the agreed ones, or what both parties have put in their place.
    """
    if viewing_file is None:
        raise ToolError("without the viewing key nothing can be shown", "--viewing-key FILE")
    papers.must_be_new(out)
    key = viewing.read(viewing_file)
    place, event = _reported(desk, agreement_id, address.parse(device), first, kept)
    _, schedule = desk.ask("scheduleOf", agreement_id, place, first)
    about = about_of(desk.domain.separator, event, schedule)
    try:
        seed, shown = sealing.disclose(key, about, event.sealed, event.deviations)
    except sealing.SealError as error:
        raise ToolError(f"{viewing_file} does not open this report: {error}") from error
    packed = bands_seed = b""
    if bands:
        terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
        pass_ = first // len(terms.bands)
        other, _ = replaced(desk, agreement_id, place, pass_, terms)
        opened = viewing.bands_of(agreement_id, terms, viewing_file)
        packed = pack_bands(in_the_clear(other, place, pass_, terms, opened))
        _, about_bands = proof_of(terms, agreement_id, place, pass_, other)
        bands_seed = sealing.bands_seed(key, packed, about_bands)
    domain = desk.domain
    whose = domain.chain_id, domain.contract, agreement_id, event.device, first
    papers.write(out, Disclosure(*whose, seed, shown, packed, bands_seed))
    Facts().count("agreement", agreement_id).add("disclosure", str(out)).print(as_json=desk.as_json)


@click.command(cls=Command)
@click.argument("file", type=_file)
@index_options
@asks
def check_disclosure(desk: Desk, file: Path, kept: Kept) -> None:
    """Check a disclosure against the chain and print what the meter measured; no viewing key is needed.

    Ends with 3 if it is not what the meter sealed, or if its bands are shown and the meter judged otherwise.
    """
    found = read(file)
    agreement_id, device, first, packed = (
        found.agreement_id,
        found.device,
        found.first_interval,
        found.bands,
    )
    if (found.chain_id, found.contract) != (desk.domain.chain_id, desk.domain.contract):
        raise ToolError(f"{file} is of another chain or contract", "name that one with --rpc and --contract")
    place, event = _reported(desk, agreement_id, device, first, kept)
    _, schedule = desk.ask("scheduleOf", agreement_id, place, first)
    about = about_of(desk.domain.separator, event, schedule)
    try:
        register_wh, readings = sealing.open_disclosed(
            found.seed, found.key, about, event.sealed, event.deviations
        )
    except sealing.SealError as error:
        raise Discrepancy(f"{file} does not show what the meter sealed") from error
    lanes = unpack(readings)
    facts = Facts().count("agreement", agreement_id).add("meter", address.checksum(device))
    facts.add("first", first).add("register_wh", register_wh).silent("readings", lanes)
    facts.say("readings", ", ".join(map(_text, lanes)))
    if packed:
        terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
        pass_ = first // len(terms.bands)
        other, _ = replaced(desk, agreement_id, place, pass_, terms)
        nonce, whose = proof_of(terms, agreement_id, place, pass_, other)
        agreed = sealing.are_bands_of(nonce, packed, found.bands_seed, whose)
        if len(packed) != 4 * len(terms.bands) or not agreed:
            raise Discrepancy(f"{file} shows other bands than were agreed for that pass")
        right = judging.deviations(readings, packed, first % len(terms.bands)) == event.deviations
        facts.add("judged", right, "as its readings and bands say" if right else "OTHERWISE than they say")
    facts.print(as_json=desk.as_json)
    if packed and not right:
        raise Discrepancy("the meter told other deviations than its readings have")


def _reported(
    desk: Desk, agreement_id: int, device: bytes, first: int, kept: Kept
) -> tuple[int, events.SealedReported]:
    """Return the place and the event of a report; raise ToolError if there is none."""
    place = desk.record("point", agreement_id, address.checksum(device))["place"]
    for said in history_of(desk, agreement_id, kept):
        event = said.event
        if isinstance(event, events.SealedReported) and (event.device, event.first_interval) == (
            device,
            first,
        ):
            return place, event
    raise ToolError(
        f"meter {address.checksum(device)} has sent no sealed report that begins with interval {first}"
    )


def _text(lane: int) -> str:
    read_units = units(lane)
    if read_units is None:
        return "no data"
    return f"{read_units} interrupted" if is_interrupted(lane) else str(read_units)
