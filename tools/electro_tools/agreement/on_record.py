# SPDX-License-Identifier: Apache-2.0
"""Ask the contract for all that it keeps of an agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_console.agreement.comparison import OnRecord
from electro_console.refusals import STATES

if TYPE_CHECKING:
    from electro_tools.contract.desk import Desk


def on_record(desk: Desk, agreement_id: int, block: int) -> OnRecord:
    """Ask the contract for all that it keeps of an agreement.

    Raises:
        ToolError: the contract or the node does not answer.
    """
    found = desk.record("agreement", agreement_id, block=block)
    binds = STATES[found["state"]] not in ("proposed", "cancelled")
    devices = found["devices"] if binds else ()
    return OnRecord(
        found, {device: desk.record("point", agreement_id, device, block=block) for device in devices}
    )
