"""`conduit-jobs migrate` and `conduit-jobs dsn`."""

import click

from .session import KEEP, Session, database_options


@click.command()
@database_options
@click.option("--print", "print_only", is_flag=True, help="Print the SQL instead of running it.")
@click.option(
    "--print-grants",
    is_flag=True,
    help="Print grants for roles that only enqueue, work or read, in --schema (default: public).",
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
@click.option(
    "--reader",
    "readers",
    metavar="ROLE",
    multiple=True,
    help="A role that only reads, for `preflight`, `doctor` and a read-only dashboard; may be "
    "repeated.",
)
def migrate(
    session: Session,
    print_only: bool,
    print_grants: bool,
    enqueuers: tuple[str, ...],
    workers: tuple[str, ...],
    readers: tuple[str, ...],
) -> None:
    """Create or update the tables. You may repeat it, and run it on many hosts at once."""
    from ..postgres.tables import grants, migrations

    if (enqueuers or workers or readers) and not print_grants:
        raise click.UsageError("--enqueuer, --worker and --reader need --print-grants")
    if print_only:
        click.echo(migrations.script(session.schema), nl=False)
    if print_grants:
        if not (enqueuers or workers or readers):
            enqueuers, workers = ("conduit_enqueuer",), ("conduit_worker",)
        click.echo("\n".join(grants.grants(session.schema, enqueuers, workers, readers)))
    if print_only or print_grants:
        return
    with session.database(creates=True) as dsn:
        applied = migrations.migrate(dsn, session.schema, on_wait=_report)
    if applied:
        click.echo(f"applied migration {', '.join(map(str, applied))}")
    else:
        click.echo("the database is up to date")


def _report(blockers: str) -> None:
    click.echo(f"waiting for {blockers}", err=True)


@click.command()
@database_options
@click.option("--stop", is_flag=True, help="End the embedded Postgres of the working folder.")
def dsn(session: Session, stop: bool) -> None:
    """Print the database that the commands use; start the embedded one if it is needed.

    The embedded Postgres ends after 10 minutes without a connection; --stop ends it at once. Its
    data stays.
    """
    if stop:
        click.echo(
            "the embedded Postgres has ended"
            if session.stop_embedded()
            else "no embedded Postgres runs here"
        )
        return
    with session.database(keep=KEEP) as dsn:
        click.echo(dsn)
