# SPDX-License-Identifier: Apache-2.0
"""What is known of chains beforehand, as data: which of their blocks no reorganisation takes back, and if they rest.

A chain that is not here is looked at: it may answer for `finalized`, or be a QBFT network.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    finality: str  # as the setting of that name
    source: str
    steady: bool = True  # it makes blocks at all times, empty ones if need be


_ETHEREUM = Profile(
    "ethereum", "finalized", "execution-apis, block tags: finalized by two thirds of the stake"
)
_OP_STACK = Profile(
    "op-stack", "finalized", "OP Stack specification, derivation: data in a finalized L1 block"
)
_ARBITRUM = Profile(
    "arbitrum", "finalized", "Arbitrum docs, block tags: batch posted in a finalized L1 block", steady=False
)
_POLYGON = Profile("polygon", "finalized", "PIP-11, deterministic finality by milestones")
_GNOSIS = Profile("gnosis", "finalized", "a beacon chain of its own, as Ethereum's")
_BSC = Profile("bsc", "finalized", "BEP-126, fast finality")

BY_CHAIN_ID = {
    **dict.fromkeys((1, 11155111, 560048, 17000), _ETHEREUM),
    **dict.fromkeys((10, 8453, 11155420, 84532), _OP_STACK),
    **dict.fromkeys((42161, 42170, 421614), _ARBITRUM),
    **dict.fromkeys((137, 80002), _POLYGON),
    **dict.fromkeys((100, 10200), _GNOSIS),
    **dict.fromkeys((56, 97), _BSC),
}


def is_steady(chain_id: int) -> bool:
    """Tell whether it is known that the chain makes blocks at all times."""
    profile = BY_CHAIN_ID.get(chain_id)
    return profile is not None and profile.steady
