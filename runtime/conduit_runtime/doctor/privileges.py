"""Whether the connected role may do what a worker does."""

from collections.abc import Iterator
from shlex import quote

from ..postgres.tables.grants import TABLES
from ..statements import doctor
from .checked_database import Database
from .finding import Finding, warning


def check(database: Database) -> Iterator[Finding]:
    """Look for privileges that the role lacks."""
    yield from judge(database.read(doctor.missing_privileges(TABLES)), database.schema)


def judge(missing: list[tuple[str, str, str]], schema: str | None) -> Iterator[Finding]:
    """The finding about missing privileges, if there are any: (role, table, privilege)."""
    by_table: dict[str, list[str]] = {}
    for _, table, privilege in missing:
        by_table.setdefault(table, []).append(privilege)
    if not missing:
        return
    role = missing[0][0]
    is_enqueuer = "INSERT" not in by_table.get("jobs", ())
    lacks = "; ".join(f"{', '.join(each)} on {table}" for table, each in sorted(by_table.items()))
    option = "" if schema is None else f" --schema {quote(schema)}"
    yield warning(
        "cannot-work",
        f"the role {role} may {'enqueue but ' if is_enqueuer else ''}not run a worker: it lacks "
        f"{lacks}",
        f"role {role}",
        "if it should run workers: conduit-jobs migrate --print-grants --worker "
        f"{quote(role)}{option}",
    )
