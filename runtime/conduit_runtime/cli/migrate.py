"""`conduit-jobs migrate`."""

import click

from .database import database, options


@click.command()
@options
@click.option("--print", "print_only", is_flag=True, help="Print the SQL instead of running it.")
def migrate(dsn: str | None, schema: str | None, print_only: bool) -> None:
    """Bring the database to the schema of this version; safe to run again, and from many hosts."""
    from ..postgres import migrations

    if print_only:
        click.echo(migrations.script(schema), nl=False)
        return
    with database(dsn, schema) as found:
        applied = migrations.migrate(found, schema)
    if applied:
        click.echo(f"applied migration {', '.join(map(str, applied))}")
    else:
        click.echo("the database is up to date")
