# SPDX-License-Identifier: Apache-2.0
"""Every refusal that the sources can utter is heard, with its numbers; the compiler's tree says which there are.

A scenario (`refusals/`) runs twice: on the artifact, which must say the exact error with all its arguments; and on the
same sources with a number at each site, which tells that the refusal came from the site that the scenario names.
"""

from __future__ import annotations

import functools
import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from electro_contracts import calldata, errors, events
from electro_protocol.messages import EnergyReport, OutageReport, SealedReport

from .engines import Reverted, Revm
from .refusals import messages, meters, money, probe, proposals, renominations, rights, sealed  # noqa: F401 - they fill SCENES
from .refusals.sites import Refusal, Tree
from .refusals.stage import SCENES, Act, Scene
from .world import DAY, World, creation_codes

if TYPE_CHECKING:
    from collections.abc import Sequence

# Refusals that no call can meet, each with its reason.
OUT_OF_REACH = {
    "meterState: WrongState in _loaded": "a device serves only agreements that exist",
    "meterStates: WrongState in _loaded": "a device serves only agreements that exist",
    "renew: NotEnrolled in _mustFit": "the meters of an agreement are enrolled",
    "renew: RevokedDevice in _serve": "_mustFit has refused it before",
    "widen: SilenceTooCheap in mustPriceSilence": "a wider band costs less",
    **dict.fromkeys(
        (
            "renominateTogether: BandTooWide in _mustBeAllowed",
            "renominateTogether: BandTooHigh in _mustBeAllowed",
            "renominateTogether: TooLate in _mustBeAhead",
            "renominateTogether: Expired in _mustBeAuthorised",
            "renominateTogether: NotConsumer in _mustBeConsumer",
            "widen: BandTooWide in _mustBeAllowed",
            "widen: BandTooHigh in _mustBeAllowed",
            "widen: TooLate in _mustBeAhead",
        ),
        "only the consumer alone is held to it",
    ),
    **dict.fromkeys(
        ("renominate: BandNarrowed in _mustBeAllowed", "renominateTogether: BandNarrowed in _mustBeAllowed"),
        "only the operator alone is held to it",
    ),
    "renominateTogether: OtherForm in _mustBeReplaceable": "both may replace sealed bands",
    "renew: NoViewingKey in _mustHoldKey": "a renewal shares the key, which each meter has said that it holds",
}
# What refuses in these, `submit` and `submitOutage` refuse by the same values: see _everywhere.
AS_STRICT = {
    "submit": ("submitBatch", "check"),
    "submitOutage": ("submitOutageBatch", "checkOutages"),
}
# Scenarios of their own below.
ELSEWHERE = {
    "constructor: WrongCurve",
    "constructor: WrongPart",
    "constructor: WrongPart #2",
    "fallback: …",
}


@functools.cache
def _probed() -> tuple[list[bytes], Tree]:
    source, output, tree = probe.tree()
    state = json.dumps([source, probe.LIBRARY, [str(each) for each in tree.refusals]], sort_keys=True)
    name = hashlib.sha256(state.encode()).hexdigest()[:12]
    return probe.creation_codes(source, output, tree, name), tree


@pytest.fixture
def probed(node_modules: object) -> tuple[list[bytes], Tree]:
    """The numbered contract and its tree."""
    return _probed()


def test_each_refusal_has_a_scenario_and_each_scenario_a_refusal(probed: tuple[list[bytes], Tree]) -> None:
    found = {str(each) for each in probed[1].refusals}
    lenient = {each for others in AS_STRICT.values() for each in others}
    strict = {title for title in found if title.split(":")[0] not in lenient}
    assert strict == {*SCENES, *OUT_OF_REACH, *ELSEWHERE}
    for strict_call, others in AS_STRICT.items():
        values = {title.partition(":")[2] for title in SCENES if title.startswith(f"{strict_call}:")}
        for other in others:
            lax = {title.partition(":")[2] for title in found if title.startswith(f"{other}:")}
            assert lax <= values


