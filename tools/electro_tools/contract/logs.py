# SPDX-License-Identifier: Apache-2.0
"""Read the typed record of a log as web3 gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from electro_contracts import events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from web3.types import LogReceipt, TxReceipt


def decode(log: LogReceipt) -> events.Event | None:
    """Return the record of a log; None for what is not the agreements' own."""
    return events.decode([bytes(topic) for topic in log["topics"]], bytes(log["data"]))


def happened(receipt: TxReceipt, contract: str) -> list[events.Event]:
    """Return what a transaction made the contract say, in its order."""
    own: Iterable[LogReceipt] = (log for log in receipt["logs"] if log["address"] == contract)
    return [event for log in own if (event := decode(log)) is not None]
