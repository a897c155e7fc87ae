"""A shop around the jobs that `conduitc gen` makes of `resources/`.

    pip install 'conduit-async[embedded]'
    export DATABASE_URL=$(conduit-jobs dsn)         # or a server of yours
    conduitc gen                                    # resources/*.conduit become the package jobs/
    conduit-jobs migrate                            # the queue's own tables
    python app.py                                   # the shop's tables, an order, and their jobs
    conduit-jobs worker jobs --services app:Services

The extra `test` runs the tests: `python -m pytest`.
"""

import os
from decimal import Decimal
from typing import Any

import psycopg
import psycopg.sql
import psycopg.types.json
from psycopg.rows import dict_row

from jobs import customer, line_item, order, product

SCHEMA = """
CREATE TABLE IF NOT EXISTS customers (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  phone text,
  level text NOT NULL DEFAULT 'standard',
  addresses jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE IF NOT EXISTS categories (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  name text NOT NULL UNIQUE,
  parent_id uuid REFERENCES categories ON DELETE SET NULL
);
CREATE TABLE IF NOT EXISTS products (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  sku text NOT NULL UNIQUE,
  name text NOT NULL,
  description text,
  listed boolean NOT NULL DEFAULT true,
  price numeric(10, 2) NOT NULL,
  stock integer NOT NULL DEFAULT 0,
  reorder_level integer NOT NULL DEFAULT 5,
  attributes jsonb NOT NULL DEFAULT '{}',
  package jsonb,
  updated_at timestamptz NOT NULL DEFAULT now(),
  category_id uuid NOT NULL REFERENCES categories
);
CREATE TABLE IF NOT EXISTS orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  number text NOT NULL UNIQUE,
  state text NOT NULL DEFAULT 'open',
  total numeric(10, 2) NOT NULL,
  currency text NOT NULL DEFAULT 'EUR',
  note text,
  delivery jsonb NOT NULL,
  paid_at timestamptz,
  shipped_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  customer_id uuid NOT NULL REFERENCES customers
);
CREATE TABLE IF NOT EXISTS line_items (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  position integer NOT NULL,
  quantity integer NOT NULL,
  unit_price numeric(10, 2) NOT NULL,
  order_id uuid NOT NULL REFERENCES orders ON DELETE CASCADE,
  product_id uuid NOT NULL REFERENCES products
);
"""


class Service:
    """Stands for any service: prints its calls."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        def call(*args: object, **kwargs: object) -> None:
            named = [f"{name}={value}" for name, value in kwargs.items()]
            print(f"{self._name}.{method}({', '.join([*map(str, args), *named])})", flush=True)

        return call


class Billing(Service):
    """Writes invoices. A result that a further job takes along is what JSON can hold."""

    async def invoice(self, number: str, /, *, amount: Decimal, currency: str) -> dict[str, str]:
        print(f"Billing.invoice({number}, {amount} {currency})", flush=True)
        return {"url": f"https://invoices.example.com/{number}"}


class Shipping(Service):
    """Prints labels; a hash serves as a result as well as an object does."""

    def label(self, number: str, /, *, address: dict[str, Any], express: bool) -> dict[str, str]:
        print(f"Shipping.label({number}, to {address['city']}, express={express})", flush=True)
        return {"carrier": "Pigeon Post", "tracking": f"PP-{number}"}


class Services:
    """What the jobs call; `statistics` is called by a hook, in the application itself."""

    billing = Billing("Billing")
    email = Service("Email")
    newsletter = Service("Newsletter")
    pager = Service("Pager")
    purchasing = Service("Purchasing")
    risk = Service("Risk")
    search_index = Service("SearchIndex")
    shipping = Shipping("Shipping")
    statistics = Service("Statistics")
    warehouse = Service("Warehouse")


def insert(conn: psycopg.Connection, table: str, **columns: Any) -> dict[str, Any]:
    """Insert a row and read it back whole, as hooks want it."""
    names = psycopg.sql.SQL(", ").join(map(psycopg.sql.Identifier, columns))
    values = psycopg.sql.SQL(", ").join([psycopg.sql.Placeholder()] * len(columns))
    statement = psycopg.sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING *")
    query = statement.format(psycopg.sql.Identifier(table), names, values)
    return one(conn.cursor(row_factory=dict_row).execute(query, list(columns.values())))


def set_state(conn: psycopg.Connection, of: order.Order, state: str) -> order.Order:
    """Move an order on; an update's hook wants the row before and after."""
    cursor = conn.cursor(row_factory=dict_row)
    before = one(cursor.execute("SELECT * FROM orders WHERE id = %s FOR UPDATE", [of.id]))
    after = one(
        cursor.execute("UPDATE orders SET state = %s WHERE id = %s RETURNING *", [state, of.id])
    )
    return order.after_update(conn, after, before)


def one(cursor: psycopg.Cursor[dict[str, Any]]) -> dict[str, Any]:
    """The one row of a result."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("no such row")
    return row


def main(dsn: str) -> None:
    """Make the tables, then sell something; each step is a transaction with its jobs."""
    with psycopg.connect(dsn) as conn:
        conn.execute(SCHEMA)
        looms = insert(conn, "categories", name="Looms")
        loom = product.after_create(
            conn,
            insert(
                conn,
                "products",
                sku="LOOM-1",
                name="Jacquard loom",
                price=Decimal("1250.00"),
                category_id=looms["id"],
            ),
        )
        buyer = customer.after_create(
            conn, insert(conn, "customers", name="Ada", email="ada@example.com")
        )
        conn.commit()

        delivery = {"street": "12 St James's Square", "city": "London", "country": "gb"}
        bought = order.after_create(
            conn,
            insert(
                conn,
                "orders",
                number="AB-1",
                total=loom.price,
                delivery=psycopg.types.json.Jsonb(delivery),
                customer_id=buyer.id,
            ),
            services=Services(),
        )
        item = insert(
            conn,
            "line_items",
            position=1,
            quantity=1,
            unit_price=loom.price,
            order_id=bought.id,
            product_id=loom.id,
        )
        line_item.after_create(conn, item)
        conn.commit()

        for state in ("paid", "shipped"):
            set_state(conn, bought, state)
            conn.commit()


if __name__ == "__main__":
    main(os.environ.get("CONDUIT_DATABASE_URL") or os.environ["DATABASE_URL"])
