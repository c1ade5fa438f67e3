# SPDX-License-Identifier: Apache-2.0
"""A sealed agreement as its parties run it, on the embedded chain: who has the viewing key sees all, others money."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import pytest
import requests
from tests.console.running_console import RunningConsole
from tests.tools.agreements import HOUR_S, START, World, audit, electro, inside, refused
from tests.tools.plants import BANDS, OVER_AT_12, SILENCE, Plant
from tests.waiting import LIMIT_S

from electro_protocol import sealing
from electro_tools import viewing

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount


@pytest.fixture
def plant(world: World) -> Plant:
    return Plant(world)


def test_a_sealed_proposal_is_accepted_only_by_who_can_open_it(plant: Plant) -> None:
    world, consumer = plant.world, plant.world.as_("consumer")
    cheap = ("--consumer", world.consumer.address, "--device", plant.meter.address, "--bonus", 1)
    assert f"could cost {SILENCE}" in refused(
        "agreement", "propose", world.terms(), *cheap, *plant.unsealed, *world.as_("operator")
    )
    offer, signed = world.folder / "offer.json", world.folder / "signed.json"
    assert plant.propose("--offer", offer) == 1
    plain = ("agreement", "accept", 1, *consumer)
    assert "are sealed, and no viewing key was given" in refused(*plain)
    assert "this is the viewing key of another agreement" in refused(*plain, *plant.wrong)
    assert "is no viewing key" in refused(*plain, "--viewing-key", offer)
    assert "is no viewing key" in refused(*plain, "--viewing-key", world.folder / "none")
    line = ("agreement", "sign-acceptance", offer, "--out", signed, *consumer)
    assert "no viewing key was given" in refused(*line)
    assert "another agreement" in refused(*line, *plant.wrong)
    assert not signed.exists()
    other_terms = ("--terms", world.terms("other", missing=str(SILENCE), violation="499"))
    assert "violation_penalty differ" in refused(*line, *plant.unsealed, *other_terms)
    assert electro(*line, *plant.unsealed, "--terms", plant.terms()).code == 0
    early = refused("agreement", "submit", signed, *world.as_("anyone"))
    assert plant.meter.address in early
    assert "has not said that it holds the viewing key" in early
    assert "electro device viewing-key KEY --out WORD.json" in early
    plant.hand_key()
    assert electro("agreement", "submit", signed, *world.as_("anyone"), "--json").json["state"] == "accepted"


def test_a_sealed_proposal_shows_its_terms_and_quotes_with_the_key(plant: Plant) -> None:
    world = plant.world
    plant.propose()
    for line in (("agreement", "terms", 1), ("agreement", "quote", 1, "--first", 12, 130)):
        assert "no viewing key was given" in refused(*line)
        assert "another agreement" in refused(*line, *plant.wrong)
    written = world.folder / "written.toml"
    written.write_text(electro("agreement", "terms", 1, *plant.unsealed).out)
    plain = [
        electro("agreement", "check", file, "--json").json["terms_hash"] for file in (written, plant.terms())
    ]
    assert plain[0] == plain[1]
    quoted = electro("agreement", "quote", 1, "--first", 12, 130, 80, *plant.unsealed, "--json").json
    assert (quoted["over"], quoted["over_units"], quoted["penalty"]) == (1, 100, 500 + 100 * 7)
    plant.hand_key()
    line = ("agreement", "accept", 1, *plant.unsealed, "--key-file", world.key("consumer"), "--dry-run")
    assert "both together alone, a whole pass before it begins" in electro(*line).out
    assert electro("agreement", "terms", 1, *plant.unsealed, "--json").json["renominate"] is None


def test_from_sealed_reports_to_an_audit_an_export_and_a_statement(plant: Plant) -> None:
    world = plant.world
    plant.agree()
    world.wait_until(START + 48 * HOUR_S)
    told = plant.report(0, OVER_AT_12, 10_000_000)
    assert (told["first"], told["intervals"], told["penalty"]) == (0, 24, 500 + 100 * 7)
    assert plant.report(24, inside(0, 24), 11_000_000)["penalty"] == 0
    for with_key in ((), plant.unsealed):
        assert audit(*with_key)["equal"]
    assert "does not open agreement 1" in refused("agreement", "audit", 1, *plant.wrong)

    rows = {}
    for name, with_key in (("without", ()), ("with", plant.unsealed)):
        csv_file, out = world.folder / f"audit-{name}.csv", world.folder / f"{name}.csv"
        assert electro("agreement", "audit", 1, "--csv", csv_file, *with_key).code == 0
        assert electro("agreement", "export", 1, "--out", out, *with_key, "--json").json["intervals"] == 48
        with out.open(encoding="utf-8") as stream:
            rows[name] = list(csv.DictReader(stream))
        pdf = world.folder / f"{name}.pdf"
        done = electro("agreement", "statement", 1, "--out", pdf, *with_key, "--json").json
        assert (done["checked"], done["remaining"]) == (True, 100_000 - 1_200)
        assert pdf.read_bytes().startswith(b"%PDF")
    assert [float(row["energy_kwh"]) * 10 for row in rows["with"]] == [*OVER_AT_12, *inside(0, 24)]
    assert (rows["with"][12]["least_kwh"], rows["with"][12]["greatest_kwh"]) == ("40.0", "120.0")
    assert {row["energy_kwh"] for row in rows["without"]} == {""}
    assert {(row["least_kwh"], row["greatest_kwh"]) for row in rows["without"]} == {("", "")}
    for ending in ("xlsx", "parquet"):
        hidden = electro("agreement", "export", 1, "--out", world.folder / f"hidden.{ending}")
        assert "sealed     readings and bands are missing: no viewing key was given" in hidden.out
    for told_rows in rows.values():
        assert [row["penalty_minor_units"] for row in told_rows] == [
            "1200" if i == 12 else "0" for i in range(48)
        ]
    for command in ("export", "statement"):
        out = world.folder / "wrong.pdf"
        assert "does not open agreement 1" in refused("agreement", command, 1, "--out", out, *plant.wrong)
        assert not out.exists()


def test_the_audit_with_the_key_names_a_report_that_was_judged_wrongly(plant: Plant) -> None:
    plant.agree()
    plant.world.wait_until(START + 48 * HOUR_S)
    plant.report(0, OVER_AT_12, 10_000_000, words=b"")
    assert audit()["equal"]
    done = electro("agreement", "audit", 1, *plant.unsealed)
    assert done.code == 3
    assert (
        "the money is as the meters told, and 1 reports are not what their readings and bands say" in done.err
    )
    assert f"meter {plant.meter.address}, report from interval 0 on: it judged otherwise" in done.out


def test_the_audit_with_the_key_names_a_report_that_opens_for_nobody(plant: Plant) -> None:
    plant.agree()
    plant.world.wait_until(START + 48 * HOUR_S)
    assert plant.report(0, OVER_AT_12, 10_000_000, spoiled=True)["penalty"] == 500 + 100 * 7
    assert audit()["equal"]
    done = electro("agreement", "audit", 1, *plant.unsealed)
    assert done.code == 3
    assert f"meter {plant.meter.address}, report from interval 0 on: it does not open" in done.out
    line = ("agreement", "disclose", 1, "--device", plant.meter.address, "--report", 0)
    assert "does not open this report" in refused(
        *line, "--out", plant.world.folder / "x.json", *plant.unsealed
    )


def test_one_report_is_shown_to_who_has_no_key_and_nothing_else_passes_for_it(plant: Plant) -> None:
    world = plant.world
    plant.agree()
    world.wait_until(START + 48 * HOUR_S)
    plant.report(0, OVER_AT_12, 10_000_000)
    plant.report(24, OVER_AT_12, 11_000_000, words=b"")
    disclosed = world.folder / "one.json"
    line = ("agreement", "disclose", 1, "--device", plant.meter.address, "--out", disclosed)
    assert "without the viewing key nothing can be shown" in refused(*line, "--report", 0)
    assert "does not open this report" in refused(*line, "--report", 0, *plant.wrong)
    assert "no sealed report that begins with interval 5" in refused(*line, "--report", 5, *plant.unsealed)
    assert not disclosed.exists()
    assert electro(*line, "--report", 0, *plant.unsealed, "--json").json["disclosure"] == str(disclosed)
    assert viewing.read(plant.key).hex() not in disclosed.read_text()
    shown = electro("agreement", "check-disclosure", disclosed, "--json").json
    assert (shown["readings"], shown["register_wh"]) == (OVER_AT_12, 10_000_000)
    assert "judged" not in shown

    found = json.loads(disclosed.read_text())
    altered = world.folder / "altered.json"

    def check(**changes: object) -> Any:
        altered.write_text(json.dumps(found | changes))
        return electro("agreement", "check-disclosure", altered)

    for change in ({"key": "0x" + "11" * 32}, {"seed": "0x" + "11" * 32}, {"first_interval": 24}):
        done = check(**change)
        assert (done.code, done.out) == (3, ""), change
        assert "does not show what the meter sealed" in done.err
    for change, sentence in (
        ({"first_interval": 1}, "no sealed report that begins with interval 1"),
        ({"first_interval": "x"}, "is no disclosure"),
        ({"key": "0x11"}, "is no disclosure"),
        ({"seed": 5}, "is no disclosure"),
        ({"device": "0x11"}, "is no disclosure"),
        ({"agreement": 2}, "is no meter of the accepted agreement 2"),
        ({"agreement": -1}, "is no disclosure"),
        ({"agreement": 1 << 64}, "is no disclosure"),
        ({"device": world.anyone.address}, "is no meter of the accepted agreement 1"),
        ({"chain_id": 1}, "is of another chain or contract"),
        ({"bands": "0x"}, "is no disclosure"),
        ({"bands": "0x00"}, "is no disclosure"),
    ):
        done = check(**change)
        assert (done.code, done.out) == (1, ""), (change, done)
        assert sentence in done.err, (change, done)
        assert "Traceback" not in done.err

    bands = world.folder / "bands.json"
    line = ("agreement", "disclose", 1, "--device", plant.meter.address, "--bands", *plant.unsealed)
    assert electro(*line, "--report", 0, "--out", bands).code == 0
    assert electro("agreement", "check-disclosure", bands, "--json").json["judged"] is True
    found = json.loads(bands.read_text())
    done = check(bands="0x" + (bytes(48) + b"\x7f\xff" * 24).hex())
    assert done.code == 3
    assert "shows other bands than were agreed" in done.err
    wrongly = world.folder / "wrongly.json"
    assert electro(*line, "--report", 24, "--out", wrongly).code == 0
    done = electro("agreement", "check-disclosure", wrongly)
    assert done.code == 3
    assert "OTHERWISE than they say" in done.out
    assert "the meter told other deviations than its readings have" in done.err


def test_nobody_takes_a_sealed_place_over_that_it_can_not_open(plant: Plant) -> None:
    world = plant.world
    plant.agree()
    offered = ("agreement", "hand-over", 1, "--to", world.anyone.address, *world.as_("consumer"))
    assert electro(*offered).code == 0
    line = ("agreement", "hand-over", 1, "--accept", *world.as_("anyone"))
    assert "no viewing key was given" in refused(*line)
    assert "another agreement" in refused(*line, *plant.wrong)
    asked = electro(*line[:4], "--from", world.anyone.address, *plant.unsealed).out
    assert "both together alone, a whole pass before it begins" in asked
    assert electro(*line, *plant.unsealed, "--json").json["consumer"] == world.anyone.address


def test_show_says_by_which_key_an_agreement_is_sealed_and_which_meter_lacks_it(plant: Plant) -> None:
    plant.propose()
    key_hash = "0x" + sealing.key_hash(viewing.read(plant.key)).hex()
    shown = electro("agreement", "show", 1, "--json").json
    assert (shown["viewing_key_hash"], shown["without_viewing_key"]) == (key_hash, [plant.meter.address])
    assert f"{plant.meter.address} has not said that it holds the key" in electro("agreement", "show", 1).out
    plant.hand_key()
    assert electro("agreement", "show", 1, "--json").json["without_viewing_key"] == []


def test_sections_count_sealed_bands_with_a_folder_of_keys_and_say_so_without(plant: Plant) -> None:
    world = plant.world
    plant.agree()
    file, folder = world.folder / "sections.toml", world.folder / "keys"
    file.write_text(f'[[section]]\nname = "Feeder"\ncapacity_kw = 110\nmeters = ["{plant.meter.address}"]\n')
    line = ("plan", "sections", file, "--since", f"{START}", "--days", 1)
    assert "is no folder" in refused(*line, "--viewing-keys", folder)
    folder.mkdir()

    def feeder(*more: object) -> Any:
        return electro(*line, *more, "--json").json["sections"][0]

    for more in ((), ("--viewing-keys", folder)):
        found = feeder(*more)
        assert (found["sealed_meters"], set(found["least_w"]), set(found["greatest_w"])) == (
            1,
            {0},
            {120_000},
        )
    assert "the bands of 1 of its meters are sealed" in electro(*line).out
    (folder / "plant.viewing").write_text(plant.key.read_text())
    found = feeder("--viewing-keys", folder)
    assert found["sealed_meters"] == 0
    assert found["greatest_w"] == [100.0 * greatest for _, greatest in BANDS]
    assert found["least_w"] == [100.0 * least for least, _ in BANDS]
    (folder / "more.viewing").write_text("0x11")
    assert "more.viewing is no viewing key: it has 1 bytes" in refused(*line, "--viewing-keys", folder)


def test_the_console_shows_what_the_chain_shows_and_lets_nobody_act_blindly(plant: Plant) -> None:
    world = plant.world
    plant.propose()
    with RunningConsole(
        world.web3.provider.endpoint_uri, world.domain.contract, world.folder / "i.sqlite"
    ) as console:

        def page(path: str) -> requests.Response:
            console.has(world.web3.eth.block_number)
            answer = requests.get(console.url + path, timeout=LIMIT_S)
            assert answer.status_code == 200, answer.text
            return answer

        def acts(who: LocalAccount) -> set[str]:
            answer = page(f"/agreements/1/acts.json?account={who.address}")
            return {each["act"] for each in answer.json()["acts"]}

        assert "cancel" in acts(world.consumer)
        assert "accept" not in acts(world.consumer)
        plant.hand_key()
        done = electro("agreement", "accept", 1, *plant.unsealed, *world.as_("consumer"), "--json")
        assert done.json["state"] == "accepted"
        for who in (world.consumer, world.operator):
            assert acts(who)
            assert "renominate" not in acts(who)
        world.wait_until(START + 48 * HOUR_S)
        plant.report(0, OVER_AT_12, 10_000_000)
        assert "who has the viewing key reads them" in page("/agreements/1?lang=en").text
        shown = page("/agreements/1.json").json()
        assert shown["terms"]["seal"]["key_hash"] == "0x" + sealing.key_hash(viewing.read(plant.key)).hex()
        for path in ("/agreements/1/ledger", "/agreements/1/readings", "/agreements/1/audit", "/", "/meters"):
            page(path)
