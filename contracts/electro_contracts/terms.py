# SPDX-License-Identifier: Apache-2.0
"""What the parties agree on, as a record; the two hashes by which a consumer names it when accepting; and its code.

The contract keeps terms as the code of an account of their own, and so each override of a pass of the schedule; a meter
signs the first half of the code's hash in each report. Of an agreement with sealed readings the bands are ciphertext
everywhere here; `sealed.py` opens them.
"""

from __future__ import annotations

import dataclasses
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from electro_protocol.keccak import keccak256
from electro_protocol.sealing import IV_BYTES

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SLOTS = 672  # a week of quarter hours
MAX_INTERVALS = 0xFFFF  # so that the longest outage fits a block
MAX_BOUND = 0x7FFF  # bit 15 of a reading marks interrupted intervals
PPM = 1_000_000
HASH_BYTES = 32
HEADER_BYTES = 96  # of the code, behind its first byte and before the bands
# Bits of causes that may be penalised: the consumer's side always, an unknown one as agreed, the grid's never.
CAUSES = (0b100, 0b101)
Bands = tuple[tuple[int, int], ...]


class TermsError(ValueError):
    """Name the field of the terms that is out of its range."""


@dataclass(frozen=True)
class Seal:
    """By which key bands and readings are sealed, and the nonce of the bands."""

    key_hash: bytes
    nonce: bytes

    def __post_init__(self) -> None:
        if len(self.key_hash) != HASH_BYTES or not any(self.key_hash):
            raise TermsError("a viewing key's hash has 32 bytes, and is not zero")
        if len(self.nonce) != IV_BYTES:
            raise TermsError(f"the nonce of sealed bands has {IV_BYTES} bytes")


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The fields of IElectro.Terms; `bands` is (least, greatest) units for each slot of the schedule.

    With a seal, `bands` are lanes of ciphertext, and nothing can be said of them. Times are unix seconds and seconds,
    money is in minor units, energy in units of `unit_wh`. `capacity_units` is what the connection can take in an
    interval; `raise_units` how far above its band the consumer may renominate.
    """

    start: int
    interval_seconds: int
    intervals: int
    unit_wh: int
    violation_penalty: int
    under_rate: int
    over_rate: int
    outage_penalty: int
    outage_minute_penalty: int
    penalised_causes: int
    missing_penalty: int
    grace: int
    dispute_window: int
    notice: int
    discount_rate_ppm: int
    discount_expiry: int
    capacity_units: int
    raise_units: int
    lead_seconds: int
    fault_lookback: int
    bands: Bands
    seal: Seal | None = None

    def __post_init__(self) -> None:
        for name in NUMBERS:
            bits = _BITS.get(name, 32)
            least = 1 if name in _POSITIVE else 0
            if not least <= getattr(self, name) < 1 << bits:
                raise TermsError(f"{name} must be from {least} to 2^{bits} - 1")
        if not 1 <= len(self.bands) <= MAX_SLOTS:
            raise TermsError(f"bands must have 1 to {MAX_SLOTS} slots")
        if self.seal is None:
            self._check_bands()
        if self.penalised_causes not in CAUSES:
            raise TermsError("penalised_causes must be 4 (consumer's side) or 5 (unknown, too)")
        if self.discount_rate_ppm > PPM:
            raise TermsError(f"discount_rate_ppm must be at most {PPM}")
        if self.settles_at > 1 << 40:
            raise TermsError("the dispute window must end before 2^40 seconds of unix time")

    def _check_bands(self) -> None:
        for slot, (least, greatest) in enumerate(self.bands):
            if not 0 <= least <= greatest <= MAX_BOUND:
                raise TermsError(f"bands: slot {slot} needs 0 <= least <= greatest <= {MAX_BOUND}")
            if greatest > self.capacity_units:
                raise TermsError(f"capacity_units must be at least slot {slot}'s greatest, {greatest}")

    def instant(self, interval: int) -> int:
        """The first instant of an interval."""
        return self.start + interval * self.interval_seconds

    @property
    def end(self) -> int:
        """The first instant after the term."""
        return self.instant(self.intervals)

    @property
    def reports_until(self) -> int:
        """The last instant at which a report is taken."""
        return self.end + self.grace

    @property
    def settles_at(self) -> int:
        """The first instant at which anyone may settle."""
        return self.reports_until + self.dispute_window + 1

    @property
    def packed_bands(self) -> bytes:
        """The bands as they are proposed: sealed, with their nonce."""
        return pack_bands(self.bands) + (self.seal.nonce if self.seal else b"")

    def to_tuple(self) -> tuple[int | bytes, ...]:
        """Return the fields in the order of the ABI, for web3."""
        return (*(getattr(self, name) for name in NUMBERS), self._key_hash, self.packed_bands)

    @property
    def hash(self) -> bytes:
        """keccak256 of the ABI encoding: `termsHash` of an acceptance."""
        return keccak256((32).to_bytes(32, "big") + self.encoded)

    @property
    def encoded(self) -> bytes:
        """The ABI encoding: numbers and hash, the offset of the bands, the bands."""
        numbers = b"".join(getattr(self, name).to_bytes(32, "big") for name in NUMBERS)
        bands = self.packed_bands
        offset, length = 32 * (len(NUMBERS) + 2), len(bands)
        return (
            numbers
            + self._key_hash
            + b"".join(n.to_bytes(32, "big") for n in (offset, length))
            + padded(bands)
        )

    @property
    def _key_hash(self) -> bytes:
        return self.seal.key_hash if self.seal else bytes(HASH_BYTES)

    def is_made_of(self, base_seconds: int) -> bool:
        """Whether a meter that keeps its registers every so many seconds can tell each interval's energy."""
        return self.start % base_seconds == self.interval_seconds % base_seconds == 0

    def code(self, consumer: bytes, devices: Sequence[bytes]) -> bytes:
        """Return the code of the account that holds the terms, with the parties of the proposal."""
        parties = consumer + b"".join(devices)
        return (
            self.override_code(self.packed_bands, len(devices))
            + parties
            + (self._key_hash if self.seal else b"")
        )

    def override_code(self, packed: bytes, places: int) -> bytes:
        """Return the code of the header of the terms and one pass of bands, as an override has it."""
        computed = {"slots": len(self.bands), "points": places, "sealed": int(self.seal is not None)}
        code = b"\0"
        for layout in _HEADER:
            word = 0
            for name, bits in layout:
                word = word << bits | (computed[name] if name in computed else getattr(self, name))
            code += word.to_bytes(32, "big")
        return code + packed

    @classmethod
    def from_tuple(cls, values: Sequence[int | bytes]) -> Terms:
        """Return the record of a tuple as the ABI decodes it."""
        *numbers, key_hash, packed = values
        if not isinstance(packed, bytes) or not isinstance(key_hash, bytes):
            raise TermsError("bands and the viewing key's hash must be bytes")
        fields: dict[str, Any] = dict(zip(NUMBERS, map(int, numbers), strict=True))
        if not any(key_hash):
            return cls(**fields, bands=unpack_bands(packed))
        lanes, nonce = split_sealed(packed)
        return cls(**fields, bands=unpack_bands(lanes), seal=Seal(key_hash, nonce))


