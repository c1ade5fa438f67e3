# SPDX-License-Identifier: Apache-2.0
"""A chain inside the process with the contract deployed, meters and parties: what the contract's tests act in.

Keys sign with libsecp256k1, which is fast; that the digests are what eth-account makes of the same messages is
the business of test_messages.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from coincurve import PrivateKey
from eth_abi import decode as abi_decode
from eth_abi import encode as abi_encode

from electro_contracts import artifact, calldata, events, sealed
from electro_contracts.terms import Terms, devices_hash, pack_bands
from electro_protocol import judging, sealing, secp256k1
from electro_protocol.address import address_of, checksum
from electro_protocol.eip712 import Domain
from electro_protocol.keccak import keccak256
from electro_protocol.messages import (
    AgreementAcceptance,
    DeviceEnrollment,
    EnergyReport,
    Message,
    OutageReport,
    SealedReport,
    ViewingKeyReady,
)
from electro_protocol.readings import pack
from electro_protocol.signed import SignedMessage

from .engines import Engine, Revm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from electro_contracts.terms import Bands

START = 1_800_000_000  # of the first agreement, unix seconds
NOW = START - 86_400
BASE_SECONDS = 1  # of the meters here, so that any start and interval fit
BONUS = 10**8  # more than the price of silence for a whole term of DAY

# A day of quarter hours with a different rate for everything, so that no two of them can be mixed up unseen.
DAY = Terms(
    start=START,
    interval_seconds=900,
    intervals=960,
    unit_wh=10,
    violation_penalty=101,
    under_rate=3,
    over_rate=7,
    outage_penalty=1009,
    outage_minute_penalty=13,
    penalised_causes=0b100,
    missing_penalty=30_000,
    grace=7200,
    dispute_window=3600,
    notice=86400,
    discount_rate_ppm=250_000,
    discount_expiry=31_536_000,
    capacity_units=1200,
    raise_units=100,
    lead_seconds=7200,
    fault_lookback=3600,
    bands=tuple((100 + i % 24, 1000 + i % 24) for i in range(96)),
)


@dataclass(frozen=True)
class Key:
    """A secp256k1 key and its address."""

    secret: bytes

    @functools.cached_property
    def address(self) -> bytes:
        return address_of(PrivateKey(self.secret).public_key.format(compressed=False)[1:])

    @property
    def text(self) -> str:
        return checksum(self.address)

    def sign(self, message: Message, domain: Domain) -> SignedMessage:
        """Sign with libsecp256k1, which is fast; that it equals eth-account and electro_protocol is tested."""
        return SignedMessage(message, self.sign_digest(message.digest(domain)))

    def sign_digest(self, digest: bytes) -> bytes:
        raw = PrivateKey(self.secret).sign_recoverable(digest, hasher=None)
        return raw[:64] + bytes([27 + raw[64]])


def key(name: str) -> Key:
    return Key(keccak256(name.encode()))


CONSUMER = key("consumer")


@functools.cache
def _entry(name: str) -> dict[str, Any]:
    return next(each for each in artifact.load().abi if each["type"] == "function" and each["name"] == name)


def _type(entry: dict[str, Any]) -> str:
    kind: str = entry["type"]
    if kind.startswith("tuple"):
        return "(" + ",".join(_type(each) for each in entry["components"]) + ")" + kind[5:]
    return kind


def selector_of(name: str) -> bytes:
    types = [_type(each) for each in _entry(name)["inputs"]]
    return keccak256(f"{name}({','.join(types)})".encode())[:4]


def encode_call(name: str, *arguments: Any) -> bytes:
    return selector_of(name) + abi_encode([_type(each) for each in _entry(name)["inputs"]], arguments)


def creation_codes() -> list[bytes]:
    """The artifact's: of the contract, and of each of its parts."""
    built = artifact.load()
    return [built.bytecode, *(part.bytecode for part in built.parts.values())]


