# SPDX-License-Identifier: Apache-2.0
"""What a contract has said: one event, with when and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from electro_contracts.events import Event


@dataclass(frozen=True)
class Said:
    """One event, where and when: unix seconds of its block."""

    block: int
    time: int
    transaction: str
    event: Event
