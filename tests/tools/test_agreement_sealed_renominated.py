# SPDX-License-Identifier: Apache-2.0
"""Other bands for a pass of a sealed agreement, from the command line: drafted, read, signed, agreed to, judged by."""

from __future__ import annotations

import csv
import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.tools.agreements import CHAIN_ID, HOUR_S, START, TERMS, World, audit, electro, inside, refused
from tests.tools.plants import BANDS, Plant

from electro_console.nomination import Nomination
from electro_contracts import sealed
from electro_contracts.places import By
from electro_contracts.terms import Terms, pack_bands
from electro_protocol.eip712 import Domain
from electro_protocol.messages import Renomination
from electro_protocol.signed import SignedMessage
from electro_tools import papers, viewing
from electro_tools.agreement import draft as drafts
from electro_tools.agreement import nomination_picture, terms_file
from electro_tools.agreement.consent import Consent
from electro_tools.contract.deploy import at
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from electro_contracts.terms import Bands

HOURS = 60  # two passes and a half
LOW = (*BANDS[:12], (0, 300), (0, 300), *BANDS[14:])  # of a day whose mill stands still at noon
AT_LOW = [*inside(0, 12), 100, 400, *inside(14, 10)]  # over that by 100 units, once
OVER = 500 + 100 * 7
UNDER_AGREED = 500 + 300 * 3  # what the same would cost by the agreed bands


@pytest.fixture
def plant(world: World) -> Plant:
    plant = Plant(world, HOURS)
    plant.agree()
    return plant


def rows(plant: Plant, *bands: tuple[float, float]) -> Path:
    file = plant.world.folder / "bands.csv"
    lines = [f"{least},{greatest}" for least, greatest in bands]
    file.write_text("\n".join(["least_kwh,greatest_kwh", *lines]) + "\n")
    return file


def line(plant: Plant, verb: str, first: int, *bands: tuple[float, float]) -> tuple[object, ...]:
    return ("agreement", verb, 1, "--bands", rows(plant, *bands), "--first", first)


def agree_on(plant: Plant, first: int, *bands: tuple[float, float]) -> Any:
    """Let both parties replace bands, by the command line alone; return what the operator was told."""
    world = plant.world
    written, signed = world.folder / f"draft-{first}.json", world.folder / f"signed-{first}.json"
    assert electro(*line(plant, "draft", first, *bands), *plant.unsealed, "--out", written).code == 0
    sign = ("agreement", "sign-renomination", written, *plant.unsealed, "--out", signed)
    assert electro(*sign, *world.as_("consumer")).code == 0
    submit = ("agreement", "submit", signed, "--together", *plant.unsealed)
    return electro(*submit, *world.as_("operator"), "--json").json


def signed_by(plant: Plant, name: str, packed: bytes, first: int = 24, sequence: int = 1) -> Path:
    """Write what the consumer signs with other software, that checks nothing."""
    world, file = plant.world, plant.world.folder / f"{name}.json"
    message = Renomination(1, 0, first, sequence, packed, START + 10**6)
    signed = SignedMessage.make(message, world.domain, bytes(world.consumer.key))
    papers.write(file, Consent(world.domain, signed))
    return file


def force(plant: Plant, packed: bytes, sequence: int = 1) -> None:
    """Let both parties put bands into pass 1 that nobody has checked."""
    world = plant.world
    message = Renomination(1, 0, 24, sequence, packed, START + 10**6)
    signature = SignedMessage.make(message, world.domain, bytes(world.consumer.key)).signature
    contract = at(world.web3, world.contract)
    call = contract.functions.renominateTogether(message.values(), signature)
    sender = world.operator.address
    transaction = call.build_transaction(
        {"from": sender, "nonce": world.web3.eth.get_transaction_count(sender), "chainId": CHAIN_ID}
    )
    raw = world.operator.sign_transaction(transaction).raw_transaction
    done = world.web3.eth.wait_for_transaction_receipt(world.web3.eth.send_raw_transaction(raw))
    assert done["status"] == 1