def constructor_arguments(
    admin: str, operator: str, least: Sequence[int], parts: Sequence[str], admin_delay_s: int = 0
) -> bytes:
    types = ["address", "uint48", "address", "uint32", "uint32", "uint32", *["address"] * len(parts)]
    return abi_encode(types, [admin, admin_delay_s, operator, *least, *parts])


class World:
    """The chain, and one contract on it. `gas_used` and `events` are those of the last transaction."""

    def __init__(
        self,
        engine: Engine | None = None,
        codes: Sequence[bytes] = (),
        least: tuple[int, int, int] = (0, 0, 0),
    ) -> None:
        """Deploy these creation codes, or the artifact's: of the contract, and of each of its parts."""
        self.engine = engine or Revm()
        self.admin, self.operator, self.anyone = self.engine.accounts
        self.set_time(NOW)
        contract, *parts = codes or creation_codes()
        self.parts = [self.engine.deploy(part) for part in parts]
        self.address = self.engine.deploy(
            contract + constructor_arguments(self.admin, self.operator, least, self.parts)
        )
        self.contract = bytes.fromhex(self.address[2:])
        self.domain = Domain(self.engine.chain_id, self.contract)
        self.gas_used = 0
        self.events: list[events.Event | None] = []
        self._believed: dict[int, tuple[int, bytes]] = {}

    def set_time(self, now: int) -> None:
        self.now = now
        self.engine.set_time(now)

    def send(self, data: bytes, caller: str = "") -> bytes:
        """Execute calldata as a transaction; raise Reverted if it is refused."""
        outcome = self.engine.send(caller or self.anyone, self.address, data)
        self.gas_used = outcome.gas
        self.events = [events.decode(topics, log) for topics, log in outcome.logs]
        return outcome.answer

    def ask(self, data: bytes, caller: str = "") -> bytes:
        """Execute calldata without effect."""
        return self.engine.call(caller or self.anyone, self.address, data)

    def call(self, name: str, *arguments: Any, caller: str = "") -> Any:
        """Ask a view, or send a transaction, by name; return a view's one value, or the tuple of several."""
        data = encode_call(name, *arguments)
        if _entry(name)["stateMutability"] != "view":
            return self.send(data, caller)
        values = abi_decode([_type(each) for each in _entry(name)["outputs"]], self.ask(data, caller))
        return values[0] if len(values) == 1 else values

    # -- The parties' steps

    def enrol(self, *meters: Key, base_seconds: int = BASE_SECONDS) -> None:
        for meter in meters:
            enrolment = DeviceEnrollment(keccak256(meter.address), base_seconds or 1, self.now + 3600)
            enrolment.base_seconds = base_seconds  # 0, which the class would not take, too
            compact = secp256k1.compact(meter.sign(enrolment, self.domain).signature)
            self.call("enrol", *enrolment.values(), compact[:32], compact[32:], caller=self.operator)

    def propose(
        self, meters: list[Key], terms: Terms = DAY, bonus: int = BONUS, consumer: Key = CONSUMER
    ) -> int:
        devices = [meter.text for meter in meters]
        self.call("propose", consumer.text, terms.to_tuple(), devices, bonus, caller=self.operator)
        return int(self.call("agreementCount"))

    def acceptance(
        self, agreement_id: int, meters: list[Key], terms: Terms = DAY, bonus: int = BONUS
    ) -> AgreementAcceptance:
        devices = devices_hash([meter.address for meter in meters])
        return AgreementAcceptance(agreement_id, terms.hash, devices, bonus, self.now + 3600)

    def accept(self, acceptance: AgreementAcceptance, consumer: Key = CONSUMER) -> None:
        self.call("acceptBySignature", *acceptance.values(), consumer.sign(acceptance, self.domain).signature)

    def agree(self, meters: list[Key], terms: Terms = DAY, bonus: int = BONUS) -> int:
        """Enrol, propose and accept."""
        self.enrol(*[meter for meter in meters if not self.call("isEnrolled", meter.text)])
        agreement_id = self.propose(meters, terms, bonus)
        self.accept(self.acceptance(agreement_id, meters, terms, bonus))
        return agreement_id

    def report(
        self, meter: Key, agreement_id: int, first: int, lanes: list[int], register: int = 0
    ) -> SignedMessage:
        believed = self.believed(agreement_id, meter)
        return meter.sign(EnergyReport(agreement_id, *believed, first, register, pack(lanes)), self.domain)

    def believed(self, agreement_id: int, meter: Key) -> tuple[int, bytes]:
        """The start and the half hash of terms that a report names: those of the agreement, if this meter serves it."""
        if agreement_id not in self._believed:
            if not self.call("isEnrolled", meter.text):
                return START, bytes(16)
            for state in calldata.decode_meter_state(self.ask(calldata.meter_state(meter.address, 0))):
                self._believed[state.agreement_id] = (state.start, state.code_hash[:16])
        return self._believed.get(agreement_id, (START, bytes(16)))

    def outage(
        self, meter: Key, agreement_id: int, number: int, started: int, ended: int, cause: int = 2
    ) -> SignedMessage:
        return meter.sign(OutageReport(agreement_id, number, started, ended, cause), self.domain)

    def submit(self, item: SignedMessage, caller: str = "") -> None:
        calls = {OutageReport: calldata.submit_outage, SealedReport: calldata.submit_sealed}
        self.send(calls.get(type(item.message), calldata.submit)(item), caller)

    # -- Where readings are sealed

    def hand_key(self, viewing_key: bytes, *meters: Key) -> None:
        """Let meters say that they hold a viewing key."""
        for meter in meters:
            ready = ViewingKeyReady(sealing.key_hash(viewing_key))
            compact = secp256k1.compact(meter.sign(ready, self.domain).signature)
            self.call("noteViewingKey", *ready.values(), compact[:32], compact[32:])

    def agree_sealed(self, meters: list[Key], terms: Terms, viewing_key: bytes, bonus: int = BONUS) -> int:
        """As `agree`, with plain terms sealed for who has this key."""
        self.enrol(*[meter for meter in meters if not self.call("isEnrolled", meter.text)])
        self.hand_key(viewing_key, *meters)
        return self.agree(meters, sealed.seal(terms, viewing_key), bonus)

    def sealed_report(
        self,
        meter: Key,
        agreement_id: int,
        first: int,
        lanes: list[int],
        viewing_key: bytes,
        bands: Bands,
        place: int = 0,
        register: int = 0,
    ) -> SignedMessage:
        """What a meter that judges rightly, by the bands of this pass, signs of these readings."""
        _, code_hash = self.call("scheduleOf", agreement_id, place, first)
        start, _ = self.believed(agreement_id, meter)
        slot = first % len(bands)
        words = judging.deviations(pack(lanes[: len(bands) - slot]), pack_bands(bands), slot)
        about = sealing.report(
            self.domain.separator, meter.address, agreement_id, first, code_hash[:16], len(lanes)
        )
        hidden = sealing.seal_report(viewing_key, about, register, pack(lanes), words)
        message = SealedReport(agreement_id, start, code_hash[:16], first, hidden, words)
        return meter.sign(message, self.domain)

    def view(self, name: str, *arguments: Any) -> Any:
        """Ask a view that answers one struct; return a record with the struct's fields."""
        names = [each["name"] for each in _entry(name)["outputs"][0]["components"]]
        return SimpleNamespace(**dict(zip(names, self.call(name, *arguments), strict=True)))

    def point(self, agreement_id: int, meter: Key) -> Any:
        return self.view("point", agreement_id, meter.text)

    def agreement(self, agreement_id: int) -> Any:
        return self.view("agreement", agreement_id)

    def remaining(self, agreement_id: int) -> int:
        return int(self.agreement(agreement_id).remaining)

    def accrued(self, agreement_id: int) -> int:
        return int(self.agreement(agreement_id).accrued)


def day(**changes: Any) -> Terms:
    return replace(DAY, **changes)


def inside(first: int, count: int, terms: Terms = DAY) -> list[int]:
    """Readings that break no band."""
    bands = [terms.bands[i % len(terms.bands)] for i in range(first, first + count)]
    return [(least + greatest) // 2 for least, greatest in bands]
