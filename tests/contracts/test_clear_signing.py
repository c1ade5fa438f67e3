# SPDX-License-Identifier: Apache-2.0
"""The descriptors by which wallets show what people sign: of this deployment, and of every field."""

from __future__ import annotations

import json

import pytest
from eth_account.messages import encode_typed_data

from electro_contracts import clear_signing
from electro_protocol.eip712 import Domain
from electro_protocol.keccak import keccak256
from electro_protocol.messages import AgreementAcceptance, DiscountRedemption, FirmwareRelease, ValidatorSet

CONTRACT = bytes(range(20))


@pytest.mark.parametrize(
    "message",
    [
        AgreementAcceptance(1, keccak256(b"t"), keccak256(b"d"), 5, 9),
        DiscountRedemption(1, keccak256(b"i"), 5, 9),
        FirmwareRelease(keccak256(b"p"), 7, 9),
        ValidatorSet(keccak256(b"v"), 7, 9),
    ],
)
def test_a_wallet_that_follows_the_descriptor_signs_the_protocols_digest(message) -> None:
    described = clear_signing.descriptor(7, CONTRACT)
    context = described["context"]["eip712"]
    name = type(message).__name__
    schema = next(each for each in context["schemas"] if each["primaryType"] == name)
    values = dict(zip([each["name"] for each in schema["types"][name]], message.values(), strict=True))
    signable = encode_typed_data(full_message={**schema, "domain": context["domain"], "message": values})
    digest = keccak256(b"\x19" + signable.version + signable.header + signable.body)
    assert digest == message.digest(Domain(7, CONTRACT))
    shown = described["display"]["formats"][name]
    assert [each["path"] for each in shown["fields"]] == list(values) == shown["required"]
    assert all(each["label"] for each in shown["fields"])


def test_the_command_prints_the_descriptor_of_a_deployment(monkeypatch, capsys) -> None:
    address = "0x" + CONTRACT.hex()
    monkeypatch.setattr("sys.argv", ["clear_signing", "7", address])
    assert clear_signing.main() == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == clear_signing.descriptor(7, CONTRACT)
    assert printed["context"]["eip712"]["deployments"][0]["address"].lower() == address
