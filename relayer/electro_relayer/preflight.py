# SPDX-License-Identifier: Apache-2.0
"""Check before the service begins what it will need: settings, key, nodes, chain, contract, money.

Each finding is one sentence; nothing is sent that could be mined, and no secret is shown.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_relayer.chain.chain import Chain
from electro_relayer.chain.nodewords import Verdict
from electro_relayer.chain.rpc import Node, NodeUnreachable, RpcError, hex_data, read_quantity, understood
from electro_relayer.errors import NodeMissing, StartError, printable
from electro_relayer.hashing import checksum
from electro_relayer.paying import gas
from electro_relayer.paying.key import Key, key_of
from electro_relayer.paying.nonces.spend import TRANSFER_GAS
from electro_relayer.paying.transaction import Call, sign

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from electro_relayer.settings import Settings

STALE_S = (
    600  # public chains make blocks at least once a minute; a private one may pause when nothing happens
)
FAR_NONCE = 1 << 62  # no pool has a place for it
BATCHES = 20  # full batches the balance should pay for before somebody has to act
_SMALL_REPORT_GAS = 18_500  # of a report of one interval in a batch of 50, at most


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it will do (None: it will, but should be seen to), and a sentence."""

    what: str
    good: bool | None
    sentence: str


async def check(settings: Settings) -> AsyncIterator[Finding]:
    """Look at one thing after the other; what depends on a failed one is left out."""
    yield Finding(
        "settings", True, f"{len(settings.rpc_urls)} node(s), contract {checksum(settings.contract)}"
    )
    try:
        key = key_of(settings)
    except StartError as error:
        yield Finding("key", False, error.sentence)
        return
    yield Finding("key", True, f"pays from {checksum(key.address)}")
    chain_ids: set[int] = set()
    for url in settings.rpc_urls:
        async with Node(url, timeout_s=settings.rpc_timeout_s, access=settings.access) as node:
            chain = Chain(node, settings, key.address)
            try:
                await chain.open()
            except NodeMissing as error:
                yield Finding("node", None if len(settings.rpc_urls) > 1 else False, error.sentence)
                continue
            except StartError as error:
                yield Finding("node", False, error.sentence)
                continue
            chain_ids.add(chain.chain_id)
            yield Finding("node", True, f"{node.shown} answers for chain {chain.chain_id}")
            try:
                async for finding in _on(chain, node, settings):
                    yield finding
                async for finding in _permission(chain, node, key):
                    yield finding
            except (NodeUnreachable, RpcError) as error:
                yield Finding("node", False, printable(f"{node.shown} fails on the way: {error}."))
    if not chain_ids and len(settings.rpc_urls) > 1:
        yield Finding("nodes", False, "No node answers for the contract's chain.")
    if len(chain_ids) > 1:
        shown = ", ".join(map(str, sorted(chain_ids)))
        yield Finding("nodes", False, f"The nodes serve different chains: {shown}.")


async def _on(chain: Chain, node: Node, settings: Settings) -> AsyncIterator[Finding]:
    yield Finding("contract", True, f"is there; final is {chain.final.rule}")
    yield Finding("chain", True, f"taken for {chain.profile.name}: electro chain info shows what that means")
    with understood(node):
        header = await node.call("eth_getBlockByNumber", ["latest", False])
        age_s = time.time() - read_quantity(header["timestamp"])
        number = read_quantity(header["number"])
        syncing = await node.call("eth_syncing", [])
    if syncing:
        yield Finding("node", False, f"{node.shown} is still syncing.")
    old = age_s > STALE_S
    words = f"block {number} is {max(0, age_s):.0f} s old"
    yield Finding("blocks", None if old else True, words + (": does the chain move?" if old else ""))
    fees = await chain.quote()
    balance = await chain.balance()
    batch = gas.BATCH + settings.batch_size * _SMALL_REPORT_GAS
    cost_wei = batch * fees.max_fee_wei
    kind = "legacy" if fees.legacy else "EIP-1559"
    yield Finding(
        "gas", True, f"{fees.max_fee_wei / 1e9:g} gwei at most now ({kind}), cap {settings.fee_cap_gwei:g}"
    )
    if not cost_wei:
        yield Finding("balance", True, "not needed: gas costs nothing here")
    else:
        enough = balance // cost_wei
        words = f"{balance / 1e18:g} of the chain's coin pays for {enough} full batches at this price"
        yield Finding("balance", False if not enough else None if enough < BATCHES else True, words)
    unmined = await _unmined(chain, node)
    words = (
        "no transaction of this key waits"
        if not unmined
        else f"{unmined} transactions of this key wait already"
    )
    yield Finding(
        "nonces", None if unmined else True, words + (": is another relayer using it?" if unmined else "")
    )


async def _permission(chain: Chain, node: Node, key: Key) -> AsyncIterator[Finding]:
    """Find out whether a permissioned network takes transactions from the key.

    Besu looks at its accounts allowlist before it refuses a nonce that is too far ahead (MainnetTransactionValidator,
    TransactionPool): what is offered here can never be mined. Others would keep it, and are not asked.
    """
    try:
        version = str(await node.call("web3_clientVersion", []))
    except RpcError:
        return
    if "besu" not in version.lower():
        return
    fees = await chain.quote()
    probe = sign(key, Call(chain.chain_id, chain.sender, b"", TRANSFER_GAS), FAR_NONCE, fees)
    [(verdict, _)] = await chain.send([probe.raw])
    if verdict is Verdict.NOT_ALLOWED:
        sentence = (
            "the network takes no transactions from this account: have it put on the accounts allowlist"
        )
        yield Finding("permission", False, sentence)
    elif verdict is Verdict.NONCE_HIGH:
        yield Finding("permission", True, "the network takes transactions from this account")


async def _unmined(chain: Chain, node: Node) -> int:
    with understood(node):
        pending, latest = await asyncio.gather(
            *[
                node.call("eth_getTransactionCount", [hex_data(chain.sender), tag])
                for tag in ("pending", "latest")
            ]
        )
        return read_quantity(pending) - read_quantity(latest)
