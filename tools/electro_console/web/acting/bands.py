# SPDX-License-Identifier: Apache-2.0
"""What changes bands: a renomination by one party within its limits, or by both: signed by one, sent by the other.

Sealed bands only both replace, a whole pass of them: the console seals them with its key and opens what was signed, so
that each party is told in words what its wallet has as ciphertext.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from electro_console import refusals
from electro_console.index.addresses import checksum
from electro_console.index.records import Phase
from electro_console.nomination import Nomination, replaced_in, whole_pass
from electro_console.web.errors import BadRequest, NodeTrouble, Refused
from electro_console.web.node import Reverted
from electro_console.web.words import mark
from electro_contracts import discount
from electro_contracts.places import By
from electro_contracts.sealed import SealError
from electro_contracts.terms import TermsError, pack_bands, unpack_bands
from electro_plan.sentence import foreign, sentence
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.messages import MessageError, Renomination
from electro_protocol.secp256k1 import SignatureError
from electro_protocol.signed import SignedMessage

from .act import Act, Field, Given, Prepared, Setting, instant, number, places_of, text, units

if TYPE_CHECKING:
    from electro_console.agreement.sealed_bands import SealedBands
    from electro_contracts.terms import Bands

_MOST_STRETCHES = 12  # to be read before signing
_MOST_FILE = 50_000  # characters: a pass of 672 slots is 6 kB


def _can_renominate(s: Setting) -> tuple[Field, ...] | None:
    a, w = s.agreement, s.w
    if not (s.consumer or s.operator) or a.phase not in (Phase.WAITING, Phase.RUNNING):
        return None
    # sealed ones the consumer alone begins, where the console has the key, and the operator agrees
    if a.terms.seal is not None and not (s.consumer and _sealed(s)):
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
    new = await _made(s, place, first, (band,) * count)
    by = By.CONSUMER if s.consumer else By.OPERATOR
    refused = new.refusal(by, s.now, s.w.instant, s.w.say)
    if refused is None:
        return await _told(s, new, by)
    together = new.refusal(By.BOTH, s.now, s.w.instant, s.w.say) if s.consumer else refused
    if together is None:
        return await _told(s, new, By.BOTH, refused[0])
    raise Refused(sentence("{0}", (refused if terms.seal is None else together)[0]))  # told already


async def _made(s: Setting, place: int, first: int, bands: Bands) -> Nomination:
    """Return new bands beside what holds now; of a sealed agreement those of the whole pass."""
    terms, sealed = s.agreement.terms, await s.questions.ask(_sealed, s)
    pass_ = first // len(terms.bands)
    held, sequence = await _held(s, place, pass_)
    if terms.seal is None:
        return Nomination(terms, place, first, bands, _clear(s, held), s.agreement.kept, sequence)
    assert sealed is not None  # the act is not offered without the key
    try:
        before = await s.questions.ask(sealed.held, place, pass_, held)
        whole = whole_pass(terms, first, bands, before, s.agreement.kept)
    except SealError as error:
        raise Refused(
            sentence(
                "the bands that hold in pass {0} at place {1} do not open{2}", pass_, place, foreign(error)
            )
        ) from error
    except discount.Refused as refused:
        told = refusals.tell(refused.reason, refused.numbers, s.w.instant, s.w.say)
        raise Refused(sentence("{0}", told or refused.reason)) from refused
    return Nomination(terms, place, pass_ * len(terms.bands), whole, before, s.agreement.kept, sequence)


def _packed(s: Setting, new: Nomination) -> bytes:
    """Return new bands as they are signed."""
    sealed = _sealed(s)
    if sealed is None:
        return pack_bands(new.bands)
    return sealed.seal(new.bands, new.place, new.first // len(new.terms.bands))


def _sealed(s: Setting) -> SealedBands | None:
    """Return what opens the bands of a sealed agreement; None: it is not sealed, or the console has no key for it."""
    return s.questions.index.keys.bands(s.agreement.id, s.agreement.terms)


async def _held(s: Setting, place: int, pass_: int) -> tuple[bytes | None, int]:
    """Return the packed bands that hold in a pass instead of the agreed ones, and the place's last sequence."""
    node, terms = s.questions.node, s.agreement.terms
    try:
        account, sequence = await node.view("overrideOf", s.agreement.id, place, pass_)
    except Reverted as reverted:  # there is no such place
        raise Refused(sentence("{0}", refusals.explain(reverted.data, s.w.instant, s.w.say)[0])) from reverted
    if not int(account, 16):
        return None, sequence
    untrusted = await node.ask("eth_getCode", account, "latest")
    try:
        packed = replaced_in(bytes.fromhex(untrusted[2:]), terms)
    except (TypeError, ValueError) as error:
        raise NodeTrouble(sentence("the node's code can't be read")) from error
    if len(packed) != len(terms.packed_bands):
        raise NodeTrouble(sentence("the node's code can't be read"))
    return packed, sequence


