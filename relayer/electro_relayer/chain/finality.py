# SPDX-License-Identifier: Apache-2.0
"""Decide which block no reorganisation takes back: what the chain itself calls so, else by its consensus.

What a node answers at one moment proves little: a chain in memory says that its latest block is final, and so may a
node that has just begun; one that syncs knows of no final block at all. So a chain that is known follows its
profile, one that answers for `finalized` is asked for that each time, and all else is looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass

from electro_contracts.node.profiles import BESU_QBFT, UNKNOWN, Profile, is_qbft
from electro_relayer.chain.rpc import Rpc, RpcError

# A chain without `finalized` and without QBFT is a proof-of-authority or test network; 12 blocks is what
# exchanges asked of Ethereum before it had finality.
DEFAULT_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Finality:
    """How to find the final block: a block tag, or a depth below the latest block."""

    tag: str | None
    depth: int = 0
    why: str = ""
    settled: bool = True  # it need not be looked at again

    @classmethod
    def of(cls, word: str, why: str) -> Finality:
        """Read the setting's way to say it: a tag, or a number of blocks."""
        return cls(None, int(word), why) if word.isdigit() else cls(word, 0, why)

    @property
    def instant(self) -> bool:
        """Every block is final at once."""
        return self.tag == "latest" or (self.tag is None and self.depth == 0)

    def block(self, latest: int) -> str:
        """Name the final block, in JSON-RPC's way, for a chain whose latest block has this number."""
        return self.tag if self.tag is not None else hex(max(0, latest - self.depth))

    def __str__(self) -> str:
        what = (
            "every block at once"
            if self.instant
            else f"the block `{self.tag}`"
            if self.tag is not None
            else f"what is {self.depth} blocks deep"
        )
        return f"{what} ({self.why})" if self.why else what


async def find_finality(node: Rpc, setting: str, profile: Profile = UNKNOWN) -> Finality:
    """Follow the setting, the chain's profile, or what the chain offers now.

    A QBFT network is known by a block alone, which proves little: it is looked at again.
    """
    if setting != "auto":
        return Finality.of(setting, "by the setting")
    if profile.finality is not None and profile is not BESU_QBFT:
        return Finality.of(profile.finality, f"as {profile.name} does it")
    finalized, latest = await node.batch(
        [("eth_getBlockByNumber", ["finalized", False]), ("eth_getBlockByNumber", ["latest", False])]
    )
    if isinstance(latest, RpcError):
        raise latest
    if isinstance(finalized, dict):
        return Finality("finalized", 0, "the chain answers for it")
    if is_qbft(latest):
        return Finality("latest", 0, "its blocks are QBFT's", settled=False)
    why = "the chain has no `finalized` now; it is looked at again"
    return Finality(None, DEFAULT_DEPTH, why, settled=False)
