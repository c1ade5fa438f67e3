# SPDX-License-Identifier: Apache-2.0
"""What `electro agreement` refuses, asks first or only rehearses: one sentence each, and nothing is sent."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

from eth_account import Account
from tests.tools.agreements import HOUR_S, SETTLES_AT, START, World, electro, refused

from electro_contracts.artifact import load

if TYPE_CHECKING:
    from pathlib import Path


def test_a_consumer_accepts_only_what_its_own_file_says(world: World) -> None:
    meter = world.account("meter")
    world.enrol(meter)
    world.propose(meter.address)
    mine = world.terms("mine", missing="7000")
    done = refused("agreement", "accept", 1, "--terms", mine, *world.as_("consumer"))
    assert f"what is offered is not what {mine} says: missing_penalty differ" in done
    offer = world.folder / "offer.json"
    assert electro("agreement", "offer", 1, "--out", offer).code == 0
    other = refused("agreement", "sign-acceptance", offer, "--out", world.folder / "x", *world.as_("anyone"))
    assert f"the offer is to {world.consumer.address}, and this key is of {world.anyone.address}" in other
    content = json.loads(offer.read_text())
    offer.write_text(json.dumps({**content, "bonus": 999_999}))  # on its way somebody raised the bonus
    signed = world.folder / "signed.json"
    assert electro("agreement", "sign-acceptance", offer, "--out", signed, *world.as_("consumer")).code == 0
    assert "proposed were the terms" in refused("agreement", "submit", signed, *world.as_("anyone"))


def test_a_file_for_another_chain_or_with_another_signature_is_not_sent(world: World) -> None:
    meter, folder = world.account("meter"), world.folder
    world.enrol(meter)
    offer, signed = folder / "offer.json", folder / "signed.json"
    world.propose(meter.address, "--offer", offer)
    electro("agreement", "sign-acceptance", offer, "--out", signed, *world.as_("consumer"))
    content = json.loads(signed.read_text())
    for change, sentence in (
        ({"chain_id": 5}, "not for " + world.contract),
        ({"bonus": 5}, "what is signed is not the acceptance of this offer"),
        ({"signed": {**content["signed"], "signature": "0x" + "ff" * 65}}, "its signature is none"),
        ({"devices": ["0x12"]}, "an address is 0x and 40 hex digits"),
        ({"terms": {}}, "bands is missing"),
    ):
        signed.write_text(json.dumps({**content, **change}))
        assert sentence in refused("agreement", "submit", signed, *world.as_("anyone"))
    signed.write_text("[" * 100_000)
    assert f"{signed} is no JSON" in refused("agreement", "submit", signed, *world.as_("anyone"))


def test_what_lasts_is_asked_for_at_a_terminal_and_refused_without_one(world: World) -> None:
    meter = world.account("meter")
    world.agree(meter)
    world.wait_until(START + 24 * HOUR_S)
    line = ["agreement", "terminate", "1", "--key-file", str(world.key("consumer"))]
    alone = refused(*line)
    assert "21 of 48 intervals early; you give up 43,750 of the bonus of 100,000" in alone
    assert "add --yes to do it" in alone
    for answer, code in ((b"n\n", 130), (b"y\n", 0)):
        ours, theirs = pty.openpty()
        os.write(ours, answer)
        done = subprocess.run(
            [sys.executable, "-m", "electro_tools.cli", *line, "--json"],
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
        )
        os.close(ours)
        os.close(theirs)
        assert done.returncode == code, done.stderr
        assert "You give" not in done.stdout
        assert "Go on? [y/N]" in done.stderr
    assert json.loads(done.stdout)["forfeited"] == 43_750


def test_a_rehearsal_sends_nothing_and_prints_the_call(world: World) -> None:
    meter = world.account("meter")
    world.agree(meter)
    before = world.web3.eth.block_number
    for who in (("--from", world.operator.address), (*world.as_("operator"), "--dry-run")):
        call = electro("agreement", "grant", 1, 5, *who, "--json").json
        assert (call["sent"], call["to"], call["from"]) == (False, world.contract, world.operator.address)
        world.web3.eth.call({"from": call["from"], "to": call["to"], "data": call["data"]})
    stranger = refused("agreement", "grant", 1, 5, "--from", world.anyone.address)
    assert "is not the operator of this contract" in stranger
    assert world.web3.eth.block_number == before


def test_wrong_roles_states_and_times_are_sentences_that_say_what_to_do(world: World) -> None:
    meter = world.account("meter")
    world.agree(meter)
    cases = [
        (
            ("grant", 1, 5, *world.as_("consumer")),
            f"{world.consumer.address} is not the operator of this contract",
        ),
        (("accept", 1, *world.as_("consumer")), "agreement 1 is accepted"),
        (("redeem", 1, "x", 5, *world.as_("anyone")), "is not the consumer of this agreement"),
        (("redeem", 1, "x", 5, *world.as_("consumer")), "agreement 1 is accepted"),
        (("settle", 1, *world.as_("anyone")), "this is possible from 2027-01-18 02:00:01 UTC on"),
        (("terminate", 1, *world.as_("consumer")), "this is possible from 2027-01-15 00:00:00 UTC on"),
        (("terminate", 1, *world.as_("anyone")), "is neither the operator nor the consumer"),
        (("cancel", 1, *world.as_("operator")), "agreement 1 is accepted"),
        (("show", 2), "there is no agreement 2; the newest is 1"),
        (("accept", 7, *world.as_("consumer")), "agreement 7 is unknown"),
        (("collect", *world.as_("anyone")), "there is no escrow"),
        (("approve", 5, *world.as_("operator")), "there is no escrow to pay into"),
    ]
    for line, sentence in cases:
        assert sentence in refused("agreement", *line), line
    late = world.terms("late", start=START - 86_400)
    line = ("agreement", "propose", late, "--consumer", world.consumer.address, "--device", meter.address)
    assert "nobody could accept it any more" in refused(*line, "--bonus", 1, *world.as_("operator"))


def test_nodes_keys_and_addresses_that_are_wrong_are_named(world: World, tmp_path: Path) -> None:
    key = ("--key-file", world.key("operator"))
    assert "the node http://127.0.0.1:1 does not answer: connection refused" in refused(
        "agreement", "show", 1, "--rpc", "http://127.0.0.1:1"
    )
    assert "serves chain 1337, not 5" in refused("agreement", "show", 1, "--chain-id", 5)
    nowhere = "0x" + "11" * 20
    assert f"there is no contract at {nowhere}" in refused("agreement", "show", 1, "--contract", nowhere)
    missing = tmp_path / "missing.key"
    assert f"There is no key file {missing}" in refused("agreement", "pause", "--key-file", missing)
    for mode, text, sentence in (
        (0o644, "11" * 32, "can be read by others; run: chmod 600"),
        (0o600, "{}", "is an encrypted keystore\n       give --password-file FILE"),
        (0o600, "test " * 11 + "junk", "holds a mnemonic\n       give --key-number N"),
        (0o600, "22" * 31, "must hold a keystore or 64 hex digits"),
    ):
        file = tmp_path / "other.key"
        file.touch()
        file.chmod(mode)
        file.write_text(text)
        said = refused("agreement", "pause", "--key-file", file)
        assert sentence in said
        assert text not in said
    assert "an address is 0x and 40 hex digits" in electro("agreement", "revoke", "0x12", *key).err
    usage = electro("agreement", "pause")
    assert (usage.code, "Missing option '--key-file'" in usage.err) == (2, True)
    for line in (("grant", 1, 0), ("grant", 1, 2**128), ("redeem", 1, "x" * 33, 1), ("show", 0)):
        assert electro("agreement", *line, *key).code == 2


def test_keys_come_from_keystores_and_mnemonics_too(world: World, tmp_path: Path) -> None:
    words = "test test test test test test test test test test test junk"
    Account.enable_unaudited_hdwallet_features()
    third = Account.from_mnemonic(words, account_path="m/44'/60'/0'/0/3").address
    mnemonic, keystore, password = (tmp_path / name for name in ("mnemonic", "keystore", "password"))
    mnemonic.write_text(words)
    password.write_text("secret")
    keystore.write_text(
        json.dumps(Account.encrypt(world.operator.key, "secret", kdf="pbkdf2", iterations=10))
    )
    for file in (mnemonic, password):
        file.chmod(0o600)
    line = ("agreement", "pause", "--json", "--dry-run", "--key-file")
    assert electro(*line, keystore, "--password-file", password).json["from"] == world.operator.address
    assert f"{third} is not the operator" in refused(*line, mnemonic, "--key-number", 3)


def test_another_contract_is_not_taken_for_electro(world: World) -> None:
    half = world.web3.eth.contract(world.contract, abi=load().abi).functions.PARTIES().call()
    assert "is not Electro" in refused("agreement", "show", 1, "--contract", half)


def test_who_has_no_money_for_the_gas_is_told_who_else_can_send(world: World) -> None:
    world.agree(world.account("meter"))
    world.account("poor")
    world.wait_until(SETTLES_AT)
    said = refused("agreement", "settle", 1, *world.as_("poor"))
    assert f"{world.account('poor').address} has not enough money for the gas" in said
    assert "anyone can submit" in said


def test_a_node_that_fails_between_two_questions_is_said_to(world: World) -> None:
    world.agree(world.account("meter"))

    def fail(method: str) -> None:
        failure = {"error": {"code": -32000, "message": "out of memory"}}
        world.front.meddle = lambda asked, _params: failure if asked == method else None

    for method in ("eth_getBlockByNumber", "eth_getCode"):
        fail(method)
        assert "the node says: out of memory" in refused("agreement", "show", 1)
    for method in ("eth_sendRawTransaction", "eth_estimateGas", "eth_getTransactionCount"):
        fail(method)
        said = refused("agreement", "grant", 1, 5, *world.as_("operator"))
        assert "the transaction can't be sent: the node says: out of memory" in said


def test_what_a_node_says_can_not_command_the_terminal(world: World) -> None:
    world.front.meddle = lambda method, _params: (
        {"error": {"code": -32000, "message": "\x1b[2J\x07gone"}} if method == "eth_getCode" else None
    )
    said = refused("agreement", "show", 1)
    assert "gone" in said
    assert "\x1b" not in said
    assert "\x07" not in said
