# SPDX-License-Identifier: Apache-2.0
"""Money as people write it: 1,538.14 RUB, from whole minor units."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Currency:
    """A currency.

    Args:
        name: "RUB"; "" if nobody said: then money is told in minor units.
        decimals: of it: 2 if a minor unit is a hundredth.
    """

    name: str = ""
    decimals: int = 0

    def text(self, minor: int) -> str:
        """Return "1,538.14 RUB" exactly, whatever the size."""
        sign, digits = ("-" if minor < 0 else ""), f"{abs(minor):0{self.decimals + 1}d}"
        whole = f"{int(digits[: len(digits) - self.decimals]):,}"
        part = f".{digits[len(digits) - self.decimals :]}" if self.decimals else ""
        return f"{sign}{whole}{part}" + (f" {self.name}" if self.name else "")


MINOR_UNITS = Currency()
"""What money is told in where no currency was named."""
