"""Compiles the rows into one package, and runs it."""

import asyncio
import importlib
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID

import asyncpg
import psycopg
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.stdlib import Context
from hook_drivers import asyncpg_arguments
from out import Out, Services
from psycopg.rows import dict_row
from rows import Row
from type_checks import mypy

from conduit_async.compiler import compile
from conduit_async.config import Config
from conduit_async.emit.emit import Format
from conduit_async.emit.layout import Formatted
from conduit_async.render import as_text

HERE = Path(__file__).parent
PROBE = (HERE / "probe.conduit").read_text("utf-8")
PROBE_SETTINGS = Config(sensitive=("User.pin",))
_MARK = re.compile("^\ue000(\\d+)\ue001", re.MULTILINE)


def with_hooks(hooks: str) -> str:
    """The source of the probe, with further hooks."""
    return PROBE.replace("// HOOKS", hooks)


def hooks_of(rows: Iterable[Row]) -> str:
    """The hooks that run the rows."""
    rows = list(rows)
    return "\n".join(_hooks(event, rows) for event in sorted({row.event for row in rows}))


def _hooks(event: str, rows: list[Row]) -> str:
    hooks: list[str] = []
    for table in sorted({row.table for row in rows if row.event == event}):
        ours = [row for row in rows if (row.event, row.table) == (event, table)]
        hook = "\n".join(_call(row, "hook") for row in ours if "hook" in row.places)
        job = "\n".join(_call(row, "job") for row in ours if "job" in row.places)
        hooks.append(f'@after {event} {{\n{hook}\n@async(name: "{table}") {{\n{job}\n}} }}')
        hooks += [each for row in ours if row.is_statements for each in _own_hooks(event, row)]
    return "\n".join(hooks)


def _call(row: Row, place: str) -> str:
    if row.is_statements:
        return ""
    key = row.key(place)
    call = f'Out.value("{key}", {row.source})'
    if row.sign == "=":
        return call
    return f'{call} rescue |error| {{ Out.failed("{key}", error.message) }}'


def _own_hooks(event: str, row: Row) -> Iterator[str]:
    for place in row.places:
        key = row.key(place)
        source = row.source.replace("ROW", f'"{key}"')
        if place == "job":
            source = f'@async(name: "{key}", max_attempts: 1) {{\n{source}\n}}'
        yield f"@after {event} {{\n{source}\n}}"


def as_written(modules: Iterable[str]) -> Iterator[Formatted]:
    """Modules without Black's form, which would take most of the time of a compilation."""
    for text in modules:
        lines = {
            number: int(found[1])
            for number, line in enumerate(text.split("\n"), 1)
            if (found := _MARK.match(line))
        }
        yield Formatted(_MARK.sub("", text), lines)


def write(
    sources: Mapping[str, str],
    folder: Path,
    settings: Config | None = None,
    form: Format | None = None,
) -> None:
    """Compile sources, by their paths, into a package at a folder."""
    output = compile(sources, settings, form=form)
    errors = [each for each in output.diagnostics if each.severity == "error"]
    assert not errors, as_text(tuple(errors), color=False)
    folder.mkdir()
    for path, text in output.modules.items():
        (folder / path).write_text(text, "utf-8")


@contextmanager
def imported(folder: Path) -> Iterator[ModuleType]:
    """The package at a folder."""
    sys.path.insert(0, str(folder.parent))
    try:
        yield importlib.import_module(folder.name)
    finally:
        sys.path.remove(str(folder.parent))


def run(package: ModuleType, dsn: str) -> Out:
    """Run the hooks of the package, then its jobs; return what the service received."""
    services = Services()
    with psycopg.connect(dsn) as conn:
        conn.execute((HERE / "probe.sql").read_text("utf-8"))
        conn.commit()
        cursor = psycopg.Cursor(conn, row_factory=dict_row)
        rows = cursor.execute(_PROBES).fetchall()
        conn.commit()
        with _context() as context:
            for hook, given, named in _calls(package, rows, services, context):
                hook(conn, *given, **named)
        conn.commit()
    return _run_jobs(package, dsn, services)


def run_on_asyncpg(package: ModuleType, dsn: str) -> Out:
    """`run` for a package whose hooks are asynchronous, on a connection of asyncpg's."""
    services = Services()
    with psycopg.connect(dsn) as conn:
        conn.execute((HERE / "probe.sql").read_text("utf-8"))

    async def run_hooks() -> None:
        connection = await asyncpg.connect(**asyncpg_arguments(dsn))
        rows = await connection.fetch(_PROBES)
        async with connection.transaction():
            with _context() as context:
                for hook, given, named in _calls(package, rows, services, context):
                    await hook(connection, *given, **named)
        await connection.close()

    asyncio.run(run_hooks())
    return _run_jobs(package, dsn, services)


def _run_jobs(package: ModuleType, dsn: str, services: Services) -> Out:
    with Queue(dsn) as queue:
        pool = WorkerPool(queue, jobs=package.JOBS, services=services)
        pool.run(drain=True)
        for job in queue.list(limit=10_000):
            if job.status != "completed":
                services.out.errors[job.type.rpartition(".")[2]] = job.error or job.status
    return services.out


_PROBES = "SELECT * FROM probes ORDER BY id LIMIT 2"


def _context() -> AbstractContextManager[Any]:
    user = {"id": 5, "name": "Eve", "key": UUID("00000000-0000-4000-8000-000000000005")}
    return Context.use(user=user, request={"ip": "::1"})


def _calls(
    package: ModuleType, rows: Sequence[Any], services: Services, context: object
) -> Iterator[tuple[Any, list[Any], dict[str, Any]]]:
    """Each hook of the package, with its rows and named arguments."""
    now, before = rows
    given = {"services": services, "context": context}
    for event, taken in {"create": [now], "update": [now, before], "delete": [now]}.items():
        hook = getattr(package.probe, f"after_{event}")
        takes = inspect.signature(hook).parameters
        yield hook, taken, {name: given[name] for name in given if name in takes}


def check_types(*packages: Path) -> None:
    """Run mypy on packages beside each other, and fail with its output."""
    done = mypy(packages[0].parent, *(f"-p{package.name}" for package in packages))
    assert done.returncode == 0, done.stdout + done.stderr


def check_with_pyright(folder: Path) -> None:
    """Run pyright, as it is without settings, on the packages in a folder."""
    settings = {"include": ["package_*"], "extraPaths": [str(HERE.parents[1] / "runtime")]}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    command = [sys.executable, "-m", "pyright", "--pythonpath", sys.executable]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
