# SPDX-License-Identifier: Apache-2.0
"""Many rows into a table at once, as fast as the driver takes them, within the transaction that is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection, Table


def insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows whose values are already as the driver wants them."""
    if not rows:
        return
    name = connection.dialect.identifier_preparer.quote
    into = f"{name(table.name)} ({', '.join(map(name, columns))})"
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", list(rows))  # noqa: S608 - names are ours
        return
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def placeholder(connection: Connection) -> str:
    """Return how the driver marks a value in a statement."""
    return "?" if connection.dialect.name == "sqlite" else "%s"
