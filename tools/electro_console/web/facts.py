# SPDX-License-Identifier: Apache-2.0
"""Records of the index as the facts of pages: addresses as text, figures as they are, and the names people know."""

from __future__ import annotations

import dataclasses
import functools
from typing import TYPE_CHECKING, Any

from electro_console.index.addresses import checksum
from electro_contracts.invoices import word_text

if TYPE_CHECKING:
    from electro_console.index.records import (
        Agreement,
        AgreementRow,
        Deadline,
        Meter,
        Movement,
        Outage,
        Redemption,
    )
    from electro_contracts.terms import Terms

    from .names import Names


def account(of: bytes | None, names: Names) -> dict[str, str | None] | None:
    """Return an account or a meter, with its name."""
    return None if of is None else {"address": checksum(of), "name": names.account(of)}


def row(of: AgreementRow, names: Names) -> dict[str, Any]:
    found = {key: getattr(of, key) for key in _ROW}
    return {**found, "name": names.agreement(of.id), "state": of.state.words, "phase": of.phase.value,
            "consumer": account(of.consumer, names)}  # fmt: skip


_ROW = (
    "id",
    "start",
    "end",
    "settles_at",
    "interval_s",
    "places",
    "behind",
    "bonus",
    "accrued",
    "remaining",
    "discount",
)


def meter(of: Meter, names: Names) -> dict[str, Any]:
    found = dataclasses.asdict(of)
    return {**found, "device": account(of.device, names), "agreement_name": names.agreement(of.agreement)}


def agreement(of: Agreement, names: Names) -> dict[str, Any]:
    """Return everything that is known of one agreement."""
    return {
        "id": of.id,
        "name": names.agreement(of.id),
        "state": of.state.words,
        "phase": of.phase.value,
        "binds": of.state.binds,
        "consumer": account(of.consumer, names),
        "first_consumer": account(of.first_consumer, names),
        "successor": account(of.successor, names),
        "funder": account(of.funder, names),
        "earlier": of.earlier,
        "kept": of.kept,
        "dates": dataclasses.asdict(of.dates),
        "money": dataclasses.asdict(of.money),
        "meters": [meter(each, names) for each in of.meters],
        "rotations": [
            {"old": account(each.old, names), "new": account(each.new, names), "proposed_at": each.proposed_at,
             "accepted_at": each.accepted_at}
            for each in of.rotations
        ],
        **{key: getattr(of, key) for key in ("proposed_at", "accepted_at", "ended_at", "cancelled_at", "settled_at")},
        "ended_by": account(of.ended_by, names),
    }  # fmt: skip


def terms(of: Terms, opened: Terms | None = None) -> dict[str, Any]:
    """Return terms by the names of their fields, bands in pairs, with their hash.

    Bands that are sealed are ciphertext unless they are given `opened`; `closed` says so.
    """
    found = {field.name: getattr(of, field.name) for field in dataclasses.fields(of)}
    found["seal"] = of.seal and {
        "key_hash": "0x" + of.seal.key_hash.hex(),
        "nonce": "0x" + of.seal.nonce.hex(),
    }
    bands = [list(band) for band in (opened or of).bands]
    closed = of.seal is not None and opened is None
    return {**found, "bands": bands, "closed": closed, "end": of.end, "hash": _hash(of)}


@functools.lru_cache(maxsize=4096)
def _hash(of: Terms) -> str:
    """Return the hash of terms, which never change: a week's bands take the device's own keccak 20 ms."""
    return "0x" + of.hash.hex()


def outage(of: Outage, names: Names) -> dict[str, Any]:
    return {**dataclasses.asdict(of), "device": account(of.device, names)}


def redemption(of: Redemption, names: Names) -> dict[str, Any]:
    return {
        **dataclasses.asdict(of),
        "invoice": word_text(of.invoice),
        "consumer": account(of.consumer, names),
    }


def deadline(of: Deadline, names: Names) -> dict[str, Any]:
    return {
        **dataclasses.asdict(of),
        "name": names.agreement(of.agreement),
        "consumer": account(of.consumer, names),
    }


def movement(of: Movement, names: Names) -> dict[str, Any]:
    found = {
        **dataclasses.asdict(of),
        "device": account(of.device, names),
        "account": account(of.account, names),
    }
    return {**found, "invoice": None if of.invoice is None else word_text(of.invoice)}
