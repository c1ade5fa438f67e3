# SPDX-License-Identifier: Apache-2.0
"""Decide which block no reorganisation takes back: `finalized` where it exists, else by the consensus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import rlp

from electro_relayer.chain.rpc import Rpc, RpcError

# A chain without `finalized` and without QBFT is a proof-of-authority or test network; 12 blocks is what
# exchanges asked of Ethereum before it had finality.
DEFAULT_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Finality:
    """How to find the final block: a block tag, or a depth below the latest block."""

    tag: str | None
    depth: int = 0

    @property
    def instant(self) -> bool:
        """Every block is final at once."""
        return self.tag == "latest" or (self.tag is None and self.depth == 0)

    def block(self, latest: int) -> str:
        """Name the final block, in JSON-RPC's way, for a chain whose latest block has this number."""
        return self.tag if self.tag is not None else hex(max(0, latest - self.depth))


async def find_finality(node: Rpc, setting: str) -> Finality:
    """Follow the setting, or find out what this chain offers."""
    if setting.isdigit():
        return Finality(None, int(setting))
    if setting != "auto":
        return Finality(setting)
    finalized, latest = await node.batch(
        [("eth_getBlockByNumber", ["finalized", False]), ("eth_getBlockByNumber", ["latest", False])]
    )
    if isinstance(latest, RpcError):
        raise latest
    if isinstance(finalized, dict):
        # the same block by both names, a block after genesis: a chain in memory, which has no forks
        at_once = isinstance(latest, dict) and finalized.get("hash") == latest.get("hash")
        return Finality("latest" if at_once else "finalized")
    return Finality("latest") if is_qbft(latest) else Finality(None, DEFAULT_DEPTH)


def is_qbft(header: Any) -> bool:
    """Recognise a block of Besu's QBFT: extraData is RLP [vanity 32, validators, vote, round, seals]."""
    try:
        parts = rlp.decode(bytes.fromhex(header["extraData"].removeprefix("0x")))
    except (rlp.DecodingError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return isinstance(parts, list) and len(parts) == 5 and isinstance(parts[0], bytes) and len(parts[0]) == 32
