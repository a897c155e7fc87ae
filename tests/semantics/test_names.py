"""Names that Python, the generated module or SQL uses, and texts with every delimiter, arrive
unchanged in every position of the language.
"""

import dataclasses
import importlib
import pkgutil
from inspect import signature
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_type_hints

import psycopg
import pytest
from conduit_runtime import Queue, WorkerPool
from conduit_runtime.model.text.names import source_names
from conduit_runtime.records.tables import table_of
from hostile import EVERY, LOWER_CASE, VALUES, filled, positions, resources
from out import Tool, Witness
from probe import check_types, imported, write
from psycopg.sql import SQL, Identifier

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("names")]

SOURCES = {
    "hostile_positions": {"positions.conduit": filled("positions.conduit")},
    "hostile_resources": resources(),
    "hostile_lower_case": resources(LOWER_CASE),
    "hostile_texts": {"texts.conduit": filled("texts.conduit")},
}
STORED = ("field_names", "texts")
"""Tables whose rows the sources read and write."""


@pytest.fixture(scope="module")
def written(packages: Path) -> Path:
    """A folder with a package of each of the sources."""
    for name, sources in SOURCES.items():
        write(sources, packages / name)
    return packages


@pytest.mark.parametrize("name", SOURCES)
def test_names_and_texts_arrive_unchanged(name: str, written: Path, semantics_dsn: str) -> None:
    sent = {each for source in SOURCES[name].values() for each in positions(source)}
    with imported(written / name) as package:
        witness, tool = run(package, semantics_dsn)
    wanted = {
        (position, text, VALUES[int(text)] if name == "hostile_texts" else text)
        for position, text in sent
    }
    assert {*witness.seen, *tool.seen} == wanted
    for position, record in tool.records:
        for field, source_name in source_names(type(record)).items():
            value = getattr(record, field)
            assert value in (source_name, 1, None) or position == "resource"


def test_mypy_is_content(written: Path) -> None:
    check_types(*(written / name for name in SOURCES))


def run(package: Any, dsn: str) -> tuple[Witness, Tool]:
    """Run every hook of a package on a row of its own, then the jobs."""
    witness, tool = Witness(), Tool()
    services = SimpleNamespace(**dict.fromkeys(package.SERVICES, witness) | {"tool": tool})
    with psycopg.connect(dsn) as conn:
        for info in pkgutil.iter_modules(package.__path__):
            module = importlib.import_module(f"{package.__name__}.{info.name}")
            if info.name.startswith("_") or not hasattr(module, "after_create"):
                continue
            record = module.after_create.__annotations__["return"]
            row = row_of(record)
            if table_of(record).name in STORED:
                insert(conn, record, row)
            takes_services = "services" in signature(module.after_create).parameters
            module.after_create(conn, row, **({"services": services} if takes_services else {}))
        conn.commit()
    with Queue(dsn) as queue:
        WorkerPool(queue, jobs=package.JOBS, services=services).run(drain=True)
        failed = queue.list(status="failed") + queue.list(status="pending")
        assert not failed, failed[0].error
    return witness, tool


def row_of(record: type) -> dict[str, Any]:
    """A row whose columns hold the values that the source expects."""
    hints = get_type_hints(record)
    return {
        column.name: value_of(record, column.name, hints[column.attribute])
        for column in table_of(record).columns
    }


def value_of(record: type, name: str, kind: Any) -> Any:
    """The expected value: the name itself, except for keys; in `texts.conduit` a text by number."""
    if name.endswith("_id") or name == "pk_of_it" or name.startswith("key_of_"):
        return 1 if name == "pk_of_it" else None
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        names = source_names(kind)
        fields = [(names.get(field, field), hints[field]) for field in hints]
        return {name: value_of(record, name, kind) for name, kind in fields}
    if name == "data":
        return {word: word for word in EVERY}
    if name in ("word", "kind"):
        return record.__name__.rstrip("_")
    prefix, _, number = name.rpartition("_")
    return VALUES[int(number)] if prefix in ("t", "kind") else name


def insert(conn: psycopg.Connection[Any], record: type, row: dict[str, Any]) -> None:
    """Create the table of a record, and insert the row."""
    table = table_of(record)
    names = SQL(", ").join(Identifier(name) for name in row)
    types = [SQL("int" if name == table.key.name else "text") for name in row]
    columns = [Identifier(name) + SQL(" ") + kind for name, kind in zip(row, types, strict=True)]
    values = [str(value) if isinstance(value, dict) else value for value in row.values()]
    marks = SQL(", ").join([SQL("%s")] * len(row))
    conn.execute(
        SQL("CREATE TABLE {} ({})").format(Identifier(table.name), SQL(", ").join(columns))
    )
    conn.execute(
        SQL("INSERT INTO {} ({}) VALUES ({})").format(Identifier(table.name), names, marks), values
    )
