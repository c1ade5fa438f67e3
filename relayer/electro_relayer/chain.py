# SPDX-License-Identifier: Apache-2.0
"""Ask the chain and tell it: everything the relayer knows of the outside world comes through this one object.

Clock included: `clock` is for durations (monotonic seconds); the chain's time is that of its latest block.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_contracts.errors import REASONS

from electro_contracts import calldata
from electro_protocol.eip712 import Domain
from electro_protocol.messages import EnergyReport, OutageReport
from electro_relayer.addresses import checksum
from electro_relayer.errors import NoContract, NodeMissing, WrongChain
from electro_relayer.fees import Fees, dynamic_offer, legacy_offer
from electro_relayer.finality import Finality, find_finality
from electro_relayer.keccak import keccak256
from electro_relayer.nodewords import Verdict, understand
from electro_relayer.rpc import Node, NodeUnreachable, RpcError
from electro_relayer.standing import Agreement, Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from electro_relayer.intake import Verified
    from electro_relayer.settings import Settings

log = logging.getLogger(__name__)

ACCEPTABLE = bytes(4)  # the contract's "would be accepted"
_IS_ENROLLED = keccak256(b"isEnrolled(address)")[:4]
_QUOTE_LIVES_S = 1.0  # blocks don't come faster where fees matter
_DEFAULT_TIP_WEI = 10**9  # where the node knows no eth_maxPriorityFeePerGas and gas is not free

Kind = type[EnergyReport | OutageReport]


@dataclass(frozen=True, slots=True)
class Receipt:
    succeeded: bool
    block: int
    gas_used: int
    logs: tuple[dict[str, Any], ...]


class Chain:
    """One Electro contract on one chain, through one node."""

    def __init__(
        self, node: Node, settings: Settings, sender: bytes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.node = node
        self.clock = clock
        self.contract = settings.contract
        self.sender = sender
        self.chain_id = 0
        self.domain = Domain(0, self.contract)
        self.finality = Finality("latest")
        self._settings = settings
        self._quote: tuple[float, Fees] | None = None

    async def open(self) -> None:
        """Make sure that this is the right chain with the contract on it; raises a StartError."""
        try:
            self.chain_id = int(await self.node.call("eth_chainId", []), 16)
            wanted = self._settings.chain_id
            if wanted is not None and wanted != self.chain_id:
                raise WrongChain(
                    f"The node {self.node.shown} serves chain {self.chain_id}, the settings say {wanted}."
                )
            self.domain = Domain(self.chain_id, self.contract)
            if not await self._answers_like_electro():
                raise NoContract(
                    f"There is no Electro contract at {checksum(self.contract)} on chain {self.chain_id}."
                )
            self.finality = await find_finality(self.node, self._settings.finality)
        except NodeUnreachable as error:
            raise NodeMissing(f"{error}; check rpc_url.") from error
        except (RpcError, TypeError, ValueError) as error:
            raise NodeMissing(
                f"The node {self.node.shown} answers unlike an Ethereum node: {error}."
            ) from error

    async def ready(self) -> int:
        """Return the latest block's number; raises NodeUnreachable unless all is as at the start."""
        chain_id, number = await self.node.batch([("eth_chainId", []), ("eth_blockNumber", [])])
        if (
            isinstance(chain_id, RpcError)
            or isinstance(number, RpcError)
            or int(chain_id, 16) != self.chain_id
        ):
            raise NodeUnreachable(f"The node {self.node.shown} no longer serves chain {self.chain_id}.")
        if not await self._answers_like_electro():
            raise NodeUnreachable(f"The contract is gone from the node {self.node.shown}.")
        return int(number, 16)

    async def _answers_like_electro(self) -> bool:
        try:
            return len(await self._ask(_is_enrolled(bytes(20)), "latest")) == 32
        except RpcError:
            return False

    async def _ask(self, data: bytes, block: str) -> bytes:
        return _bytes(await self.node.call("eth_call", self._asked(data, block)))

    def _asked(self, data: bytes, block: str) -> list[Any]:
        return [{"from": _hex(self.sender), "to": _hex(self.contract), "data": _hex(data)}, block]

    async def standing(self, device: bytes, ahead: int) -> Standing:
        """Read where a meter stands at the latest and at the final block; raises NodeUnreachable."""
        read_at = self.clock()
        data = calldata.meter_state(device, ahead)
        requests = [("eth_getBlockByNumber", ["latest", False]), ("eth_call", self._asked(data, "latest"))]
        if self.finality.tag is not None and not self.finality.instant:
            header, state, *at_final = _all(await self.node.batch(requests + self._final_requests(device, 0)))
        else:
            header, state = _all(await self.node.batch(requests))
            at_final = []
            if not self.finality.instant:
                at_final = _all(
                    await self.node.batch(self._final_requests(device, int(header["number"], 16)))
                )
        latest = int(header["number"], 16)
        states = calldata.decode_meter_state(_bytes(state))
        final_next = {s.agreement_id: s.next_interval for s in states}
        if at_final:
            raw = _bytes(at_final[1])  # empty where the final block is older than the contract
            final_next = (
                {s.agreement_id: s.next_interval for s in calldata.decode_meter_state(raw)} if raw else {}
            )
        return Standing(
            device=device,
            enrolled=bool(states) or await self._is_enrolled(device),
            # min: the two answers are of two moments, and what is final can't be ahead of the latest
            agreements=tuple(
                Agreement(s, s.next_interval, min(s.next_interval, final_next.get(s.agreement_id, 0)))
                for s in states
            ),
            latest=latest,
            final=int(at_final[0]["number"], 16) if at_final else latest,
            chain_time_s=int(header["timestamp"], 16),
            read_at=read_at,
        )

    def _final_requests(self, device: bytes, latest: int) -> list[tuple[str, list[Any]]]:
        block = self.finality.block(latest)
        return [
            ("eth_getBlockByNumber", [block, False]),
            ("eth_call", self._asked(calldata.meter_state(device, 0), block)),
        ]

    async def _is_enrolled(self, device: bytes) -> bool:
        try:
            return any(await self._ask(_is_enrolled(device), "latest"))
        except RpcError as error:
            raise NodeUnreachable(f"The node {self.node.shown} can't answer: {error}") from error

    async def outage_reasons(self, outage: Verified) -> tuple[bytes, bytes]:
        """Return what the contract says of an outage report at the latest and at the final block."""
        data = calldata.check_outages([outage.signed])
        latest = await self._ask(data, "latest")
        if self.finality.instant:
            final = latest
        else:
            number = int(await self.node.call("eth_blockNumber", []), 16)
            final = await self._ask(data, self.finality.block(number))
        return calldata.decode_reasons(latest)[0], calldata.decode_reasons(final)[0] if final else ACCEPTABLE

    async def check(self, kind: Kind, messages: Sequence[Verified]) -> tuple[list[bytes], int]:
        """Return the contract's reason for each message, on top of `pending`, and our next nonce there."""
        signed = [m.signed for m in messages]
        data = calldata.check(signed) if kind is EnergyReport else calldata.check_outages(signed)
        answer, nonce = _all(
            await self.node.batch(
                [
                    ("eth_call", self._asked(data, "pending")),
                    ("eth_getTransactionCount", [_hex(self.sender), "pending"]),
                ]
            )
        )
        reasons = calldata.decode_reasons(_bytes(answer))
        if len(reasons) != len(messages):
            raise NodeUnreachable(
                f"The node {self.node.shown} checked {len(reasons)} of {len(messages)} messages."
            )
        return list(reasons), int(nonce, 16)

    async def quote(self) -> Fees:
        """Return what to offer for gas now, under the cap."""
        if self._quote is not None and self.clock() - self._quote[0] < _QUOTE_LIVES_S:
            return self._quote[1]
        header, tip, price = await self.node.batch(
            [
                ("eth_getBlockByNumber", ["latest", False]),
                ("eth_maxPriorityFeePerGas", []),
                ("eth_gasPrice", []),
            ]
        )
        if isinstance(header, RpcError):
            raise header
        cap_wei = self._settings.fee_cap_wei
        base_fee = header.get("baseFeePerGas")
        mode = self._settings.fees
        if mode == "legacy" or (mode == "auto" and base_fee is None):
            if isinstance(price, RpcError):
                raise price
            fees = legacy_offer(int(price, 16), cap_wei)
        else:
            base_fee_wei = int(base_fee or "0x0", 16)
            free = base_fee_wei == 0 and (isinstance(price, RpcError) or int(price, 16) == 0)
            tip_wei = (0 if free else _DEFAULT_TIP_WEI) if isinstance(tip, RpcError) else int(tip, 16)
            fees = dynamic_offer(base_fee_wei, tip_wei, cap_wei)
        self._quote = (self.clock(), fees)
        return fees

    async def send(self, raw: bytes) -> tuple[Verdict, str]:
        """Send signed bytes; return the node's verdict and words. NodeUnreachable: taken or not."""
        return _verdict((await self.node.batch([("eth_sendRawTransaction", [_hex(raw)])]))[0])

    async def send_again(self, raws: Sequence[bytes]) -> list[tuple[Verdict, str]]:
        return [
            _verdict(a)
            for a in await self.node.batch([("eth_sendRawTransaction", [_hex(raw)]) for raw in raws])
        ]

    async def mined(self, hashes: Sequence[bytes]) -> tuple[int, list[Receipt | None]]:
        """Return our number of mined transactions, and the receipts as far as there are any."""
        count, *receipts = await self.node.batch(
            [("eth_getTransactionCount", [_hex(self.sender), "latest"])]
            + [("eth_getTransactionReceipt", [_hex(h)]) for h in hashes]
        )
        if isinstance(count, RpcError):
            raise count
        return int(count, 16), [_receipt(r) for r in receipts]


def reason_name(reason: bytes) -> str:
    return REASONS.get(reason, "0x" + reason.hex())


def _is_enrolled(device: bytes) -> bytes:
    return _IS_ENROLLED + device.rjust(32, b"\0")


def _receipt(answer: Any) -> Receipt | None:
    if not isinstance(answer, dict) or answer.get("blockNumber") is None:  # unknown, or seen but not mined
        return None
    return Receipt(
        succeeded=answer.get("status") in ("0x1", "0x01"),
        block=int(answer["blockNumber"], 16),
        gas_used=int(answer["gasUsed"], 16),
        logs=tuple(answer["logs"]),
    )


def _verdict(answer: Any) -> tuple[Verdict, str]:
    return (understand(answer), answer.message) if isinstance(answer, RpcError) else (Verdict.TAKEN, "")


def _all(answers: list[Any]) -> list[Any]:
    """Return the answers if none failed; a node that can't answer is as good as none."""
    for answer in answers:
        if isinstance(answer, RpcError):
            raise NodeUnreachable(f"The node can't answer: {answer}") from answer
        if answer is None:
            raise NodeUnreachable("The node can't answer: it does not know the block.")
    return answers


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:])
