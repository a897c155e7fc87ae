"""Whether our tables are there, in this version."""

from collections.abc import Iterable, Iterator

from ..model.errors import MigrationError
from ..postgres.tables.migrations import versions
from ..statements import doctor, worker_registry
from .checked_database import Database
from .finding import Finding, error, warning


def check(database: Database) -> Iterator[Finding]:
    """Look for the tables, and set their schema in `database`."""
    try:
        database.schema = database.read(worker_registry.find_schema())
    except MigrationError:
        where = "the search path" if database.schema is None else f"schema {database.schema}"
        yield error(
            "not-migrated",
            f"{where} has no tables of conduit-jobs",
            where,
            "conduit-jobs migrate (or name the schema that has them with --schema)",
        )
        return
    database.has_tables = True
    applied = database.read(doctor.migrations())
    yield from judge(applied, [number for number, _ in versions()], database.schema)


def judge(applied: Iterable[int], known: Iterable[int], schema: str) -> Iterator[Finding]:
    """Compare the applied migrations with those that this version knows."""
    if missing := sorted({*known} - {*applied}):
        yield error(
            "migration-missing",
            f"the tables are older than this version: migration {_listed(missing)} is missing",
            f"schema {schema}",
            "conduit-jobs migrate",
        )
    if unknown := sorted({*applied} - {*known}):
        yield warning(
            "migrated-by-newer",
            f"a newer version has changed the tables: migration {_listed(unknown)} is unknown here",
            f"schema {schema}",
            "pip install --upgrade conduit-async",
        )


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))
