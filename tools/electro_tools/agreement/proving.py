# SPDX-License-Identifier: Apache-2.0
"""Check on this machine what a meter checks of a receipt: from any node with eth_getProof, trusting it with nothing.

What is proved is proved of a header. Sealed by validators that were given here, it is theirs; without, it is the one
that the node tells, and whoever compares its hash with another node's or an explorer's knows what it is worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests
from web3.exceptions import Web3Exception

from electro_contracts import receipts
from electro_protocol import address, receipt
from electro_protocol.rlp import ReceiptError
from electro_tools.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_protocol.storage import Standing
    from electro_tools.contract.desk import Desk
    from electro_tools.facts import Facts

_REFUSALS = (-32601, -32600, -32004)  # of a method: no such one, not served, not supported


def add_proof(
    facts: Facts, desk: Desk, agreement_id: int, devices: Sequence[str], validators: Sequence[bytes]
) -> None:
    """Prove where each meter of an agreement stands at the newest block.

    Raises:
        ToolError: the node proves nothing, or other than it tells.
    """
    block = "latest"
    proofs = []
    for device in devices:
        made = _made(desk, address.parse(device), block, with_seals=bool(validators))
        block = hex(made.number)  # all of one block
        proved = _checked(desk, address.parse(device), made, validators)
        standing = next((one for one in proved.standings if one.id == agreement_id), None)
        proofs.append((device, made, proved, standing))
    if not proofs:
        return
    _, made, proved, _ = proofs[0]
    facts.silent(
        "proof",
        {
            "block": made.number,
            "block_hash": "0x" + made.block_hash.hex(),
            "time": made.time_s,
            "sealed": proved.sealed,
            "validators": len(validators),
            "contract_code_hash": "0x" + proved.code_hash.hex(),
            "meters": [{"device": device, **_told(standing)} for device, _, _, standing in proofs],
        },
    )
    facts.say(
        "proved at", f"block {made.number}\n  0x{made.block_hash.hex()}\n  {_worth(proved, validators)}"
    )
    for device, _, _, standing in proofs:
        facts.say("proved", f"{device}\n  {_words(standing)}")


def _made(desk: Desk, device: bytes, block: str, *, with_seals: bool) -> receipts.Made:
    making = receipts.make(address.parse(desk.contract.address), device, block, with_seals=with_seals)
    try:
        calls = next(making)
        while True:
            calls = making.send([_call(desk, method, parameters) for method, parameters in calls])
    except StopIteration as end:
        made: receipts.Made = end.value
        return made
    except ReceiptError as error:
        raise ToolError(f"the node proves nothing: {error}") from error


def _checked(desk: Desk, device: bytes, made: receipts.Made, validators: Sequence[bytes]) -> receipt.Proved:
    def header_of(_account: bytes, code_hash: bytes) -> receipts.Numbers:
        return receipts.numbers(made.terms[code_hash])

    contract = address.parse(desk.contract.address)
    steps = receipt.check(made.raw, tuple(validators), contract, device, made.number, header_of)
    try:
        while True:
            next(steps)
    except StopIteration as end:
        proved: receipt.Proved = end.value
        return proved
    except ReceiptError as error:
        raise ToolError(f"what the node tells is not proved: {error}") from error


def _call(desk: Desk, method: str, parameters: list[Any]) -> Any:
    try:
        answer: Any = desk.web3.provider.make_request(method, parameters)  # type: ignore[arg-type]  # its own type of text
    except (Web3Exception, requests.RequestException, ValueError) as error:
        raise ToolError("the node does not answer") from error
    if "error" not in answer:
        return answer.get("result")
    code = answer["error"].get("code") if isinstance(answer["error"], dict) else None
    if method == "eth_getProof" and code in _REFUSALS:
        raise ToolError("the node serves no eth_getProof: name another with --rpc")
    raise ToolError(f"the node refuses {method}")


def _worth(proved: receipt.Proved, validators: Sequence[bytes]) -> str:
    if proved.sealed:
        return f"sealed by {proved.sealed} of the {len(validators)} validators given"
    return (
        "trusted is that this block's header, which the node tells, is the chain's:\n"
        "  compare its hash with another node's, or give --validators of a QBFT network"
    )


def _told(standing: Standing | None) -> dict[str, Any]:
    if standing is None:
        return {"serves": False}
    return {
        "serves": True,
        "start": standing.start_s,
        "next": standing.next,
        "end": standing.end,
        "next_outage": standing.next_outage,
        "outage_open": standing.outage_open,
        "terms": "0x" + standing.code_hash.hex(),
        "overrides": [
            {"pass": pass_, "code_hash": "0x" + hash_.hex()} for pass_, _, hash_ in standing.overrides
        ],
    }


def _words(standing: Standing | None) -> str:
    if standing is None:
        return "does not serve this agreement, or not among its last three"
    outage = (
        f"outage {standing.next_outage} open" if standing.outage_open else f"{standing.next_outage} outages"
    )
    return f"next {standing.next} of {standing.end}, {outage}\n  terms 0x{standing.code_hash.hex()}"
