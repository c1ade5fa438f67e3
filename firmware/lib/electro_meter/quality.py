# SPDX-License-Identifier: Apache-2.0
"""Say how good an interval's measurement is, in the 39 bits that its record has room for.

| where in the record | bits | meaning |
|---|---|---|
| byte 1 | 7 | set: the record has a quality (older records have a zero here and their start in the word) |
| byte 1 | 0–6 | flags, see below |
| word | 0–9 | coverage: how much of the interval was sampled, ‰ |
| word | 10–22 | the longest time without a sample, in ms, or in s if bit 23 is set; 8191 at most |
| word | 24–31 | doubt: how far bridged gaps may be wrong, ‰ of the interval's energy; 255 at most |

Doubt adds up, for each gap, half of what the energy would change by if all of the gap took the power of one side
instead of the other's.
"""

MARK = 0x80
CLOCK_STEPPED = 1  # the clock was set by more than a tolerable step while the interval ran
CLOCK_UNSURE = 2  # nobody had confirmed the clock since the start
RESTARTED = 4  # the meter started in this interval
SPARSE = 8  # less was sampled than least_coverage_permille
SENSOR_FAULT = 16  # current without voltage
PHASE_MISSING = 32  # not all phases were measured

_MOST_MANTISSA = 8_191
_MOST_DOUBT = 255


class Quality:
    """What an interval's record says about its measurement."""

    def __init__(self, coverage_permille: int, longest_gap_ms: int, doubt_permille: int, flags: int) -> None:
        self.coverage_permille = coverage_permille
        self.longest_gap_ms = longest_gap_ms
        self.doubt_permille = doubt_permille
        self.flags = flags

    def pack(self) -> "tuple[int, int]":
        """Return (byte, word) for the record."""
        gap = self.longest_gap_ms
        if gap > _MOST_MANTISSA:
            gap = min((gap + 999) // 1000, _MOST_MANTISSA) | 1 << 13
        word = min(self.coverage_permille, 1000) | gap << 10 | min(self.doubt_permille, _MOST_DOUBT) << 24
        return MARK | self.flags, word

    @staticmethod
    def unpack(octet: int, word: int) -> "Quality | None":
        """Return what a record's byte and word say; None for a record from before there was a quality."""
        if not octet & MARK:
            return None
        gap = word >> 10 & _MOST_MANTISSA
        return Quality(word & 1023, gap * 1000 if word >> 23 & 1 else gap, word >> 24 & 255, octet & ~MARK)


class Gathering:
    """Follow the quality of the running interval."""

    def __init__(self) -> None:
        self.flags = 0
        self.sampled_us = 0  # in windows
        self.measured_us = 0  # in windows and in bridged gaps
        self._longest_us = 0
        self._doubt_uj = 0

    def gap(self, length_us: int, doubt_uj: int = 0) -> None:
        """Note a time without samples."""
        self._longest_us = max(self._longest_us, length_us)
        self._doubt_uj += doubt_uj

    def sparse(self, interval_us: int, least_permille: int) -> bool:
        """Return whether less was sampled than must be."""
        return self.sampled_us * 1000 < least_permille * interval_us

    def conclude(self, interval_us: int, energy_uj: int) -> Quality:
        """Return the interval's quality."""
        doubt = (self._doubt_uj * 1000 + energy_uj - 1) // energy_uj if energy_uj > 0 else self._doubt_uj
        return Quality(
            self.sampled_us * 1000 // interval_us, (self._longest_us + 999) // 1000, doubt, self.flags
        )
