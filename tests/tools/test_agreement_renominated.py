# SPDX-License-Identifier: Apache-2.0
"""Other bands ahead from the command line: by the consumer, the operator or both; told, drawn, and refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tools.agreements import HOUR_S, START, World, audit, electro, refused

from electro_console import refusals
from electro_console.nomination import Nomination
from electro_contracts import errors
from electro_contracts.places import By
from electro_contracts.terms import Terms, pack_bands
from electro_protocol.messages import Renomination
from electro_tools.agreement import draft, nomination_picture
from electro_tools.contract.deploy import at
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

RAISING = {"raise": '"10 kWh"', "lead": '"2 h"', "capacity": '"130 kWh"', "missing": "7000"}


@pytest.fixture
def agreed(world: World) -> World:
    """An agreement whose consumer may raise its bands by 10 kWh two hours ahead."""
    meter = world.account("meter")
    world.enrol(meter)
    line = ("--consumer", world.consumer.address, "--device", meter.address, "--bonus", 100_000)
    terms = world.terms("raising", **RAISING)
    assert electro("agreement", "propose", terms, *line, *world.as_("operator")).code == 0
    assert electro("agreement", "accept", 1, *world.as_("consumer")).code == 0
    return world


def rows(world: World, *bands: tuple[float, float], name: str = "bands") -> Path:
    file = world.folder / f"{name}.csv"
    lines = [f"{least},{greatest}" for least, greatest in bands]
    file.write_text("\n".join(["least_kwh,greatest_kwh", *lines]) + "\n")
    return file


def line(world: World, verb: str, *bands: tuple[float, float], first: object = 10) -> tuple[object, ...]:
    return ("agreement", verb, 1, "--bands", rows(world, *bands), "--first", first)


def test_a_consumer_shifts_its_band_and_sees_what_that_is_worth(agreed: World) -> None:
    picture = agreed.folder / "change.svg"
    asked = line(agreed, "renominate", (50, 130), (50, 130), first="2027-01-15T10:00:00Z")
    rehearsed = electro(*asked, "--svg", picture, "--key-file", agreed.key("consumer"), "--dry-run").out
    assert "10 to 11: 2027-01-15 10:00:00 UTC to 2027-01-15 12:00:00 UTC" in rehearsed
    assert "2027-01-15 10:00 to 12:00  40…120 → 50…130 kWh" in rehearsed
    saved, cost = 2 * (500 + 100 * 7), 2 * (500 + 100 * 3)
    assert f"up to {saved:,}: so much would cost now what is allowed then" in rehearsed
    assert f"up to {cost:,}: so much would cost then what is allowed now" in rehearsed
    assert "consumer alone  may, until 2027-01-15 08:00:00 UTC" in rehearsed
    assert "operator alone  no: in slot 10 the band from 400 to 1200 holds" in rehearsed
    assert "together        may" in rehearsed
    assert "░ held, ▒ new, █ both" in rehearsed
    assert picture.read_text().count("<polygon") == 2
    done = electro(*asked, *agreed.as_("consumer"), "--json").json
    assert (done["place"], done["first"], done["intervals"], done["sequence"]) == (0, 10, 2, 1)
    free = electro("agreement", "quote", 1, "--first", 10, 130, 50, 120, "--json").json
    assert free["penalty"] == 0
    dear = electro("agreement", "quote", 1, "--first", 10, 40, 131, 130, "--json").json
    assert dear["penalty"] == 500 + 300 + 500 + 70 + 500 + 700
    assert audit()["equal"]


def test_a_chart_fits_a_terminal(agreed: World) -> None:
    shown = electro(
        *line(agreed, "renominate", (50, 130)), "--key-file", agreed.key("consumer"), "--dry-run"
    ).out
    chart = [row for row in shown.splitlines() if "│" in row]
    assert len(chart) == 10
    assert max(map(len, chart)) <= 80


@pytest.mark.parametrize(
    ("bands", "sentence"),
    [
        ([(40, 120), (39, 120)], "in slot 11 the consumer alone may nominate a width of 800, not 810"),
        ([(60, 130.1)], "slot 10 would have a band from 600 to 1301"),
        ([(40, 120)] * 15, "14 slots are left in this pass of the schedule"),
    ],
)
def test_what_the_consumer_alone_may_not_is_refused_before_any_gas(
    agreed: World, bands: list[tuple[float, float]], sentence: str
) -> None:
    assert sentence in refused(*line(agreed, "renominate", *bands), *agreed.as_("consumer"))
    assert "the contract would refuse" in refused(
        *line(agreed, "renominate", *bands), *agreed.as_("consumer")
    )


def test_a_lead_too_short_a_place_that_is_none_and_a_time_between_are_refused(agreed: World) -> None:
    late = line(agreed, "renominate", (50, 130))
    agreed.wait_until(START + 8 * HOUR_S + 1)
    assert "this was possible until 2027-01-15 08:00:00 UTC" in refused(*late, *agreed.as_("consumer"))
    begun = line(agreed, "renominate", (50, 130), first=8)
    assert "it would begin at 2027-01-15 08:00:00 UTC" in refused(*begun, *agreed.as_("consumer"))
    nowhere = refused(*late, "--place", 1, *agreed.as_("consumer"))
    assert "agreement 1 has no place 1" in nowhere
    between = line(agreed, "renominate", (50, 130), first="2027-01-15T10:30:00Z")
    assert "no interval begins at 2027-01-15 10:30:00 UTC" in refused(*between, *agreed.as_("consumer"))
    wrong = electro(*line(agreed, "renominate", (50, 130), first="noon"), *agreed.as_("consumer"))
    assert wrong.code == 2


def test_the_operator_alone_only_widens(agreed: World) -> None:
    assert "the operator alone may only widen it" in refused(
        *line(agreed, "widen", (50, 120)), *agreed.as_("operator")
    )
    stranger = refused(*line(agreed, "widen", (0, 120)), *agreed.as_("anyone"))
    assert "is not the operator of this contract" in stranger
    assert electro(*line(agreed, "widen", (0, 120)), *agreed.as_("operator"), "--json").json["sequence"] == 0
    assert electro("agreement", "quote", 1, "--first", 10, 0, "--json").json["penalty"] == 0
    assert audit()["equal"]


def test_both_together_may_what_neither_may_alone(agreed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    written, signed = agreed.folder / "draft.json", agreed.folder / "signed.json"
    shown = electro(*line(agreed, "draft", (0, 130)), "--out", written)
    assert "consumer alone  no: in slot 10 the consumer alone may nominate a width of 800" in shown.out
    assert "operator alone  may" in shown.out
    electro(*line(agreed, "draft", (60, 70)), "--out", agreed.folder / "narrow.json")
    both = refused(*line(agreed, "draft", (60, 131)), "--out", agreed.folder / "no.json")
    assert "slot 10 would have a band from 600 to 1310" in both
    with monkeypatch.context() as offline:
        for name in ("ELECTRO_RPC", "ELECTRO_CONTRACT", "ELECTRO_CHAIN_ID"):
            offline.delenv(name)
        sign = ("agreement", "sign-renomination", written, "--out", signed)
        nobody = refused(*sign, "--key-file", agreed.key("consumer"))
        assert "once begun an interval keeps its band, and nobody is here to be asked" in nobody
        other = refused(*sign, *agreed.as_("anyone"))
        assert "this key is of" in other
        assert electro(*sign, *agreed.as_("consumer"), "--json").json["sequence"] == 1
    alone = refused("agreement", "submit", signed, *agreed.as_("anyone"))
    assert "in slot 10 the consumer alone may nominate a width of 800, not 1300" in alone
    assert "electro agreement submit --together" in alone
    foreign = refused("agreement", "submit", signed, "--together", *agreed.as_("anyone"))
    assert "is not the operator of this contract" in foreign
    done = electro("agreement", "submit", signed, "--together", *agreed.as_("operator"), "--json").json
    assert (done["first"], done["sequence"]) == (10, 1)
    stale = refused("agreement", "submit", signed, "--together", *agreed.as_("operator"))
    assert "electro agreement draft" in stale
    assert audit()["equal"]


def test_the_rules_that_are_told_are_the_contracts(agreed: World) -> None:
    """Each refusal foretold is the one with which the contract answers a call, and no other is."""
    contract = at(agreed.web3, agreed.contract)
    terms = Terms.from_tuple(contract.functions.termsOf(1).call())
    now = agreed.web3.eth.get_block("latest")["timestamp"]
    cases: list[tuple[int, list[tuple[int, int]]]] = [
        (10, [(500, 1300)]),
        (10, [(400, 1210)]),
        (10, [(600, 1310)]),
        (10, [(900, 800)]),
        (10, [(0, 1300), (500, 1300)]),
        (22, [(100, 600), (200, 710)]),
        (22, [(100, 600)] * 3),
        (47, [(100, 600)] * 2),
        (10, [(1300, 1300)]),
        (4, [(0, 600)]),
    ]
    for first, bands in cases:
        new = Nomination(terms, 0, first, tuple(bands), terms.bands, 48, 0)
        packed = pack_bands(bands)
        alone = Renomination(1, 0, first, 1, packed, START).values()
        for by, call, sender in (
            (By.CONSUMER, contract.functions.renominate(alone, b""), agreed.consumer.address),
            (By.OPERATOR, contract.functions.widen(1, 0, first, packed), agreed.operator.address),
        ):
            told = new.refusal(by, now)
            assert (told[0] if told else None) == _answer(call, sender), (first, bands, by)


def _answer(call: Any, sender: str) -> str | None:
    from web3.exceptions import ContractLogicError

    try:
        call.call({"from": sender})
    except ContractLogicError as error:
        return refusals.explain(bytes.fromhex(str(error.data)[2:]))[0]
    return None


def test_every_refusal_of_the_contract_says_what_to_do() -> None:
    # what no person meets: a compiler's check, a chain or a deployment that can't be, and OpenZeppelin's own
    without = {"TermsNotStored", "WrongCurve", "WrongPart"}
    ours = set(errors.SENTENCES) - without
    assert ours <= set(refusals.HINTS)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    from tests.tools.agreements import TERMS

    from electro_protocol.eip712 import Domain
    from electro_tools.agreement import terms_file

    terms = terms_file.parse(
        TERMS.format(start="2027-01-15T00:00:00Z", hours=48), tmp_path_factory.mktemp("terms")
    )
    new = Nomination(terms, 0, 10, ((500, 1100),), terms.bands, 48, 4)
    content = draft.Draft(Domain(5, b"\x11" * 20), 3, b"\x22" * 20, new).to_json()
    assert draft.Draft.from_json(content).nomination == new
    return content


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=_json)
def test_no_change_of_a_draft_breaks_the_reader(
    drafted: dict[str, Any], tmp_path: Path, data: st.DataObject, value: Any
) -> None:
    content = {**drafted, data.draw(st.sampled_from(list(drafted))): value}
    file = tmp_path / "draft.json"
    file.write_text(json.dumps(content))
    sentence, read = "", None
    try:
        read = draft.read(file)
    except ToolError as error:
        sentence = error.sentence
    assert (read is None) == sentence.startswith(f"{file} is no draft: ")
    if read is not None:
        assert nomination_picture.in_terminal(read.nomination)
        assert read.nomination.saves() >= 0
