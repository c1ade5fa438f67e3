# SPDX-License-Identifier: Apache-2.0
"""`electro agreement renominate`, `widen`, `draft` and `sign-renomination`: other bands for intervals to come."""

from __future__ import annotations

import functools
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from electro_console import refusals
from electro_console.nomination import whole_pass
from electro_contracts.discount import Refused
from electro_contracts.events import Renominated
from electro_contracts.places import By
from electro_contracts.terms import pack_bands
from electro_plan import quantities
from electro_plan.quantities import instant_text
from electro_protocol import address
from electro_protocol.signed import SignedMessage
from electro_tools import papers
from electro_tools.accounts import optional_key_options
from electro_tools.commands import Command
from electro_tools.contract.asking import confirm
from electro_tools.contract.desk import acts, agreement_argument, asks, json_option
from electro_tools.errors import ToolError
from electro_tools.facts import Facts
from electro_tools.parameters import INSTANT
from electro_tools.viewing import viewing_option

from . import bands as bands_file
from . import draft as drafts
from . import nomination_picture, wallet
from .consent import Consent
from .draft import Ciphertext, Draft
from .nomination import binding, facts_of, must_be_allowed
from .overrides import agreed, in_the_clear, replaced

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_contracts.terms import Bands, Terms
    from electro_tools.accounts import KeyFile
    from electro_tools.contract.desk import Desk, Sent

    from .overrides import Agreed

_file = click.Path(dir_okay=False, path_type=Path)


def _nomination_options(by: By) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command `draft`, from the bands file and where it begins, and `svg_file`; by: who is to order it."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(command)
        def with_draft(
            desk: Desk,
            agreement_id: int,
            place: int,
            bands: Path,
            first: str,
            svg_file: Path | None,
            viewing_file: Path | None = None,
            **kwargs: Any,
        ) -> Any:
            held = agreed(desk, agreement_id, by, viewing_file)
            draft = _read(desk, held, place, bands, first)
            must_be_allowed(draft, by, desk.now())
            if svg_file is not None:
                papers.must_be_new(svg_file)
                nomination_picture.draw(svg_file, draft.nomination)
            return command(desk=desk, draft=draft, **kwargs)

        decorated: Callable[..., Any] = with_draft
        for option in (*((viewing_option,) if by is By.BOTH else ()), *_OPTIONS):
            decorated = option(decorated)
        return decorated

    return decorate


_OPTIONS = (
    click.option("--svg", "svg_file", type=_file, help="Also draw what changes."),
    click.option(
        "--first",
        required=True,
        metavar="N|TIME",
        help="The interval of the first row: its number, or its first instant, ISO 8601 with offset.",
    ),
    click.option(
        "--bands",
        type=_file,
        required=True,
        help="CSV with a row for each interval, columns least_kwh and greatest_kwh (or _wh, _mwh, _units).",
    ),
    click.option(
        "--place", type=click.IntRange(0, 63), default=0, show_default=True, help="The metering point."
    ),
    agreement_argument,
)


@click.command(cls=Command)
@acts
@_nomination_options(By.CONSUMER)
@wallet.folder_option
def renominate(desk: Desk, draft: Draft, folder: Path | None) -> None:
    """Replace bands ahead, as the consumer alone, by a transaction.

    A slot may become no wider than agreed, and no higher than the agreed raise, a lead ahead. What changes, what it is
    worth and who may order it is shown first. By signature: electro agreement draft. Sealed bands only both parties
    replace together.
    """
    facts = facts_of(draft, desk.now())
    message = draft.message(draft.nomination.begins)
    sent = desk.send(
        "renominate",
        message.values(),
        b"",
        lasting=binding(draft),
        about=facts,
        wallet=wallet.hand(desk, folder, message),
    )
    _report(desk, facts, sent)


@click.command(cls=Command)
@acts
@_nomination_options(By.OPERATOR)
def widen(desk: Desk, draft: Draft) -> None:
    """Widen bands ahead, as the operator alone: each new band must contain what holds now.

    For a curtailment that the operator orders, or works that it plans. Sealed bands only both parties replace together:
    electro agreement draft.
    """
    facts = facts_of(draft, desk.now())
    new = draft.nomination
    what = (draft.agreement_id, new.place, new.first, pack_bands(new.bands))
    _report(desk, facts, desk.send("widen", *what, lasting=binding(draft), about=facts))


@click.command("draft", cls=Command)
@asks
@_nomination_options(By.BOTH)
@click.option("--out", type=_file, required=True, help="The file to write.")
def draft_renomination(desk: Desk, draft: Draft, out: Path) -> None:
    """Write a renomination to a file, for the consumer to read and sign offline; anyone may.

    What only both together may order is shown, too: the operator then submits what is signed with --together.

    Sealed bands are replaced for a whole pass of the schedule, before it begins. The rows of --bands may be fewer: the
    other intervals of the pass keep what holds there. With the viewing key all is shown here; the file has ciphertext
    alone, and can be mailed.
    """
    facts = facts_of(draft, desk.now())
    papers.write(out, draft)
    facts.add("draft", str(out)).print(as_json=desk.as_json)


