# SPDX-License-Identifier: Apache-2.0
"""Find out what of a running network differs from what Electro needs; nothing is sent that could be mined."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import coincurve

from electro_contracts import artifact
from electro_contracts.deployment import FACTORY
from electro_contracts.node.profiles import BESU_QBFT
from electro_protocol.keccak import keccak256
from electro_tools.chain.asking import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from electro_tools.chain.asking import Asking, Known

CODE_LIMIT_BYTES = 24_576  # EIP-170; terms of the longest schedule and the contract stay below it
BLOCK_GAS = (
    1 << 24
)  # EIP-7825's most for a transaction: a deployment takes eleven million, a full batch twelve
CLOCK_S = 15  # the meter's time may differ from a block's by a window or two
_SOMEBODY = "0x" + "e1" * 20
_ECRECOVER = "0x" + "00" * 19 + "01"
# PUSH3 size PUSH1 0 RETURN: what would be deployed is so many zeros
_PROBE = "0x62{:06x}6000f3"
# PUSH0 PUSH0 RETURN; CHAINID; BASEFEE: each needs its fork
_FORKS = {"Istanbul": "0x465000", "London": "0x485000", "Shanghai": "0x5f5ff3"}
_NEEDED_FORK = "London"


@dataclass(frozen=True)
class Finding:
    """What was looked at, whether it will do (None: it will, but should be seen to), and a sentence."""

    what: str
    good: bool | None
    sentence: str


def look(asking: Asking, known: Known) -> Iterator[Finding]:
    """Look at one thing after the other; raises ToolError where the node is silent."""
    questions: tuple[Callable[[Asking, Known], Finding], ...] = (
        _forks, _code_size, _contract, _curve, _gas, _price, _proof, _finality, _clock, _factory,
    )  # fmt: skip
    for question in questions:
        yield question(asking, known)


def _forks(asking: Asking, _known: Known) -> Finding:
    active = [
        fork
        for fork, code in _FORKS.items()
        if not isinstance(asking.ask("eth_call", {"from": _SOMEBODY, "data": code}, "latest"), Refused)
    ]
    newest = active[-1] if active else "older than Istanbul"
    if _NEEDED_FORK not in active:
        return Finding("forks", False, f"the EVM is {newest}: Electro needs {_NEEDED_FORK} or later")
    return Finding("forks", True, f"the EVM is {newest}'s or later")


def _code_size(asking: Asking, _known: Known) -> Finding:
    call = {"from": _SOMEBODY, "data": _PROBE.format(CODE_LIMIT_BYTES)}
    refused = asking.ask("eth_call", call, "latest")
    if isinstance(refused, Refused):
        words = f"a contract may not have {CODE_LIMIT_BYTES:,} bytes: {refused.words}"
        return Finding("code size", False, words)
    return Finding("code size", True, f"a contract may have {CODE_LIMIT_BYTES:,} bytes")


def _contract(asking: Asking, _known: Known) -> Finding:
    """Try the deployment of each part; the contract itself, which asks for them, is not larger than they."""
    for name, part in artifact.load().parts.items():
        made = asking.ask("eth_call", {"from": _SOMEBODY, "data": "0x" + part.bytecode.hex()}, "latest")
        if isinstance(made, Refused):
            return Finding("contract", False, f"its part {name} can't be deployed: {made.words}")
        if made != "0x" + part.deployed_bytecode.hex():
            return Finding("contract", False, f"a trial deployment of its part {name} leaves other code")
    return Finding("contract", True, "it can be deployed")


def _curve(asking: Asking, _known: Known) -> Finding:
    """Have a signature recovered: a network may be configured for another curve, on which no meter signs."""
    key, digest = coincurve.PrivateKey(bytes(31) + b"\x01"), bytes([0xE1]) * 32
    signature = key.sign_recoverable(digest, hasher=None)
    asked = digest + bytes(31) + bytes((signature[64] + 27,)) + signature[:64]
    found = asking.ask("eth_call", {"to": _ECRECOVER, "data": "0x" + asked.hex()}, "latest")
    signer = keccak256(key.public_key.format(compressed=False)[1:])[12:]
    if found == "0x" + signer.rjust(32, b"\0").hex():
        return Finding("curve", True, "signatures are secp256k1's")
    return Finding("curve", False, "the chain does not recover secp256k1 signatures: no meter could report")


def _gas(_asking: Asking, known: Known) -> Finding:
    limit = int(known.latest["gasLimit"], 16)
    words = f"a block takes {limit:,} gas"
    if limit < BLOCK_GAS:
        return Finding("gas", False, f"{words}: {BLOCK_GAS:,} are needed")
    return Finding("gas", True, words)


def _price(asking: Asking, known: Known) -> Finding:
    base_fee_wei, price_wei = known.base_fee_wei, asking.number("eth_gasPrice")
    if not base_fee_wei and not price_wei:
        return Finding("price", True, "gas costs nothing: nobody needs money")
    words = f"gas costs about {max(base_fee_wei or 0, price_wei or 0) / 1e9:g} gwei"
    private = known.profile is BESU_QBFT
    advice = ": on a private network, zeroBaseFee and min-gas-price=0 spare everybody that" if private else ""
    return Finding("price", None if private else True, words + advice)


def _proof(asking: Asking, known: Known) -> Finding:
    proof = asking.ask("eth_getProof", "0x" + FACTORY.hex(), ["0x" + "00" * 32], hex(known.number))
    if isinstance(proof, dict) and proof.get("accountProof"):
        return Finding("proofs", True, "eth_getProof answers: meters can verify what they are told")
    words = "eth_getProof does not answer: meters believe two sources that agree, and no single one"
    return Finding("proofs", None, words)


def _finality(asking: Asking, known: Known) -> Finding:
    if known.profile is BESU_QBFT:
        return Finding("finality", True, "a block is final when it is there (QBFT)")
    finalized = asking.ask("eth_getBlockByNumber", "finalized", False)
    if isinstance(finalized, dict) and "number" in finalized:
        behind = known.number - int(finalized["number"], 16)
        return Finding("finality", True, f"the final block is {behind} behind the newest")
    if known.profile.finality is not None and known.profile.finality != "finalized":
        return Finding("finality", True, f"final is {known.profile.finality} ({known.profile.name})")
    words = "nothing is called final here: the relayer waits for 12 blocks, or for what its finality says"
    return Finding("finality", None, words)


def _clock(_asking: Asking, known: Known) -> Finding:
    ahead_s = int(known.latest["timestamp"], 16) - time.time()
    if ahead_s > CLOCK_S:
        return Finding("clock", False, f"the newest block is {ahead_s:.0f} s ahead of this machine's clock")
    seldom = known.profile.empty_blocks is False
    old = -ahead_s > max(10 * (known.profile.block_s or 60), 60) and not seldom
    words = f"the newest block is {max(0.0, -ahead_s):.0f} s old"
    return Finding("clock", None if old else True, words + (": does the chain move?" if old else ""))


def _factory(asking: Asking, _known: Known) -> Finding:
    code = asking.ask("eth_getCode", "0x" + FACTORY.hex(), "latest")
    there = isinstance(code, str) and len(code) > 2
    words = (
        "is there"
        if there
        else "is not there: contract deploy does without, at another address than elsewhere"
    )
    return Finding("factory", True if there else None, f"the CREATE2 factory {words}")
