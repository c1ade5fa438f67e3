# SPDX-License-Identifier: Apache-2.0
"""The tables: what the contract said, and what follows from it.

*Said* are `reports`, `violations` and `acts`, which are all other events as the logs have them: from these three, with
`blocks` and `transactions`, an agreement is rebuilt event by event. All other tables are *derived* from them for
questions about many agreements at once. Nobody but the one who follows the chain writes here; `notes` alone are
people's, and stay when the rest is built anew.

Instants are unix seconds. Money is in minor units and has up to 256 bits: a number in PostgreSQL, decimal digits in
SQLite. Energy is in units of the terms or Wh, as the names say.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Table,
    Text,
    TypeDecorator,
)

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.types import TypeEngine

VERSION = 2
"""Of the tables; a database of another version is built anew."""


class Wide(TypeDecorator[int]):
    """A whole number of up to 256 bits, not negative."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = Numeric(78, 0) if dialect.name == "postgresql" else String(78)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return Decimal(value) if dialect.name == "postgresql" else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:  # noqa: ARG002 - SQLAlchemy's hook
        return None if value is None else int(value)


class Wide64(TypeDecorator[int]):
    """A whole number of 64 bits without a sign: databases have a sign, so that the upper half is stored below zero."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - its hook
        return None if value is None else signed64(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:  # noqa: ARG002 - its hook
        return None if value is None else value % (1 << 64)


def signed64(value: int) -> int:
    """Return a number of 64 bits as databases store it."""
    return value - (1 << 64) if value >> 63 else value


metadata = MetaData()
people = MetaData()
"""Of the tables that stay when all else is built anew."""

_NUMBERED = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER keys up by itself

facts = Table(
    "facts",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("value", Text, nullable=False),
    comment="version, chain_id, contract (hex), begins (first block looked at), currency (hex of the token)",
)

progress = Table(
    "progress",
    metadata,
    Column("one", SmallInteger, primary_key=True, autoincrement=False),
    Column("block", BigInteger, nullable=False, comment="the last block whose logs are here; -1: none"),
    Column("hash", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
    Column("final", BigInteger, nullable=False, comment="the final block when it was last asked for"),
    Column("verified", BigInteger, nullable=False, comment="the headers up to here bear the logs out"),
)

blocks = Table(
    "blocks",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("hash", LargeBinary(32), nullable=False),
    Column("time", BigInteger, nullable=False),
    comment="those with logs, and the last of each range",
)

transactions = Table(
    "transactions",
    metadata,
    Column("id", _NUMBERED, primary_key=True),
    Column("block", BigInteger, nullable=False, index=True),
    Column("hash", LargeBinary(32), nullable=False),
)

# -- Said

reports = Table(
    "reports",
    metadata,
    Column("point", BigInteger, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False, comment="interval"),
    Column("transaction", BigInteger, nullable=False),
    Column("position", Integer, nullable=False, comment="of the log in its block"),
    Column("register_wh", Wide64, nullable=False),
    Column(
        "readings",
        LargeBinary,
        nullable=False,
        comment="as signed: a big-endian uint16 an interval, or ciphertext",
    ),
    Column("deviations", LargeBinary, comment="of sealed ones: what their meter says of them"),
    sqlite_with_rowid=False,
)

violations = Table(
    "violations",
    metadata,
    Column("point", BigInteger, primary_key=True, autoincrement=False),
    Column("first", Integer, primary_key=True, autoincrement=False, comment="that of the report"),
    Column("position", Integer, nullable=False),
    Column("under", Integer, nullable=False),
    Column("over", Integer, nullable=False),
    Column("no_data", Integer, nullable=False),
    Column("under_units", BigInteger, nullable=False),
    Column("over_units", BigInteger, nullable=False),
    Column("penalty", Wide, nullable=False),
    sqlite_with_rowid=False,
    comment="what a report cost, by the contract",
)

acts = Table(
    "acts",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("transaction", BigInteger, nullable=False),
    Column("event", String(32), nullable=False),
    Column("agreement", BigInteger),
    Column("device", LargeBinary(20), index=True),
    Column("topics", LargeBinary, nullable=False, comment="one after the other, 32 bytes each"),
    Column("data", LargeBinary, nullable=False),
    Index("acts_by_agreement", "agreement"),
    comment="all events but reports and what they cost",
)

# -- Derived

terms = Table(
    "terms",
    metadata,
    Column("agreement", BigInteger, primary_key=True, autoincrement=False),
    Column("start", BigInteger, nullable=False),
    Column("interval_seconds", BigInteger, nullable=False),
    Column("intervals", Integer, nullable=False),
    Column("unit_wh", BigInteger, nullable=False),
    Column("violation_penalty", Wide, nullable=False),
    Column("under_rate", Wide, nullable=False),
    Column("over_rate", Wide, nullable=False),
    Column("outage_penalty", Wide, nullable=False),
    Column("outage_minute_penalty", Wide, nullable=False),
    Column("penalised_causes", SmallInteger, nullable=False),
    Column("missing_penalty", Wide, nullable=False),
    Column("grace", BigInteger, nullable=False),
    Column("dispute_window", BigInteger, nullable=False),
    Column("notice", BigInteger, nullable=False),
    Column("discount_rate_ppm", Integer, nullable=False),
    Column("discount_expiry", BigInteger, nullable=False),
    Column("capacity_units", Integer, nullable=False),
    Column("raise_units", Integer, nullable=False),
    Column("lead_seconds", BigInteger, nullable=False),
    Column("fault_lookback", BigInteger, nullable=False),
    Column("bands", LargeBinary, nullable=False, comment="all the least readings, then all the greatest"),
    Column(
        "viewing_key_hash", LargeBinary(32), comment="of sealed ones, whose bands are ciphertext and nonce"
    ),
)

agreements = Table(
    "agreements",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("state", SmallInteger, nullable=False, index=True, comment="as the contract numbers them"),
    Column("consumer", LargeBinary(20), nullable=False, index=True, comment="the present one"),
    Column("first_consumer", LargeBinary(20), nullable=False),
    Column("successor", LargeBinary(20), comment="to whom the consumer offers its place"),
    Column("funder", LargeBinary(20), comment="who proposed, where the transaction tells"),
    Column("earlier", BigInteger, comment="the agreement that it renews"),
    Column("places", SmallInteger, nullable=False),
    Column("bonus", Wide, nullable=False),
    Column("grants", Wide, nullable=False),
    Column("waived", Wide, nullable=False),
    Column("forfeited", Wide, nullable=False),
    Column("kept", Integer, nullable=False, comment="intervals, as far as notice has left them"),
    Column("proposed_at", BigInteger, nullable=False),
    Column("accepted_at", BigInteger),
    Column("ended_at", BigInteger, comment="when notice was given"),
    Column("ended_by", LargeBinary(20)),
    Column("cancelled_at", BigInteger),
    Column("settled_at", BigInteger),
    Column("accrued", Wide, comment="by the settlement"),
    Column("remaining", Wide),
    Column("discount", Wide),
    Column("redeemed", Wide, nullable=False),
)

places = Table(
    "places",
    metadata,
    Column("agreement", BigInteger, primary_key=True, autoincrement=False),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    Column("sequence", BigInteger, nullable=False, comment="of the last signed renomination"),
)

gaps = Table(
    "gaps",
    metadata,
    Column("agreement", BigInteger, primary_key=True, autoincrement=False),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    Column("since", Integer, primary_key=True, autoincrement=False, comment="interval"),
    Column("until", Integer, comment="interval; none: to the end of the term"),
    comment="neutral stretches: nobody is to measure",
)

points = Table(
    "points",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("agreement", BigInteger, nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("device", LargeBinary(20), nullable=False, index=True),
    Column("first", Integer, nullable=False),
    Column("end", Integer, nullable=False),
    Column("next", Integer, nullable=False),
    Column("replaced", Boolean, nullable=False),
    Column("look_from", Integer, comment="a fault looked back: never-reported ones from here are neutral"),
    Column("look_to", Integer),
    Column("reported_at", BigInteger, comment="time of the block of the last report"),
    Column("first_register_wh", Wide64),
    Column("register_wh", Wide64),
    Column("read_wh", Wide, nullable=False, comment="by all reports but the first"),
    Column("disagreements", Integer, nullable=False, comment="reports whose register and readings differ"),
    Column("under", Integer, nullable=False),
    Column("over", Integer, nullable=False),
    Column("no_data", Integer, nullable=False),
    Column("under_units", BigInteger, nullable=False),
    Column("over_units", BigInteger, nullable=False),
    Column("reading_penalty", Wide, nullable=False),
    Column("interrupted", Integer, nullable=False),
    Column("explained", Integer, nullable=False),
    Column("next_outage", Integer, nullable=False),
    Column("paid_until", Integer, nullable=False),
    Column("outage_open", Boolean, nullable=False),
    Column("outage_penalty", Wide, nullable=False),
    Index("points_by_agreement", "agreement", "place"),
    comment="a meter's service at a place",
)

overrides = Table(
    "overrides",
    metadata,
    Column("agreement", BigInteger, primary_key=True, autoincrement=False),
    Column("place", SmallInteger, primary_key=True, autoincrement=False),
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("first", Integer, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("by", SmallInteger, nullable=False),
    Column("bands", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    comment="renominations, in the order in which they came",
)

outages = Table(
    "outages",
    metadata,
    Column("point", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("started_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger, nullable=False, comment="0: still out"),
    Column("cause", SmallInteger, nullable=False),
    Column("penalty", Wide, nullable=False),
    Column("told_at", BigInteger, nullable=False),
)

movements = Table(
    "movements",
    metadata,
    Column("block", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("agreement", BigInteger, index=True),
    Column("kind", String(16), nullable=False),
    Column("amount", Wide, nullable=False),
    Column("account", LargeBinary(20)),
    Column("to", LargeBinary(20)),
    Column("invoice", LargeBinary(32)),
    Column("at", BigInteger, nullable=False),
    comment="granted, waived, forfeited, settled, redeemed, acknowledged, credited, collected",
)

redemptions = Table(
    "redemptions",
    metadata,
    Column("agreement", BigInteger, primary_key=True, autoincrement=False),
    Column("invoice", LargeBinary(32), primary_key=True),
    Column("amount", Wide, nullable=False),
    Column("redeemed_at", BigInteger, nullable=False),
    Column("acknowledged_at", BigInteger),
)

rotations = Table(
    "rotations",
    metadata,
    Column("agreement", BigInteger, primary_key=True, autoincrement=False),
    Column("old", LargeBinary(20), primary_key=True),
    Column("new", LargeBinary(20), primary_key=True),
    Column("proposed_at", BigInteger, nullable=False),
    Column("accepted_at", BigInteger),
)

devices = Table(
    "devices",
    metadata,
    Column("device", LargeBinary(20), primary_key=True),
    Column("hardware_id", LargeBinary(32)),
    Column("base_seconds", BigInteger),
    Column("enrolled_at", BigInteger),
    Column("revoked_at", BigInteger),
)

# -- People's

notes = Table(
    "notes",
    people,
    Column("id", _NUMBERED, primary_key=True),
    Column("agreement", BigInteger, nullable=False, index=True),
    Column("place", SmallInteger),
    Column("first", Integer, comment="interval"),
    Column("last", Integer),
    Column("kind", String(16), nullable=False, comment="waiver, or a word of the page's"),
    Column("amount", Wide),
    Column("author", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("written_at", BigInteger, nullable=False),
    comment="what people wrote beside it: why a penalty was waived, say",
)

SAID = (reports, violations, acts, transactions, blocks)
DERIVED = (
    terms, agreements, places, gaps, points, overrides, outages, movements, redemptions, rotations, devices,
)  # fmt: skip
