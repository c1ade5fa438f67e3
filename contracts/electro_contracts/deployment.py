# SPDX-License-Identifier: Apache-2.0
"""The same address on every chain: what to send to the well-known CREATE2 factory, and where the contract then is.

The address follows from the factory's, a salt and the init code, which holds the artifact and the constructor's
arguments. So the same admin, delay, operator and least values give the same address on any chain that has the factory,
whoever sends the transaction and however much that account has sent before. Somebody else who sends it first has paid
for the same contract.

There are three transactions: two parts of the code, without arguments (`parts`), and then the contract (`plan`), which
takes no other code than theirs, known by its hash. The parts keep nothing, so one of each is enough for all contracts
of a chain. Where sending was interrupted, it goes on with whatever is not there yet.

How the factory gets to a chain that does not have it (most public chains and anvil do):

1. `FACTORY_TRANSACTION`, sent as it is by anyone (`eth_sendRawTransaction`), once `FACTORY_SIGNER` owns
   `FACTORY_FUNDS_WEI`. Nobody has that account's key: the signature was chosen, not made, and the account follows from
   it. It is signed for no chain in particular.
2. Some chains do not take it: nodes that want the chain's id in every transaction (EIP-155), chains whose base fee is
   above its 100 gwei or that price gas differently, such that 100,000 do not suffice. Then who runs the chain can put
   `FACTORY_CODE` at `FACTORY` into its genesis block, as private networks do.
3. Where neither can be had, an ordinary deployment does all but this: its address follows from the sender and the
   number of its transactions, and users are told it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from electro_protocol.keccak import keccak256

from . import artifact

if TYPE_CHECKING:
    from collections.abc import Sequence

FACTORY = bytes.fromhex("4e59b44847b379578588920ca78fbf26c0b4956c")
# Its calldata is salt | init code, its answer the 20 bytes of the address. Source: Arachnid's
# deterministic-deployment-proxy, which Foundry, Safe and others use.
FACTORY_CODE = bytes.fromhex(
    "7fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe036016000816020823780358282"
    "34f58015156039578182fd5b8082525050506014600cf3"
)
FACTORY_SIGNER = bytes.fromhex("3fab184622dc19b6109349b94811493bf2a45362")
FACTORY_FUNDS_WEI = 100_000 * 100 * 10**9  # its gas limit at its gas price
FACTORY_TRANSACTION = (
    bytes.fromhex("f8a58085174876e800830186a08080b853604580600e600039806000f350fe")
    + FACTORY_CODE
    + bytes.fromhex("1ba0" + 32 * "22" + "a0" + 32 * "22")  # v 27: without a chain's id
)
SALT = bytes(32)


@dataclass(frozen=True)
class Deployment:
    """What to send to the factory, as `data` of a transaction without value, and the `address` that it will have."""

    init_code: bytes
    salt: bytes = SALT

    def __post_init__(self) -> None:
        if len(self.salt) != 32:
            raise ValueError("a salt has 32 bytes")

    @property
    def data(self) -> bytes:
        return self.salt + self.init_code

    @property
    def address(self) -> bytes:
        """EIP-1014."""
        return keccak256(b"\xff" + FACTORY + self.salt + keccak256(self.init_code))[12:]


class Least(NamedTuple):
    """What terms must grant at the least, in seconds: against agreements that are traps.

    Shorter ones are for demonstrations and test networks; the contract shows them (`leastSeconds`).
    """

    grace: int = 7 * 86_400
    dispute_window: int = 86_400
    discount_expiry: int = 30 * 86_400


LEAST = Least()


def parts() -> list[Deployment]:
    """Return the deployments of the parts that the contract runs by delegatecall; all must be there before it."""
    return [Deployment(part.bytecode) for part in artifact.load().parts.values()]


def plan(
    admin: bytes, admin_delay_s: int, operator: bytes, least: Least = LEAST, salt: bytes = SALT
) -> Deployment:
    """Return the deployment of the artifact for these constructor arguments; addresses have 20 bytes.

    Another salt gives another contract with the same arguments.
    """
    return Deployment(
        init_code(admin, admin_delay_s, operator, least, [part.address for part in parts()]), salt
    )


def init_code(
    admin: bytes, admin_delay_s: int, operator: bytes, least: Least, part_addresses: Sequence[bytes]
) -> bytes:
    """Return what deploys the contract, by the factory or without it, where its parts have these addresses."""
    built = artifact.load()
    if any(len(each) != 20 for each in (admin, operator, *part_addresses)):
        raise ValueError("an address has 20 bytes")
    if len(part_addresses) != len(built.parts):
        raise ValueError(f"the contract has {len(built.parts)} parts")
    words = (
        admin,
        admin_delay_s.to_bytes(6, "big"),
        operator,
        *(seconds.to_bytes(4, "big") for seconds in least),
        *part_addresses,
    )
    return built.bytecode + b"".join(word.rjust(32, b"\0") for word in words)
