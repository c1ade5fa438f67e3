# SPDX-License-Identifier: Apache-2.0
"""Write down, as JSON Schema, what comes in and goes out over HTTP; the OpenAPI document refers to it."""

from __future__ import annotations

from typing import Any

from electro_contracts.calldata import STATES

ADDRESS = {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
_DIGEST = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
COUNT = {"type": "integer", "minimum": 0}


def _whole(greatest: int, meaning: str = "") -> dict[str, Any]:
    return {
        "description": meaning
        or f"a whole number up to {greatest}, or its decimal digits as a string (needed from 2^53 on)",
        "oneOf": [
            {"type": "integer", "minimum": 0, "maximum": greatest},
            {"type": "string", "pattern": _digits_up_to(greatest), "maxLength": 78},
        ],
    }


def _digits_up_to(greatest: int) -> str:
    """Return the pattern of the decimal digits of 0 to `greatest`, with zeros before them or not."""
    digits = str(greatest)
    parts = [f"[0-9]{{1,{len(digits) - 1}}}"] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        if digit > "0":  # the same up to here, then less, then whatever
            rest = len(digits) - place - 1
            parts.append(f"{digits[:place]}[0-{int(digit) - 1}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return f"^0*({'|'.join([*parts, digits])})$"


_U64, _U40, _U32 = (_whole((1 << bits) - 1) for bits in (64, 40, 32))
_CAUSE = _whole(2, "0 unknown, 1 grid side, 2 consumer side")
_TERMS = {
    "type": "string",
    "pattern": "^0x[0-9a-fA-F]{32}$",
    "description": "the first half of the keccak256 of the terms' code",
}
_READINGS = {
    "type": "string",
    "pattern": "^0x([0-9a-fA-F]{4}){1,672}$",
    "description": "a big-endian uint16 for each interval",
}


_SEALED = {
    "type": "string",
    "pattern": "^0x[0-9a-fA-F]{48}([0-9a-fA-F]{4}){1,672}$",
    "description": "an iv of 16 bytes, then under the viewing key 8 of the register and 2 for each interval",
}
_DEVIATIONS = {
    "type": "string",
    "pattern": "^0x([0-3][0-9a-fA-F]{7}){0,672}$",
    "description": "for each interval that deviates kind (4 bits), offset (12) and units (16), in rising order",
}


def _object(**properties: Any) -> dict[str, Any]:
    """An object with exactly these properties; a name that ends in `_` may be missing."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): schema for name, schema in properties.items()},
        "required": [name for name in properties if not name.endswith("_")],
        "additionalProperties": False,
    }


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _signed(kind: str, **fields: Any) -> dict[str, Any]:
    signature = {
        "type": "string",
        "pattern": "^0x[0-9a-fA-F]{130}$",
        "description": "r, s, v; low s, v 27 or 28",
    }
    return _object(type={"const": kind}, message=_object(**fields), signature=signature)


_TAKEN = {"status": {"enum": ["accepted", "final"]}, "digest": _DIGEST, "device": ADDRESS}
_FAILED = {"type": "integer", "minimum": 400, "maximum": 599}
_ERROR = {
    "type": "object",
    "description": "code, status and sentence, and with some codes the numbers that explain it",
    "properties": {
        "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
        "status": _FAILED,
        "message": {"type": "string"},
    },
    "required": ["code", "status", "message"],
}
SCHEMAS = {
    "EnergyReport": _signed(
        "EnergyReport",
        agreementId=_U64,
        start=_U40,
        terms=_TERMS,
        firstInterval=_U32,
        registerWh=_U64,
        readings=_READINGS,
    ),
    "OutageReport": _signed(
        "OutageReport", agreementId=_U64, number=_U32, startedAt=_U40, endedAt=_U40, cause=_CAUSE
    ),
    "SealedReport": _signed(
        "SealedReport",
        agreementId=_U64,
        start=_U40,
        schedule=_TERMS,
        firstInterval=_U32,
        sealed=_SEALED,
        deviations=_DEVIATIONS,
    ),
    "SignedMessage": {"oneOf": [ref("EnergyReport"), ref("SealedReport"), ref("OutageReport")]},
    "Messages": _object(
        messages={
            "type": "array",
            "items": {
                "anyOf": [ref("SignedMessage"), {"description": "else its result is a 400 of its own"}]
            },
            "minItems": 1,
            "maxItems": 50,
            "description": "more get a 413",
        }
    ),
    "Taken": _object(**_TAKEN),
    "Error": _object(error=_ERROR),
    "Results": _object(
        results={
            "type": "array",
            "description": "for each message, in order, what it would have got alone, with its status",
            "items": {
                "oneOf": [
                    _object(**_TAKEN, status_code={"enum": [200, 202]}),
                    _object(error=_ERROR, status_code=_FAILED),
                ]
            },
            "minItems": 1,
            "maxItems": 50,
        }
    ),
    "Agreement": _object(
        agreement_id=COUNT,
        state={"enum": list(STATES)},
        place={**COUNT, "description": "which of the agreement's metering points the meter serves"},
        start=COUNT,
        interval_seconds=COUNT,
        intervals=COUNT,
        end={**COUNT, "description": "the first interval that does not count for this meter any more"},
        reports_until=COUNT,
        slots=COUNT,
        unit_wh=COUNT,
        terms=_object(account=ADDRESS, code_hash=_DIGEST),
        next=_object(latest=COUNT, final=COUNT),
        next_outage=_object(latest=COUNT, final=COUNT),
        outage_open={"type": "boolean"},
        remaining_bonus={"type": "string", "pattern": "^[0-9]+$"},
        bounds=_object(
            first_interval=COUNT,
            min={"type": "array", "items": COUNT},
            max={"type": "array", "items": COUNT},
        ),
    ),
    "Meter": _object(
        device=ADDRESS,
        chain_id=COUNT,
        contract=ADDRESS,
        time={**COUNT, "description": "the chain's, unix seconds"},
        block=_object(latest=COUNT, final=COUNT),
        agreements={"type": "array", "items": ref("Agreement")},
        refused_={
            "type": "array",
            "description": "what the contract refused in the last minute, after a 202 or at once",
            "items": _object(digest=_DIGEST, agreement_id=COUNT, error=_ERROR),
        },
        viewing_keys_={"const": True, "description": "some that were wrapped for it are at /v1/viewing-keys"},
    ),
    "Schedule": _object(
        place={**COUNT, "description": "which of the agreement's metering points the meter serves"},
        account=ADDRESS,
        code_hash=_DIGEST,
    ),
    "Wrapped": _object(
        wrapped={
            "type": "array",
            "minItems": 1,
            "maxItems": 2,
            "items": {"type": "string", "pattern": "^0x[0-9a-f]{130}$"},
        }
    ),
    "Kept": _object(device=ADDRESS),
    "ViewingKeyReady": _signed("ViewingKeyReady", viewingKeyHash=_DIGEST),
    "Health": _object(status={"const": "alive"}),
    "Readiness": _object(
        status={"const": "ready"},
        chain_id=COUNT,
        contract=ADDRESS,
        sender=ADDRESS,
        block=COUNT,
        warnings_={
            "type": "array",
            "description": "codes of what somebody should look at, though messages are carried",
            "items": {"enum": ["KEY_SHARED"]},
        },
    ),
}
