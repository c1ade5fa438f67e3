# SPDX-License-Identifier: Apache-2.0
"""What changes meters: declare a fault, rotate, accept a rotation."""

from __future__ import annotations

from electro_console.index.addresses import checksum
from electro_console.index.records import Phase
from electro_console.web.errors import BadRequest
from electro_console.web.words import mark
from electro_contracts import foresight
from electro_plan.sentence import sentence

from .act import Act, Field, Given, Prepared, Setting, account, number, places_of, text

_MEASURES = (Phase.RUNNING, Phase.GRACE)


def _can_fault(s: Setting) -> tuple[Field, ...] | None:
    if not s.consumer or s.agreement.phase not in _MEASURES or s.agreement.settled_at:
        return None
    return (Field("place", s.w.say("Place"), "choice", choices=places_of(s)),)


async def _fault(s: Setting, given: Given) -> Prepared:
    a, w = s.agreement, s.w
    place = number(given, "place", 63)
    meter = next((each for each in a.meters if each.place == place and not each.replaced), None)
    if meter is None:
        raise BadRequest(sentence("agreement {0} has no place {1}", a.id, place))
    places = 1 + max(each.place for each in a.meters)
    does = foresight.fault(a.terms, a.money.bonus, places, a.kept, meter.next, meter.end, s.now)
    lines = [
        (w.say("Its last interval"), w.stretch(a.terms.instant(does.last), a.terms.instant(does.last + 1))),
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


ACTS = (
    Act("fault", mark("Declare a fault"), _can_fault, _fault),
    Act("rotate", mark("Propose another meter"), _can_rotate, _rotate),
    Act("accept-rotation", mark("Accept another meter"), _can_accept_rotation, _accept_rotation),
)
