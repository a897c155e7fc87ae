"""Versions of an application: their packages, what their web processes enqueue, their workers."""

import dataclasses
import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from click.testing import CliRunner
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.cli import commands
from deployed_application import VALUES, Recorder
from psycopg.rows import dict_row

from conduit_async.cli import run

METHOD = """
resource Method {
  oid: int! @primary
  amname: string!
}
"""
TABLES = '[tables]\nMethod = "pg_catalog.pg_am"'
"""The table of the resource `Method`; every database has rows of it."""


class Version:
    """One version of the source: a project in a folder. Its package is called `name`."""

    def __init__(
        self, folder: Path, name: str, source: str | Mapping[str, str], settings: str = ""
    ) -> None:
        self.folder, self.name = folder, name
        folder.mkdir(exist_ok=True)
        self.write(source, settings)
        self.services = Recorder()

    def write(self, source: str | Mapping[str, str], settings: str = "") -> None:
        """Replace the source, or all sources, and the configuration."""
        sources = self.folder / f"{self.name}_resources"
        sources.mkdir(exist_ok=True)
        given = {"ticket.conduit": source} if isinstance(source, str) else source
        for name, text in given.items():
            (sources / name).write_text(text)
        self.config = self.folder / f"{self.name}_resources" / "conduit.toml"
        out = json.dumps(str(Path("..") / self.name))
        self.config.write_text(f'sources = ["."]\nout = {out}\n{settings}\n')

    @property
    def out(self) -> Path:
        """The folder of the package."""
        return self.folder / self.name

    def follow(self, older: "Version") -> None:
        """Copy the lock of an older version."""
        self.out.mkdir()
        (self.out / "jobs.lock").write_bytes((older.out / "jobs.lock").read_bytes())

    def conduitc(self, command: str, *arguments: str) -> int:
        """Run `conduitc` on the sources."""
        return run([command, str(self.config.parent), *arguments])

    def generate(self) -> None:
        """Write the package."""
        assert self.conduitc("gen") == 0

    @property
    def package(self) -> Any:
        """The package, imported."""
        return importlib.import_module(self.name)

    @property
    def schema(self) -> str | None:
        """The schema in which the package has the tables of the queue."""
        schema: str | None = self.package.JOBS[0].schema
        return schema

    def enqueue(self, dsn: str, changes: Mapping[str, Any]) -> None:
        """Run the hooks of a created row, as a web process does."""
        module = importlib.import_module(f"{self.name}.ticket")
        values = {**VALUES, **changes}
        names = [each.name for each in dataclasses.fields(module.Ticket)]
        row = {name: self._value(module.Ticket, name, values[name]) for name in names}
        with psycopg.connect(dsn) as conn:
            module.after_create(conn, row)

    def _value(self, record: type, name: str, value: Any) -> Any:
        """Convert a value to the column's type, for types that a table of values cannot express."""
        kind = str(record.__annotations__[name])
        if "Decimal" in kind and value is not None:
            return Decimal(str(value))
        if "datetime.datetime" in kind and isinstance(value, str):
            return datetime.fromisoformat(value)
        if "float" in kind and isinstance(value, int):
            return float(value)
        if kind == "<class 'str'>" and isinstance(value, UUID | int):
            return str(value)
        return value

    def stranded(self, dsn: str) -> int:
        """The number of jobs that this version would strand, from `conduit-jobs preflight`."""
        count: int = self._preflight(dsn)["stranded"]
        return count

    def reads(self, dsn: str) -> set[str]:
        """How this version reads the jobs that wait, from `conduit-jobs preflight`."""
        return {each["reads"] for each in self._preflight(dsn)["findings"]}

    def _preflight(self, dsn: str) -> dict[str, Any]:
        command = ["preflight", self.name, "--dsn", dsn, "--format", "json"]
        result = CliRunner().invoke(commands, command)
        report: dict[str, Any] = json.loads(result.stdout)
        assert result.exit_code == (1 if report["stranded"] else 0)
        return report

    def work(self, dsn: str) -> list[dict[str, Any]]:
        """Run the worker of this version until it finds no more work; return the jobs left."""
        with psycopg.connect(dsn, row_factory=dict_row) as conn:
            table = f"{self.schema or 'public'}.jobs"
            conn.execute(f"UPDATE {table} SET run_at = now() WHERE status = 'pending'")  # type: ignore[arg-type]
        with Queue(dsn, self.schema) as queue:
            pool = WorkerPool(queue, jobs=self.package.JOBS, services=self.services)
            pool.run(drain=True)
        return self.left(dsn)

    def left(self, dsn: str) -> list[dict[str, Any]]:
        """The jobs of all schemas that have not completed."""
        found: list[dict[str, Any]] = []
        with psycopg.connect(dsn, row_factory=dict_row) as conn:
            schemas = conn.execute(
                "SELECT schemaname FROM pg_tables WHERE tablename = 'jobs' ORDER BY 1"
            ).fetchall()
            for schema in schemas:
                query = "SELECT type, queue, status, fingerprint, error FROM {}.jobs"
                text = query.format(schema["schemaname"])
                found += conn.execute(f"{text} WHERE status <> 'completed'").fetchall()  # type: ignore[arg-type]
        return found


@contextmanager
def importable(folder: Path, *names: str) -> Iterator[None]:
    """Make the packages of a folder importable for the block, and forget them at the end."""
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        for module in [each for each in sys.modules if each.partition(".")[0] in names]:
            del sys.modules[module]


@contextmanager
def two_versions(
    folder: Path, old: str, new: str, settings: str = ""
) -> Iterator[tuple[Version, Version]]:
    """A version of a source and the one that follows it, both generated."""
    with importable(folder, "old_jobs", "new_jobs"):
        first = Version(folder, "old_jobs", old, settings)
        first.generate()
        second = Version(folder, "new_jobs", new, settings)
        second.follow(first)
        second.generate()
        yield first, second
