# SPDX-License-Identifier: Apache-2.0
"""Acts of a consumer whose key is in another wallet: typed data that it can show, a transaction, never a bare hash."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from eth_account import Account
from eth_account.messages import encode_typed_data
from tests.tools.agreements import HOUR_S, SETTLES_AT, START, World, electro, inside, refused

if TYPE_CHECKING:
    from pathlib import Path

    from eth_account.signers.local import LocalAccount


def signature(folder: Path, account: LocalAccount, least_v: int = 27) -> str:
    """Sign as a hardware wallet does: from the typed data alone."""
    typed = json.loads((folder / "typed-data.json").read_text())
    raw = bytes(Account.sign_message(encode_typed_data(full_message=typed), account.key).signature)
    return "0x" + (raw[:64] + bytes([raw[64] - 27 + least_v])).hex()


def named(folder: Path) -> list[str]:
    """The fields of the typed data that the descriptor has a label for."""
    typed = json.loads((folder / "typed-data.json").read_text())
    descriptor = json.loads((folder / "erc7730.json").read_text())
    assert descriptor["context"]["eip712"]["domain"] == typed["domain"]
    fields = descriptor["display"]["formats"][typed["primaryType"]]["fields"]
    assert [each["path"] for each in fields] == list(typed["message"])
    return [each["label"] for each in fields]


@pytest.mark.parametrize("least_v", [0, 27])
def test_a_hardware_wallet_accepts_what_it_was_shown(world: World, least_v: int) -> None:
    world.enrol(world.account("meter"))
    world.propose(world.account("meter").address)
    folder, signed = world.folder / "wallet", world.folder / "signed.json"
    line = ("agreement", "accept", 1, "--from", world.consumer.address, "--folder", folder)
    shown = electro(*line).out
    for words in (
        "bonus        100,000",
        "40",
        "kWh an interval",
        "this binds you to agreement 1",
        "accept: the contract",
    ):
        assert words in shown
    typed = json.loads((folder / "typed-data.json").read_text())
    assert typed["message"]["termsHash"] in shown
    assert "Hash of the terms" in named(folder)
    assert "exists already" in refused(*line)

    attach = (
        "agreement",
        "attach",
        folder / "typed-data.json",
        "--from",
        world.consumer.address,
        "--out",
        signed,
    )
    stranger = refused(*attach, "--signature", signature(folder, world.anyone))
    assert f"it recovers to {world.anyone.address}" in stranger
    assert "that is no signature" in refused(*attach, "--signature", "0x1234")
    assert "that is no signature" in refused(*attach, "--signature", "what")
    assert not signed.exists()
    done = electro(*attach, "--signature", signature(folder, world.consumer, least_v), "--json").json
    assert done["by"] == world.consumer.address
    assert electro("agreement", "submit", signed, *world.as_("anyone"), "--json").json["state"] == "accepted"


def test_a_multisig_gets_the_transaction(world: World) -> None:
    world.enrol(world.account("meter"))
    world.propose(world.account("meter").address)
    folder = world.folder / "safe"
    line = ("agreement", "accept", 1, "--from", world.consumer.address, "--folder", folder, "--json")
    printed = electro(*line).json
    transaction = json.loads((folder / "transaction.json").read_text())
    assert (transaction["to"], transaction["value"]) == (world.contract, "0x0")
    assert transaction["data"] == printed["data"]
    assert printed["files"] == [
        str(folder / name) for name in ("typed-data.json", "erc7730.json", "transaction.json")
    ]
    sent: dict[str, Any] = {"to": world.contract, "data": transaction["data"], "gas": 1_000_000}
    nonce = world.web3.eth.get_transaction_count(world.consumer.address)
    sent |= {"gasPrice": world.web3.eth.gas_price, "nonce": nonce, "chainId": int(transaction["chainId"], 16)}
    raw = world.consumer.sign_transaction(sent).raw_transaction
    assert (
        world.web3.eth.wait_for_transaction_receipt(world.web3.eth.send_raw_transaction(raw))["status"] == 1
    )
    assert electro("agreement", "show", 1, "--json").json["state"] == "accepted"


def test_redemptions_and_renominations_go_the_same_way(world: World) -> None:
    world.agree(world.account("meter"))
    bands = world.folder / "bands.csv"
    bands.write_text("least_kwh,greatest_kwh\n30,110\n")
    consumer, folder, signed = world.consumer.address, world.folder / "bands", world.folder / "bands.json"
    line = ("--bands", bands, "--first", 40)
    assert electro("agreement", "renominate", 1, *line, "--from", consumer, "--folder", folder).code == 0
    assert "From interval" in named(folder)
    attach(folder, world, signed)
    assert electro("agreement", "submit", signed, *world.as_("anyone"), "--json").json["first"] == 40

    draft, offline = world.folder / "draft.json", world.folder / "offline"
    assert electro("agreement", "draft", 1, *line, "--out", draft).code == 0
    written = electro(
        "agreement", "sign-renomination", draft, "--from", consumer, "--folder", offline, "--json"
    )
    assert written.json["files"] == [str(offline / name) for name in ("typed-data.json", "erc7730.json")]
    assert electro("agreement", "sign-renomination", draft, "--yes").code == 2

    world.wait_until(START + 48 * HOUR_S)
    meter = world.account("meter")
    for first in (0, 24):
        world.report(meter, 1, first, inside(first, 24), 0)
    world.wait_until(SETTLES_AT)
    assert electro("agreement", "settle", 1, *world.as_("anyone")).code == 0
    folder, signed = world.folder / "invoice", world.folder / "invoice.json"
    assert electro("agreement", "redeem", 1, "2027-18", 500, "--from", consumer, "--folder", folder).code == 0
    assert "Invoice" in named(folder)
    attach(folder, world, signed)
    assert electro("agreement", "submit", signed, *world.as_("anyone"), "--json").json["amount"] == 500


def attach(folder: Path, world: World, signed: Path) -> None:
    line = (
        "--from",
        world.consumer.address,
        "--signature",
        signature(folder, world.consumer),
        "--out",
        signed,
    )
    assert electro("agreement", "attach", folder / "typed-data.json", *line).code == 0


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("domain", {"name": "Other"}),
        ("message", {}),
        ("types", {}),
        ("primaryType", "EnergyReport"),
        ("primaryType", 5),
    ],
)
def test_typed_data_that_was_changed_is_not_attached(world: World, part: str, value: Any) -> None:
    world.enrol(world.account("meter"))
    world.propose(world.account("meter").address)
    folder, consumer = world.folder / "wallet", world.consumer.address
    assert electro("agreement", "accept", 1, "--from", consumer, "--folder", folder).code == 0
    file = folder / "typed-data.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), part: value}))
    line = ("--from", consumer, "--signature", "0x" + "11" * 65, "--out", world.folder / "signed.json")
    assert "is not what a consumer signs" in refused("agreement", "attach", file, *line)
