"""The application around `example_jobs`: its tables and some rows."""

from typing import Any
from uuid import UUID

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


def insert_order(conn: psycopg.Connection[Any], number: str = "AB-1") -> Row:
    """A customer with an order of three line items, one of them empty."""
    with psycopg.Cursor(conn, row_factory=dict_row) as cursor:
        cursor.execute("INSERT INTO users (name, email) VALUES ('Zoë', 'z@e.de') RETURNING id")
        customer: UUID = cursor.fetchall()[0]["id"]
        cursor.execute(
            "INSERT INTO orders (number, total, customer_id) VALUES (%s, 12.50, %s) RETURNING *",
            (number, customer),
        )
        order = cursor.fetchall()[0]
        cursor.execute(
            "INSERT INTO line_items (sku, quantity, order_id) "
            "VALUES ('b', 2, %(id)s), ('a', 1, %(id)s), ('none', 0, %(id)s)",
            order,
        )
    return order


def ship(conn: psycopg.Connection[Any], order: Row) -> Row:
    """The row of the order after an UPDATE that ships it."""
    with psycopg.Cursor(conn, row_factory=dict_row) as cursor:
        sql = "UPDATE orders SET state = 'shipped' WHERE id = %(id)s RETURNING *"
        return cursor.execute(sql, order).fetchall()[0]


def jobs_of(conn: psycopg.Connection[Any]) -> list[Row]:
    """The stored jobs in the order of their enqueue."""
    with psycopg.Cursor(conn, row_factory=dict_row) as cursor:
        return cursor.execute("SELECT * FROM jobs ORDER BY seq").fetchall()