NUMBERS = tuple(field.name for field in dataclasses.fields(Terms) if field.type == "int")
_POSITIVE = ("interval_seconds", "intervals", "unit_wh", "capacity_units")
_BITS = {
    "start": 40,
    "intervals": 16,
    "violation_penalty": 64,
    "under_rate": 64,
    "over_rate": 64,
    "outage_penalty": 64,
    "outage_minute_penalty": 64,
    "penalised_causes": 8,
    "missing_penalty": 64,
    "capacity_units": 15,
    "raise_units": 16,
}
# The words of the code's header: fields and their bits, the first in the highest.
_HEADER = (
    (
        ("slots", 16), ("interval_seconds", 32), ("sealed", 16), ("intervals", 16), ("unit_wh", 32), ("grace", 32),
        ("penalised_causes", 8), ("points", 8), ("discount_expiry", 32), ("missing_penalty", 64),
    ),
    (("violation_penalty", 64), ("under_rate", 64), ("over_rate", 64), ("outage_penalty", 64)),
    (
        ("outage_minute_penalty", 64), ("dispute_window", 32), ("notice", 32), ("discount_rate_ppm", 32),
        ("lead_seconds", 32), ("fault_lookback", 32), ("capacity_units", 16), ("raise_units", 16),
    ),
)  # fmt: skip


def pack_bands(bands: Sequence[tuple[int, int]]) -> bytes:
    """Return all the least readings, then all the greatest, two bytes each."""
    return b"".join(band[i].to_bytes(2, "big") for i in (0, 1) for band in bands)


def unpack_bands(packed: bytes) -> Bands:
    """Return (least, greatest) of each slot; raise TermsError if that is not what is packed."""
    if len(packed) % 4:
        raise TermsError("bands have two bytes for each least and each greatest reading")
    slots = len(packed) // 4
    bounds = struct.unpack(f">{2 * slots}H", packed)
    return tuple(zip(bounds[:slots], bounds[slots:], strict=True))


def split_sealed(packed: bytes) -> tuple[bytes, bytes]:
    """Return the lanes of ciphertext and the nonce of sealed bands."""
    return packed[:-IV_BYTES], packed[-IV_BYTES:]


def devices_hash(devices: Sequence[bytes]) -> bytes:
    """Return keccak256 of the devices' addresses, 32 bytes each: `devicesHash` of an acceptance."""
    return keccak256(b"".join(bytes(12) + device for device in devices))


def padded(data: bytes) -> bytes:
    """Return the data filled up with zeros to whole words."""
    return data + bytes(-len(data) % 32)