def seal(plant: Plant, bands: Bands, *, agreement: int = 1, place: int = 0, pass_: int = 1) -> bytes:
    return sealed.seal_pass(bands, viewing.read(plant.key), agreement, place, pass_)


def sequence_of(plant: Plant, pass_: int = 1) -> int:
    sequence: int = at(plant.world.web3, plant.world.contract).functions.overrideOf(1, 0, pass_).call()[1]
    return sequence


def test_both_replace_a_pass_of_which_a_draft_names_two_rows(
    plant: Plant, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = plant.world
    written, signed = world.folder / "draft.json", world.folder / "signed.json"
    asked = (*line(plant, "draft", 36, (0, 30), (0, 30)), "--out", written)
    assert "no viewing key was given" in refused(*asked)
    assert "another agreement" in refused(*asked, *plant.wrong)
    assert not written.exists()
    shown = electro(*asked, *plant.unsealed).out
    assert "24 to 47: 2027-01-16 00:00:00 UTC to 2027-01-17 00:00:00 UTC" in shown
    assert shown.count("→") == 1
    assert "2027-01-16 12:00 to 14:00  40…120 → 0…30 kWh" in shown
    assert f"up to {2 * (500 + 400 * 3):,}: so much would cost now what is allowed then" in shown
    assert "consumer alone  no: sealed bands are replaced by both parties together alone" in shown
    assert "operator alone  no: sealed bands are replaced by both parties together alone" in shown
    assert "together        may" in shown
    assert "░ held, ▒ new, █ both" in shown
    content = json.loads(written.read_text())
    assert (content["first"], content["held"]) == (24, None)
    assert content["bands"] == "0x" + seal(plant, LOW).hex(), "a draft can be mailed"
    assert "[400, 1200]" not in written.read_text()

    with monkeypatch.context() as offline:
        for name in ("ELECTRO_RPC", "ELECTRO_CONTRACT", "ELECTRO_CHAIN_ID"):
            offline.delenv(name)
        sign = ("agreement", "sign-renomination", written, "--out", signed)
        assert "no viewing key was given" in refused(*sign, *world.as_("consumer"))
        assert "another agreement" in refused(*sign, *plant.wrong, *world.as_("consumer"))
        asking = refused(*sign, *plant.unsealed, "--key-file", world.key("consumer"))
        assert "this replaces the bands of intervals 24 to 47 at place 0 of agreement 1" in asking
        assert not signed.exists()
        for_wallet = ("--from", world.consumer.address, "--folder", world.folder / "wallet", *plant.unsealed)
        assert "2027-01-16 12:00 to 14:00  40…120 → 0…30 kWh" in electro(*sign[:3], *for_wallet).out
        done = electro(*sign, *plant.unsealed, *world.as_("consumer"), "--json").json
        assert done["sequence"] == 1

    alone = refused("agreement", "submit", signed, *plant.unsealed, *world.as_("anyone"))
    assert "so that only both parties together replace them" in alone
    together = ("agreement", "submit", signed, "--together")
    assert "no viewing key was given" in refused(*together, *world.as_("operator"))
    assert "another agreement" in refused(*together, *plant.wrong, *world.as_("operator"))
    foreign = refused(*together, *plant.unsealed, *world.as_("anyone"))
    assert "is not the operator of this contract" in foreign
    assert sequence_of(plant) == 0
    seen = electro(*together, *plant.unsealed, "--key-file", world.key("operator"), "--dry-run").out
    assert "2027-01-16 12:00 to 14:00  40…120 → 0…30 kWh" in seen
    done = electro(*together, *plant.unsealed, *world.as_("operator"), "--json").json
    assert (done["first"], done["intervals"], done["sequence"]) == (24, 24, 1)
    assert "electro agreement draft" in refused(*together, *plant.unsealed, *world.as_("operator"))

    quote = ("agreement", "quote", 1, *plant.unsealed, "--json")
    assert electro(*quote, "--first", 36, 10, 40).json["penalty"] == OVER
    assert electro(*quote, "--first", 12, 10, 40).json["penalty"] == 500 + 300 * 3
    assert "renominated, sealed: the pass of intervals 24 on" in electro("agreement", "show", 1).out


def test_rows_of_a_later_draft_are_put_among_what_holds_then(plant: Plant) -> None:
    agree_on(plant, 36, (0, 30), (0, 30))
    assert agree_on(plant, 24, (0, 60))["sequence"] == 2
    found = at(plant.world.web3, plant.world.contract).functions.overrideOf(1, 0, 1).call()
    code = bytes(plant.world.web3.eth.get_code(found[0]))
    assert code.endswith(seal(plant, ((0, 600), *LOW[1:])))
    last = agree_on(plant, 50, (0, 60), (0, 60))
    assert (last["first"], last["intervals"], last["sequence"]) == (48, 12, 3), "the term cuts the last pass"
    assert audit(*plant.unsealed)["equal"]


@pytest.mark.parametrize("verb", ["renominate", "widen"])
def test_one_party_alone_is_told_what_to_do_instead(plant: Plant, verb: str) -> None:
    who = {"renominate": "consumer", "widen": "operator"}[verb]
    told = refused(*line(plant, verb, 36, (0, 30)), *plant.world.as_(who))
    assert "agreement 1 is sealed: the contract can't tell whether its bands are sound" in told
    assert "so that only both parties together replace them" in told
    assert "electro agreement draft --viewing-key FILE" in told
    assert sequence_of(plant) == 0


@pytest.mark.parametrize(
    ("first", "bands", "sentence"),
    [
        (36, [(0, 130)], "slot 12 would have a band from 0 to 1300"),
        (47, [(10, 60)] * 2, "1 slots are left in this pass of the schedule"),
        (59, [(40, 120)] * 2, "60"),
        (60, [(40, 120)], "60"),
    ],
)
def test_a_draft_that_would_be_refused_is_not_written(
    plant: Plant, first: int, bands: list[tuple[float, float]], sentence: str
) -> None:
    out = plant.world.folder / "no.json"
    assert sentence in refused(*line(plant, "draft", first, *bands), *plant.unsealed, "--out", out)
    assert not out.exists()


def test_a_pass_that_has_begun_keeps_its_bands(plant: Plant) -> None:
    plant.world.wait_until(START + 24 * HOUR_S)
    late = line(plant, "draft", 36, (0, 30))
    out = plant.world.folder / "late.json"
    assert "it would begin at 2027-01-16 00:00:00 UTC" in refused(*late, *plant.unsealed, "--out", out)
    packed = signed_by(plant, "late-signed", seal(plant, LOW))
    sent = refused("agreement", "submit", packed, "--together", *plant.unsealed, *plant.world.as_("operator"))
    assert "the contract would refuse: it would begin at 2027-01-16 00:00:00 UTC" in sent


def test_nobody_signs_what_is_about_something_else_or_does_not_open(plant: Plant) -> None:
    world = plant.world
    written, altered = world.folder / "draft.json", world.folder / "altered.json"
    assert electro(*line(plant, "draft", 36, (0, 30)), *plant.unsealed, "--out", written).code == 0
    content = json.loads(written.read_text())
    signed = world.folder / "signed.json"
    unsound = (*BANDS[:12], (0, 1201), *BANDS[13:])
    backwards = (*BANDS[:12], (300, 200), *BANDS[13:])
    for change, sentence in (
        ({"first": 48}, "do not open"),
        ({"place": 1}, "do not open"),
        ({"agreement_id": 2}, "do not open"),
        ({"bands": "0x" + seal(plant, LOW, pass_=2).hex()}, "do not open"),
        ({"bands": "0x" + bytes(112).hex()}, "do not open"),
        ({"bands": "0x" + seal(plant, LOW[:12]).hex()}, "sealed bands replace those of a whole pass"),
        ({"bands": "0x" + seal(plant, unsound).hex()}, "greater than what the connection can take"),
        ({"bands": "0x" + seal(plant, backwards).hex()}, "has no sound band"),
        ({"held": "0x" + bytes(112).hex()}, "do not open"),
        ({"bands": [[0, 300]] * 24}, "is no draft"),
        ({"bands": None}, "is no draft"),
        ({"held": "0x1"}, "is no draft"),
        ({"first": 36}, "is no draft: sealed bands replace those of a whole pass"),
        ({"first": 72}, "do not open"),
        ({"place": 1 << 40}, "is no draft"),
    ):
        altered.write_text(json.dumps(content | change))
        told = refused(
            *("agreement", "sign-renomination", altered, "--out", signed),
            *(*plant.unsealed, *world.as_("consumer")),
        )
        assert sentence in told, (change, told)
        assert not signed.exists()


def test_the_operator_sends_nothing_that_a_meter_could_not_open(plant: Plant) -> None:
    world = plant.world
    submit = ("--together", *plant.unsealed, *world.as_("operator"))
    unsound = (*BANDS[:12], (0, 1201), *BANDS[13:])
    other = sealed.seal_pass(LOW, viewing.read(plant.other), 1, 0, 1)
    for name, packed, first, sentence in (
        ("garbage", bytes(112), 24, "the bands of pass 1 at place 0 do not open"),
        ("other-pass", seal(plant, LOW, pass_=2), 24, "do not open"),
        ("other-place", seal(plant, LOW, place=1), 24, "do not open"),
        ("other-agreement", seal(plant, LOW, agreement=2), 24, "do not open"),
        ("other-key", other, 24, "do not open"),
        ("plain", pack_bands(LOW), 24, "sealed bands replace those of a whole pass"),
        ("unsound", seal(plant, unsound), 24, "greater than what the connection can take"),
        ("part", seal(plant, LOW), 25, "23 slots are left in this pass of the schedule"),
        ("beyond", seal(plant, LOW, pass_=3), 72, "60"),
    ):
        told = refused("agreement", "submit", signed_by(plant, name, packed, first), *submit)
        assert sentence in told, (name, told)
    assert sequence_of(plant) == 0
    good = signed_by(plant, "good", seal(plant, LOW))
    assert electro("agreement", "submit", good, *submit, "--json").json["sequence"] == 1


def test_a_life_with_other_bands_in_its_middle_is_clean_with_the_key_and_without(plant: Plant) -> None:
    world = plant.world
    agree_on(plant, 36, (0, 30), (0, 30))
    world.wait_until(START + HOURS * HOUR_S)
    assert plant.report(0, inside(0, 24), 10_000_000)["penalty"] == 0
    assert plant.report(24, AT_LOW[:12], 11_000_000, bands=LOW)["penalty"] == 0
    assert plant.report(36, AT_LOW[12:], 12_000_000, bands=LOW)["penalty"] == OVER
    assert plant.report(48, inside(0, 12), 13_000_000)["penalty"] == 0
    for with_key in ((), plant.unsealed):
        found = audit(*with_key)
        assert (found["equal"], found["findings"]) == (True, [])
    assert "does not open agreement 1" in refused("agreement", "audit", 1, *plant.wrong)
    told = electro("agreement", "audit", 1).out
    assert (
        "renominated: place 0, first interval 24, sequence 1, by both together, bands sealed, of a whole"
        in told
    )

    read = {}
    for name, with_key in (("without", ()), ("with", plant.unsealed)):
        out, pdf = world.folder / f"{name}.csv", world.folder / f"{name}.pdf"
        assert electro("agreement", "export", 1, "--out", out, *with_key).code == 0
        with out.open(encoding="utf-8") as stream:
            read[name] = list(csv.DictReader(stream))
        assert electro("agreement", "statement", 1, "--out", pdf, *with_key, "--json").json["checked"]
    held = [(float(row["least_kwh"]) * 10, float(row["greatest_kwh"]) * 10) for row in read["with"]]
    assert held == [*BANDS, *LOW, *BANDS[:12]]
    assert [float(row["energy_kwh"]) * 10 for row in read["with"]] == [
        *inside(0, 24), *AT_LOW, *inside(0, 12),
    ]  # fmt: skip
    assert {row["greatest_kwh"] for row in read["without"]} == {""}


def test_a_gap_between_two_meters_has_the_bands_of_its_pass(plant: Plant) -> None:
    world, old, new = plant.world, plant.meter, plant.world.account("other meter")
    agree_on(plant, 36, (0, 30), (0, 30))
    world.enrol(new)
    plant.meter = new
    plant.hand_key()
    world.wait_until(START + 30 * HOUR_S)
    assert electro("agreement", "revoke", old.address, *world.as_("operator")).code == 0
    world.wait_until(START + 40 * HOUR_S)
    rotation = (1, old.address, new.address)
    assert electro("agreement", "rotate", *rotation, *world.as_("operator")).code == 0
    assert electro("agreement", "accept-rotation", *rotation, *world.as_("consumer")).code == 0
    out = world.folder / "gap.csv"
    assert electro("agreement", "export", 1, "--out", out, *plant.unsealed).code == 0
    with out.open(encoding="utf-8") as stream:
        read = list(csv.DictReader(stream))
    assert {row["meter_address"] for row in read[32:40]} == {""}
    held = [(float(row["least_kwh"]) * 10, float(row["greatest_kwh"]) * 10) for row in read]
    assert held == [*BANDS, *LOW, *BANDS[:12]]


def test_a_meter_that_judged_by_the_bands_before_is_named(plant: Plant) -> None:
    agree_on(plant, 36, (0, 30), (0, 30))
    plant.world.wait_until(START + 48 * HOUR_S)
    plant.report(0, inside(0, 24), 10_000_000)
    assert plant.report(24, AT_LOW, 11_000_000, bands=BANDS)["penalty"] == UNDER_AGREED
    assert audit()["equal"]
    done = electro("agreement", "audit", 1, *plant.unsealed)
    assert done.code == 3
    assert f"meter {plant.meter.address}, report from interval 24 on: it judged otherwise" in done.out
    assert "report from interval 0" not in done.out
    assert "the money is as the meters told, and 1 reports are not what their readings and bands" in done.err


def test_bands_that_do_not_open_are_named_and_harm_nothing_else(plant: Plant) -> None:
    world = plant.world
    force(plant, seal(plant, LOW, pass_=2))
    told = electro("agreement", "audit", 1, *plant.unsealed)
    assert told.code == 3
    assert "the bands of pass 1 at place 0 do not open, and no meter can judge by them" in told.out
    assert "the money is as the meters told, and the bands of 1 passes do not open" in told.err
    assert audit()["equal"], "without the key they look like any others"
    quote = ("agreement", "quote", 1, *plant.unsealed, "--json", "--first")
    assert "the bands of pass 1 at place 0 do not open" in refused(*quote, 36, 10)
    assert electro(*quote, 12, 50).json["penalty"] == 0
    out = world.folder / "part.json"
    part = (*line(plant, "draft", 36, (0, 30)), "--out", out, *plant.unsealed)
    assert "the bands of pass 1 at place 0 do not open" in refused(*part)

    plant.world.wait_until(START + 48 * HOUR_S)
    plant.report(0, inside(0, 24), 10_000_000)
    plant.report(24, inside(0, 24), 11_000_000)  # of a meter that judges by what was agreed, wrongly
    found = electro("agreement", "audit", 1, *plant.unsealed)
    assert found.code == 3
    assert "report from interval 24 on: the bands of its pass do not open, so that nobody can" in found.out
    assert "1 reports are not what their readings and bands say and the bands of 1 passes" in found.err
    csv_file = world.folder / "part.csv"
    assert electro("agreement", "export", 1, "--out", csv_file, *plant.unsealed).code == 0
    with csv_file.open(encoding="utf-8") as stream:
        read = list(csv.DictReader(stream))
    assert [float(row["energy_kwh"]) * 10 for row in read[:48]] == inside(0, 48), "the readings do open"
    assert {(row["least_kwh"], row["greatest_kwh"]) for row in read[24:48]} == {("0.0", "120.0")}


def test_bands_that_do_not_open_are_replaced_in_time_and_then_harm_nobody(plant: Plant) -> None:
    force(plant, bytes(112))
    all_rows = [(least / 10, greatest / 10) for least, greatest in LOW]
    out = plant.world.folder / "all.json"
    done = electro(*line(plant, "draft", 24, *all_rows), "--out", out, *plant.unsealed)
    assert "what holds in that pass does not open: it is told beside what was agreed" in done.err
    signed = plant.world.folder / "all-signed.json"
    sign = ("agreement", "sign-renomination", out, "--out", signed, *plant.unsealed)
    assert electro(*sign, *plant.world.as_("consumer")).code == 0
    submit = ("agreement", "submit", signed, "--together", *plant.unsealed)
    assert electro(*submit, *plant.world.as_("operator"), "--json").json["sequence"] == 2
    plant.world.wait_until(START + 48 * HOUR_S)
    plant.report(0, inside(0, 24), 10_000_000)
    plant.report(24, AT_LOW, 11_000_000, bands=LOW)
    assert audit(*plant.unsealed)["equal"]


def test_a_report_of_such_a_pass_is_shown_with_the_bands_that_held(plant: Plant) -> None:
    world = plant.world
    agree_on(plant, 36, (0, 30), (0, 30))
    world.wait_until(START + 48 * HOUR_S)
    plant.report(0, inside(0, 24), 10_000_000)
    plant.report(24, AT_LOW, 11_000_000, bands=LOW)
    disclose = ("agreement", "disclose", 1, "--device", plant.meter.address, *plant.unsealed)
    plain, whole = world.folder / "plain.json", world.folder / "whole.json"
    assert electro(*disclose, "--report", 24, "--out", plain).code == 0
    shown = electro("agreement", "check-disclosure", plain, "--json").json
    assert shown["readings"] == AT_LOW
    assert "judged" not in shown
    assert electro(*disclose, "--report", 24, "--bands", "--out", whole).code == 0
    assert electro("agreement", "check-disclosure", whole, "--json").json["judged"] is True
    assert json.loads(whole.read_text())["bands"] == "0x" + pack_bands(LOW).hex()

    before = world.folder / "before.json"
    assert electro(*disclose, "--report", 0, "--bands", "--out", before).code == 0
    assert electro("agreement", "check-disclosure", before, "--json").json["judged"] is True
    agreed, other = json.loads(before.read_text()), json.loads(whole.read_text())
    for of, bands in ((other, agreed), (agreed, other)):
        forged = world.folder / "forged.json"
        forged.write_text(json.dumps(of | {name: bands[name] for name in ("bands", "bands_seed")}))
        done = electro("agreement", "check-disclosure", forged)
        assert (done.code, done.out) == (3, "")
        assert "shows other bands than were agreed for that pass" in done.err


def test_a_wrong_judgement_of_such_a_pass_is_proved_to_who_has_no_key(plant: Plant) -> None:
    agree_on(plant, 36, (0, 30), (0, 30))
    plant.world.wait_until(START + 48 * HOUR_S)
    plant.report(0, inside(0, 24), 10_000_000)
    plant.report(24, AT_LOW, 11_000_000, bands=BANDS)
    out = plant.world.folder / "wrongly.json"
    line_ = ("agreement", "disclose", 1, "--device", plant.meter.address, "--report", 24, "--bands")
    assert electro(*line_, "--out", out, *plant.unsealed).code == 0
    done = electro("agreement", "check-disclosure", out)
    assert done.code == 3
    assert "OTHERWISE than they say" in done.out


def test_sections_count_the_bands_of_the_pass(plant: Plant) -> None:
    world = plant.world
    agree_on(plant, 36, (0, 30), (0, 30))
    file, folder = world.folder / "sections.toml", world.folder / "keys"
    file.write_text(f'[[section]]\nname = "Feeder"\ncapacity_kw = 110\nmeters = ["{plant.meter.address}"]\n')
    folder.mkdir()
    (folder / "plant.viewing").write_text(plant.key.read_text())
    section = ("plan", "sections", file, "--since", f"{START}", "--days", 2, "--json")
    opened = electro(*section, "--viewing-keys", folder).json["sections"][0]
    assert opened["greatest_w"] == [100.0 * greatest for _, greatest in (*BANDS, *LOW)]
    assert opened["least_w"] == [100.0 * least for least, _ in (*BANDS, *LOW)]
    assert set(electro(*section).json["sections"][0]["greatest_w"]) == {120_000}


def test_what_is_told_of_sealed_bands_is_what_the_contract_says(plant: Plant) -> None:
    """Each refusal foretold of both together is the contract's, and none else."""
    contract = at(plant.world.web3, plant.world.contract)
    terms = Terms.from_tuple(contract.functions.termsOf(1).call())
    now = plant.world.web3.eth.get_block("latest")["timestamp"]
    from tests.tools.test_agreement_renominated import _answer

    for first in (0, 1, 24, 30, 48, 59, 72, 100):
        new = Nomination(terms, 0, first, LOW, BANDS, HOURS, 0)
        message = Renomination(1, 0, first, 1, seal(plant, LOW, pass_=first // 24), START + 10**6)
        signature = SignedMessage.make(message, plant.world.domain, bytes(plant.world.consumer.key)).signature
        call = contract.functions.renominateTogether(message.values(), signature)
        told = new.refusal(By.BOTH, now)
        assert (told[0] if told else None) == _answer(call, plant.world.operator.address), first


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def drafted(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A sealed draft's content, and the file of its key."""
    folder = tmp_path_factory.mktemp("sealed")
    key = viewing.make(folder / "plant.viewing")
    plain = terms_file.parse(TERMS.format(start="2027-01-15T00:00:00Z", hours=48), folder)
    terms = sealed.seal(plain, key)
    packed = sealed.seal_pass(LOW, key, 3, 0, 1)
    new = Nomination(terms, 0, 24, LOW, plain.bands, 48, 4)
    made = drafts.Draft(Domain(5, b"\x11" * 20), 3, b"\x22" * 20, new, drafts.Ciphertext(packed, None))
    content = made.to_json()
    assert drafts.Draft.from_json(content, folder / "plant.viewing").nomination == new
    held = dataclasses.replace(made, ciphertext=drafts.Ciphertext(packed, packed))
    again = drafts.Draft.from_json(held.to_json(), folder / "plant.viewing")
    assert again.nomination.held == LOW
    return content, folder / "plant.viewing"


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), value=_json)
def test_no_change_of_a_sealed_draft_breaks_the_reader(
    drafted: tuple[dict[str, Any], Path], tmp_path: Path, data: st.DataObject, value: Any
) -> None:
    content, key = drafted
    file = tmp_path / "draft.json"
    file.write_text(json.dumps({**content, data.draw(st.sampled_from(list(content))): value}))
    sentence, read = "", None
    try:
        read = drafts.read(file, key)
    except ToolError as error:
        sentence = error.sentence
    if read is None:
        told = (
            f"{file} is no draft: ",
            f"the bands in {file} do not open: ",
            f"{key} does not open the agreement: ",
        )
        assert sentence.startswith(told)
    else:
        assert nomination_picture.in_terminal(read.nomination)
        assert read.nomination.saves() >= 0
