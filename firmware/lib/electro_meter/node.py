# SPDX-License-Identifier: Apache-2.0
"""Ask a node of the chain itself, by JSON-RPC, what the contract says of this meter: `eth_call meterState`.

The answer is brought into the shape of a relayer's, so that both are checked by the same code and can be compared.
"""

import struct
from binascii import hexlify, unhexlify

from electro_protocol.keccak import keccak256

from .http import BadAnswerError, Client

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIGNATURE = b"meterState(address,uint16)"
# What a call that the contract itself refuses is answered with (EIP-1474's 3): the meter is not enrolled there.
_REVERTED = 3


async def state(client: Client, url: str, contract: bytes, device: bytes, ahead: int) -> "dict[str, Any]":
    """Return {"chain_id", "contract", "agreements"} as a relayer would.

    A chain without the `finalized` block (QBFT) is final at its latest. Raises HttpError.
    """
    chain_id = _quantity(await _call(client, url, "eth_chainId", []))
    data = keccak256(_SIGNATURE)[:4] + bytes(12) + device + ahead.to_bytes(32, "big")
    call = {"to": _hex(contract), "data": _hex(data)}
    latest = _states(await _call(client, url, "eth_call", [call, "latest"]))
    final = await _call(client, url, "eth_call", [call, "finalized"], True)
    finals = {}
    if final is not None:
        for one in _states(final):
            finals[one["agreement_id"]] = one["next"]["latest"]
    for one in latest:
        position = one["next"]
        position["final"] = (
            min(finals.get(one["agreement_id"], 0), position["latest"])
            if final is not None
            else position["latest"]
        )
    return {"chain_id": chain_id, "contract": _hex(contract), "agreements": latest}


async def _call(client: Client, url: str, method: str, params: "list[Any]", optional: bool = False) -> object:
    """Return the result; "0x" if the contract refused the call, None if an optional call is not understood."""
    answer = await client.request(
        "POST", url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    )
    untrusted = answer.untrusted
    if not isinstance(untrusted, dict):
        raise BadAnswerError(f"{url} does not speak JSON-RPC")
    error = untrusted.get("error")
    if isinstance(error, dict):
        if error.get("code") == _REVERTED:
            return "0x"
        if optional:
            return None
        raise BadAnswerError(f"{url}: {str(error.get('message'))[:80]}")
    return untrusted.get("result")


def _hex(raw: bytes) -> str:
    return "0x" + hexlify(raw).decode()


def _quantity(untrusted: object) -> int:
    try:
        return int(untrusted, 16) if isinstance(untrusted, str) else -1
    except ValueError:
        return -1


def _states(untrusted: object) -> "list[dict[str, Any]]":
    """Decode MeterState[]: offset, length, an offset for each, and its words and bounds in each.

    Raises BadAnswerError.
    """
    try:
        raw = unhexlify(untrusted[2:]) if isinstance(untrusted, str) and untrusted[:2] == "0x" else b"?"
        if not raw:
            return []
        return [_state(raw, _word(raw, 0) + 32 + _word(raw, 64 + 32 * k)) for k in range(_word(raw, 32))]
    except (ValueError, IndexError):
        raise BadAnswerError("the node's answer is no meterState")


def _word(raw: bytes, at: int) -> int:
    if not 0 <= at <= len(raw) - 32:
        raise ValueError("cut off")
    return int.from_bytes(raw[at : at + 32], "big")


async def code(client: Client, url: str, account: str) -> bytes:
    """Return the code of an account; raise HttpError."""
    untrusted = await _call(client, url, "eth_getCode", [account, "latest"])
    try:
        return unhexlify(untrusted[2:]) if isinstance(untrusted, str) else b""
    except ValueError:
        raise BadAnswerError(f"{url} tells code that is no hex")


# Words of a MeterState, see IRecords.sol; the last is the place of the bounds.
_WORDS = 19


def _state(raw: bytes, at: int) -> "dict[str, Any]":
    words = [_word(raw, at + 32 * k) for k in range(_WORDS)]
    begin = at + words[18]
    length = _word(raw, begin)
    if length % 4 or begin + 32 + length > len(raw):
        raise ValueError("cut off")
    bounds = list(struct.unpack(f">{length // 2}H", raw[begin + 32 : begin + 32 + length]))
    return {
        "agreement_id": words[0],
        "start": words[3],
        "interval_seconds": words[4],
        "intervals": words[5],
        "end": words[7],
        "slots": words[9],
        "unit_wh": words[10],
        "terms": {
            "account": _hex(raw[at + 32 * 11 + 12 : at + 32 * 12]),
            "code_hash": _hex(raw[at + 32 * 12 : at + 32 * 13]),
        },
        "next": {"latest": words[13]},
        "next_outage": {"latest": words[14]},
        "remaining_bonus": str(words[16]),
        "bounds": {
            "first_interval": words[17],
            "min": bounds[: length // 4],
            "max": bounds[length // 4 :],
        },
    }
