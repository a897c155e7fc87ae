"""What the shop enqueues, and what its jobs do: `pytest` runs these tests."""

from decimal import Decimal
from unittest.mock import call

import app
import psycopg
import pytest
from conduit_runtime.testing import Jobs
from psycopg.types.json import Jsonb

from jobs import order
from jobs.services import Services

Connection = psycopg.Connection


def test_an_order_is_confirmed(jobs: Jobs, conduit_connection: Connection) -> None:
    an_order(conduit_connection, jobs, total=Decimal("99.90"))

    jobs.assert_enqueued(order.email_send, number="AB-1", total=Decimal("99.90"))
    jobs.refute_enqueued(order.review)
    assert jobs.fakes.statistics.record.calls == [
        call("order", value=Decimal("99.90"), currency="EUR")
    ]


def test_a_large_order_from_abroad_is_reviewed(jobs: Jobs, conduit_connection: Connection) -> None:
    an_order(conduit_connection, jobs, total=Decimal(2000))
    jobs.assert_enqueued(order.review, queue="risk", priority=90, order={"number": "AB-1"})


def test_a_payment_is_invoiced_once(jobs: Jobs, conduit_connection: Connection) -> None:
    """The mail server is down for a while: the mail is tried again, the invoice is not."""
    fakes = jobs.fakes(Services)
    fakes.billing.invoice.returns({"url": "https://invoices.example.com/1"})
    bought = an_order(conduit_connection, jobs)
    jobs.run()
    fakes.email.send.fails(ConnectionError("the mail server is down"), times=2)

    app.set_state(conduit_connection, bought, "paid")
    ran = jobs.run(until=order.billing_invoice, raises=False)

    assert [run.type for run in ran.completed] == [order.billing_invoice.name]
    assert len(ran.failures) == 2
    assert len(fakes.billing.invoice.calls) == 1
    assert fakes.email.send.calls[-1].kwargs["attachment"] == "https://invoices.example.com/1"


def test_a_crash_repeats_no_effect(jobs: Jobs, conduit_connection: Connection) -> None:
    """Neither the invoice nor the label is made again by a job whose worker is killed behind it."""
    fakes = jobs.fakes(Services)
    fakes.billing.invoice.returns({"url": "https://invoices.example.com/1"})
    fakes.shipping.label.returns({"carrier": "Pigeon Post", "tracking": "PP-1"})
    bought = an_order(conduit_connection, jobs)
    paid = app.set_state(conduit_connection, bought, "paid")
    app.set_state(conduit_connection, paid, "shipped")

    jobs.assert_durable()


def test_a_shipment_keeps_its_tracking_number(jobs: Jobs, conduit_connection: Connection) -> None:
    fakes = jobs.fakes(Services)
    fakes.shipping.label.returns({"carrier": "Pigeon Post", "tracking": "PP-1"})
    app.set_state(conduit_connection, an_order(conduit_connection, jobs), "shipped")

    jobs.run()

    label = fakes.shipping.label.calls[0]
    assert (label.args, label.kwargs["express"]) == (("AB-1",), False)
    [(tracking,)] = conduit_connection.execute("SELECT delivery->>'tracking' FROM orders")
    assert tracking == "PP-1"


def test_a_broken_service_shows_where_the_job_fails(
    jobs: Jobs, conduit_connection: Connection
) -> None:
    an_order(conduit_connection, jobs)
    jobs.fakes.email.send.fails(ConnectionError("the mail server is down"))
    with pytest.raises(ConnectionError, match="mail server is down"):
        jobs.run()
    assert "order.conduit:" in (jobs.assert_enqueued(order.email_send).error or "")


def an_order(conn: Connection, jobs: Jobs, total: Decimal = Decimal(10)) -> order.Order:
    ada = app.insert(conn, "customers", name="Ada", email="ada@example.com")
    row = app.insert(
        conn,
        "orders",
        number="AB-1",
        total=total,
        delivery=Jsonb({"street": "St James's Square", "city": "London", "country": "GB"}),
        customer_id=ada["id"],
    )
    return order.after_create(conn, row, services=jobs.fakes(Services))
