"""The application around `example_jobs`: its tables and some rows."""

from collections.abc import Sequence
from typing import Any, Protocol

import psycopg
from psycopg.rows import dict_row

SCHEMA = """
CREATE TABLE users (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL, email text NOT NULL
);
CREATE TABLE orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number text NOT NULL,
  total numeric(10, 2) NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'open',
  note text,
  address jsonb NOT NULL DEFAULT '{"street": "Höhe 1", "country": "DE"}',
  shipped_at timestamptz,
  notified_at timestamptz,
  customer_id uuid NOT NULL REFERENCES users
);
CREATE TABLE line_items (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  sku text NOT NULL, quantity int NOT NULL, order_id uuid NOT NULL REFERENCES orders
);
CREATE TABLE notes (
  id int PRIMARY KEY, "from" text NOT NULL, class jsonb NOT NULL DEFAULT '{}',
  tags text[] NOT NULL DEFAULT '{}', anything jsonb, updated_at timestamptz
);
"""

Row = dict[str, Any]


class Executes(Protocol):
    """A connection of psycopg, or the tests' wrapper around one of another driver."""

    def execute(self, query: Any, params: Any = None, /) -> Any:
        """Send a statement."""


def rows(conn: Executes, sql: str, values: Sequence[Any] = ()) -> list[Row]:
    """Return the rows of a statement as dicts."""
    if not isinstance(conn, psycopg.Connection):
        found: list[Row] = conn.execute(sql, values).dicts()
        return found
    with psycopg.Cursor(conn, row_factory=dict_row) as cursor:
        cursor.execute(sql, values)
        # In a pipeline, the result is known only once it is read.
        gives_rows = sql.startswith("SELECT") or "RETURNING" in sql
        return cursor.fetchall() if gives_rows else []


def insert_order(conn: Executes, number: str = "AB-1") -> Row:
    """Insert a customer with an order of three line items, one of them empty; return the order."""
    [user] = rows(conn, "INSERT INTO users (name, email) VALUES ('Zoë', 'z@e.de') RETURNING id")
    [order] = rows(
        conn,
        "INSERT INTO orders (number, total, customer_id) VALUES (%s, 12.50, %s) RETURNING *",
        (number, user["id"]),
    )
    rows(
        conn,
        "INSERT INTO line_items (sku, quantity, order_id) "
        "SELECT sku, quantity, %s FROM (VALUES ('b', 2), ('a', 1), ('none', 0)) "
        "AS item (sku, quantity)",
        (order["id"],),
    )
    return order


def ship(conn: Executes, order: Row) -> Row:
    """Ship the order with an UPDATE, and return the new row."""
    sql = "UPDATE orders SET state = 'shipped' WHERE id = %s RETURNING *"
    [shipped] = rows(conn, sql, (order["id"],))
    return shipped


def jobs_of(conn: Executes) -> list[Row]:
    """Return the stored jobs in the order in which they were enqueued."""
    return rows(conn, "SELECT * FROM jobs ORDER BY seq")


def note_events(conn: psycopg.Connection[Any]) -> list[tuple[str, Any, Any]]:
    """Return the changes that `note_hooks` noted: the event, the row before and after it."""
    return [
        tuple(job["payload"][name] for name in ("event", "was", "now")) for job in jobs_of(conn)
    ]
