# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the contract's tests: a fresh chain with a contract, and one agreement on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from .engines import Reverted
from .world import DAY, START, Key, World, inside, key

if TYPE_CHECKING:
    from electro_protocol.signed import SignedMessage


@pytest.fixture
def world() -> World:
    return World()


@dataclass
class Site:
    """One meter in one accepted agreement of ten days, five days into it."""

    world: World
    meter: Key
    agreement_id: int

    def report(self, first: int, lanes: list[int] | int, by: Key | None = None, at: int = 0) -> SignedMessage:
        """A signed report of lanes, or of so many that break no band."""
        readings = inside(first, lanes) if isinstance(lanes, int) else lanes
        return self.world.report(by or self.meter, at or self.agreement_id, first, readings)

    def outage(self, started: int, ended: int, cause: int = 2, number: int = 0) -> SignedMessage:
        """A signed outage; times are seconds from the start of the agreement, an end of 0 says still out."""
        ended_at = START + ended if ended else 0
        return self.world.outage(self.meter, self.agreement_id, number, START + started, ended_at, cause)

    @property
    def believed(self) -> tuple[int, bytes]:
        """The start and the half hash of terms that its reports name."""
        return self.world.believed(self.agreement_id, self.meter)

    def point(self) -> Any:
        return self.world.point(self.agreement_id, self.meter)

    def bill(self) -> tuple[int, int, int, int, int]:
        """next, end, accrued, outage accrued, unexplained."""
        point = self.point()
        return point.next, point.end, point.accrued, point.outageAccrued, point.unexplained

    @property
    def accrued(self) -> int:
        return self.world.accrued(self.agreement_id)

    def refusal(self, item: SignedMessage) -> tuple[str, tuple[object, ...]]:
        """The name and the numbers of the error that the contract answers with."""
        with pytest.raises(Reverted) as caught:
            self.world.submit(item)
        return caught.value.error.name, caught.value.error.args

    def after_grace(self) -> None:
        self.world.set_time(DAY.reports_until + 1)


@pytest.fixture
def site(world: World) -> Site:
    meter = key("meter")
    agreement_id = world.agree([meter])
    world.set_time(START + 5 * 86_400)
    return Site(world, meter, agreement_id)
