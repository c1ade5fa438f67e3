# SPDX-License-Identifier: Apache-2.0
"""What changes meters and bands: declare a fault, rotate, accept a rotation, renominate."""

from __future__ import annotations

from electro_console.index.addresses import checksum
from electro_console.index.records import Phase
from electro_console.nomination import Nomination
from electro_console.web.errors import BadRequest, Refused
from electro_contracts import foresight
from electro_contracts.places import By
from electro_contracts.terms import pack_bands
from electro_protocol.messages import Renomination

from .act import Act, Field, Given, Prepared, Setting, account, instant, mark, number, text, units

_MOST_STRETCHES = 12  # to be read before signing
_MEASURES = (Phase.RUNNING, Phase.GRACE)


def _places(s: Setting) -> tuple[tuple[str, str], ...]:
    serving = {each.place: each.device for each in s.agreement.meters if not each.replaced}
    return tuple(
        (str(place), f"{place}: {s.names.account(device) or checksum(device)}")
        for place, device in sorted(serving.items())
    )


def _can_fault(s: Setting) -> tuple[Field, ...] | None:
    if not s.consumer or s.agreement.phase not in _MEASURES or s.agreement.settled_at:
        return None
    return (Field("place", s.w.say("Place"), "choice", choices=_places(s)),)


async def _fault(s: Setting, given: Given) -> Prepared:
    a, w = s.agreement, s.w
    place = number(given, "place", 63)
    meter = next((each for each in a.meters if each.place == place and not each.replaced), None)
    if meter is None:
        raise BadRequest(f"agreement {a.id} has no place {place}")
    places = 1 + max(each.place for each in a.meters)
    does = foresight.fault(a.terms, a.money.bonus, places, a.kept, meter.next, meter.end, s.now)
    lines = [
        (w.say("Its last interval"), w.between(a.terms.instant(does.last), a.terms.instant(does.last + 1))),
        (w.say("Neutral ahead, until you accept another meter"), w.number(does.ahead)),
        (w.say("Neutral of the look-back, unless they still come"), w.number(does.back)),
        (w.say("Costs at most, as their share of the bonus"), w.money(does.share)),
    ]
    if does.lost:
        lines.append((w.say("Unreported before that, unless they still come"), w.money(does.owed)))
    means = w.say(
        "This ends what %(meter)s measures at place %(place)s, for good.",
        meter=checksum(meter.device),
        place=place,
    )
    return Prepared(means, tuple(lines), ("fault", (a.id, place)))


def _can_rotate(s: Setting) -> tuple[Field, ...] | None:
    if not s.operator or s.agreement.phase not in (Phase.WAITING, Phase.RUNNING):
        return None
    serving = [each for each in s.agreement.meters if not each.replaced]
    choices = tuple(
        (checksum(each.device), f"{each.place}: {s.names.account(each.device) or checksum(each.device)}")
        for each in serving
    )
    return Field("old", s.w.say("Instead of"), "choice", choices=choices), Field(
        "new", s.w.say("New meter"), "account"
    )


async def _rotate(s: Setting, given: Given) -> Prepared:
    old, new, w = account(given, "old"), account(given, "new"), s.w
    means = w.say("This proposes that %(new)s measures on in the place of %(old)s. "
        "Until the consumer accepts nothing changes.",
                  new=checksum(new), old=checksum(old))  # fmt: skip
    return Prepared(means, (), ("proposeRotation", (s.agreement.id, old, new)))


def _can_accept_rotation(s: Setting) -> tuple[Field, ...] | None:
    waiting = [each for each in s.agreement.rotations if each.accepted_at is None]
    if not s.consumer or not waiting or s.agreement.phase not in (Phase.WAITING, Phase.RUNNING):
        return None
    choices = tuple(
        (f"{checksum(each.old)} {checksum(each.new)}", f"{checksum(each.old)} → {checksum(each.new)}")
        for each in waiting
    )
    return (Field("meters", s.w.say("Change of meters"), "choice", choices=choices),)


