# SPDX-License-Identifier: Apache-2.0
"""Let schemathesis send what meters send: valid messages get signed by one, and paths name one that there is.

Schemathesis loads this module by SCHEMATHESIS_HOOKS, in a process of its own. What it means to be invalid goes out as
it is; of what it means to be valid, half stays as generated, by strangers. What JSON Schema can't say is put right: an
outage ends after it began, and a report's intervals lie below 2^32.
"""

import json
import os
from typing import Any

import schemathesis

from electro_protocol.eip712 import Domain
from electro_protocol.messages import BY_NAME
from electro_relayer.hashing import checksum
from tests.relayer.world import Meter, World

MEANT = "ELECTRO_FUZZED"
_BYTES = ("readings", "terms", "schedule", "sealed", "deviations")


def environ(world: World) -> dict[str, str]:
    """What this module has to be told, in environment variables."""
    told = {
        "chain_id": world.chain_id,
        "contract": world.address.hex(),
        "agreement": world.meters[0].agreement_id,
        "start": world.start,
        "terms": world.meters[0].terms.hex(),
        "account": world.terms_account,
        "secrets": [meter.secret.hex() for meter in world.meters],
    }
    return {"SCHEMATHESIS_HOOKS": __name__, MEANT: json.dumps(told)}


def _meters() -> list[Meter]:
    told = json.loads(os.environ[MEANT])
    domain = Domain(told["chain_id"], bytes.fromhex(told["contract"]))
    believed = told["agreement"], told["start"], bytes.fromhex(told["terms"])
    return [Meter(bytes.fromhex(secret), domain, *believed) for secret in told["secrets"]]


METERS = _meters() if MEANT in os.environ else []
ACCOUNT = json.loads(os.environ[MEANT])["account"] if MEANT in os.environ else ""


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    if "address" in (case.path_parameters or {}):
        address = case.path_parameters["address"]
        if address[2] < "8":
            case.path_parameters["address"] = checksum(METERS[int(address[3], 16) % len(METERS)].device)
    if "account" in (case.path_parameters or {}) and case.path_parameters["account"][2] < "8":
        case.path_parameters["account"] = ACCOUNT
    if isinstance(case.body, dict):
        many = case.body.get("messages")
        for message in many if isinstance(many, list) else [case.body]:
            if isinstance(message, dict) and isinstance(message.get("message"), dict):
                _put_right(message)


def _put_right(signed: dict[str, Any]) -> None:
    fields = signed["message"]
    if signed["type"] == "ViewingKeyReady":
        chance = int(signed["signature"][2:4], 16)
        word = BY_NAME["ViewingKeyReady"].from_json(fields)
        signed["signature"] = METERS[chance % len(METERS)].sign(word).to_json()["signature"]
        return
    was = {name: int(value) for name, value in fields.items() if name not in _BYTES}
    now = dict(was)
    if signed["type"] == "SealedReport":
        fields["deviations"] = "0x"  # of others the schema can't say that offsets rise and lie in the report
    meter, chance = METERS[was["agreementId"] % len(METERS)], int(signed["signature"][2:4], 16)
    if chance & 1:
        now["agreementId"] = meter.agreement_id
    if signed["type"] == "OutageReport":
        now["startedAt"] = min(was["startedAt"], 2**40 - 2)
        now["endedAt"] = was["endedAt"] and max(was["endedAt"], now["startedAt"] + 1)
    elif chance & 3 == 3:
        now["firstInterval"], now["start"] = 0, meter.start
        fields["schedule" if signed["type"] == "SealedReport" else "terms"] = "0x" + meter.terms.hex()
    else:
        longest = len(fields.get("readings") or fields["sealed"])
        now["firstInterval"] = min(was["firstInterval"], 2**32 - 1 - longest // 4)
    fields.update({name: value for name, value in now.items() if value != was[name]})
    if chance & 1:
        made = BY_NAME[signed["type"]].from_json({**fields, **now})
        signed["signature"] = meter.sign(made).to_json()["signature"]
