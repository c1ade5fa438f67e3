# SPDX-License-Identifier: Apache-2.0
"""Foresee what the contract will say of a report, from agreement and time; name the refusals that pass by and by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_protocol.messages import EnergyReport, SealedReport
from electro_relayer.errors import RefusedByContract

if TYPE_CHECKING:
    from electro_relayer.chain.standing import Agreement
    from electro_relayer.incoming.intake import Verified

FUTURE_PATIENCE_S = 60.0  # a meter's clock may run ahead of the chain's blocks: its messages wait so long
# What the contract may take in a moment: a meter's clock is a block ahead of the chain's, or what comes before an
# outage (an earlier one, the reports of the intervals that it touches) is on its way.
PASSING = ("FromTheFuture", "WrongOutage", "AheadOfReports")


def refuse_what_never_passes(verified: Verified, agreement: Agreement, now_s: float) -> int:
    """Foresee the contract's refusals that the agreement and the time explain.

    The time is the later of the chain's and ours: a chain that stands still, or makes no empty blocks, is behind.

    Returns the chain time from which on the contract takes the report.
    """
    state, message = agreement.state, verified.message
    assert isinstance(message, EnergyReport | SealedReport)
    if message.start != state.start:
        raise RefusedByContract(
            "OtherStart", f"The agreement starts at {state.start}, not at {message.start}."
        )
    if isinstance(message, EnergyReport) and message.terms != state.code_hash[:16]:
        half = state.code_hash[:16].hex()
        raise RefusedByContract("OtherTerms", f"The hash of the agreement's terms begins with 0x{half}.")
    if verified.first >= state.end:
        raise RefusedByContract(
            "OutsideTerm",
            f"This meter's intervals end before {state.end}; the report begins at {verified.first}.",
        )
    left = state.slots - verified.first % state.slots
    if verified.end - verified.first > left:
        raise RefusedByContract("BeyondSchedule", f"This pass of the schedule has {left} slots left.")
    end_s = state.start + verified.end * state.interval_seconds
    if end_s > now_s + FUTURE_PATIENCE_S:
        raise RefusedByContract("FromTheFuture", f"The report ends after the chain's time, {now_s:.0f}.")
    return end_s
