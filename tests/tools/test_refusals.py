# SPDX-License-Identifier: Apache-2.0
"""Every error of the contract becomes a sentence for a person: dates, not unix seconds; names, not numbers."""

from __future__ import annotations

from typing import Any

import pytest
from eth_abi import encode

from electro_console import refusals
from electro_contracts import artifact
from electro_protocol.keccak import keccak256

ERRORS = {each["name"]: each["inputs"] for each in artifact.load().abi if each["type"] == "error"}
NOW = 1_800_000_000
SAMPLES: dict[str, Any] = {
    "address": "0x" + "11" * 20,
    "bool": True,
    "bytes16": bytes(16),
    "bytes32": b"2027-17".ljust(32, b"\0"),
}


def revert(name: str, *values: Any) -> bytes:
    types = [each["type"] for each in ERRORS[name]]
    return keccak256(f"{name}({','.join(types)})".encode())[:4] + encode(types, values)


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_a_sentence_with_dates(name: str) -> None:
    narrow = {"uint8": 2, "uint48": 0}
    values = [SAMPLES.get(each["type"], narrow.get(each["type"], NOW)) for each in ERRORS[name]]
    times = [each for each in ERRORS[name] if each["name"] in ("now_", "until", "deadline", "start")]
    sentence, _ = refusals.explain(revert(name, *values))
    assert "{" not in sentence
    assert sentence.count("2027-01-15 08:00:00 UTC") >= len(times)
    # OpenZeppelin's own, which only an administrator can meet, keep their names
    assert " " in sentence or name.startswith(("AccessControl", "SafeCast"))


def test_states_roles_and_invoices_are_called_by_their_names() -> None:
    assert refusals.explain(revert("WrongState", 7, 3))[0].startswith("agreement 7 is settled")
    operator = refusals.explain(
        revert("AccessControlUnauthorizedAccount", "0x" + "11" * 20, keccak256(b"OPERATOR_ROLE"))
    )
    assert operator[0].endswith("is not the operator of this contract")
    assert "2027-17" in refusals.explain(revert("InvoiceRedeemed", SAMPLES["bytes32"], 5))[0]
    for sealed, word in ((True, "sealed"), (False, "open")):
        told, _ = refusals.explain(revert("OtherForm", 7, sealed))
        assert told.startswith(f"the readings of agreement 7 are {word}, and")


def test_what_a_token_says_passes_through_in_its_own_words() -> None:
    said = keccak256(b"Error(string)")[:4] + encode(["string"], ["paused"])
    assert refusals.explain(said)[0] == "the token in escrow says: paused"
    poor = keccak256(b"ERC20InsufficientBalance(address,uint256,uint256)")[:4] + bytes(96)
    assert "has less than that" in refusals.explain(poor)[0]
    assert "refused with 0x12345678" in refusals.explain(bytes.fromhex("12345678"))[0]
    assert refusals.explain(b"")[0]
