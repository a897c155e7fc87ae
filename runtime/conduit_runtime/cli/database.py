"""Which database a command uses."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from .problems import note_dsn

F = TypeVar("F", bound=Callable[..., Any])

_VARIABLES = ("CONDUIT_DATABASE_URL", "DATABASE_URL")
_FOLDER = Path(".conduit", "postgres")


def options(command: F) -> F:
    """The options --dsn and --schema of a command."""
    command = click.option(
        "--schema",
        metavar="NAME",
        callback=_named,
        help="The Postgres schema of our tables (default: found on the search path).",
    )(command)
    return click.option("--dsn", metavar="URL", help="The database, as a URL or key=value pairs.")(
        command
    )


def _named(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    if value == "":
        raise click.BadParameter("a name is missing")
    return value


@contextmanager
def database(
    dsn: str | None, schema: str | None, keep: float = 0.0, *, creates: bool = False
) -> Iterator[str]:
    """Yield the connection string of the database, which runs for the length of the block.

    An embedded database is started and migrated, and runs for `keep` seconds longer. There, a
    schema without our tables is an error, unless the command `creates` it.
    """
    found = dsn or next((os.environ[name] for name in _VARIABLES if os.environ.get(name)), None)
    if found is not None:
        note_dsn(found)
        # SQLAlchemy's form names a driver; libpq knows none.
        yield re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", found)
        return
    from .. import embedded
    from ..postgres.tables.migrations import is_migrated, migrate

    click.echo(
        f"conduit-jobs: no --dsn, CONDUIT_DATABASE_URL or DATABASE_URL: using the embedded "
        f"Postgres in {_FOLDER}",
        err=True,
    )
    with embedded.start(_FOLDER, keep=keep) as server:
        if schema is not None and not creates and not is_migrated(server.dsn, schema):
            raise click.ClickException(
                f"the schema {schema} has no tables of conduit-jobs: give another, or run "
                "`conduit-jobs migrate` with this --schema first"
            )
        migrate(server.dsn, schema)
        yield server.dsn
