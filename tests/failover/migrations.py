"""Runs `conduit-jobs migrate` again and again, each time for a schema of its own."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg

PAUSE = 3.0
"""Seconds between two migrations."""


class Migrations(threading.Thread):
    """Migrates until it is stopped, whatever happens to the leader."""

    def __init__(self, dsn: str) -> None:
        super().__init__(name="migrations", daemon=True)
        self._dsn = dsn
        self._stopping = threading.Event()
        self._done: list[str] = []
        self._failed: list[str] = []
        self._violations: list[str] = []

    def run(self) -> None:
        number = 0
        while not self._stopping.wait(PAUSE):
            number += 1
            schema = f"migrated_{number}"
            (self._done if self._migrate(schema) else self._failed).append(schema)

    def stop(self) -> None:
        """Wait until the last migration has ended."""
        self._stopping.set()
        self.join(timeout=60)

    def __str__(self) -> str:
        return f"{len(self._done)} migrations went through, {len(self._failed)} did not at first"

    def check(self, *, is_synchronous: bool) -> Iterator[str]:
        """Check that finished migrations are there, whole, and that the others now go through."""
        with psycopg.connect(self._dsn) as connection:
            tables = dict(
                connection.execute(
                    "SELECT schemaname, count(*) FROM pg_tables GROUP BY schemaname"
                ).fetchall()
            )
        for schema in self._done:
            if is_synchronous and schema not in tables:
                yield f"{schema}: was migrated, and nothing of it is there"
        counts = {schema: tables.get(schema) for schema in [*self._done, *self._failed]}
        if len({*counts.values()} - {None}) > 1:
            yield f"some migrations are not whole: {counts}"
        for schema in self._failed[:3]:
            if not self._migrate(schema):
                yield f"{schema}: cannot be migrated after a try that failed"
        yield from self._violations

    def _migrate(self, schema: str) -> bool:
        command = [sys.executable, "-m", "conduit_runtime.cli", "migrate", "--dsn", self._dsn]
        done = subprocess.run(
            [*command, "--schema", schema], capture_output=True, text=True, check=False
        )
        if "Traceback" in done.stderr:
            self._violations.append(f"{schema}: migrate printed {done.stderr[:2_000]}")
        return done.returncode == 0
