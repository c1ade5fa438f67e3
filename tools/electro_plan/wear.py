# SPDX-License-Identifier: Apache-2.0
"""What operations and overload take from equipment: breakers by operations, transformers by their insulation.

Transformers follow the hot-spot rule of IEC 60076-7:2018, Loading guide for mineral-oil-immersed power transformers:

- hot spot, steady state: ambient + oil rise × ((1 + R·K²) / (1 + R))^x + gradient × K^y, K the load as a share of
  the rating; the oil follows with its time constant k11 × τo (exponential form), the winding's, of minutes, is left out
- relative ageing rate: 2^((hot spot − 98) / 6) for non-upgraded paper, exp(15000/383 − 15000/(hot spot + 273)) for
  thermally upgraded paper; 1 at 98 °C and at 110 °C
- values of the two kinds below are the guide's for natural cooling (ONAN), 78 K in all at the rating

These equations and values were taken from public programs that follow the guide, not from the standard itself: whoever
pays by them checks them against it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

HOURS_A_YEAR = 8760
_PLAIN_PAPER_C, _PLAIN_PAPER_STEP_K = 98.0, 6.0
_UPGRADED_PAPER_K, _ACTIVATION_K = 383.0, 15_000.0
_ZERO_C_IN_K = 273.0


@dataclass(frozen=True)
class Cooling:
    """How a kind of transformer warms: rises in K at the rating, exponents, ratio of losses, oil's time constant."""

    oil_rise_k: float
    gradient_k: float
    oil_exponent: float
    winding_exponent: float
    loss_ratio: float
    oil_minutes: float


COOLINGS = {
    "distribution": Cooling(55.0, 23.0, 0.8, 1.6, 5.0, 180.0),  # ONAN, up to 2,500 kVA; k11 1 × τo 180 min
    "power": Cooling(52.0, 26.0, 0.8, 1.3, 6.0, 105.0),  # ONAN, medium and large; k11 0.5 × τo 210 min
}


@dataclass(frozen=True)
class Breaker:
    """A switching device: what it costs, minor units, how often it may switch, how often one outage makes it.

    `operations_a_violation` is what an interval outside its band makes it or a tap changer do, usually 0.
    """

    name: str
    cost: int
    rated_operations: int
    operations_an_outage: float
    operations_a_violation: float = 0.0
    life_years: float = 25.0

    @property
    def operation(self) -> float:
        """Minor units that one operation takes."""
        return self.cost / self.rated_operations


@dataclass(frozen=True)
class Transformer:
    """A transformer: what it costs, minor units; its rating; how long its insulation lives at the rated hot spot."""

    name: str
    cost: int
    rated_kw: float
    life_hours: float
    ambient_c: float
    cooling: Cooling
    upgraded_paper: bool = False

    def hot_spot_c(self, load: float) -> float:
        """Return the hot spot's temperature at a steady load, a share of the rating."""
        c = self.cooling
        oil = c.oil_rise_k * ((1 + c.loss_ratio * load**2) / (1 + c.loss_ratio)) ** c.oil_exponent
        return float(self.ambient_c + oil + c.gradient_k * load**c.winding_exponent)

    def hour(self, load: float) -> float:
        """Return the minor units that an hour at a steady load takes."""
        return self.cost / self.life_hours * float(self.ageing(np.array([self.hot_spot_c(load)]))[0])

    def ageing(self, hot_spot_c: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the relative rate of ageing at temperatures of the hot spot."""
        if self.upgraded_paper:
            return np.exp(_ACTIVATION_K / _UPGRADED_PAPER_K - _ACTIVATION_K / (hot_spot_c + _ZERO_C_IN_K))
        rate: NDArray[np.float64] = np.exp2((hot_spot_c - _PLAIN_PAPER_C) / _PLAIN_PAPER_STEP_K)
        return rate

    def aged_hours(self, load_kw: NDArray[np.float64], interval_s: int) -> NDArray[np.float64]:
        """Return the hours of life that each interval of a load takes, the oil following with its time constant.

        Args:
            load_kw: shape (n,): mean powers; NaN, unknown, is taken for the mean of the others.
            interval_s: length of an interval.
        """
        c = self.cooling
        known = np.where(np.isfinite(load_kw), load_kw, np.nanmean(load_kw)) / self.rated_kw
        final = c.oil_rise_k * ((1 + c.loss_ratio * known**2) / (1 + c.loss_ratio)) ** c.oil_exponent
        step = 1 - np.exp(-interval_s / 60 / c.oil_minutes)
        oil = np.empty_like(final)
        warm = float(final.mean())
        for at, target in enumerate(final.tolist()):
            warm += step * (target - warm)
            oil[at] = warm
        return (
            self.ageing(self.ambient_c + oil + c.gradient_k * known**c.winding_exponent) * interval_s / 3600
        )
