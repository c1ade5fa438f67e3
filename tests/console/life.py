# SPDX-License-Identifier: Apache-2.0
"""Agreements with a life on anvil: quarter hours or hours of readings, some of them out of their band or missing."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from eth_account import Account

from electro_contracts import calldata
from electro_contracts.bill import dearest_truth
from electro_contracts.deployment import Least
from electro_contracts.terms import Terms, devices_hash
from electro_protocol import address
from electro_protocol.eip712 import Domain
from electro_protocol.keccak import keccak256
from electro_protocol.messages import DeviceEnrollment, EnergyReport, OutageReport
from electro_protocol.readings import INTERRUPTED, NO_DATA, pack
from electro_protocol.recovery import compact
from electro_protocol.signed import SignedMessage
from electro_tools.contract.deploy import at, deploy
from electro_tools.transact import connect, send
from tests.toolchain.running_anvil import FUNDED_PRIVATE_KEY

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3

    from electro_protocol.messages import Message
    from tests.toolchain.running_anvil import Anvil

DAY_S, WEEK_S = 86_400, 604_800
START = 1_800_000_000 - 1_800_000_000 % WEEK_S + 4 * DAY_S  # a Monday of January 2027, 00:00 UTC
GENESIS = ("--timestamp", str(START - DAY_S), "--disable-block-gas-limit", "--code-size-limit", "1000000")
# two of the accounts that every anvil funds; worthless anywhere else
OPERATOR = FUNDED_PRIVATE_KEY
CONSUMER = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"


def terms_of(days: int, *, start: int = START, interval_s: int = 900, **changes: Any) -> Terms:
    """Return terms whose bands are those of a plant that works on weekdays."""
    a_day = DAY_S // interval_s
    bands = tuple(
        (300, 1000) if slot // a_day < 5 and 6 <= slot % a_day * 24 // a_day < 20 else (100, 420)
        for slot in range(7 * a_day)
    )
    fields: dict[str, Any] = {
        "start": start, "interval_seconds": interval_s, "intervals": days * a_day, "unit_wh": 100,
        "violation_penalty": 500, "under_rate": 3, "over_rate": 7, "outage_penalty": 1000,
        "outage_minute_penalty": 10, "penalised_causes": 4, "missing_penalty": 2**64 - 1, "grace": 7 * DAY_S,
        "dispute_window": 3 * DAY_S, "notice": DAY_S, "discount_rate_ppm": 250_000, "discount_expiry": 90 * DAY_S,
        "capacity_units": 1500, "raise_units": 100, "lead_seconds": DAY_S // 2, "fault_lookback": 3600, "bands": bands,
    }  # fmt: skip
    made = Terms(**{**fields, **changes})
    if "missing_penalty" in changes:
        return made
    return Terms(
        **{**fields, **changes, "missing_penalty": max(dearest_truth(band, made) for band in set(made.bands))}
    )


class Life:
    """A contract on a node, an operator and a consumer with money, and meters that report what they are told to."""

    def __init__(self, anvil: Anvil, least: Least = Least(0, 0, 0)) -> None:  # noqa: B008 - a plain tuple
        self.web3: Web3 = connect(anvil.url)
        self.url = anvil.url
        self.operator: LocalAccount = Account.from_key(OPERATOR)
        self.consumer: LocalAccount = Account.from_key(CONSUMER)
        deployed = deploy(
            self.web3,
            self.operator,
            admin=self.operator.address,
            operator=self.operator.address,
            admin_delay_s=0,
            least=least,
        )
        self.address = deployed.address
        self.contract = at(self.web3, deployed.address)
        self.domain = Domain(self.web3.eth.chain_id, address.parse(deployed.address))
        self._meters = 0
        self._outages: dict[bytes, int] = {}
        self._registers: dict[bytes, int] = {}

    def act(self, who: LocalAccount, name: str, *arguments: Any) -> Any:
        """Send a call of the contract's."""
        return send(self.web3, who, self.contract.get_function_by_name(name)(*arguments))

    def meter(self, hardware: bytes | None = None) -> LocalAccount:
        """Return a new meter, enrolled; `hardware` is what it says of itself, 32 bytes at most."""
        self._meters += 1
        meter: LocalAccount = Account.from_key(keccak256(b"meter" + self._meters.to_bytes(4, "big")))
        said = f"hall {self._meters}".encode() if hardware is None else hardware
        message = DeviceEnrollment(said.ljust(32, b"\0"), 300, 2**39)
        signature = compact(SignedMessage.make(message, self.domain, bytes(meter.key)).signature)
        self.act(self.operator, "enrol", *message.values(), signature[:32], signature[32:])
        return meter

    def agree(
        self, terms: Terms, meters: list[LocalAccount], bonus: int = 5_000_000, *, accept: bool = True
    ) -> int:
        """Propose and accept; return the number."""
        devices = [meter.address for meter in meters]
        self.act(self.operator, "propose", self.consumer.address, terms.to_tuple(), devices, bonus)
        number: int = self.contract.functions.agreementCount().call()
        if accept:
            hashed = devices_hash([address.parse(device) for device in devices])
            self.act(self.consumer, "accept", number, terms.hash, hashed, bonus)
        return number

    def wait_until(self, unix_s: int) -> None:
        """Let the chain's next block have this time, and mine it."""
        self.web3.provider.make_request("evm_setNextBlockTimestamp", [unix_s])  # type: ignore[arg-type]
        self.web3.provider.make_request("evm_mine", [])  # type: ignore[arg-type]

    def report(self, number: int, meter: LocalAccount, first: int, lanes: list[int]) -> None:
        """Carry a report of these readings."""
        terms = Terms.from_tuple(self.contract.functions.termsOf(number).call())
        code = terms.code(*self._parties(number))
        device = address.parse(meter.address)
        wh = sum(lane & 0x7FFF for lane in lanes if lane != NO_DATA) * terms.unit_wh
        self._registers[device] = self._registers.get(device, 1_000_000) + wh
        message = EnergyReport(
            number, terms.start, keccak256(code)[:16], first, self._registers[device], pack(lanes)
        )
        self._carry(calldata.submit(self._signed(message, meter)))

    def outage(self, number: int, meter: LocalAccount, since: int, until: int, cause: int = 2) -> None:
        """Carry an outage; `until` 0: it goes on."""
        device = address.parse(meter.address)
        count = self._outages.get(device, 0)
        self._carry(
            calldata.submit_outage(self._signed(OutageReport(number, count, since, until, cause), meter))
        )
        self._outages[device] = count + bool(until)

    def _parties(self, number: int) -> tuple[bytes, list[bytes]]:
        found = self.contract.functions.agreement(number).call()
        return address.parse(found[0]), [address.parse(each) for each in found[10]]

    def _signed(self, message: Message, meter: LocalAccount) -> SignedMessage:
        return SignedMessage.make(message, self.domain, bytes(meter.key))

    def _carry(self, data: bytes) -> None:
        sent = self.web3.eth.send_transaction(
            {"from": self.operator.address, "to": self.address, "data": data, "gas": 25_000_000}
        )  # type: ignore[typeddict-item]
        assert self.web3.eth.wait_for_transaction_receipt(sent)["status"] == 1


