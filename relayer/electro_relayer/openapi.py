# SPDX-License-Identifier: Apache-2.0
"""Describe the HTTP interface as an OpenAPI 3.1 document; a test holds it to the routes and to real answers."""

from __future__ import annotations

from typing import Any

_ADDRESS = {"type": "string", "pattern": "^0x[0-9a-fA-F]{40}$"}
_DIGEST = {"type": "string", "pattern": "^0x[0-9a-f]{64}$"}
_COUNT = {"type": "integer", "minimum": 0}


def _whole(bits: int) -> dict[str, Any]:
    digits = len(str(1 << bits)) - 1  # as a string, the pattern can't say where exactly the range ends
    return {
        "description": f"below 2^{bits}: a whole number, or its decimal digits as a string (needed from 2^53 on)",
        "oneOf": [
            {"type": "integer", "minimum": 0, "maximum": (1 << bits) - 1},
            {"type": "string", "pattern": f"^[0-9]{{1,{digits}}}$"},
        ],
    }


_U64, _U40, _U32 = _whole(64), _whole(40), _whole(32)
_CAUSE = {
    "description": "0 unknown, 1 grid side, 2 consumer side",
    "oneOf": [{"enum": [0, 1, 2]}, {"enum": ["0", "1", "2"]}],
}
_READINGS = {
    "type": "string",
    "pattern": "^0x([0-9a-fA-F]{4}){1,672}$",
    "description": "a big-endian uint16 for each interval",
}


def _object(**properties: Any) -> dict[str, Any]:
    """An object with exactly these properties; a name that ends in `_` may be missing."""
    return {
        "type": "object",
        "properties": {name.rstrip("_"): schema for name, schema in properties.items()},
        "required": [name for name in properties if not name.endswith("_")],
        "additionalProperties": False,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _signed(kind: str, **fields: Any) -> dict[str, Any]:
    signature = {
        "type": "string",
        "pattern": "^0x[0-9a-fA-F]{130}$",
        "description": "r, s, v; low s, v 27 or 28",
    }
    return _object(type={"const": kind}, message=_object(**fields), signature=signature)


_SCHEMAS = {
    "EnergyReport": _signed(
        "EnergyReport", agreementId=_U64, firstInterval=_U32, registerWh=_U64, readings=_READINGS
    ),
    "OutageReport": _signed("OutageReport", agreementId=_U64, startedAt=_U40, endedAt=_U40, cause=_CAUSE),
    "SignedMessage": {"oneOf": [_ref("EnergyReport"), _ref("OutageReport")]},
    "Messages": _object(
        messages={"type": "array", "items": _ref("SignedMessage"), "minItems": 1, "maxItems": 50}
    ),
    "Taken": _object(status={"enum": ["accepted", "final"]}, digest=_DIGEST, device=_ADDRESS),
    "Error": _object(
        error={
            "type": "object",
            "description": "code, status and sentence, and with some codes the numbers that explain it",
            "properties": {
                "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "message": {"type": "string"},
            },
            "required": ["code", "status", "message"],
        }
    ),
    "Results": _object(
        results={
            "type": "array",
            "items": {
                "type": "object",
                "description": "what the message would have got alone, with its status",
                "properties": {"status_code": {"type": "integer"}},
                "required": ["status_code"],
            },
        }
    ),
    "Agreement": _object(
        agreement_id=_COUNT,
        state={"enum": ["none", "proposed", "accepted", "settled"]},
        start=_COUNT,
        interval_seconds=_COUNT,
        intervals=_COUNT,
        slots=_COUNT,
        unit_wh=_COUNT,
        next=_object(latest=_COUNT, final=_COUNT),
        remaining_bonus={"type": "string", "pattern": "^[0-9]+$"},
        bounds=_object(
            first_interval=_COUNT,
            min={"type": "array", "items": _COUNT},
            max={"type": "array", "items": _COUNT},
        ),
    ),
    "Meter": _object(
        device=_ADDRESS,
        chain_id=_COUNT,
        contract=_ADDRESS,
        time={**_COUNT, "description": "the chain's, unix seconds"},
        block=_object(latest=_COUNT, final=_COUNT),
        agreements={"type": "array", "items": _ref("Agreement")},
        refused_={
            "type": "array",
            "description": "what the contract refused in the last minute after a 202",
            "items": _object(digest=_DIGEST, agreement_id=_COUNT, error={"type": "object"}),
        },
    ),
    "Health": _object(status={"const": "alive"}),
    "Readiness": _object(
        status={"const": "ready"}, chain_id=_COUNT, contract=_ADDRESS, sender=_ADDRESS, block=_COUNT
    ),
}


def _answer(description: str, schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _answers(good: dict[str, Any], *errors: str) -> dict[str, Any]:
    found = dict(good)
    for status in errors:
        found[status] = _answer(_ERRORS[status], _ref("Error"))
        if status in ("429", "503"):
            found[status]["headers"] = {"Retry-After": {"schema": _COUNT, "description": "seconds"}}
    return found


_ERRORS = {
    "400": "malformed",
    "403": "no valid signature, or not an enrolled meter's",
    "404": "no such path, or no such meter",
    "405": "another method",
    "408": "the body did not arrive in time",
    "409": "out of sequence, or refused by the contract",
    "413": "too large, or too many messages",
    "429": "this meter has to wait",
    "503": "the relayer or its node has to be waited for",
}

DOCUMENT: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {
        "title": "Electro relayer",
        "version": "1",
        "description": "Carries meters' signed messages to the agreements contract.",
        "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
    },
    "paths": {
        "/v1/messages": {
            "post": {
                "operationId": "postMessages",
                "summary": "Take one signed message, or up to fifty",
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"oneOf": [_ref("SignedMessage"), _ref("Messages")]}}
                    },
                },
                "responses": _answers(
                    {
                        "200": _answer(
                            "one message is final on chain; or the results of many",
                            {"oneOf": [_ref("Taken"), _ref("Results")]},
                        ),
                        "202": _answer("in memory, or on chain and not yet final", _ref("Taken")),
                    },
                    *("400", "403", "408", "409", "413", "429", "503"),
                ),
            }
        },
        "/v1/meters/{address}": {
            "get": {
                "operationId": "getMeter",
                "summary": "Tell a meter where it stands",
                "parameters": [
                    {
                        "name": "address",
                        "in": "path",
                        "required": True,
                        "description": "in one case, or with EIP-55's checksum",
                        "schema": _ADDRESS,
                    },
                    {
                        "name": "ahead",
                        "in": "query",
                        "description": "slots whose bounds are told",
                        "schema": {"type": "integer", "minimum": 0, "maximum": 672},
                    },
                ],
                "responses": _answers({"200": _answer("its standing", _ref("Meter"))}, "400", "404", "503"),
            }
        },
        "/healthz": {
            "get": {
                "operationId": "getHealth",
                "summary": "Say that the process lives",
                "responses": {"200": _answer("it does", _ref("Health"))},
            }
        },
        "/readyz": {
            "get": {
                "operationId": "getReadiness",
                "summary": "Say whether messages can be carried now",
                "responses": _answers({"200": _answer("they can", _ref("Readiness"))}, "503"),
            }
        },
        "/metrics": {
            "get": {
                "operationId": "getMetrics",
                "summary": "Tell Prometheus everything that is counted",
                "responses": {"200": _answer("text format 0.0.4", {"type": "string"}, "text/plain")},
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "getOpenapi",
                "summary": "Return this document",
                "responses": {"200": _answer("OpenAPI 3.1", {"type": "object"})},
            }
        },
    },
    "components": {"schemas": _SCHEMAS},
}
