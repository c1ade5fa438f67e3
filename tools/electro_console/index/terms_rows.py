# SPDX-License-Identifier: Apache-2.0
"""Terms as rows of their table, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from electro_contracts.terms import HASH_BYTES, NUMBERS, Terms

from . import schema

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_AT_ONCE = 500  # below every database's limit of parameters


def row_of(agreement: int, terms: Terms) -> dict[str, Any]:
    """Return the row of an agreement's terms."""
    return {
        "agreement": agreement,
        **{name: getattr(terms, name) for name in NUMBERS},
        "bands": terms.packed_bands,
        "viewing_key_hash": terms.seal.key_hash if terms.seal else None,
    }


def terms_of(connection: Connection, agreements: Sequence[int]) -> dict[int, Terms]:
    """Return the terms of agreements, of those that there are."""
    found = {}
    for at in range(0, len(agreements), _AT_ONCE):
        some = agreements[at : at + _AT_ONCE]
        query = sa.select(schema.terms).where(schema.terms.c.agreement.in_(some))
        for row in connection.execute(query).mappings():
            found[row["agreement"]] = from_row(row)
    return found


def from_row(row: Mapping[Any, Any]) -> Terms:
    """Return the terms that a row holds."""
    key_hash = row["viewing_key_hash"] or bytes(HASH_BYTES)
    return Terms.from_tuple([*(row[name] for name in NUMBERS), key_hash, row["bands"]])
