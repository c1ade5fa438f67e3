# SPDX-License-Identifier: Apache-2.0
"""What a wallet shows of the messages that people sign (ERC-7730): `python -m electro_contracts.clear_signing 1 0x…`.

A descriptor names the contract that it is for, so there is one for each deployment, and this makes it: for a hardware
wallet's registry, or for a wallet that takes a file. Meters' messages have none, for no person signs them.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

from electro_protocol.address import checksum, parse
from electro_protocol.messages import (
    AgreementAcceptance,
    DiscountRedemption,
    FirmwareRelease,
    Renomination,
    ValidatorSet,
)

if TYPE_CHECKING:
    from electro_protocol.eip712 import Domain
    from electro_protocol.messages import Message

SCHEMA = "https://eips.ethereum.org/assets/eip-7730/erc7730-v1.schema.json"
_DOMAIN = [
    {"name": "name", "type": "string"},
    {"name": "version", "type": "string"},
    {"name": "chainId", "type": "uint256"},
    {"name": "verifyingContract", "type": "address"},
]
# By message: what signing it means, and a label for each field of the struct, in its order.
LABELS: dict[Any, tuple[str, dict[str, str]]] = {
    AgreementAcceptance: (
        "Accept consumption agreement",
        {
            "agreementId": "Agreement",
            "termsHash": "Hash of the terms",
            "devicesHash": "Hash of the meters",
            "bonus": "Bonus, minor units",
            "deadline": "Good until",
        },
    ),
    DiscountRedemption: (
        "Redeem discount",
        {
            "agreementId": "Agreement",
            "invoice": "Invoice",
            "amount": "Amount, minor units",
            "deadline": "Good until",
        },
    ),
    Renomination: (
        "Renominate consumption bands",
        {
            "agreementId": "Agreement",
            "place": "Place",
            "firstInterval": "From interval",
            "sequence": "Sequence",
            "bands": "Least, then greatest units",
            "deadline": "Good until",
        },
    ),
    FirmwareRelease: (
        "Release meter firmware",
        {
            "manifest": "Hash of the program",
            "version": "Version",
            "deadline": "Offered until",
        },
    ),
    ValidatorSet: (
        "Let meters believe validators",
        {
            "set": "Hash of their addresses",
            "version": "Version",
            "deadline": "Offered until",
        },
    ),
}


def descriptor(chain_id: int, contract: bytes) -> dict[str, Any]:
    """Return the descriptor of one deployment."""
    deployment = {"chainId": chain_id, "address": checksum(contract)}
    schemas, formats = [], {}
    for message, (intent, labels) in LABELS.items():
        name = message.__name__
        fields = [{"name": field, "type": kind} for kind, field in message.fields()]
        schemas.append({"primaryType": name, "types": {"EIP712Domain": _DOMAIN, name: fields}})
        formats[name] = {
            "intent": intent,
            "fields": [_shown(field["name"], labels[field["name"]]) for field in fields],
            "required": list(labels),
        }
    return {
        "$schema": SCHEMA,
        "context": {
            "$id": "Electro",
            "eip712": {
                "domain": {
                    "name": "Electro",
                    "version": "1",
                    "chainId": chain_id,
                    "verifyingContract": deployment["address"],
                },
                "deployments": [deployment],
                "schemas": schemas,
            },
        },
        "metadata": {"owner": "Electro"},
        "display": {"formats": formats},
    }


def typed_data(message: Message, domain: Domain) -> dict[str, Any]:
    """Return what eth_signTypedData_v4 takes."""
    context = descriptor(domain.chain_id, domain.contract)["context"]["eip712"]
    name = type(message).__name__
    schema = next(each for each in context["schemas"] if each["primaryType"] == name)
    return {**schema, "domain": context["domain"], "message": message.to_json()}


def _shown(path: str, label: str) -> dict[str, Any]:
    if path == "deadline":
        return {"path": path, "label": label, "format": "date", "params": {"encoding": "timestamp"}}
    # Amounts too: their unit is the parties' currency, which no wallet knows.
    return {"path": path, "label": label, "format": "raw"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m electro_contracts.clear_signing", description=__doc__)
    parser.add_argument("chain_id", type=int)
    parser.add_argument("contract", type=parse, help="the contract's address")
    arguments = parser.parse_args()
    sys.stdout.write(json.dumps(descriptor(arguments.chain_id, arguments.contract), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
