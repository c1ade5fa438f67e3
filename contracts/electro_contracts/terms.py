# SPDX-License-Identifier: Apache-2.0
"""What the parties agree on, as a record, and the two hashes by which a consumer names it when accepting."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from electro_protocol.keccak import keccak256

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_SLOTS = 672  # a week of quarter hours
MAX_BOUND = 0x7FFF  # bit 15 of a reading marks estimates
PPM = 1_000_000


class TermsError(ValueError):
    """Name the field of the terms that is out of its range."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """The fields of IElectro.Terms; `bands` is (least, greatest) units for each slot of the schedule.

    Times are unix seconds and seconds, money is in minor units, energy in units of `unit_wh`.
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
    bands: tuple[tuple[int, int], ...]

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self)[:-1]:
            bits = _BITS.get(field.name, 32)
            least = 1 if field.name in _POSITIVE else 0
            if not least <= getattr(self, field.name) < 1 << bits:
                raise TermsError(f"{field.name} must be from {least} to 2^{bits} - 1")
        if not 1 <= len(self.bands) <= MAX_SLOTS:
            raise TermsError(f"bands must have 1 to {MAX_SLOTS} slots")
        for slot, (least, greatest) in enumerate(self.bands):
            if not 0 <= least <= greatest <= MAX_BOUND:
                raise TermsError(f"bands: slot {slot} needs 0 <= least <= greatest <= {MAX_BOUND}")
        if self.penalised_causes > 7:
            raise TermsError("penalised_causes has bits for the causes 0, 1 and 2 only")
        if self.discount_rate_ppm > PPM:
            raise TermsError(f"discount_rate_ppm must be at most {PPM}")
        if self.settles_at > 1 << 40:
            raise TermsError("the dispute window must end before 2^40 seconds of unix time")

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
        """All the least readings, then all the greatest, two bytes each."""
        return b"".join(band[i].to_bytes(2, "big") for i in (0, 1) for band in self.bands)

    def to_tuple(self) -> tuple[int | bytes, ...]:
        """Return the fields in the order of the ABI, for web3."""
        numbers = [getattr(self, field.name) for field in dataclasses.fields(self)[:-1]]
        return (*numbers, self.packed_bands)

    @property
    def hash(self) -> bytes:
        """keccak256 of the ABI encoding: `termsHash` of an acceptance."""
        *numbers, bands = self.to_tuple()
        assert isinstance(bands, bytes)
        # The offset of the tuple; its numbers and the offset of its bytes; the bytes.
        words = [32, *numbers, 32 * (len(numbers) + 1), len(bands)]
        return keccak256(b"".join(int(word).to_bytes(32, "big") for word in words) + padded(bands))

    @classmethod
    def from_tuple(cls, values: Sequence[int | bytes]) -> Terms:
        """Return the record of a tuple as the ABI decodes it."""
        *numbers, bands = values
        if not isinstance(bands, bytes):
            raise TermsError("bands must be bytes")
        bounds = [int.from_bytes(bands[i : i + 2], "big") for i in range(0, len(bands), 2)]
        slots = len(bounds) // 2
        names = [field.name for field in dataclasses.fields(cls)[:-1]]
        fields = dict(zip(names, (int(number) for number in numbers), strict=True))
        return cls(**fields, bands=tuple(zip(bounds[:slots], bounds[slots:], strict=True)))


_POSITIVE = ("interval_seconds", "intervals", "unit_wh")
_BITS = {
    "start": 40,
    "violation_penalty": 64,
    "under_rate": 64,
    "over_rate": 64,
    "outage_penalty": 64,
    "outage_minute_penalty": 64,
    "penalised_causes": 8,
    "missing_penalty": 64,
}


def devices_hash(devices: Sequence[bytes]) -> bytes:
    """Return keccak256 of the devices' addresses, 32 bytes each: `devicesHash` of an acceptance."""
    return keccak256(b"".join(bytes(12) + device for device in devices))


def padded(data: bytes) -> bytes:
    """Return the data filled up with zeros to whole words."""
    return data + bytes(-len(data) % 32)
