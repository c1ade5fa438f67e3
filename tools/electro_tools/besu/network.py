# SPDX-License-Identifier: Apache-2.0
"""What a network is made of before it is files: validators with keys and places, who may send, how fast it seals."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

import coincurve

from electro_protocol.address import checksum
from electro_protocol.keccak import keccak256

P2P_PORT, RPC_PORT = 30303, 8545  # Besu's own; validator N's lie N − 1 above
FEWEST_SAFE = 4  # of fewer, one that lies can have two different blocks sealed: f = (N − 1) / 3 is 0


@dataclass(frozen=True)
class Validator:
    """One of the nodes that seal; `ordinal` counts from 1."""

    ordinal: int
    secret: bytes = field(repr=False)
    host: str

    @classmethod
    def new(cls, ordinal: int, host: str) -> Validator:
        return cls(ordinal, secrets.token_bytes(32), host)

    @property
    def name(self) -> str:
        return f"validator-{self.ordinal}"

    @property
    def public_key(self) -> bytes:
        return public_key(self.secret)

    @property
    def address(self) -> bytes:
        return address_of(self.secret)

    @property
    def p2p_port(self) -> int:
        return P2P_PORT + self.ordinal - 1

    @property
    def rpc_port(self) -> int:
        return RPC_PORT + self.ordinal - 1

    def enode(self, host: str | None = None) -> str:
        return f"enode://{self.public_key.hex()}@{host or self.host}:{self.p2p_port}"


@dataclass(frozen=True)
class Network:
    """A network to be.

    accounts: EIP-55 addresses with the words that say whose each is. keys: those of accounts that were made with it, by
    the names of their files.
    """

    chain_id: int
    block_s: int
    time_s: int
    validators: tuple[Validator, ...]
    accounts: tuple[tuple[str, str], ...]
    image: str
    keys: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    @property
    def sealing(self) -> list[bytes]:
        """The validators' addresses in the order in which Besu's own blocks name them."""
        return sorted(each.address for each in self.validators)

    @property
    def may_be_away(self) -> int:
        """How many validators may fail while the others still seal: N − ceil(2N / 3)."""
        count = len(self.validators)
        return count - -(-2 * count // 3)

    @property
    def shown_validators(self) -> list[str]:
        return [checksum(each) for each in self.sealing]


def public_key(secret: bytes) -> bytes:
    """Return a node's public key: 64 bytes, as enode addresses have it."""
    return coincurve.PrivateKey(secret).public_key.format(compressed=False)[1:]


def address_of(secret: bytes) -> bytes:
    """Return the address by which a node seals."""
    return keccak256(public_key(secret))[12:]