@pytest.mark.parametrize("title", sorted(SCENES))
def test_a_refusal_says_its_numbers_at_its_site(title: str, probed: tuple[list[bytes], Tree]) -> None:
    codes, tree = probed
    refusal = next(each for each in tree.refusals if str(each) == title)
    world = _world()
    act = SCENES[title](world)
    error = _heard(world, act).error
    if refusal.error != "…":
        assert error.name == refusal.error
    assert error.args == act.says
    if act.item is not None:
        _everywhere(world, act, error.name)
    assert tree.refusals[refusal].number in _met(codes, SCENES[title])


def _world(engine: Revm | None = None, codes: Sequence[bytes] = ()) -> World:
    """With the least values of DAY, so that what is shorter is refused."""
    return World(engine, codes, (DAY.grace, DAY.dispute_window, DAY.discount_expiry))


def _heard(world: World, act: Act) -> Reverted:
    assert isinstance(world.engine, Revm)
    with pytest.raises(Reverted) as caught:
        world.engine.send(act.by or world.anyone, world.address, act.data, act.gas)
    return caught.value


def _met(codes: list[bytes], play: Scene) -> list[int]:
    engine = probe.ProbedRevm()
    world = _world(engine, codes)
    _heard(world, play(world))
    return engine.met


def _everywhere(world: World, act: Act, reason: str) -> None:
    """A batch skips, and a check foretells, what alone is refused."""
    assert act.item is not None
    check, batch, skipped = {
        EnergyReport: (calldata.check, calldata.submit_batch, events.ReportSkipped),
        SealedReport: (calldata.check_sealed, calldata.submit_sealed_batch, events.ReportSkipped),
        OutageReport: (calldata.check_outages, calldata.submit_outage_batch, events.OutageSkipped),
    }[type(act.item.message)]
    (foretold,) = calldata.decode_reasons(world.ask(check([act.item])))
    assert errors.REASONS[foretold] == reason
    world.send(batch([act.item]))
    assert world.events == [skipped(0, foretold)]


def test_nothing_is_deployed_where_recovery_is_not_secp256k1(probed: tuple[list[bytes], Tree]) -> None:
    """constructor: WrongCurve."""
    codes, tree = probed
    vector = bytes.fromhex("ab58a2f424d9ecac14a5ce1486bd974ae705f2d58a641eb63385eb6f3c44fe22")
    for engine, (creation, *parts) in ((Revm(), creation_codes()), (probe.ProbedRevm(), codes)):
        assert vector in creation  # the self-test's digest; with another, the answer is another key's
        with pytest.raises(Reverted, match=r"^WrongCurve: "):
            World(engine, [creation.replace(vector, bytes(31) + b"\1"), *parts])
    site = tree.refusals[Refusal("constructor", "constructor", "WrongCurve", 1)]
    assert isinstance(engine, probe.ProbedRevm)
    assert site.number in engine.met


@pytest.mark.parametrize("nth", [1, 2])
def test_nothing_is_deployed_on_other_code_than_its_own(nth: int, probed: tuple[list[bytes], Tree]) -> None:
    """constructor: WrongPart, for either part."""
    codes, tree = probed
    for engine, creations in ((Revm(), creation_codes()), (probe.ProbedRevm(), codes)):
        spoiled = [*creations]
        spoiled[nth] = creations[3 - nth]  # the other part, in its place
        with pytest.raises(Reverted, match=r"^WrongPart: "):
            World(engine, spoiled)
    assert isinstance(engine, probe.ProbedRevm)
    assert tree.refusals[Refusal("constructor", "constructor", "WrongPart", nth)].number in engine.met


def test_what_a_part_refuses_comes_out_as_it_said_it(probed: tuple[list[bytes], Tree]) -> None:
    """fallback: …, with the part's error in front of it, and an unknown call, which has none."""
    codes, tree = probed
    site = tree.refusals[Refusal("fallback", "fallback", "…", 1)]
    for scene in ("fault: WrongState in _running", "widen: WrongState in _running"):
        assert site.number in _met(codes, SCENES[scene])
    with pytest.raises(Reverted) as caught:
        World().send(b"\1\2\3\4")
    assert caught.value.error.args == (b"",)
