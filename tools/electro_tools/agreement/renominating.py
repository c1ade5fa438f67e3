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
from electro_console.nomination import Nomination
from electro_contracts.events import Renominated
from electro_contracts.places import By
from electro_contracts.terms import Terms, pack_bands
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

from . import bands as bands_file
from . import draft as drafts
from . import nomination_picture, wallet
from .consent import Consent
from .draft import Draft
from .nomination import describe
from .overrides import bands_held, must_not_be_sealed

if TYPE_CHECKING:
    from collections.abc import Callable

    from electro_tools.accounts import KeyFile
    from electro_tools.contract.desk import Desk, Sent

_file = click.Path(dir_okay=False, path_type=Path)


def _nomination_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `draft`, from the bands file and where it begins, and `svg_file`."""

    @functools.wraps(command)
    def with_draft(
        desk: Desk,
        agreement_id: int,
        place: int,
        bands: Path,
        first: str,
        svg_file: Path | None,
        **kwargs: Any,
    ) -> Any:
        draft = _read(desk, agreement_id, place, bands, first)
        if svg_file is not None:
            papers.must_be_new(svg_file)
            nomination_picture.draw(svg_file, draft.nomination)
        return command(desk=desk, draft=draft, **kwargs)

    decorated: Callable[..., Any] = with_draft
    for option in (
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
    ):
        decorated = option(decorated)
    return decorated


@click.command(cls=Command)
@acts
@_nomination_options
@wallet.folder_option
def renominate(desk: Desk, draft: Draft, folder: Path | None) -> None:
    """Replace bands ahead, as the consumer alone, by a transaction.

    A slot may become no wider than agreed, and no higher than the agreed raise, a lead ahead. What changes, what it is
    worth and who may order it is shown first. By signature: electro agreement draft.
    """
    _must_be_allowed(draft, By.CONSUMER, desk.now())
    facts = _described(draft, desk.now())
    message = draft.message(draft.nomination.begins)
    sent = desk.send(
        "renominate",
        message.values(),
        b"",
        lasting=_binding(draft),
        about=facts,
        wallet=wallet.hand(desk, folder, message),
    )
    _report(desk, facts, sent)


@click.command(cls=Command)
@acts
@_nomination_options
def widen(desk: Desk, draft: Draft) -> None:
    """Widen bands ahead, as the operator alone: each new band must contain what holds now.

    For a curtailment that the operator orders, or works that it plans.
    """
    _must_be_allowed(draft, By.OPERATOR, desk.now())
    facts = _described(draft, desk.now())
    new = draft.nomination
    what = (draft.agreement_id, new.place, new.first, pack_bands(new.bands))
    _report(desk, facts, desk.send("widen", *what, lasting=_binding(draft), about=facts))


@click.command("draft", cls=Command)
@asks
@_nomination_options
@click.option("--out", type=_file, required=True, help="The file to write.")
def draft_renomination(desk: Desk, draft: Draft, out: Path) -> None:
    """Write a renomination to a file, for the consumer to read and sign offline; anyone may.

    What only both together may order is shown, too: the operator then submits what is signed with --together.
    """
    _must_be_allowed(draft, By.BOTH, desk.now())
    facts = _described(draft, desk.now())
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
@wallet.folder_option
@wallet.offline_option
@optional_key_options
@json_option
def sign_renomination(
    draft_file: Path,
    deadline: int | None,
    out: Path | None,
    yes: bool,
    folder: Path | None,
    sender: str | None,
    key: KeyFile | None,
    as_json: bool,
) -> None:
    """Sign a drafted renomination, as the consumer; no network is needed.

    What it says is shown first. Anyone can then submit the signed file, and the operator with --together where the
    consumer alone may not. A deadline is what protects you from a signature that is kept back.
    """
    draft = drafts.read(draft_file)
    must_not_be_sealed(draft.agreement_id, draft.nomination.terms)
    message = draft.message(draft.nomination.begins if deadline is None else deadline)
    facts = _described(draft, int(time.time()))
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
        confirm(_binding(draft), facts)
    papers.write(out, Consent(draft.domain, SignedMessage.make(message, draft.domain, bytes(account.key))))
    done = Facts().add("signed", str(out)).time("good until", message.deadline)
    done.count("sequence", message.sequence).print(as_json=as_json)


def _read(desk: Desk, agreement_id: int, place: int, file: Path, first: str) -> Draft:
    """Return what a bands file would change.

    Raises:
        ToolError: there is no such place, the file or --first does not fit, the agreement is sealed.
    """
    found = desk.record("agreement", agreement_id)
    terms = Terms.from_tuple(desk.ask("termsOf", agreement_id))
    must_not_be_sealed(agreement_id, terms)
    if place >= len(found["devices"]):
        sentence = refusals.tell("NoSuchPlace", (agreement_id, place))
        assert sentence is not None  # the contract's own error
        raise ToolError(sentence, refusals.HINTS["NoSuchPlace"])
    new = bands_file.read_csv(file, terms.unit_wh)
    index = _interval(first, terms)
    held, sequence = bands_held(desk, agreement_id, place, index // len(terms.bands), terms)
    kept = (found["end"] - found["start"]) // terms.interval_seconds
    nomination = Nomination(terms, place, index, new, held, kept, sequence)
    return Draft(desk.domain, agreement_id, address.parse(found["consumer"]), nomination)


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


def _described(draft: Draft, now: int) -> Facts:
    facts = Facts().count("agreement", draft.agreement_id)
    facts.add("consumer", address.checksum(draft.consumer))
    describe(facts, draft.nomination, now)
    return facts.say("picture", "\n" + nomination_picture.in_terminal(draft.nomination))


def _must_be_allowed(draft: Draft, by: By, now: int) -> None:
    """Refuse, before anything is signed or sent, what the contract would refuse."""
    refusal = draft.nomination.refusal(by, now)
    if refusal is not None:
        sentence, hint = refusal
        raise ToolError(f"the contract would refuse: {sentence}", hint)


def _binding(draft: Draft) -> str:
    new = draft.nomination
    return (
        f"this replaces the bands of intervals {new.first} to {new.last} at place {new.place} "
        f"of agreement {draft.agreement_id}; once begun an interval keeps its band"
    )


def _report(desk: Desk, facts: Facts, sent: Sent) -> None:
    desk.report(facts.count("sequence", sent.event(Renominated).sequence), sent)
