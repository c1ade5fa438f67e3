# SPDX-License-Identifier: Apache-2.0
"""Describe what meters and strangers reach, as an OpenAPI 3.1 document; a test holds it to routes and real answers."""

from __future__ import annotations

from typing import Any

from electro_protocol.receipt import MOST_BYTES
from electro_relayer.chain.terms import MOST_CODE
from electro_relayer.http import releases
from electro_relayer.http.meters import MOST_AHEAD
from electro_relayer.http.schemas import ADDRESS, COUNT, SCHEMAS, ref


def _answer(description: str, schema: Any, kind: str = "application/json") -> dict[str, Any]:
    return {"description": description, "content": {kind: {"schema": schema}}}


def _answers(good: dict[str, Any], *errors: str) -> dict[str, Any]:
    found = dict(good)
    for status in sorted({*errors, *_ANYWHERE}):
        found[status] = _answer(_ERRORS[status], ref("Error"))
        if status in _HEADERS:
            found[status]["headers"] = _HEADERS[status]
    return found


_RETRY = {"Retry-After": {"schema": COUNT, "required": True, "description": "seconds"}}
_HEADERS: dict[str, Any] = {
    "405": {"Allow": {"schema": {"type": "string"}, "required": True, "description": "the path's methods"}},
    "429": _RETRY,
    "503": _RETRY,
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "description": "the ETag of an earlier answer",
    "schema": {"type": "string"},
}


def _tagged(kind: str, cache: str) -> dict[str, Any]:
    return {
        "ETag": {"schema": {"type": "string"}, "required": True, "description": kind},
        "Cache-Control": {"schema": {"const": cache}, "required": True},
    }


_METER = {
    "name": "address",
    "in": "path",
    "required": True,
    "description": "in one case, or with EIP-55's checksum; with a wrong one it is nobody's, 404",
    "schema": ADDRESS,
}


def _of_path(name: str, description: str, bits: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0, "maximum": (1 << bits) - 1}
    return {"name": name, "in": "path", "required": True, "description": description, "schema": schema}


