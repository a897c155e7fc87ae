"""No stored error, log or span has sensitive values; no log has payloads or passwords."""

import json
import logging
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from conduit_runtime import (
    FailedJob,
    Hook,
    JobContext,
    Queue,
    RecordError,
    Sensitive,
    job_type,
    table,
)
from conduit_runtime.model.text.masking import MASK, mask
from conduit_runtime.stdlib import Logger
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pools import NewPool
from psycopg.rows import dict_row

SECRETS = ("4111-1111 'x\"é\\", "918273645", "Elm St. 5", "42")
NUMBER, TAX, STREET, PIN = SECRETS
TIMES = ("created", "msecs", "relativeCreated")
"""What a log record says of its time: any digits, so at times those of a secret."""


@dataclass(slots=True)
class Address:
    street: str


@table("people", key="id")
@dataclass(slots=True)
class Person:
    id: int
    name: str
    card: Sensitive[str]
    tax: Sensitive[int | None]
    address: Sensitive[Address]


@dataclass(frozen=True, slots=True)
class Check:
    id: int
    pin: Sensitive[str]


async def raise_what_was_loaded(job: JobContext, payload: Check) -> None:
    person = await job.get(Person, payload.id)
    raise ValueError(f"{person} has {person.card!r} {json.dumps(person.card)} and {payload.pin}.")


async def violate_a_constraint(job: JobContext, payload: Check) -> None:
    await job.update(Person, payload.id, name="")


async def log_what_was_written(job: JobContext, payload: Check) -> None:
    try:
        await job.create(Person, id=2, name="", card=NUMBER, tax=int(TAX), address=Address(STREET))
    except Exception as error:
        Logger.error(f"no {NUMBER}\nroom", error=error, pin=payload.pin, street=STREET, at=STREET)
        raise LookupError(f"of {payload.pin}, {STREET}") from error


HANDLERS = (raise_what_was_loaded, violate_a_constraint, log_what_was_written)


@pytest.fixture
def people(dsn: str) -> str:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "CREATE TABLE people (id int PRIMARY KEY, name text NOT NULL CHECK (name <> ''), "
            "card text NOT NULL UNIQUE, tax int, address jsonb NOT NULL)"
        )
        address = json.dumps({"street": STREET})
        connection.execute(
            "INSERT INTO people VALUES (1, 'Zoë', %s, %s, %s)", (NUMBER, int(TAX), address)
        )
    return dsn


@pytest.mark.parametrize("handler", HANDLERS)
def test_no_sensitive_value_is_in_the_report_of_a_failure(
    queue: Queue, new_pool: NewPool, people: str, handler: Any, caplog: pytest.LogCaptureFixture
) -> None:
    check = job_type("check", "1", max_attempts=1)(handler)
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    failed: list[FailedJob] = []
    with psycopg.connect(people) as connection:
        job = check.enqueue(connection, Check(1, PIN))
    pool = new_pool(database=True, jobs=[check], tracer_provider=provider, on_failed=failed.append)
    with caplog.at_level(logging.DEBUG):
        pool.run(drain=True)
    stored = queue.get(job.id)
    assert stored is not None
    assert stored.error is not None
    spans = [
        [span.attributes, span.status.description, [event.attributes for event in span.events]]
        for span in exporter.get_finished_spans()
    ]
    formatter = logging.Formatter()
    logged = [
        formatter.format(record) + str(vars(record) | dict.fromkeys(TIMES))
        for record in caplog.records
    ]
    [failure] = failed
    everything = (
        f"{stored.error} {stored.errors} {failure.error} {failure.traceback} {spans} {logged}"
    )
    for secret in SECRETS[:-1]:
        assert secret not in everything
        assert repr(secret)[1:-1] not in everything
    assert f" {PIN}." not in everything
    assert f"of {PIN}" not in everything
    if handler is not violate_a_constraint:
        assert MASK in stored.error
    assert 'violates check constraint "people_name_check"' in everything or MASK in everything


def test_a_log_within_a_hook_is_masked_and_one_after_it_is_not(
    people: str, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(people, row_factory=dict_row) as connection:
        row = connection.execute("SELECT * FROM people").fetchone()
        with caplog.at_level(logging.INFO), Hook(connection, Person, row) as hook:
            Logger.info(f"card {hook.record.card}", address=hook.record.address)
        with caplog.at_level(logging.INFO):
            Logger.info(f"tax {TAX}")
    record, after = caplog.records
    assert record.getMessage() == f'card {MASK} address="{{\\"street\\":\\"{MASK}\\"}}"'
    assert after.getMessage() == f"tax {TAX}"


def test_a_hook_that_does_not_begin_masks_nothing_afterwards(
    people: str, caplog: pytest.LogCaptureFixture
) -> None:
    with psycopg.connect(people, row_factory=dict_row) as connection:
        row = connection.execute("SELECT * FROM people").fetchone()
        with pytest.raises(RecordError):
            Hook(connection, Person, row, {"id": 1})
        Hook(connection, Person, row)
    with caplog.at_level(logging.INFO):
        Logger.info(f"tax {TAX}")
    assert caplog.records[0].getMessage() == f"tax {TAX}"


def test_a_short_value_is_masked_as_a_word() -> None:
    assert mask("pin 42, not 142 or x42", ["42"]) == f"pin {MASK}, not 142 or x42"
    assert mask("tax id 918273645x", ["918273645"]) == f"tax id {MASK}x"
    assert mask("nothing", []) == "nothing"
