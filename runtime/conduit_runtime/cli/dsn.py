"""`conduit-jobs dsn`."""

import click

from .database import database, options

KEEP = 600.0
"""Seconds that the embedded server stays up for the user of the printed string."""


@click.command()
@options
def dsn(dsn: str | None, schema: str | None) -> None:
    """Print the database that the commands use; start the embedded one if it is needed."""
    with database(dsn, schema, keep=KEEP) as found:
        click.echo(found)