def _clear(s: Setting, packed: bytes | None) -> Bands:
    return s.agreement.terms.bands if packed is None else unpack_bands(packed)


async def _told(s: Setting, new: Nomination, by: By, refused: str = "") -> Prepared:
    """Put new bands in words; `refused`: why the consumer alone may not order them."""
    a, w = s.agreement, s.w
    lines, packed = _lines(s, new), await s.questions.ask(_packed, s, new)
    if by is By.OPERATOR:
        return Prepared(_means(s, new), lines, ("widen", (a.id, new.place, new.first, packed)))
    message = Renomination(a.id, new.place, new.first, new.sequence + 1, packed, new.begins)
    if by is By.BOTH:
        lines = ((w.say("Only together with the operator"), refused), *lines)
    call = ("renominate", (message.values(), b""))
    return Prepared(_means(s, new), lines, call, message, alone=by is By.CONSUMER)


def _lines(s: Setting, new: Nomination) -> tuple[tuple[str, str], ...]:
    w, terms, changed = s.w, s.agreement.terms, _changed(new)
    stretches = [
        (w.stretch(terms.instant(first), terms.instant(last + 1)), f"{_band(was, s)} → {_band(then, s)}")
        for first, last, was, then in changed[:_MOST_STRETCHES]
    ]
    if len(changed) > _MOST_STRETCHES:
        more = len(changed) - _MOST_STRETCHES
        words = w.count("%(n)s stretch more changes", "%(n)s stretches more change", more)
        stretches.append((w.say("Not shown here"), words))
    if terms.seal is not None:
        stretches.append(
            (w.say("On chain"), w.say("sealed: without the viewing key nobody reads these bands"))
        )
    return (
        *stretches,
        (w.say("Would cost now what is allowed then, at most"), w.money(new.saves())),
        (w.say("Would cost then what is allowed now, at most"), w.money(new.costs())),
    )


def _changed(new: Nomination) -> list[tuple[int, int, tuple[int, int], tuple[int, int]]]:
    """Return the stretches that change; of a whole pass most may stay as they are."""
    return [each for each in new.stretches() if new.terms.seal is None or each[2] != each[3]]


def _means(s: Setting, new: Nomination) -> str:
    return s.w.say(
        "This replaces the bands of these intervals at place %(place)s; once begun an interval keeps its band.",
        place=new.place,
    )


def _can_agree(s: Setting) -> tuple[Field, ...] | None:
    if not s.operator or s.agreement.phase not in (Phase.WAITING, Phase.RUNNING):
        return None
    if s.agreement.terms.seal is not None and _sealed(s) is None:  # nobody agrees to what he can't see
        return None
    return (Field("file", s.w.say("The consumer's signed file"), "file"),)


async def _agree(s: Setting, given: Given) -> Prepared:
    """Let the operator agree to bands that the consumer has signed."""
    a = s.agreement
    message, signature = await _signed(s, text(given, "file", _MOST_FILE))
    if message.agreement_id != a.id:
        raise BadRequest(
            sentence("file: that is a renomination of agreement {0}, not of {1}", message.agreement_id, a.id)
        )
    try:
        new = await _signed_bands(s, message)
    except (TermsError, SealError, OverflowError) as error:
        raise BadRequest(
            sentence("file: its bands are none of this agreement's{0}", foreign(error))
        ) from error
    refused = new.refusal(By.BOTH, s.now, s.w.instant, s.w.say)
    if refused:
        raise Refused(sentence("{0}", refused[0]))  # told already
    signer = (s.w.say("Signed by the consumer"), s.names.account(a.consumer) or checksum(a.consumer))
    call = ("renominateTogether", (message.values(), signature))
    return Prepared(_means(s, new), (signer, *_lines(s, new)), call)


async def _signed_bands(s: Setting, message: Renomination) -> Nomination:
    """Return what was signed beside what holds now; raise TermsError or SealError: it is none, or does not open."""
    terms, sealed = s.agreement.terms, await s.questions.ask(_sealed, s)
    place, first = message.place, message.first_interval
    pass_ = first // len(terms.bands)
    held, sequence = await _held(s, place, pass_)
    if sealed is None:
        bands, before = unpack_bands(message.bands), _clear(s, held)
    else:
        bands = await s.questions.ask(sealed.held, place, pass_, message.bands)
        found = await s.questions.ask(sealed.found, place, pass_, held)
        before = found or sealed.agreed  # what does not open is replaced all the same
    return Nomination(terms, place, first, bands, before, s.agreement.kept, sequence)


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
