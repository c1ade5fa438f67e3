# SPDX-License-Identifier: Apache-2.0
"""What is known of chains beforehand, as data, with the source of each figure beside it.

A chain is recognised by its id, else by what its node says of itself and by its blocks. Of one that is not here nothing
is taken for granted: it is looked at, and `UNKNOWN` says how.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import rlp

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMULA, ESTIMATE = "formula", "estimate"
GWEI = 10**9


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of chain; None is what nobody knows beforehand and whoever needs it learns by looking."""

    name: str
    fees: str | None = None  # `dynamic` (EIP-1559) or `legacy`; None: as its blocks are
    floor_wei: int = 0  # the least tip that its pools take
    gas: str = FORMULA  # a batch's gas follows from what is in it, or only the node can say
    finality: str | None = None  # a block tag, or a number of blocks; None: what the chain answers for
    empty_blocks: bool | None = None  # it makes blocks at all times
    pool: int = 16  # transactions of one account that a pool is sure to hold
    block_s: float | None = None  # between two blocks
    clients: tuple[str, ...] = ()  # whose words it refuses in; the relayer's nodewords.py has them
    quirks: tuple[str, ...] = ()  # what else a person should know
    sources: Mapping[str, str] | None = None  # by field

    def shown(self) -> list[tuple[str, str, str]]:
        """Return what it says, as (what, how, source) in words."""
        sources = self.sources or {}
        floor = f", at least {self.floor_wei / GWEI:g} gwei for the miner" if self.floor_wei else ""
        empty = {True: "yes, always", False: "no: a block has something in it", None: "learnt by looking"}
        rows = [
            ("fees", (self.fees or "as its blocks are") + floor, "fees"),
            ("gas", "by formula" if self.gas == FORMULA else "the node is asked for each batch", "gas"),
            ("final", self.finality or "what the chain answers for", "finality"),
            ("empty blocks", empty[self.empty_blocks], "empty_blocks"),
            ("pool", f"{self.pool} transactions of an account", "pool"),
            ("block time", f"{self.block_s:g} s" if self.block_s else "learnt by looking", "block_s"),
            ("refuses like", ", ".join(self.clients) or "anybody", "clients"),
            *(("note", quirk, "quirks") for quirk in self.quirks),
        ]
        return [(what, how, sources.get(field, "")) for what, how, field in rows]


UNKNOWN = Profile("unknown")