def lived(
    life: Life,
    terms: Terms,
    meter: LocalAccount,
    number: int,
    days: int,
    *,
    seed: int = 1,
    spoil: float = 0.004,
) -> None:
    """Let a meter report so many days, a day at a time: mostly inside; an outage, a silent stretch."""
    chance = random.Random(seed)
    a_day = DAY_S // terms.interval_seconds
    for day in range(days):
        first = day * a_day
        lanes = [_reading(chance, terms.bands[(first + i) % len(terms.bands)], spoil) for i in range(a_day)]
        out = a_day // 2 + 1
        if day == 2:
            lanes[out : out + 2] = [INTERRUPTED | 120, INTERRUPTED | 60]
        if day == 4:
            lanes[8:11] = [NO_DATA] * 3
        life.wait_until(terms.instant(first + a_day) + 30)
        life.report(number, meter, first, lanes)
        if day == 2:
            begun = terms.instant(first + out) + 60
            life.outage(number, meter, begun, begun + terms.interval_seconds + 240)


def _reading(chance: random.Random, band: tuple[int, int], spoil: float) -> int:
    least, greatest = band
    if chance.random() < spoil:
        return chance.choice((int(greatest * 1.25), max(0, int(least * 0.6))))
    middle, width = (least + greatest) / 2, greatest - least
    return round(min(greatest, max(least, chance.gauss(middle, width / 7))))
