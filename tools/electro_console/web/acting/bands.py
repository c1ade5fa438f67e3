# SPDX-License-Identifier: Apache-2.0
"""What changes bands: a renomination by one party within its limits, or by both: signed by one, sent by the other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from electro_console.index.addresses import checksum
from electro_console.index.records import Phase
from electro_console.nomination import Nomination
from electro_console.web.errors import BadRequest, Refused
from electro_console.web.words import mark
from electro_contracts.places import By
from electro_contracts.terms import TermsError, pack_bands, unpack_bands
from electro_plan.sentence import foreign, sentence
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import MessageError, Renomination
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage

from .act import Act, Field, Given, Prepared, Setting, instant, number, places_of, text, units

if TYPE_CHECKING:
    from electro_contracts.terms import Bands

_MOST_STRETCHES = 12  # to be read before signing
_MOST_FILE = 50_000  # characters: a pass of 672 slots is 6 kB


def _can_renominate(s: Setting) -> tuple[Field, ...] | None:
    a, w = s.agreement, s.w
    if not (s.consumer or s.operator) or a.phase not in (Phase.WAITING, Phase.RUNNING):
        return None
    if a.terms.seal is not None:  # its meters judge by the terms' bands alone
        return None
    return (
        Field("place", w.say("Place"), "choice", choices=places_of(s)),
        Field("since", w.say("From"), "instant"),
        Field("until", w.say("To"), "instant"),
        Field("least", w.say("Least, kWh an interval"), "energy"),
        Field("greatest", w.say("Greatest, kWh an interval"), "energy"),
    )


async def _renominate(s: Setting, given: Given) -> Prepared:
    w, terms = s.w, s.agreement.terms
    place = number(given, "place", 63)
    first = -(-(instant(given, "since", w.zone) - terms.start) // terms.interval_seconds)
    count = (instant(given, "until", w.zone) - terms.start) // terms.interval_seconds - first
    if first < 0 or not 1 <= count <= len(terms.bands):
        raise BadRequest(
            sentence(
                "until: whole intervals between since and until, within the term and one pass of the schedule"
            )
        )
    band = (units(given, "least", terms.unit_wh), units(given, "greatest", terms.unit_wh))
    new = await _nomination(s, place, first, (band,) * count)
    by = By.CONSUMER if s.consumer else By.OPERATOR
    refused = new.refusal(by, s.now, s.w.instant, s.w.say)
    if refused is None:
        return _told(s, new, by)
    if s.consumer and new.refusal(By.BOTH, s.now, s.w.instant, s.w.say) is None:
        return _told(s, new, By.BOTH, refused[0])
    raise Refused(sentence("{0}", refused[0]))  # told already


async def _nomination(s: Setting, place: int, first: int, bands: Bands) -> Nomination:
    """Return new bands beside what holds now."""
    a, terms = s.agreement, s.agreement.terms
    slots = len(terms.bands)
    pass_ = first // slots
    found = await s.questions.ask(
        s.questions.index.readings, a.id, place, s.now, first=pass_ * slots, count=slots
    )
    held = list(zip(found.least.tolist(), found.greatest.tolist(), strict=True))
    held += terms.bands[len(held) :]  # of a pass that the end of the term cuts
    _, sequence = await s.questions.node.view("overrideOf", a.id, place, pass_)
    return Nomination(terms, place, first, bands, tuple(held), a.kept, sequence)


def _told(s: Setting, new: Nomination, by: By, refused: str = "") -> Prepared:
    """Put new bands in words; `refused`: why the consumer alone may not order them."""
    a, w = s.agreement, s.w
    lines = _lines(s, new)
    packed = pack_bands(new.bands)
    if by is By.OPERATOR:
        return Prepared(_means(s, new), lines, ("widen", (a.id, new.place, new.first, packed)))
    message = Renomination(a.id, new.place, new.first, new.sequence + 1, packed, new.begins)
    if by is By.BOTH:
        lines = ((w.say("Only together with the operator"), refused), *lines)
    call = ("renominate", (message.values(), b""))
    return Prepared(_means(s, new), lines, call, message, alone=by is By.CONSUMER)


def _lines(s: Setting, new: Nomination) -> tuple[tuple[str, str], ...]:
    w, terms = s.w, s.agreement.terms
    stretches = [
        (w.stretch(terms.instant(first), terms.instant(last + 1)), f"{_band(was, s)} → {_band(then, s)}")
        for first, last, was, then in list(new.stretches())[:_MOST_STRETCHES]
    ]
    return (
        *stretches,
        (w.say("Would cost now what is allowed then, at most"), w.money(new.saves())),
        (w.say("Would cost then what is allowed now, at most"), w.money(new.costs())),
    )


def _means(s: Setting, new: Nomination) -> str:
    return s.w.say(
        "This replaces the bands of these intervals at place %(place)s; once begun an interval keeps its band.",
        place=new.place,
    )


def _can_agree(s: Setting) -> tuple[Field, ...] | None:
    open_to_both = s.agreement.terms.seal is None and s.agreement.phase in (Phase.WAITING, Phase.RUNNING)
    return (
        (Field("file", s.w.say("The consumer's signed file"), "file"),)
        if s.operator and open_to_both
        else None
    )


async def _agree(s: Setting, given: Given) -> Prepared:
    """Let the operator agree to bands that the consumer has signed."""
    a = s.agreement
    message, signature = await _signed(s, text(given, "file", _MOST_FILE))
    if message.agreement_id != a.id:
        raise BadRequest(
            sentence("file: that is a renomination of agreement {0}, not of {1}", message.agreement_id, a.id)
        )
    try:
        new = await _nomination(s, message.place, message.first_interval, unpack_bands(message.bands))
    except TermsError as error:
        raise BadRequest(
            sentence("file: its bands are none of this agreement's{0}", foreign(error))
        ) from error
    refused = new.refusal(By.BOTH, s.now, s.w.instant, s.w.say)
    if refused:
        raise Refused(sentence("{0}", refused[0]))  # told already
    signer = (s.w.say("Signed by the consumer"), s.names.account(a.consumer) or checksum(a.consumer))
    call = ("renominateTogether", (message.values(), signature))
    return Prepared(_means(s, new), (signer, *_lines(s, new)), call)


async def _signed(s: Setting, untrusted: str) -> tuple[Renomination, bytes]:
    """Return what the consumer has signed here, and the signature."""
    status = await s.questions.status()
    try:
        file = json.loads(untrusted)
        here = (file["chain_id"], address.parse(file["contract"])) == (status.chain_id, status.contract)
        made = SignedMessage.from_json(file["signed"])
        signer = made.signer(Domain(status.chain_id, status.contract))
    except (KeyError, TypeError, ValueError, RecursionError, MessageError, SignatureError) as error:
        raise BadRequest(sentence("file: that is no signed renomination")) from error
    if not here or not isinstance(made.message, Renomination):
        raise BadRequest(sentence("file: that is no renomination of this contract's"))
    if signer != s.agreement.consumer:
        raise BadRequest(sentence("file: {0} has signed it, who is not the consumer", checksum(signer)))
    return made.message, made.signature


def _band(of: tuple[int, int], s: Setting) -> str:
    unit_wh = s.agreement.terms.unit_wh
    return f"{s.w.number(of[0] * unit_wh / 1000)}–{s.w.kwh(of[1] * unit_wh)}"


ACTS = (
    Act("renominate", mark("Renominate"), _can_renominate, _renominate),
    Act("agree", mark("Agree to new bands"), _can_agree, _agree),
)
