"""The tables in which a database records the history of a run, and how they are read."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from clock import real_time
from history import Event, Heartbeat, History, Move, Promise
from psycopg.rows import class_row

R = TypeVar("R")

SCHEMA = Path(__file__).with_name("history_tables.sql").read_text(encoding="utf-8")


def read(dsn: str, history: History, began: datetime) -> None:
    """Add the database's records of a run that began at `began`."""
    with psycopg.connect(dsn) as connection:
        for job, waits_for, on_failure in connection.execute("SELECT * FROM promises"):
            history.promises[job] = Promise(waits_for, on_failure)
        history.refused |= dict(
            connection.execute(
                "SELECT id, error FROM conduit_blocked_jobs WHERE error IS NOT NULL"
            ).fetchall()
        )
        history.left_behind += [
            f"{job} still waits for {count} jobs"
            for job, count in connection.execute(
                "SELECT id, waits_for FROM conduit_blocked_jobs WHERE error IS NULL"
            )
        ]
        history.left_behind += [
            f"{job}: there is still a dependency on it"
            for (job,) in connection.execute("SELECT DISTINCT job FROM conduit_dependencies")
        ]
        history.results |= dict(
            connection.execute(
                "SELECT job, octet_length(value::text) FROM conduit_results"
            ).fetchall()
        )
        history.moves += _rows(connection, Move, "moves", began)
        history.events += _rows(connection, Event, "events", began)
        history.heartbeats += _rows(connection, Heartbeat, "heartbeats", began)


def _rows(
    connection: psycopg.Connection[Any], kind: type[R], table: str, began: datetime
) -> Sequence[R]:
    """The rows of a table, with the real times of their writing."""
    expressions = {
        "transaction": "transaction::text",
        "began_at": real_time("began_at"),
        "asked_at": real_time("asked_at"),
        "at": real_time("at"),
        "committed_at": real_time("pg_xact_commit_timestamp(xmin)"),
        "clock": "asked_at",
    }
    names = [each.name for each in fields(kind)]
    chosen = ", ".join(f"{expressions.get(name, name)} AS {name}" for name in names)
    with connection.cursor(row_factory=class_row(kind)) as cursor:
        return cursor.execute(f"SELECT {chosen} FROM {table}", {"began": began}).fetchall()
