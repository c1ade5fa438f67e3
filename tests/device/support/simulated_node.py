# SPDX-License-Identifier: Apache-2.0
"""Speak a node's JSON-RPC over simulated relayers' ledgers: as much as a meter asks."""

import json
from binascii import hexlify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def encoded(agreement: "dict[str, Any]") -> bytes:
    """Return a relayer's JSON of an agreement as the contract's MeterState."""
    words = [0] * 19
    words[0] = agreement["agreement_id"]
    words[1] = 4 if agreement["state"] == "cancelled" else 2
    words[3], words[7] = agreement["start"], agreement["end"]
    words[11] = int(agreement["terms"]["account"], 16)
    words[12] = int(agreement["terms"]["code_hash"], 16)
    words[13], words[14] = agreement["next"]["latest"], agreement["next_outage"]["latest"]
    words[15], words[17] = int(agreement["outage_open"]), agreement["bounds"]["first_interval"]
    words[18] = 19 * 32
    bounds = b"".join(
        [bound.to_bytes(2, "big") for bound in agreement["bounds"]["min"] + agreement["bounds"]["max"]]
    )
    return b"".join([word(one) for one in words]) + word(len(bounds)) + bounds + bytes(-len(bounds) % 32)


def meter_state(agreements: "list[dict[str, Any]]") -> bytes:
    """Return the answer of meterState in ABI encoding."""
    records = [encoded(one) for one in agreements]
    offsets, at = b"", 32 * len(records)
    for record in records:
        offsets += word(at)
        at += len(record)
    return word(32) + word(len(records)) + offsets + b"".join(records)


def rpc(
    body: bytes,
    chain_id: int,
    agreements: "list[dict[str, Any]]",
    codes: "dict[int, bytes]",
    schedule: "Callable[[int, int], dict[str, Any]] | None" = None,
) -> "dict[str, Any]":
    """Return the answer to a JSON-RPC request; codes: by account.

    schedule: returns account and hash of the code with the bands in an interval of an agreement.
    The node knows no finalized block, as one of a QBFT network.
    """
    asked = json.loads(body)
    method, params = asked["method"], asked["params"]
    answer: "dict[str, Any]" = {"jsonrpc": "2.0", "id": asked["id"]}
    if method == "eth_chainId":
        answer["result"] = hex(chain_id)
    elif method == "eth_getCode":
        answer["result"] = "0x" + hexlify(codes.get(int(params[0], 16), b"")).decode()
    elif len(params[0]["data"]) == len("0x") + 2 * (4 + 3 * 32) and schedule is not None:
        number, interval = params[0]["data"][10:74], params[0]["data"][-64:]
        told = schedule(int(number, 16), int(interval, 16))
        answer["result"] = (
            "0x" + hexlify(word(int(told["account"], 16)) + word(int(told["code_hash"], 16))).decode()
        )
    elif params[1] == "finalized":
        answer["error"] = {"code": -39001, "message": "Unknown block"}
    else:
        answer["result"] = "0x" + hexlify(meter_state(agreements)).decode()
    return answer
