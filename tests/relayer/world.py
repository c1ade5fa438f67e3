# SPDX-License-Identifier: Apache-2.0
"""A chain with the contract, an accepted agreement and meters that sign, for tests and benchmarks of the relayer.

The meters sign with libsecp256k1, not with Electro's own code, and the chain is set up through web3.py.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

import coincurve
from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.middleware import ExtraDataToPOAMiddleware

from electro_contracts import artifact, calldata, sealed
from electro_contracts.terms import Terms, devices_hash, pack_bands
from electro_protocol import judging, sealing
from electro_protocol.eip712 import Domain
from electro_protocol.messages import (
    DeviceEnrollment,
    EnergyReport,
    Message,
    OutageReport,
    SealedReport,
    ViewingKeyReady,
)
from electro_protocol.signed import SignedMessage
from electro_relayer.hashing import keccak256
from electro_relayer.incoming.digest import digest
from electro_relayer.paying.key import Key
from tests.toolchain.running_anvil import FUNDED_PRIVATE_KEY

INTERVAL_S = 900
GONE_S = 30.0  # what a chain does not tell by then it does not have
SLOTS = 96
CONSUMER = Account.from_key("0x" + "c0" * 32)


@dataclass
class Meter:
    """A key that measures 1,000 Wh in every interval."""

    secret: bytes
    domain: Domain
    agreement_id: int = 0
    start: int = 0
    terms: bytes = bytes(16)
    next: int = 0
    viewing_key: bytes = b""  # where readings are sealed
    bands: bytes = b""  # packed, in the clear, where readings are sealed

    def __post_init__(self) -> None:
        self._key = coincurve.PrivateKey(self.secret)
        self.device = Key(self.secret).address

    def sign(self, message: Message) -> SignedMessage:
        r_s_v = self._key.sign_recoverable(digest(message, self.domain), hasher=None)
        return SignedMessage(message, r_s_v[:64] + bytes((r_s_v[64] + 27,)))

    def report(self, first: int, intervals: int = 1, lanes: tuple[int, ...] = (100,)) -> dict[str, object]:
        """The JSON of a signed report of some intervals, the lanes over and over; sealed, if there is a viewing key."""
        readings = b"".join(lanes[i % len(lanes)].to_bytes(2, "big") for i in range(intervals))
        register_wh = 1000 * (first + intervals)
        if self.viewing_key:
            words = judging.deviations(readings, self.bands, first % SLOTS)
            about = sealing.report(
                self.domain.separator, self.device, self.agreement_id, first, self.terms, intervals
            )
            hidden = sealing.seal_report(self.viewing_key, about, register_wh, readings, words)
            message = SealedReport(self.agreement_id, self.start, self.terms, first, hidden, words)
            return self.sign(message).to_json()
        return self.sign(
            EnergyReport(self.agreement_id, self.start, self.terms, first, register_wh, readings)
        ).to_json()

    def reports(
        self, count: int, intervals: int = 1, lanes: tuple[int, ...] = (100,)
    ) -> list[dict[str, object]]:
        """So many consecutive reports, going on where the last call ended."""
        made = [self.report(self.next + i * intervals, intervals, lanes) for i in range(count)]
        self.next += count * intervals
        return made

    def outage(
        self, started_at: int, ended_at: int = 0, cause: int = 2, number: int = 0
    ) -> dict[str, object]:
        return self.sign(OutageReport(self.agreement_id, number, started_at, ended_at, cause)).to_json()


@dataclass
class World:
    """A chain that mines at once while it is set up; `start` is the agreement's first instant."""

    url: str
    meters: list[Meter] = field(default_factory=list)
    start: int = 0
    free: bool = False  # gas costs nothing, and nobody owns anything

    def __post_init__(self) -> None:
        self.web3 = Web3(HTTPProvider(self.url, request_kwargs={"timeout": None}))
        self.web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)  # as QBFT's blocks need it
        self.operator = Account.from_key("0x" + "0e" * 32 if self.free else FUNDED_PRIVATE_KEY)
        self.chain_id = self.web3.eth.chain_id
        built = artifact.load()
        parts = [
            self.transact(self.web3.eth.contract(abi=[], bytecode=part.bytecode).constructor())
            for part in built.parts.values()
        ]
        deploy = self.web3.eth.contract(abi=built.abi, bytecode=built.bytecode).constructor(
            *(self.operator.address, 0, self.operator.address, 0, 0, 0),
            *(part["contractAddress"] for part in parts),
        )
        address = self.transact(deploy)["contractAddress"]
        self.contract = self.web3.eth.contract(address, abi=built.abi)
        self.address = bytes.fromhex(address[2:])
        self.domain = Domain(self.chain_id, self.address)

    def rpc(self, method: str, *params: Any) -> Any:
        answer = self.web3.provider.make_request(method, list(params))
        assert "error" not in answer, answer
        return answer["result"]

    def transact(self, call: Any, sender: Any = None) -> Any:
        sender = sender or self.operator
        fields = {"from": sender.address, "nonce": self.web3.eth.get_transaction_count(sender.address)}
        signed = sender.sign_transaction(call.build_transaction(fields))
        receipt = self.web3.eth.wait_for_transaction_receipt(
            self.web3.eth.send_raw_transaction(signed.raw_transaction), poll_latency=0.01
        )
        assert receipt["status"] == 1
        return receipt

    @property
    def now(self) -> int:
        return int(self.web3.eth.get_block("latest")["timestamp"])

    def fund(self, address: bytes) -> None:
        if self.free:
            return
        self.rpc("anvil_setBalance", "0x" + address.hex(), hex(10**21))

    def enrol(self, secret: bytes) -> Meter:
        meter = Meter(secret, self.domain)
        deadline = self.now + 10**6
        compact = calldata.compact(meter.sign(DeviceEnrollment(secret, 1, deadline)).signature)
        self.transact(self.contract.functions.enrol(secret, 1, deadline, compact[:32], compact[32:]))
        return meter

    def hand_key(self, meter: Meter) -> None:
        """Let a meter say that it holds its viewing key."""
        ready = ViewingKeyReady(sealing.key_hash(meter.viewing_key))
        compact = calldata.compact(meter.sign(ready).signature)
        self.transact(self.contract.functions.noteViewingKey(*ready.values(), compact[:32], compact[32:]))

    def agree(
        self,
        count: int = 3,
        intervals: int = 10 * SLOTS,
        *,
        tight: bool = False,
        seed: int = 1,
        passed: int | None = None,
        viewing_key: bytes = b"",
    ) -> None:
        """Enrol meters, propose, accept, and let so many intervals pass, or all.

        With `tight` bands every reading is a violation. With a viewing key bands and readings are sealed.
        """
        self.meters = [self.enrol((seed * 1000 + i).to_bytes(32, "big")) for i in range(1, count + 1)]
        self.start = -(-(self.now + 10_000) // INTERVAL_S) * INTERVAL_S  # where a meter's bases begin
        terms = Terms(
            start=self.start,
            interval_seconds=INTERVAL_S,
            intervals=intervals,
            unit_wh=10,
            violation_penalty=7,
            under_rate=1,
            over_rate=2,
            outage_penalty=50,
            outage_minute_penalty=1,
            penalised_causes=0b100,
            missing_penalty=500,
            grace=10**7,
            dispute_window=1000,
            notice=1000,
            discount_rate_ppm=1_000_000,
            discount_expiry=10**7,
            capacity_units=200,
            raise_units=0,
            lead_seconds=0,
            fault_lookback=0,
            bands=((1, 10) if tight else (10, 200),) * SLOTS,
        )
        if viewing_key:
            for meter in self.meters:
                meter.viewing_key, meter.bands = viewing_key, pack_bands(terms.bands)
                self.hand_key(meter)
            terms = sealed.seal(terms, viewing_key)
        devices = [meter.device for meter in self.meters]
        shown = [self.web3.to_checksum_address(device) for device in devices]
        bonus = 10**12
        functions = self.contract.functions
        self.transact(functions.propose(CONSUMER.address, terms.to_tuple(), shown, bonus))
        agreement_id = functions.agreementCount().call()
        self.fund(bytes.fromhex(CONSUMER.address[2:]))
        self.transact(functions.accept(agreement_id, terms.hash, devices_hash(devices), bonus), CONSUMER)
        self.rpc(
            "evm_setNextBlockTimestamp", self.start + (intervals if passed is None else passed) * INTERVAL_S
        )
        self.rpc("evm_mine")
        code = terms.code(bytes.fromhex(CONSUMER.address[2:]), devices)
        for meter in self.meters:
            meter.agreement_id, meter.start, meter.terms = agreement_id, self.start, keccak256(code)[:16]

    def block_time(self, seconds: float) -> None:
        """Mine by the clock from now on; anvil's automining stalls with many transactions in flight."""
        self.rpc("evm_setAutomine", False)
        self.rpc("evm_setIntervalMining", seconds)

    # -- what is on chain

    def reported(self, meter: Meter) -> list[int]:
        """Every interval of a meter that an event reports, in the order of the log."""
        return [
            entry["args"]["firstInterval"] + i
            for entry in self.report_events(meter)
            for i in range(_intervals(entry, meter))
        ]

    def report_events(self, meter: Meter) -> list[Any]:
        """The events of a meter's reports, in the order of the log.

        A busy anvil tells a block's state before its logs: they are read until they tell of as much as the state.
        """
        events = self.contract.events
        kind = events.SealedReported if meter.viewing_key else events.EnergyReported
        began = time.monotonic()
        while True:
            known = self.next_interval(meter)
            logs = kind().get_logs(from_block=0, argument_filters={"device": "0x" + meter.device.hex()})
            if sum(_intervals(entry, meter) for entry in logs) >= known or time.monotonic() - began > GONE_S:
                return list(logs)
            time.sleep(0.02)

    @property
    def terms_account(self) -> str:
        """The account that holds the first meter's terms."""
        question = calldata.meter_state(self.meters[0].device, 0)
        answer = self.web3.eth.call({"to": self.contract.address, "data": "0x" + question.hex()})
        return self.web3.to_checksum_address(calldata.decode_meter_state(bytes(answer))[0].terms_account)

    def next_interval(self, meter: Meter) -> int:
        shown = self.web3.to_checksum_address("0x" + meter.device.hex())
        return int(self.contract.functions.point(meter.agreement_id, shown).call()[1])

    def transactions_of(self, sender: bytes) -> list[Any]:
        """The receipts of everything an account has sent."""
        mine = []
        for number in range(self.web3.eth.block_number + 1):
            for transaction in self.web3.eth.get_block(number, full_transactions=True)["transactions"]:
                if bytes.fromhex(transaction["from"][2:]) == sender:
                    mine.append(self.web3.eth.get_transaction_receipt(transaction["hash"]))  # noqa: PERF401 - reads better
        return mine


def _intervals(entry: Any, meter: Meter) -> int:
    if meter.viewing_key:
        return (len(entry["args"]["sealedReadings"]) - sealing.AROUND) // 2
    return len(entry["args"]["readings"]) // 2
