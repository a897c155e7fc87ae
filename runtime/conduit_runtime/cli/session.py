"""The options of every command: a database, and the format of the output."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .application import present_application
from .output import format_option
from .problems import note_dsn

if TYPE_CHECKING:
    from ..client.queue import Queue

VARIABLES = ("CONDUIT_DATABASE_URL", "DATABASE_URL")
"""Variables of the environment that may name the database."""
FOLDER = Path(".conduit", "postgres")
"""The embedded database of the working folder."""
KEEP = 600.0
"""Seconds that the embedded database runs on for other programs that know its name."""
_dsn_option = click.option(
    "--dsn", metavar="URL", help="The database, as a URL or key=value pairs."
)


def _checked_name(context: click.Context, option: click.Parameter, name: str | None) -> str | None:
    if name == "":
        raise click.BadParameter("a name is missing")
    return name


_schema_option = click.option(
    "--schema",
    metavar="NAME",
    callback=_checked_name,
    help="The Postgres schema of our tables (default: found on the search path).",
)


class Session:
    """The options --dsn, --schema and --format of a command."""

    def __init__(self, dsn: str | None, schema: str | None, form: str = "") -> None:
        self._dsn = dsn
        self.schema = schema
        self.form = form

    @property
    def given(self) -> str | None:
        """The given connection string; None if the command uses the embedded database.

        It is also None if the string names the embedded database, for example from a variable set
        with the output of `dsn`. So the command starts that database again if it has ended.
        """
        dsn = self._named
        if dsn is None or not FOLDER.exists():
            return dsn
        from .. import embedded

        return None if embedded.is_of(FOLDER, dsn) else dsn

    @property
    def explicit(self) -> str | None:
        """The connection string of --dsn, without variables and the application."""
        if self._dsn is not None:
            note_dsn(self._dsn)
        return self._dsn and _for_libpq(self._dsn)

    @property
    def _named(self) -> str | None:
        if self._dsn is None and (application := present_application()) is not None:
            return application.dsn()
        return self._dsn or next(filter(None, map(os.environ.get, VARIABLES)), None)

    @property
    def is_embedded(self) -> bool:
        """Whether the session's database is the embedded one of the working folder."""
        return self.given is None

    def stop_embedded(self) -> bool:
        """Stop the embedded database of the working folder; return False if it does not run."""
        if self._dsn is not None:
            raise click.UsageError(
                "--stop ends the embedded Postgres: leave out --dsn, which names another one"
            )
        from .. import embedded

        return embedded.stop(FOLDER)

    @contextmanager
    def database(self, keep: float = 0.0, *, creates: bool = False) -> Iterator[str]:
        """Yield the connection string of the database, which runs for the length of the block.

        An embedded database is started and migrated, and runs for `keep` seconds longer. In an
        embedded database, a schema without our tables is an error unless the command `creates` it.
        """
        if (dsn := self.given) is not None:
            note_dsn(dsn)
            yield _for_libpq(dsn)
            return
        from .. import embedded
        from ..postgres.tables.migrations import is_migrated, migrate

        if self._named is None:
            click.echo(
                f"conduit-jobs: no --dsn, CONDUIT_DATABASE_URL or DATABASE_URL: using the embedded "
                f"Postgres in {FOLDER}",
                err=True,
            )
        else:
            keep = KEEP  # other programs use it by its name, too
        schema = self.schema
        with embedded.start(FOLDER, keep=keep) as server:
            if schema is not None and not creates and not is_migrated(server.dsn, schema):
                raise click.ClickException(
                    f"the schema {schema} has no tables of conduit-jobs: give another, or run "
                    "`conduit-jobs migrate` with this --schema first"
                )
            migrate(server.dsn, schema)
            yield server.dsn

    @contextmanager
    def queue(self) -> Iterator["Queue"]:
        """Yield a queue on the database."""
        from ..client.queue import Queue

        with self.database() as dsn, Queue(dsn, self.schema) as queue:
            yield queue


def _for_libpq(dsn: str) -> str:
    """The connection string without the driver that a URL of SQLAlchemy names."""
    return re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", dsn)


def database_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --dsn and --schema, as a Session."""

    @wraps(command)
    def run(dsn: str | None, schema: str | None, form: str = "", **given: Any) -> None:
        if schema is None and (application := present_application()) is not None:
            schema = application.schema
        command(Session(dsn, schema, form), **given)

    return _dsn_option(_schema_option(run))


def session_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options --dsn, --schema and --format, as a Session."""
    return database_options(format_option(command))
