# SPDX-License-Identifier: Apache-2.0
"""`electro agreement` as its users run it, on the embedded chain: each command, and each refusal as one sentence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click
from tests.tools.agreements import HOUR_S, SETTLES_AT, START, World, electro, inside, refused

from electro_protocol.messages import OutageReport
from electro_protocol.signed import SignedMessage

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_from_a_proposal_over_a_signature_to_an_acknowledged_invoice(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    meter, folder = world.account("meter"), world.folder
    world.enrol(meter)
    offer, signed, redemption = folder / "offer.json", folder / "signed.json", folder / "redemption.json"
    assert world.propose(meter.address, "--offer", offer) == 1
    assert electro("agreement", "show", 1, "--json").json["phase"] == "open"

    with monkeypatch.context() as offline:
        for name in ("ELECTRO_RPC", "ELECTRO_CONTRACT", "ELECTRO_CHAIN_ID"):
            offline.delenv(name)
        line = ("agreement", "sign-acceptance", offer, "--terms", world.terms(), "--out", signed)
        assert electro(*line, *world.as_("consumer")).code == 0
    assert electro("agreement", "submit", signed, *world.as_("anyone"), "--json").json["state"] == "accepted"
    assert "agreement 1 is accepted" in refused("agreement", "submit", signed, *world.as_("anyone"))

    world.wait_until(START + 24 * HOUR_S)
    world.report(meter, 1, 0, [*inside(0, 12), 2000, *inside(13, 9)], 10_000_000)
    shown = electro("agreement", "show", 1)
    assert "next interval 22 of 48, 2 behind (2 h), 6,100 accrued" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    behind = electro("agreement", "list", "--behind")
    assert "2 behind (2 h)" in behind.out
    assert max(map(len, behind.out.splitlines())) <= 80
    world.report(meter, 1, 22, inside(22, 2), 10_100_000)
    assert electro("agreement", "list", "--behind", "--json").json == []
    assert electro("agreement", "list", "--json").json[0]["agreement"] == 1
    world.wait_until(START + 48 * HOUR_S)
    world.report(meter, 1, 24, inside(24, 22), 10_200_000)
    world.wait_until(SETTLES_AT)
    settled = electro("agreement", "settle", 1, *world.as_("anyone"), "--json").json
    assert settled["remaining"] == 100_000 - 6_100 - 2 * 6_300
    assert settled["discount"] == settled["remaining"] // 4

    done = electro("agreement", "redeem", 1, "2027-17", 1_000, *world.as_("consumer"), "--json")
    assert done.json["left"] == settled["discount"] - 1_000
    line = ("agreement", "sign-redemption", 1, "2027-18", 500, "--deadline", SETTLES_AT + 3600)
    unasked = refused(*line, "--out", redemption, *world.as_("consumer")[:2])
    assert "anyone can use 500 of the discount for invoice 2027-18, for good, and nobody is here" in unasked
    assert not redemption.exists()
    assert electro(*line, "--out", redemption, *world.as_("consumer")).code == 0
    assert electro("agreement", "submit", redemption, *world.as_("anyone"), "--json").json["amount"] == 500
    assert (
        electro("agreement", "acknowledge", 1, "2027-18", *world.as_("operator"), "--json").json["amount"]
        == 500
    )
    shown = electro("agreement", "show", 1, "--invoice", "2027-18").out
    assert "2027-18: 500, acknowledged" in shown
    assert "redeemed     1,500" in shown
    again = refused("agreement", "redeem", 1, "2027-17", 1, *world.as_("consumer"))
    assert "invoice 2027-17 has had 1000 of this discount already" in again


def test_what_the_operator_and_the_consumer_change_on_the_way(world: World) -> None:
    old, new = world.account("old"), world.account("new")
    agreement_id = world.agree(old)
    world.enrol(new)
    assert (
        electro("agreement", "grant", 1, 5_000, *world.as_("operator"), "--json").json["remaining"] == 105_000
    )
    rotation = (agreement_id, old.address, new.address)
    early = refused("agreement", "accept-rotation", *rotation, *world.as_("consumer"))
    assert "the operator proposes first: electro agreement rotate" in early
    assert (
        electro("agreement", "rotate", *rotation, *world.as_("operator"), "--json").json["new"] == new.address
    )
    world.wait_until(START + 10 * HOUR_S)
    assert (
        electro("agreement", "accept-rotation", *rotation, *world.as_("consumer"), "--json").json["first"]
        == 11
    )
    assert (
        electro("agreement", "revoke", new.address, *world.as_("operator"), "--json").json["revoked"]
        == new.address
    )
    again = refused("agreement", "revoke", new.address, *world.as_("operator"))
    assert f"the key of {new.address} was revoked" in again
    ended = electro("agreement", "terminate", 1, *world.as_("consumer"), "--json").json
    assert (ended["intervals"], ended["forfeited"]) == (13, 100_000 * 35 // 48)
    shown = electro("agreement", "show", 1).out
    assert "state        ended early" in shown
    assert "part of accrued" in shown
    assert "grants       5,000" in shown
    world.wait_until(START + 48 * HOUR_S + 2 * HOUR_S + 1)  # what is missing leaves the old dates
    too_much = refused("agreement", "waive", 1, 10**6, *world.as_("operator"))
    assert "an amount from 1 to" in too_much
    assert electro("agreement", "waive", 1, 1_000, *world.as_("operator"), "--json").json["waived"] == 1_000


def test_a_renewal_is_signed_first_and_costs_one_transaction(world: World) -> None:
    meter = world.account("meter")
    world.agree(meter)
    offer, signed = world.folder / "renewal.json", world.folder / "signed.json"
    period = ("--start", "2027-01-17T00:00:00Z", "--bonus", 7_000)
    done = electro("agreement", "renew", 1, *period, "--offer", offer, *world.as_("operator"), "--json")
    assert done.json == {"agreement": 2, "offer": str(offer), "sent": False}
    assert electro("agreement", "sign-acceptance", offer, "--out", signed, *world.as_("consumer")).code == 0
    stranger = refused("agreement", "submit", signed, *world.as_("anyone"))
    assert f"{world.anyone.address} is not the operator of this contract" in stranger
    renewed = electro("agreement", "submit", signed, *world.as_("operator"), "--json").json
    assert (renewed["agreement"], renewed["renews"], renewed["state"]) == (2, 1, "accepted")
    assert electro("agreement", "audit", 2, "--json").json["equal"]
    unsigned = electro(
        "agreement",
        "renew",
        1,
        "--start",
        START + 12 * 86_400,
        "--bonus",
        1,
        *world.as_("operator"),
        "--json",
    )
    assert (unsigned.json["agreement"], unsigned.json["renews"]) == (3, 1)
    assert "not signed yet" in refused("agreement", "submit", offer, *world.as_("operator"))
    rows = electro("agreement", "list", "--json").json
    assert [(row["agreement"], row["state"]) for row in rows] == [
        (3, "proposed"),
        (2, "accepted"),
        (1, "accepted"),
    ]
    listed = electro("agreement", "list", "--state", "accepted", "--consumer", world.consumer.address).out
    assert listed.count("accepted") == 2
    assert max(map(len, listed.splitlines())) <= 80
    assert "none of 3 agreements" in electro("agreement", "list", "--consumer", meter.address).out


def test_proposals_can_be_paused_cancelled_and_written_out_again(world: World) -> None:
    meter, operator = world.account("meter"), world.as_("operator")
    world.enrol(meter)
    assert electro("agreement", "pause", *operator, "--json").json["proposals"] == "paused"
    line = ("agreement", "propose", world.terms(), "--consumer", world.consumer.address, "--bonus", 1)
    paused = refused(*line, "--device", meter.address, *operator)
    assert "electro agreement resume" in paused
    assert electro("agreement", "resume", *operator, "--json").json["proposals"] == "taken"
    assert world.propose(meter.address) == 1
    written = world.folder / "written.toml"
    written.write_text(electro("agreement", "terms", 1).out)
    hashes = [
        electro("agreement", "check", file, "--json").json["terms_hash"] for file in (written, world.terms())
    ]
    assert hashes[0] == hashes[1] == electro("agreement", "terms", 1, "--json").json["terms_hash"]
    assert electro("agreement", "cancel", 1, *operator, "--json").json["state"] == "cancelled"
    assert "agreement 1 is cancelled" in refused("agreement", "accept", 1, *world.as_("consumer"))
    assert "called off; it binds nobody" in electro("agreement", "show", 1).out


def test_the_operators_leaving_costs_the_consumer_nothing(world: World) -> None:
    world.agree(world.account("meter"))
    world.wait_until(START + 24 * HOUR_S)
    assert "the consumer keeps the whole bonus" in refused(
        "agreement", "terminate", 1, *world.as_("operator")[:2]
    )
    assert electro("agreement", "terminate", 1, *world.as_("operator"), "--json").json["forfeited"] == 0


def test_help_fits_a_terminal_of_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    from electro_tools.agreement.cli import agreement
    from electro_tools.contract.cli import contract
    from electro_tools.keys import key

    for group in (agreement, contract, key):
        for name in ("", *group.list_commands(click.Context(group))):
            done = electro(group.name, *name.split(), "--help")
            assert done.code == 0
            assert done.out.startswith(f"Usage: electro {group.name}")
            assert max(map(len, done.out.splitlines())) <= 80


def test_a_consumption_is_quoted_before_it_happens(world: World, tmp_path: Path) -> None:
    meter = world.account("meter")
    world.enrol(meter)
    world.propose(meter.address)
    quoted = electro("agreement", "quote", 1, "--first", 22, 35, 70, 35.05, 35.05, "--json").json
    assert (quoted["over"], quoted["over_units"], quoted["penalty"]) == (1, 100, 500 + 100 * 7)
    assert quoted["wh"] == 175_100
    assert quoted["remaining"] == 100_000 - 1_200
    load = tmp_path / "load.csv"
    rows = [f"2026-03-02 {hour:02}:00,{200 if hour == 12 else 55}" for hour in range(24)]
    load.write_text("time,energy_kwh\n" + "\n".join(rows) + "\n")
    shown = electro("agreement", "quote", 1, "--load", load)
    assert (shown.code, shown.err) == (0, "")
    assert "load.csv, energy_kwh: 24 intervals of 1 h" in shown.out
    assert "over       1 intervals, by 80 kWh in all" in shown.out
    assert "penalty    6,100" in shown.out
    assert "the contract refuses" in refused("agreement", "quote", 1, "--first", 48, 5)
    assert "are more than a reading holds" in refused("agreement", "quote", 1, 10_000)
    assert electro("agreement", "quote", 1).code == 2
    load.write_text(
        "time,energy_kwh\n" + "\n".join(f"2026-03-02 {i // 4:02}:{i % 4 * 15:02},15" for i in range(96))
    )
    finer = electro("agreement", "quote", 1, "--load", load, "--json")
    assert (finer.json["wh"], finer.json["intervals"]) == (24 * 60_000, 24)
    load.write_text("time,energy_kwh\n" + "\n".join(f"2026-03-02 {i * 2:02}:00,5" for i in range(12)))
    assert "has intervals of 7200 s, the agreement of 3600 s" in refused(
        "agreement", "quote", 1, "--load", load
    )


def test_a_meters_messages_can_be_carried_by_hand(world: World, tmp_path: Path) -> None:
    meter = world.account("meter")
    world.agree(meter)
    world.wait_until(START + 3 * HOUR_S)
    report, outage = tmp_path / "report.json", tmp_path / "outage.json"
    for file, message in (
        (report, world.energy(1, 0, 5, [350, 700, 0x8000])),
        (outage, OutageReport(1, 0, START + 2 * HOUR_S, START + 3 * HOUR_S, 2)),
    ):
        file.write_text(json.dumps(SignedMessage.make(message, world.domain, bytes(meter.key)).to_json()))
    sent = electro("agreement", "submit", report, *world.as_("anyone"), "--json").json
    assert (sent["meter"], sent["intervals"], sent["penalty"]) == (meter.address, 3, 500 + 100 * 7)
    assert "the contract expects interval 3 next" in refused(
        "agreement", "submit", report, *world.as_("anyone")
    )
    assert (
        electro("agreement", "submit", outage, *world.as_("anyone"), "--json").json["penalty"]
        == 1_000 + 60 * 10
    )
    report.write_text(report.read_text().replace('"registerWh": 5', '"registerWh": 6'))
    assert "is no meter of the accepted agreement 1" in refused(
        "agreement", "submit", report, *world.as_("anyone")
    )
    report.write_text('{"type": "EnergyReport", "message": {}}')
    assert "is no meter's message: signature is missing" in refused(
        "agreement", "submit", report, *world.as_("anyone")
    )
