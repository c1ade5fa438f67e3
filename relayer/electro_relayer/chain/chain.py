# SPDX-License-Identifier: Apache-2.0
"""Ask the chain and tell it: everything the relayer knows of the outside world comes through this one object.

Clock included: `clock` is for durations (monotonic seconds); the chain's time is that of its latest block.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Any

from electro_contracts import calldata
from electro_contracts.node.profiles import PROFILES, UNKNOWN, Profile, recognise
from electro_protocol.eip712 import Domain
from electro_relayer.chain.failover import Nodes
from electro_relayer.chain.final import FinalBlock
from electro_relayer.chain.market import Market
from electro_relayer.chain.nodewords import Verdict, understand
from electro_relayer.chain.outages import OutageQuestions
from electro_relayer.chain.proofs import Proofs
from electro_relayer.chain.receipts import Receipt, read_receipt
from electro_relayer.chain.rpc import (
    Node,
    NodeUnreachable,
    QuestionTooLarge,
    Rpc,
    RpcError,
    TooMuchAtOnce,
    all_or_none,
    hex_data,
    read_data,
    read_quantity,
    read_wei,
    understood,
)
from electro_relayer.chain.schedules import Schedules
from electro_relayer.chain.standings import BACKWARDS_BLOCKS
from electro_relayer.chain.survey import Surveyor
from electro_relayer.chain.terms import TermsCodes
from electro_relayer.errors import NoContract, NodeMissing, WrongChain
from electro_relayer.hashing import checksum

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_relayer.chain.market import Fees
    from electro_relayer.chain.rpc import Request
    from electro_relayer.chain.survey import Head, Position, Question, Told
    from electro_relayer.settings import Settings


log = logging.getLogger(__name__)


class Chain:
    """One Electro contract on one chain, through one node."""

    def __init__(
        self, node: Rpc, settings: Settings, sender: bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.clock = clock
        self.contract = settings.contract
        self.sender = sender
        self.chain_id = 0
        self.domain = Domain(0, self.contract)
        self.time_s = 0  # of the latest block seen with its time
        self._time_of = 0  # that block
        self.highest = 0  # block seen
        self._moved_at = clock()  # when it was first seen
        self.last_asked: bytes | None = None  # a meter whose standing was read: nodes are compared by it
        self.suspicious: Callable[[str], None] = log.warning  # told when an answer is behind what was known
        self._node = node
        self.market = Market(node, settings, clock, self._saw)
        self._surveyor = Surveyor(node, settings.contract, sender)
        self.terms = TermsCodes(node)
        self.schedules = Schedules(node, self._surveyor)
        self.final = FinalBlock(node, settings.finality)
        self.proofs = Proofs(node, settings.contract, self.final, clock)
        self.outages = OutageQuestions(node, self._surveyor, self.final, lambda: self.highest)
        self.profile = UNKNOWN
        self._wanted_chain_id, self._wanted_profile = settings.chain_id, settings.chain_profile

    async def open(self) -> None:
        """Make sure that this is the right chain with the contract on it; raises a StartError."""
        wanted = self._wanted_chain_id
        try:
            if isinstance(self._node, Nodes):
                await self._node.begin_with_one_that_answers()
            with understood(self._node):
                self.chain_id = read_quantity(await self._node.call("eth_chainId", []), 256)
            if wanted is not None and wanted != self.chain_id:
                raise WrongChain(
                    f"The node {self._node.shown} serves chain {self.chain_id}, the settings say {wanted}."
                )
            self.domain = Domain(self.chain_id, self.contract)
            if not await self._has_contract():
                raise NoContract(
                    f"There is no Electro contract at {checksum(self.contract)} on chain {self.chain_id}."
                )
            self.profile = await self._recognise()
            self.market.floor_wei = self.profile.floor_wei
            await self.final.find(self.profile)
            if isinstance(self._node, Nodes):
                self._node.proves = self.is_served_by
        except NodeUnreachable as error:
            raise NodeMissing(f"{error}; check rpc_url.") from error
        except RpcError as error:
            raise NodeMissing(
                f"The node {self._node.shown} answers unlike an Ethereum node: {error}."
            ) from error

    async def _recognise(self) -> Profile:
        """Return what is known of this kind of chain; raises RpcError or NodeUnreachable."""
        if self._wanted_profile != "auto":
            return PROFILES[self._wanted_profile]
        client, latest = await self._node.batch(
            [("web3_clientVersion", []), ("eth_getBlockByNumber", ["latest", False])]
        )
        if isinstance(latest, RpcError):
            raise latest
        profile = recognise(self.chain_id, client if isinstance(client, str) else "", latest)
        log.info("chain %d is taken for: %s", self.chain_id, profile.name)
        return profile

    async def ready(self) -> int:
        """Return the latest block's number; raises NodeUnreachable unless all is as at the start."""
        answers = await self._node.batch([("eth_chainId", []), ("eth_blockNumber", [])])
        with understood(self._node):
            chain_id, number = (read_quantity(answer, 256) for answer in all_or_none(answers))
        if chain_id != self.chain_id or not await self._has_contract():
            raise NodeUnreachable(
                f"The node {self._node.shown} no longer serves the contract on {self.chain_id}."
            )
        return number

    async def is_served_by(self, node: Node) -> bool:
        """Tell whether a node serves this chain with this contract; raises NodeUnreachable."""
        surveyor = Surveyor(node, self.contract, self.sender)
        try:
            with understood(node):
                return (
                    read_quantity(await node.call("eth_chainId", []), 256) == self.chain_id
                    and await surveyor.is_electro()
                )
        except RpcError:
            return False

    def _saw(self, number: int, time_s: int = 0) -> None:
        """Note a block that was told as the latest."""
        if number + BACKWARDS_BLOCKS < self.highest:
            self.suspicious(f"its latest block is {number}, and {self.highest} was known")
            self.highest = self._time_of = -1
        if time_s and number >= self._time_of:  # a later block's time holds, even an earlier one
            self._time_of, self.time_s = number, time_s
        if number > self.highest:
            self.highest, self._moved_at = number, self.clock()

    def wall_s(self) -> float:
        """Return the time of day, which blocks follow where they are made without a cause."""
        return time.time()

    def stands_still(self, stale_s: float, unmoved_s: float) -> bool:
        """Tell whether the latest block is so old by its own time, and has been the latest for so long."""
        return self.wall_s() - self.time_s > stale_s and self.clock() - self._moved_at > unmoved_s

    @property
    def block_gas(self) -> int:
        """The latest block's gas limit; 0 while nobody has asked for a quote."""
        return self.market.block_gas

    async def balance(self) -> int:
        """Return what the key has left for gas, in wei."""
        with understood(self._node):
            return read_wei(await self._node.call("eth_getBalance", [hex_data(self.sender), "latest"]))

    async def pending_nonce(self) -> int:
        """Return the key's next nonce after all that the node has, mined or waiting."""
        with understood(self._node):
            answer = await self._node.call("eth_getTransactionCount", [hex_data(self.sender), "pending"])
            return read_quantity(answer)

    async def latest_block(self) -> tuple[int, int, bool, bool]:
        """Return the newest block's number and time, whether nothing is in it, and whether there are later ones."""
        header, syncing = await self._node.batch(
            [("eth_getBlockByNumber", ["latest", False]), ("eth_syncing", [])]
        )
        if isinstance(header, RpcError):
            raise header
        with understood(self._node):
            number, time_s = read_quantity(header["number"]), read_quantity(header["timestamp"])
            self._saw(number, time_s)
            return number, time_s, header.get("transactions") == [], _is_behind(syncing)

    async def leave_node(self, why: str) -> None:
        """Change to another node, if there is one that is not doubted and serves the contract."""
        if isinstance(self._node, Nodes) and self._node.have_another:
            self._node.doubt(self._node.active, why)
            await self._node.settle_on_trusted()

    async def _has_contract(self) -> bool:
        try:
            return await self._surveyor.is_electro()
        except RpcError:
            return False

    async def states(self, questions: Sequence[Question]) -> tuple[Head, list[Told]]:
        """Return the head and each meter's states there, None for a stranger; raises NodeUnreachable or RpcError."""
        head, states = await self._surveyor.at_latest(
            questions, self.final.rule, none_yet=not self.final.lives
        )
        self.final.lives = self.final.lives or head.final > 0
        for (device, _), told in zip(questions, states, strict=True):
            if told:  # of a stranger all nodes tell the same
                self.last_asked = device
        self._saw(head.latest, head.time_s)
        return head, states

    async def positions_at_final(self, devices: Sequence[bytes], head: Head) -> list[dict[int, Position]]:
        """Return each meter's position by agreement at the final block; raises NodeUnreachable."""
        return await self._surveyor.positions_at(devices, self.final.rule.block(head.latest))

    async def check(self, data: bytes, count: int) -> tuple[list[bytes], int]:
        """Return the contract's reasons for the messages of a check call on `pending`, and our next nonce.

        Raises TooMuchAtOnce where a check of fewer messages may be answered.
        """
        answers = await self._node.batch(
            [
                self._surveyor.question(data, "pending"),
                ("eth_getTransactionCount", [hex_data(self.sender), "pending"]),
            ]
        )
        if isinstance(answers[0], RpcError) and understand(answers[0]) is not Verdict.TROUBLE:
            raise TooMuchAtOnce(f"The node can't check: {answers[0]}") from answers[0]
        with understood(self._node):
            answer, nonce = all_or_none(answers)
            reasons = list(calldata.decode_reasons(read_data(answer)))
            if len(reasons) != count:
                raise ValueError(f"{len(reasons)} of {count} messages were checked")
            return reasons, read_quantity(nonce)

    async def quote(self) -> Fees:
        """Return what to offer for gas now, under the cap."""
        return await self.market.quote()

    async def estimate_gas(self, data: bytes) -> int:
        """Return the node's estimate of a call's gas, the transaction's own included."""
        # `pending`, as the check: what that took and this would not see is left out, and costs little
        _, parameters = self._surveyor.question(data, "pending")
        estimate = await self._node.call("eth_estimateGas", parameters)
        with understood(self._node):
            return read_quantity(estimate)

    async def send_again(self, raws: Sequence[bytes]) -> list[tuple[Verdict, str]]:
        """Send what was sent before and is not mined, to all nodes: the one in use may have taken it and kept it."""
        if isinstance(self._node, Nodes):
            self._node.tell_others([_sending(raw) for raw in raws])
        return await self.send(raws)

    async def send(self, raws: Sequence[bytes]) -> list[tuple[Verdict, str]]:
        """Send signed bytes in one request; return the node's verdicts and words.

        NodeUnreachable: taken or not.
        """
        try:
            answers = await self._node.batch([_sending(raw) for raw in raws])
        except QuestionTooLarge as error:
            if len(raws) == 1:
                return [(Verdict.REFUSED, str(error))]
            half = len(raws) // 2
            return await self.send(raws[:half]) + await self.send(raws[half:])
        return [
            (understand(a), a.message) if isinstance(a, RpcError) else (Verdict.TAKEN, "") for a in answers
        ]

    async def mined(self, hashes: Sequence[bytes]) -> tuple[int, list[Receipt | None]]:
        """Return our number of mined transactions, and the receipts as far as there are any."""
        count, number, *receipts = await self._node.batch(
            [("eth_getTransactionCount", [hex_data(self.sender), "latest"]), ("eth_blockNumber", [])]
            + [("eth_getTransactionReceipt", [hex_data(each)]) for each in hashes]
        )
        if isinstance(count, RpcError):
            raise count
        with understood(self._node):
            if isinstance(number, str):
                self._saw(read_quantity(number))
            return read_quantity(count), [
                read_receipt(receipt, digest, self.contract)
                for digest, receipt in zip(hashes, receipts, strict=True)
            ]


def _is_behind(syncing: Any) -> bool:
    """Tell whether a node says that it has blocks to fetch; some say other things, of old ones that they fetch."""
    try:
        missing = read_quantity(syncing["highestBlock"]) - read_quantity(syncing["currentBlock"])
    except (TypeError, ValueError, LookupError, AttributeError):
        return False
    return missing > BACKWARDS_BLOCKS


def _sending(raw: bytes) -> Request:
    return "eth_sendRawTransaction", [hex_data(raw)]
