"""`conduit-jobs dashboard`."""

import asyncio
import signal
import sys
from urllib.parse import quote

import click

from ..session import Session, database_options
from .address import address_of, listener_on
from .login import login_of


@click.command()
@database_options
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address to listen on.")
@click.option(
    "--port", default=8080, type=click.IntRange(0, 65_535), help="The port; 0 picks a free one."
)
@click.option("--read-only", is_flag=True, help="Change nothing: all transactions are read-only.")
@click.option(
    "--trace-url",
    metavar="URL",
    help="The address of a trace, with {trace_id} in it; pages of jobs link to it.",
)
@click.option(
    "--prefix",
    default="",
    metavar="PATH",
    help="The path at which a proxy serves the dashboard, as in /ops/jobs.",
)
def dashboard(
    session: Session, host: str, port: int, read_only: bool, trace_url: str | None, prefix: str
) -> None:
    """Show jobs in a browser, and change them, until SIGINT or SIGTERM.

    The command prints an address with a token: everyone who has the token may log in.
    CONDUIT_DASHBOARD_TOKEN sets the token. CONDUIT_DASHBOARD_USERS, as in
    `ann:password bob:password`, asks for users and passwords instead; users in
    CONDUIT_DASHBOARD_READERS may only read. Set a token or users before --host lets other machines
    in.
    """
    login, token, credentials = login_of("dashboard")
    _check_trace_url(trace_url)
    listener = listener_on(host, port, credentials is not None)
    prefix = quote("/" + prefix.strip("/"), safe="/%") if prefix.strip("/") else ""
    address = f"{address_of(host, listener.getsockname()[1])}{prefix}/"
    if token is not None:
        address += f"?token={token}"

    def say() -> None:
        with_what = "" if credentials is None else f"; log in with {credentials}"
        click.echo(f"the dashboard is at {address}{with_what}")
        sys.stdout.flush()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *ignored: sys.exit(0))
    with listener, session.database() as dsn:
        from conduit_dashboard.server import serve

        from ...logging import configure

        configure("text", "warning")
        asyncio.run(
            serve(
                dsn,
                session.schema,
                listener,
                authorize=login,
                prefix=prefix,
                on_ready=say,
                read_only=read_only,
                trace_url=trace_url,
            )
        )


def _check_trace_url(url: str | None) -> None:
    from conduit_dashboard.settings import Settings

    try:
        Settings(trace_url=url)
    except ValueError as error:
        raise click.UsageError(f"--{error}".replace("_", "-", 1)) from None