_GETH_POOL = "go-ethereum 1.16, core/txpool/legacypool: AccountSlots 16"
ETHEREUM = Profile(
    "ethereum",
    fees="dynamic",
    finality="finalized",
    empty_blocks=True,
    pool=16,
    block_s=12,
    clients=("geth", "Nethermind", "Besu", "Erigon", "Reth"),
    sources={
        "fees": "EIP-1559",
        "finality": "execution-apis, block tags: finalized by two thirds of the stake",
        "empty_blocks": "consensus-specs: a slot has a block of some proposer, or none, whatever waits",
        "pool": _GETH_POOL,
        "block_s": "consensus-specs, SECONDS_PER_SLOT",
    },
)
OP_STACK = Profile(
    "op-stack",
    fees="dynamic",
    finality="finalized",
    empty_blocks=True,
    block_s=2,
    clients=("geth", "Reth"),
    quirks=("the data's price on the L1 is charged beside the gas, in coin",),
    sources={
        "fees": "OP Stack specification, exec engine: EIP-1559",
        "finality": "OP Stack specification, derivation: data in a finalized L1 block",
        "empty_blocks": "OP Stack specification, derivation: a block each block time",
        "pool": _GETH_POOL + ", from which op-geth is made",
        "block_s": "OP Stack specification, rollup configuration: block_time, 2 in the superchain",
        "quirks": "OP Stack specification, L1 cost fees",
    },
)
ARBITRUM = Profile(
    "arbitrum",
    fees="dynamic",
    gas=ESTIMATE,
    finality="finalized",
    empty_blocks=False,
    block_s=0.25,
    clients=("geth",),
    quirks=("tips are not looked at: first come, first served",),
    sources={
        "fees": "Arbitrum docs, gas and fees",
        "gas": "Arbitrum docs, gas and fees: the data's price on the L1 is charged as gas",
        "finality": "Arbitrum docs, block tags: batch posted in a finalized L1 block",
        "empty_blocks": "Arbitrum docs, block numbers and time: a block where there are transactions",
        "pool": _GETH_POOL + ", where its sequencer forwards",
        "block_s": "Arbitrum docs, chain parameters: 250 ms where there is traffic",
        "quirks": "Arbitrum docs, gas and fees: tips",
    },
)
POLYGON = Profile(
    "polygon",
    fees="dynamic",
    floor_wei=25 * GWEI,
    finality="finalized",
    empty_blocks=True,
    block_s=2,
    clients=("geth", "Erigon"),
    sources={
        "fees": "bor, builder/files/config.toml: miner.gasprice and txpool.pricelimit of 25 gwei",
        "finality": "PIP-11, deterministic finality by milestones",
        "empty_blocks": "bor, consensus/bor: a block each period",
        "pool": _GETH_POOL + ", from which bor is made",
        "block_s": "bor, params: period 2",
    },
)
_GNOSIS = replace(
    ETHEREUM, name="gnosis", block_s=5, sources={"finality": "a beacon chain of its own, as Ethereum's"}
)
_BSC = Profile(
    "bsc",
    finality="finalized",
    empty_blocks=True,
    clients=("geth",),
    sources={"finality": "BEP-126, fast finality"},
)
BESU_QBFT = Profile(
    "besu-qbft",
    finality="latest",
    pool=5,
    clients=("Besu",),
    quirks=(
        "`finalized` and `safe` are unknown blocks: a block is final when it is there",
        "a second transaction on the same nonce, of the same price, silently takes the first one's place",
        "extraData holds the validators and their seals, and differs from node to node",
    ),
    sources={
        "finality": "EIP-650 and QBFT, arXiv:2002.03613: two thirds of the validators sealed the block",
        "pool": "Besu 25.12, a node that was asked: the sequenced pool holds 5, 0.001 of 4,096; the layered one 200",
        "empty_blocks": "Besu, QbftConfigOptions: yes, unless emptyblockperiodseconds is set",
        "clients": "Besu 25.12, RpcErrorType.java",
        "quirks": "Besu 25.12, nodes that were asked",
    },
)
ANVIL = Profile(
    "anvil",
    empty_blocks=None,
    pool=16,
    clients=("anvil",),
    quirks=("mines each transaction at once, or by its clock with --block-time",),
    sources={"pool": "anvil 1.7: no limit of one account", "quirks": "anvil --help"},
)
HARDHAT = Profile(
    "hardhat",
    empty_blocks=False,
    pool=16,
    clients=("hardhat",),
    quirks=("mines each transaction at once; a dearer one on the same nonce must pay a tenth more",),
    sources={"quirks": "Hardhat docs, mining modes; EDR's mempool"},
)
EMBEDDED = Profile(
    "embedded",
    finality="latest",
    empty_blocks=False,
    pool=16,
    clients=("py-evm",),
    quirks=("in memory, of this process alone: for a first look",),
    sources={
        "finality": "electro chain: each transaction is mined when it is sent",
        "pool": "nothing ever waits",
    },
)

PROFILES = {
    each.name: each
    for each in (ETHEREUM, OP_STACK, ARBITRUM, POLYGON, _GNOSIS, _BSC, BESU_QBFT, ANVIL, HARDHAT, EMBEDDED)
}
BY_CHAIN_ID = {
    **dict.fromkeys((1, 11155111, 560048, 17000), ETHEREUM),
    **dict.fromkeys((10, 8453, 11155420, 84532), OP_STACK),
    **dict.fromkeys((42161, 42170, 421614), ARBITRUM),
    **dict.fromkeys((137, 80002), POLYGON),
    **dict.fromkeys((100, 10200), _GNOSIS),
    **dict.fromkeys((56, 97), _BSC),
}
# What web3_clientVersion begins with, in lower case. Besu's name alone says nothing of a chain.
_BY_CLIENT = {
    "anvil": ANVIL,
    "hardhatnetwork": HARDHAT,
    "electro": EMBEDDED,
    "nitro": ARBITRUM,
    "op-geth": OP_STACK,
    "op-reth": OP_STACK,
    "bor": POLYGON,
}


def recognise(chain_id: int, client: str, latest: Any) -> Profile:
    """Return the profile of a chain: by its id, its node's name for itself, or its latest block."""
    found = BY_CHAIN_ID.get(chain_id)
    if found is not None:
        return found
    name = client.partition("/")[0].lower()
    return _BY_CLIENT.get(name, BESU_QBFT if is_qbft(latest) else UNKNOWN)


def is_qbft(header: Any) -> bool:
    """Recognise a block of Besu's QBFT: extraData is RLP [vanity 32, validators, vote, round, seals]."""
    try:
        parts = rlp.decode(bytes.fromhex(header["extraData"].removeprefix("0x")))
    except (rlp.DecodingError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return isinstance(parts, list) and len(parts) == 5 and isinstance(parts[0], bytes) and len(parts[0]) == 32
