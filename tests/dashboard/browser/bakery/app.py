"""A bakery: `python app.py N` takes N orders, whose jobs call the services below.

The bank charges no card while the file that BANK names is missing.
"""

import asyncio
import os
import sys
from decimal import Decimal
from pathlib import Path

import psycopg
from conduit_runtime import Schedule, batch
from psycopg.rows import dict_row

TABLE = """
    CREATE TABLE IF NOT EXISTS orders (
        id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
        number text NOT NULL,
        email text NOT NULL,
        card text NOT NULL,
        total numeric(10, 2) NOT NULL,
        loaves integer NOT NULL,
        paid boolean NOT NULL DEFAULT false
    )
"""
INSERT = """
    INSERT INTO orders (number, email, card, total, loaves)
    VALUES (%s, %s, %s, %s, %s) RETURNING *
"""
SCHEDULES = [
    Schedule.daily(
        at="04:30",
        timezone="Europe/Berlin",
        type="order.after_create.bake",
        name="first-batch",
        queue="kitchen",
        payload={"number": "batch", "loaves": 120},
    )
]


class Billing:
    def charge(self, card: str, /, *, amount: Decimal, number: str) -> dict[str, str]:
        if not Path(os.environ["BANK"]).exists():
            raise ConnectionError(f"the bank refused card {card} of order {number}")
        return {"url": f"https://bakery.example/receipts/{number}"}


class Email:
    async def send(self, to: str, template: str, /, *, number: str, url: str) -> None: ...


class Oven:
    async def bake(self, number: str, /, *, loaves: int) -> None:
        if loaves < 1:
            raise ValueError(f"order {number} has no loaves")
        if loaves > 100:
            await asyncio.sleep(600)


class Services:
    billing = Billing()
    email = Email()
    oven = Oven()


def main(orders: int) -> None:
    from jobs.order import after_create

    with psycopg.connect(os.environ["CONDUIT_DATABASE_URL"], row_factory=dict_row) as conn:
        conn.execute(TABLE)
        with batch(conn):
            for number in range(1, orders + 1):
                values = (f"B-{number:04}", f"guest{number}@example.com", f"4929-{number:012}")
                row = conn.execute(INSERT, (*values, Decimal("12.50"), number % 7 + 1)).fetchone()
                after_create(conn, row)


if __name__ == "__main__":
    main(int(sys.argv[1]))
