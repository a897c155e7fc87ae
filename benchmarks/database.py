"""The server of all measurements, and a fresh database for each of them."""

import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from conduit_runtime import embedded, migrate
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Identifier

SETTINGS = {
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "max_connections": "500",
    "fsync": "on",
    "synchronous_commit": "on",
    "shared_preload_libraries": "pg_stat_statements",
}
"""Settings of the embedded server: durable, with room so that no checkpoint falls in a run."""
_SHOWN = (*SETTINGS, "full_page_writes", "autovacuum", "wal_level")
NAME = "conduit_benchmark"
PAYLOAD = {
    "user_id": "0192d5a0-5a5c-7cc0-8b5e-2f6f7a0c9d11",
    "template": "welcome",
    "to": "user@example.com",
}
_FILL = """
INSERT INTO jobs (queue, type, fingerprint, payload, key, priority, run_at, status, completed_at)
SELECT concat(%(queue)s::text, CASE WHEN %(queues)s > 1 THEN floor(random() * %(queues)s) END),
       concat(%(type)s::text, CASE WHEN %(types)s > 1 THEN floor(random() * %(types)s) END),
       %(fingerprint)s, %(payload)s::jsonb,
       CASE WHEN %(keys)s > 0 THEN floor(random() * %(keys)s) END::text,
       %(priority)s + floor(random() * %(priorities)s),
       now() + make_interval(secs => %(delay)s), %(status)s,
       CASE WHEN %(status)s = 'completed' THEN now() END
FROM generate_series(1, %(count)s)
"""
_LIFE = (
    "UPDATE jobs SET status = 'running', locked_by = 'w', token = gen_random_uuid()"
    " WHERE status = 'pending'",
    "UPDATE jobs SET status = 'completed', locked_by = NULL, token = NULL WHERE locked_by = 'w'",
    "DELETE FROM jobs WHERE status = 'completed'",
)


@contextmanager
def server(dsn: str | None, folder: Path) -> Iterator[str]:
    """The server at `dsn`, or an embedded one whose data is in `folder`."""
    if dsn is not None:
        yield dsn
        return
    with embedded.server(folder, settings=SETTINGS) as own:
        yield own


class Database:
    """Make an empty, migrated database `name` for a measurement; an earlier one is dropped.

    With a template, the name of another database, it is a copy of that database.
    """

    def __init__(self, server: str, template: str | None = None, name: str = NAME) -> None:
        with psycopg.connect(server, autocommit=True) as connection:
            drop(connection, name)
            create = SQL("CREATE DATABASE {}").format(Identifier(name))
            if template is not None:
                create += SQL(" TEMPLATE {}").format(Identifier(template))
                if connection.info.server_version >= 150_000:
                    create += SQL(" STRATEGY file_copy")
            connection.execute(create)
        self.dsn = make_conninfo(server, dbname=name)
        migrate(self.dsn)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection in autocommit mode."""
        return psycopg.connect(self.dsn, autocommit=True, row_factory=tuple_row)

    def run(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run one statement on a connection of its own."""
        with self.connect() as connection:
            cursor = connection.execute(sql, parameters)
            return cursor.fetchall() if cursor.description else []

    def fill(self, count: int, **given: Any) -> None:
        """Insert `count` jobs without a notification.

        Options: `queue`, `queues`, `type`, `types`, `keys`, `priority`, `priorities`, `delay`,
        `status`, `fingerprint`, `payload`; with `types=20` the types are "noop0" to "noop19".
        """
        options = {
            "queue": "default",
            "queues": 1,
            "type": "noop",
            "types": 1,
            "keys": 0,
            "priority": 50,
            "priorities": 1,
            "delay": 0.0,
            "status": "pending",
            "fingerprint": "",
            "payload": json.dumps(PAYLOAD),
            "count": count,
        }
        with self.connect() as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(_FILL, options | given)
        self.settle()

    def outlive(self, count: int) -> None:
        """Insert `count` jobs, and claim, complete and purge them at once."""
        if count:
            self.fill(count)
            for step in _LIFE:
                self.run(step)
            self.settle()

    def settle(self) -> None:
        """Vacuum and checkpoint, so that neither falls into the measurement."""
        self.run("VACUUM (ANALYZE) jobs")
        self.run("CHECKPOINT")


def drop(connection: psycopg.Connection[Any], name: str) -> None:
    """Drop the database of this name, if there is one, also while others are connected to it."""
    connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


def machine(dsn: str) -> dict[str, str]:
    """The setup of the figures: processor, versions, settings."""
    with psycopg.connect(dsn, row_factory=tuple_row) as connection:
        [(version,)] = connection.execute("SELECT version()")
        settings = connection.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY (%s)",
            (list(_SHOWN),),
        ).fetchall()
    return {
        "processor": f"{_processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": platform.platform(terse=True),
        "python": sys.version.split()[0],
        "psycopg": f"{psycopg.__version__} ({psycopg.pq.__impl__})",
        "postgres": version.split(" on ")[0],
        "settings": ", ".join(f"{name} = {value}" for name, value in sorted(settings)),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
