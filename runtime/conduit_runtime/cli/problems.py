"""Errors of the database and of the queue as one sentence, without a traceback."""

from collections.abc import Iterator
from contextlib import contextmanager

import click

_DSN = "conduit_runtime.dsn"


def note_dsn(dsn: str) -> None:
    """Remember the command's connection string: no message may show its password."""
    click.get_current_context().meta[_DSN] = dsn


@contextmanager
def explained(context: click.Context) -> Iterator[None]:
    """Turn errors that users can fix into a ClickException; other errors pass unchanged."""
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except Exception as error:
        message = _message(error)
        if message is None:
            raise
        if (dsn := context.meta.get(_DSN)) is not None:
            from ..postgres.dsn import without_password

            message = without_password(message, dsn)
        raise click.ClickException(message) from None


def _message(error: Exception) -> str | None:
    import psycopg

    from ..model.errors import QueueError

    if isinstance(error, QueueError):
        return str(error)
    if not isinstance(error, psycopg.Error):
        return None
    text = str(error).strip()
    if isinstance(error, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
        return f"{text.splitlines()[0]}: run `conduit-jobs migrate` on this database first"
    if isinstance(error, psycopg.errors.DuplicateTable | psycopg.errors.DuplicateFunction):
        return (
            f"{text.splitlines()[0]}, and does not belong to conduit-jobs: "
            "give another schema with --schema"
        )
    if isinstance(error, psycopg.errors.ReservedName):
        return f"{text.splitlines()[0]}: give another schema with --schema"
    if isinstance(error, psycopg.OperationalError):
        return f"the database cannot be used: {text}"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f"the database does not allow it: {text}"
    if isinstance(error, psycopg.ProgrammingError) and error.sqlstate is None:
        where = "--dsn, or else in CONDUIT_DATABASE_URL or DATABASE_URL"
        return f"there is no connection string in {where}: {text}"
    return None