@click.command(cls=Command)
@click.argument("draft_file", metavar="DRAFT", type=_file)
@click.option(
    "--deadline",
    type=INSTANT,
    help="Until when the signature can be used; default: the first interval's start.",
)
@click.option("--out", type=_file, help="The signed file to write.")
@click.option("--yes", is_flag=True, help="Sign without asking.")
@viewing_option
@wallet.folder_option
@wallet.offline_option
@optional_key_options
@json_option
def sign_renomination(
    draft_file: Path,
    deadline: int | None,
    out: Path | None,
    yes: bool,
    viewing_file: Path | None,
    folder: Path | None,
    sender: str | None,
    key: KeyFile | None,
    as_json: bool,
) -> None:
    """Sign a drafted renomination, as the consumer; no network is needed.

    What it says is shown first. Anyone can then submit the signed file, and the operator with --together where the
    consumer alone may not. A deadline is what protects you from a signature that is kept back. Sealed bands are signed
    only with the viewing key that opens them, for the pass, the place and the agreement that the draft names.
    """
    draft = drafts.read(draft_file, viewing_file)
    message = draft.message(draft.nomination.begins if deadline is None else deadline)
    facts = facts_of(draft, int(time.time()))
    if sender is not None:
        name = f"Renomination-{draft.agreement_id}-{message.sequence}"
        written = wallet.write(folder or Path(name), message, draft.domain)
        wallet.tell(facts, written, sender)
        facts.print(as_json=as_json)
        return
    if key is None or out is None:
        raise click.UsageError("Give --key-file and --out (or --from for another wallet).")
    papers.must_be_new(out)
    account = key.open()
    if address.parse(account.address) != draft.consumer:
        raise ToolError(
            f"the draft is for {address.checksum(draft.consumer)}, and this key is of {account.address}"
        )
    if not yes:
        confirm(binding(draft), facts)
    papers.write(out, Consent(draft.domain, SignedMessage.make(message, draft.domain, bytes(account.key))))
    done = Facts().add("signed", str(out)).time("good until", message.deadline)
    done.count("sequence", message.sequence).print(as_json=as_json)


def _read(desk: Desk, held: Agreed, place: int, file: Path, first: str) -> Draft:
    """Return what a bands file would change.

    Raises:
        ToolError: there is no such place, the file or --first does not fit.
    """
    if place >= len(held.record["devices"]):
        raise _refused("NoSuchPlace", held.agreement_id, place)
    new = bands_file.read_csv(file, held.terms.unit_wh)
    index = _interval(first, held.terms)
    pass_ = index // len(held.terms.bands)
    packed, sequence = replaced(desk, held.agreement_id, place, pass_, held.terms)
    ciphertext = None
    if held.sealed is None:
        before = in_the_clear(packed, place, pass_, held.terms, None)
    else:
        before, new, packed = _whole_pass(held, place, index, new, packed)
        index = pass_ * len(held.terms.bands)
        ciphertext = Ciphertext(held.sealed.seal(new, place, pass_), packed)
    nomination = held.nomination(place, index, new, before, sequence)
    return Draft(desk.domain, held.agreement_id, held.consumer, nomination, ciphertext)


def _whole_pass(
    held: Agreed, place: int, index: int, rows: Bands, packed: bytes | None
) -> tuple[Bands, Bands, bytes | None]:
    """Return the sealed bands of a pass that hold, those with the new rows among them, and the former's ciphertext.

    Raises:
        ToolError: the rows are not of one pass and of the term, or what holds between them does not open.
    """
    assert held.sealed is not None  # only then is a whole pass replaced
    slots, kept = len(held.terms.bands), held.kept
    pass_ = index // slots
    if len(rows) < min(slots, kept - pass_ * slots):
        before = in_the_clear(packed, place, pass_, held.terms, held.sealed)
    else:  # nothing that holds stays, so that it need not open
        found = held.sealed.found(place, pass_, packed)
        if found is None:
            click.echo("what holds in that pass does not open: it is told beside what was agreed", err=True)
            packed = None
        before = found or held.sealed.agreed
    try:
        return before, whole_pass(held.terms, index, rows, before, kept), packed
    except Refused as refused:
        raise _refused(refused.reason, *refused.numbers) from refused


def _refused(name: str, *numbers: int) -> ToolError:
    sentence = refusals.tell(name, numbers)
    assert sentence is not None  # the contract's own error
    return ToolError(sentence, refusals.HINTS[name])


def _interval(first: str, terms: Terms) -> int:
    """Return the interval that is meant: by number or by its first instant."""
    if re.fullmatch(r"[0-9]{1,5}", first):
        return int(first)
    try:
        instant = quantities.instant(first)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--first'") from error
    index, off = divmod(instant - terms.start, terms.interval_seconds)
    if off or index < 0:
        begins = terms.instant(max(0, index))
        raise ToolError(
            f"no interval begins at {instant_text(instant)}",
            f"the one before begins at {instant_text(begins)}",
        )
    return index


def _report(desk: Desk, facts: Facts, sent: Sent) -> None:
    desk.report(facts.count("sequence", sent.event(Renominated).sequence), sent)