async def _accept_rotation(s: Setting, given: Given) -> Prepared:
    old, _, new = text(given, "meters").partition(" ")
    old_meter, new_meter = account({"old": old}, "old"), account({"new": new}, "new")
    means = s.w.say("%(old)s measures nothing more here after the running interval; "
        "%(new)s measures from the next one on.",
                    old=old, new=new)  # fmt: skip
    return Prepared(means, (), ("acceptRotation", (s.agreement.id, old_meter, new_meter)))


def _can_renominate(s: Setting) -> tuple[Field, ...] | None:
    a, w = s.agreement, s.w
    if not (s.consumer or s.operator) or a.phase not in (Phase.WAITING, Phase.RUNNING):
        return None
    if a.terms.seal is not None:  # its meters judge by the terms' bands alone
        return None
    return (
        Field("place", w.say("Place"), "choice", choices=_places(s)),
        Field("since", w.say("From"), "instant"),
        Field("until", w.say("To"), "instant"),
        Field("least", w.say("Least, kWh an interval"), "energy"),
        Field("greatest", w.say("Greatest, kWh an interval"), "energy"),
    )


async def _renominate(s: Setting, given: Given) -> Prepared:
    a, w, terms = s.agreement, s.w, s.agreement.terms
    place = number(given, "place", 63)
    first = -(-(instant(given, "since", w.zone) - terms.start) // terms.interval_seconds)
    count = (instant(given, "until", w.zone) - terms.start) // terms.interval_seconds - first
    if first < 0 or not 1 <= count <= len(terms.bands):
        raise BadRequest(
            "until: whole intervals between since and until, within the term and one pass of the schedule"
        )
    band = (units(given, "least", terms.unit_wh), units(given, "greatest", terms.unit_wh))
    slots = len(terms.bands)
    pass_ = first // slots
    held = await s.questions.ask(
        s.questions.index.readings, a.id, place, s.now, first=pass_ * slots, count=slots
    )
    bands = list(zip(held.least.tolist(), held.greatest.tolist(), strict=True))
    bands += terms.bands[len(bands) :]  # of a pass that the end of the term cuts
    _, sequence = await s.questions.node.view("overrideOf", a.id, place, pass_)
    new = Nomination(terms, place, first, (band,) * count, tuple(bands), a.kept, sequence)
    by = By.CONSUMER if s.consumer else By.OPERATOR
    refused = new.refusal(by, s.now)
    if refused:
        raise Refused(*refused)
    return _told(s, new, by)


def _told(s: Setting, new: Nomination, by: By) -> Prepared:
    a, w, terms = s.agreement, s.w, s.agreement.terms
    lines = [
        (w.between(terms.instant(first), terms.instant(last + 1)), f"{_band(was, s)} → {_band(then, s)}")
        for first, last, was, then in list(new.stretches())[:_MOST_STRETCHES]
    ]
    lines += [
        (w.say("Would cost now what is allowed then, at most"), w.money(new.saves())),
        (w.say("Would cost then what is allowed now, at most"), w.money(new.costs())),
    ]
    means = w.say(
        "This replaces the bands of these intervals at place %(place)s; once begun an interval keeps its band.",
        place=new.place,
    )
    packed = pack_bands(new.bands)
    if by is By.OPERATOR:
        return Prepared(means, tuple(lines), ("widen", (a.id, new.place, new.first, packed)))
    message = Renomination(a.id, new.place, new.first, new.sequence + 1, packed, new.begins)
    return Prepared(means, tuple(lines), ("renominate", (message.values(), b"")), message)


def _band(of: tuple[int, int], s: Setting) -> str:
    unit_wh = s.agreement.terms.unit_wh
    return f"{s.w.number(of[0] * unit_wh / 1000)}–{s.w.kwh(of[1] * unit_wh)}"


ACTS = (
    Act("renominate", mark("Renominate"), _can_renominate, _renominate),
    Act("fault", mark("Declare a fault"), _can_fault, _fault),
    Act("rotate", mark("Propose another meter"), _can_rotate, _rotate),
    Act("accept-rotation", mark("Accept another meter"), _can_accept_rotation, _accept_rotation),
)
