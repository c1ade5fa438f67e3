# SPDX-License-Identifier: Apache-2.0
"""What is known of chains beforehand: each figure has a source, each kind is recognised, and checked."""

import re
from dataclasses import fields

import pytest
import rlp

from electro_contracts.node.profiles import (
    ANVIL,
    ARBITRUM,
    BESU_QBFT,
    BY_CHAIN_ID,
    EMBEDDED,
    ETHEREUM,
    HARDHAT,
    OP_STACK,
    POLYGON,
    PROFILES,
    UNKNOWN,
    Profile,
    is_qbft,
    recognise,
)
from tests.tools.agreements import electro

EXTRA_DATA = "0x" + rlp.encode([bytes(32), [bytes(20)], b"", b"", [bytes(65)]]).hex()
QBFT, PLAIN = {"extraData": EXTRA_DATA}, {"extraData": "0x"}
OWN = 31337


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_what_is_claimed_has_a_source(profile):
    defaults = {field.name: field.default for field in fields(Profile)}
    assert set(profile.sources) <= set(defaults)
    claimed = [name for name in ("floor_wei", "gas", "finality") if getattr(profile, name) != defaults[name]]
    for name in claimed:
        assert profile.sources.get("fees" if name == "floor_wei" else name), name


def test_every_kind_that_is_promised_is_there():
    promised = {"ethereum", "op-stack", "arbitrum", "polygon", "besu-qbft", "anvil", "hardhat", "embedded"}
    assert promised <= set(PROFILES)
    assert all(name == profile.name for name, profile in PROFILES.items())


@pytest.mark.parametrize(
    ("chain_id", "client", "latest", "profile"),
    [
        (1, "Geth/v1.16.4", PLAIN, ETHEREUM),
        (1, "anvil/v1.7.1", PLAIN, ETHEREUM),  # a fork of the mainnet keeps its rules
        (8453, "", PLAIN, OP_STACK),
        (137, "bor/v2", PLAIN, POLYGON),
        (OWN, "nitro/v3", PLAIN, ARBITRUM),
        (OWN, "anvil/v1.7.1", PLAIN, ANVIL),
        (OWN, "HardhatNetwork/3.0/@nomicfoundation/edr/0.12", PLAIN, HARDHAT),
        (OWN, "electro/v0.1.0/py-evm", PLAIN, EMBEDDED),
        (OWN, "besu/v25.12.0/linux-x86_64/openjdk-java-21", QBFT, BESU_QBFT),
        (OWN, "besu/v25.12.0/linux-x86_64/openjdk-java-21", PLAIN, UNKNOWN),
        (OWN, "", QBFT, BESU_QBFT),
        (OWN, "Geth/v1.16.4", PLAIN, UNKNOWN),
    ],
)
def test_a_chain_is_recognised_by_its_id_its_node_or_its_blocks(chain_id, client, latest, profile):
    assert recognise(chain_id, client, latest) is profile


def test_a_qbft_block_is_known_by_its_extra_data():
    assert is_qbft(QBFT)
    short = "0x" + rlp.encode([bytes(31), [], b"", b"", []]).hex()
    for extra in ("0x", "0x" + "00" * 32, "0xzz", None, short):
        assert not is_qbft({"extraData": extra})


def test_no_two_kinds_share_a_chain_id():
    assert all(isinstance(chain_id, int) for chain_id in BY_CHAIN_ID)
    assert {profile.name for profile in BY_CHAIN_ID.values()} <= set(PROFILES)


def test_info_shows_what_is_known_and_what_is_now(anvil):
    shown = electro("chain", "info", "--rpc", anvil.url)
    assert shown.code == 0, shown.err
    assert re.search(r"^profile +anvil$", shown.out, re.MULTILINE)
    told = electro("chain", "info", "--rpc", anvil.url, "--profile", "polygon", "--json").json
    assert told["chain_id"] == anvil.chain_id
    assert told["profile"] == "polygon"
    fees = next(each for each in told["known"] if each["what"] == "fees")
    assert "at least 25 gwei" in fees["how"]
    assert "bor" in fees["source"]


def test_check_says_of_anvil_that_electro_can_work_there(anvil, start_anvil):
    told = electro("chain", "check", anvil.url, "--json").json
    assert told["contract"]["verdict"] == "ok"
    assert {told[what]["verdict"] for what in ("forks", "code_size", "gas", "proofs")} == {"ok"}
    small = start_anvil("--code-size-limit", "20000")
    refused = electro("chain", "check", small.url)
    assert refused.code == 3
    assert "a contract may not have 24,576 bytes" in refused.out
    assert "Electro can't work there: code size, contract" in refused.err
    old = electro("chain", "check", start_anvil("--hardfork", "istanbul", "--gas-limit", "8000000").url)
    assert "the EVM is Istanbul: Electro needs London" in old.out
    assert "a block takes 8,000,000 gas: 16,777,216 are needed" in old.out