_NOT_KEPT = {"Cache-Control": {"schema": {"const": "no-store"}, "required": True}}
_STANDING_TAGGED = _tagged("weak", "no-cache")
_RECEIPT_TAGGED = _tagged("a hash of the receipt", "no-cache")
_TERMS_TAGGED = _tagged("the code's keccak256", "public, max-age=31536000, immutable")
_ANYWHERE = ("405", "500", "503")  # whatever is asked for
_ERRORS = {
    "400": "malformed",
    "403": "no valid signature, or not an enrolled meter's",
    "404": "no such path, no such meter, or no such terms",
    "405": "another method",
    "408": "the body did not arrive in time",
    "409": "out of sequence, or refused by the contract",
    "413": "too large, or too many messages",
    "429": "this meter or this sender has to wait",
    "500": "a fault of the relayer's own; the message was not accepted",
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
                        "application/json": {"schema": {"oneOf": [ref("SignedMessage"), ref("Messages")]}}
                    },
                },
                "responses": _answers(
                    {
                        "200": _answer(
                            "one message is final on chain; or the results of many",
                            {"oneOf": [ref("Taken"), ref("Results")]},
                        ),
                        "202": _answer("in memory, or on chain and not yet final", ref("Taken")),
                    },
                    *("400", "403", "408", "409", "413", "429"),
                ),
            }
        },
        "/v1/meters/{address}": {
            "get": {
                "operationId": "getMeter",
                "summary": "Tell a meter where it stands",
                "parameters": [
                    _METER,
                    {
                        "name": "ahead",
                        "in": "query",
                        "description": "slots whose bounds are told",
                        "schema": {"type": "integer", "minimum": 0, "maximum": MOST_AHEAD},
                    },
                    _IF_NONE_MATCH,
                ],
                "responses": _answers(
                    {
                        "200": {**_answer("its standing", ref("Meter")), "headers": _STANDING_TAGGED},
                        "304": {
                            "description": "nothing that concerns the meter has changed; time and blocks may have",
                            "headers": _STANDING_TAGGED,
                        },
                    },
                    *("400", "404", "429"),
                ),
            }
        },
        "/v1/meters/{address}/proof": {
            "get": {
                "operationId": "getReceipt",
                "summary": "Prove to a meter where it stands at the final block",
                "description": (
                    "RLP of [header, seals, nodes]: the header in the form that its validators sign, their seals as"
                    " r|s|y|i with what makes checking one cheap, and the nodes of the proofs of the contract, the"
                    " meter's words in it, and the accounts of terms and bands. Where no validators seal, no seals."
                ),
                "parameters": [
                    _METER,
                    _IF_NONE_MATCH,
                ],
                "responses": _answers(
                    {
                        "200": {
                            **_answer(
                                f"at most {MOST_BYTES:,} bytes",
                                {"type": "string", "format": "binary"},
                                "application/octet-stream",
                            ),
                            "headers": _RECEIPT_TAGGED,
                        },
                        "304": {"description": "it is this", "headers": _RECEIPT_TAGGED},
                    },
                    *("400", "404", "429"),
                ),
            }
        },
        "/v1/meters/{address}/schedules/{agreement}/{interval}": {
            "get": {
                "operationId": "getSchedule",
                "summary": "Tell a meter which bands hold in a pass of the schedule",
                "description": "Where readings are sealed the meter judges by them; their code is at /v1/terms.",
                "parameters": [
                    _METER,
                    _of_path("agreement", "one of the meter's", 64),
                    _of_path("interval", "any of the pass", 16),
                ],
                "responses": _answers(
                    {"200": {**_answer("the code with the bands", ref("Schedule")), "headers": _NOT_KEPT}},
                    *("400", "404", "409", "429"),
                ),
            }
        },
        "/v1/terms/{account}": {
            "get": {
                "operationId": "getTerms",
                "summary": "Return an agreement's terms as the code of their account",
                "description": "A meter signs the first half of its keccak256. It never changes.",
                "parameters": [
                    {
                        "name": "account",
                        "in": "path",
                        "required": True,
                        "description": "as a meter's standing tells it",
                        "schema": ADDRESS,
                    },
                    _IF_NONE_MATCH,
                ],
                "responses": _answers(
                    {
                        "200": {
                            **_answer(
                                f"at most {MOST_CODE:,} bytes, the first of them 0",
                                {"type": "string", "format": "binary"},
                                "application/octet-stream",
                            ),
                            "headers": _TERMS_TAGGED,
                        },
                        "304": {"description": "they are these", "headers": _TERMS_TAGGED},
                    },
                    *("400", "404", "429"),
                ),
            }
        },
        "/v1/releases/{name}": {
            "get": {
                "operationId": "getRelease",
                "summary": "Hand out a release of the meters' program",
                "description": (
                    "A chip's paper, CHIP.json, or the bundle of a manifest, HASH.bundle; with a Range a part of it,"
                    " as 206. The meter checks both signatures and every hash."
                ),
                "parameters": [
                    {
                        "name": "name",
                        "in": "path",
                        "required": True,
                        "description": "of a file",
                        "schema": {"type": "string", "pattern": releases.NAME},
                    }
                ],
                "responses": _answers(
                    {
                        "200": {
                            "description": "the file",
                            "content": {
                                "application/json": {"schema": {"type": "object"}},
                                "application/octet-stream": {
                                    "schema": {"type": "string", "format": "binary"}
                                },
                            },
                        },
                        "206": {
                            "description": "the part of it",
                            "content": {
                                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}}
                            },
                        },
                    },
                    "404",
                ),
            }
        },
        "/v1/viewing-keys/{address}": {
            "get": {
                "operationId": "getViewingKeys",
                "summary": "Hand a meter viewing keys that were wrapped for it",
                "description": "Nobody but the meter can unwrap them.",
                "parameters": [_METER],
                "responses": _answers(
                    {"200": {**_answer("they", ref("Wrapped")), "headers": _NOT_KEPT}}, *("400", "404")
                ),
            },
            "post": {
                "operationId": "postViewingKeyReady",
                "summary": "Take a meter's word that it holds a viewing key",
                "description": "For who is to send it to the contract; only where there is one for the meter.",
                "parameters": [_METER],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": ref("ViewingKeyReady")}},
                },
                "responses": _answers(
                    {"202": _answer("it is kept", ref("Kept"))}, *("400", "403", "404", "408", "413", "503")
                ),
            },
        },
        "/healthz": {
            "get": {
                "operationId": "getHealth",
                "summary": "Say that the process lives",
                "responses": _answers({"200": _answer("it does", ref("Health"))}),
            }
        },
        "/readyz": {
            "get": {
                "operationId": "getReadiness",
                "summary": "Say whether messages can be carried now",
                "responses": _answers({"200": _answer("they can", ref("Readiness"))}),
            }
        },
        "/openapi.json": {
            "get": {
                "operationId": "getOpenapi",
                "summary": "Return this document",
                "responses": _answers({"200": _answer("OpenAPI 3.1", {"type": "object"})}),
            }
        },
    },
    "components": {"schemas": SCHEMAS},
}
