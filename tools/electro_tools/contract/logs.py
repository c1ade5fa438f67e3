# SPDX-License-Identifier: Apache-2.0
"""Read the typed records of logs as web3 gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from electro_contracts import events

if TYPE_CHECKING:
    from collections.abc import Iterable

    from web3.types import LogReceipt, TxReceipt

Kind = TypeVar("Kind", bound=events.Event)


def decode(log: LogReceipt) -> events.Event | None:
    """Return the record of a log; None for what is not the agreements' own."""
    return events.decode([bytes(topic) for topic in log["topics"]], bytes(log["data"]))


def happened(receipt: TxReceipt, contract: str) -> list[events.Event]:
    """Return what a transaction made the contract say, in its order."""
    own: Iterable[LogReceipt] = (log for log in receipt["logs"] if log["address"] == contract)
    return [event for log in own if (event := decode(log)) is not None]


def only(found: Iterable[events.Event], kind: type[Kind]) -> Kind:
    """Return the first event of a kind, which must be among them."""
    return next(each for each in found if isinstance(each, kind))
