# SPDX-License-Identifier: Apache-2.0
"""Ask a node of the chain itself, by JSON-RPC, what the contract says of this meter: `meterState`, and terms' code."""

from binascii import hexlify, unhexlify

from electro_protocol.keccak import keccak256

from .agreement import Told
from .contract import result, schedule, states
from .errors import SourceError
from .http import Answer, Client
from .parsing import MOST_BYTES
from .sources import MOST_TERMS_BYTES, octets

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SIGNATURE = b"meterState(address,uint16)"
_SCHEDULE = b"scheduleOf(uint64,uint32,uint32)"


async def standing(
    client: Client, url: str, chain_id: int, contract: bytes, device: bytes, ahead: int
) -> "tuple[list[Told], Answer]":
    """Return what the contract tells of a meter, and the last answer for its date.

    A chain without the `finalized` block (QBFT) is final at its latest. Raises SourceError.
    """
    told_id = result((await _call(client, url, "eth_chainId", [])).json(), False)
    if told_id[:2] != "0x" or len(told_id) > 34 or _number(told_id[2:]) != chain_id:
        raise SourceError("it serves another chain")
    data = keccak256(_SIGNATURE)[:4] + bytes(12) + device + ahead.to_bytes(32, "big")
    call = {"to": _hex(contract), "data": _hex(data)}
    answer = await _call(client, url, "eth_call", [call, "finalized"])
    text = result(answer.json(), True)
    finals = states(octets("the contract's answer", text, MOST_BYTES // 2)) if text else None
    answer = await _call(client, url, "eth_call", [call, "latest"])
    text = result(answer.json(), False)
    listed = states(octets("the contract's answer", text, MOST_BYTES // 2)) if text else []
    if finals is not None:
        for told in listed:
            told.next_final = 0
            for final in finals:
                if final.id == told.id:
                    told.next_final = min(final.next_latest, told.next_latest)
    return listed, answer


async def code(client: Client, url: str, account: bytes) -> bytes:
    """Return the code of a terms' account."""
    answer = await _call(client, url, "eth_getCode", [_hex(account), "latest"])
    return octets("the terms' code", result(answer.json(), False), MOST_TERMS_BYTES)


async def schedule_of(
    client: Client, url: str, contract: bytes, number: int, place: int, interval: int
) -> "tuple[bytes, bytes]":
    """Return account and hash of the code with the bands that hold in an interval at a place of an agreement."""
    arguments = b"".join([one.to_bytes(32, "big") for one in (number, place, interval)])
    call = {"to": _hex(contract), "data": _hex(keccak256(_SCHEDULE)[:4] + arguments)}
    text = result((await _call(client, url, "eth_call", [call, "latest"])).json(), False)
    return schedule(octets("the contract's answer", text, 64))


async def block_hash(client: Client, url: str, number: int) -> bytes:
    """Return the hash of the block of a number."""
    told = (await _call(client, url, "eth_getBlockByNumber", [hex(number), False])).json()
    block = told.get("result") if isinstance(told, dict) else None
    return octets("the block's hash", block.get("hash") if isinstance(block, dict) else None, 32)


async def _call(client: Client, url: str, method: str, params: "list[Any]") -> Answer:
    return await client.request("POST", url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": params})


def _hex(raw: bytes) -> str:
    return "0x" + hexlify(raw).decode()


def _number(digits: str) -> int:
    """Return a quantity's number, -1 if it is none."""
    try:
        return int.from_bytes(unhexlify("0" * (len(digits) % 2) + digits), "big")
    except ValueError:
        return -1
