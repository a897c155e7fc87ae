"""`conduit-jobs migrate`."""

import click

from .database import database, options


@click.command()
@options
@click.option("--print", "print_only", is_flag=True, help="Print the SQL instead of running it.")
@click.option(
    "--print-grants",
    is_flag=True,
    help="Print grants for roles that only enqueue or only work, in --schema (default: public).",
)
@click.option(
    "--enqueuer",
    "enqueuers",
    metavar="ROLE",
    multiple=True,
    help="A role that only enqueues; may be repeated. Default without any role: conduit_enqueuer.",
)
@click.option(
    "--worker",
    "workers",
    metavar="ROLE",
    multiple=True,
    help="A role that only works; may be repeated. Default without any role: conduit_worker.",
)
def migrate(
    dsn: str | None,
    schema: str | None,
    print_only: bool,
    print_grants: bool,
    enqueuers: tuple[str, ...],
    workers: tuple[str, ...],
) -> None:
    """Create or update the tables of this version. Safe to repeat, and from many hosts at once."""
    from ..postgres.tables import grants, migrations

    if (enqueuers or workers) and not print_grants:
        raise click.UsageError("--enqueuer and --worker need --print-grants")
    if print_only:
        click.echo(migrations.script(schema), nl=False)
    if print_grants:
        if not enqueuers and not workers:
            enqueuers, workers = ("conduit_enqueuer",), ("conduit_worker",)
        click.echo("\n".join(grants.grants(schema, enqueuers, workers)))
    if print_only or print_grants:
        return
    with database(dsn, schema, creates=True) as found:
        applied = migrations.migrate(found, schema, on_wait=_report)
    if applied:
        click.echo(f"applied migration {', '.join(map(str, applied))}")
    else:
        click.echo("the database is up to date")


def _report(blockers: str) -> None:
    click.echo(f"waiting for {blockers}", err=True)
