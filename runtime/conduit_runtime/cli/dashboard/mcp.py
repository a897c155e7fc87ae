"""`conduit-jobs mcp`."""

import asyncio
import signal
import sys
from importlib.metadata import version

import click
from click.core import ParameterSource

from ..session import Session, database_options
from .address import address_of, listener_on
from .login import login_of

ACTIONS = (
    *("retry", "cancel", "run_now", "pause", "resume", "limit", "share"),
    *("limit_type", "rate_limit"),
    *("run_schedule", "enable_schedule", "disable_schedule"),
)


@click.command()
@database_options
@click.argument("packages", nargs=-1, metavar="[PACKAGE]…")
@click.option(
    "--allow",
    multiple=True,
    metavar="ACTION",
    type=click.Choice(ACTIONS),
    help=f"An action that clients may do; may be repeated. It is one of {', '.join(ACTIONS)}.",
)
@click.option("--http", is_flag=True, help="Serve by HTTP at /mcp, instead of stdin and stdout.")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="The address of --http.")
@click.option(
    "--port",
    default=8081,
    type=click.IntRange(0, 65_535),
    help="The port of --http; 0 picks a free one.",
)
def mcp(
    session: Session,
    packages: tuple[str, ...],
    allow: tuple[str, ...],
    http: bool,
    host: str,
    port: int,
) -> None:
    """Let a program that speaks MCP, such as a coding agent, see jobs and look after them.

    Its tools read what the dashboard shows, with sensitive values masked, and run `doctor`. With
    PACKAGEs, generated packages, they also run `preflight`. They change nothing, except by the
    actions of --allow, which the audit records under the client's name.

    Without --http, one client speaks on stdin and stdout, and the command ends with it. With
    --http, clients log in as they do in `conduit-jobs dashboard`.
    """
    context = click.get_current_context()
    for name in ("host", "port"):
        if not http and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"--{name} is for --http: add it, or leave --{name} out")
    login = login_of("mcp") if http else None
    try:
        from conduit_dashboard.mcp.server import Served, serve
    except ModuleNotFoundError:
        raise click.ClickException(
            "the command needs the SDK of MCP: pip install 'conduit-async[mcp]'"
        ) from None
    from ...logging import configure

    configure("text", "warning")
    for number in (signal.SIGINT, signal.SIGTERM):
        # The thread that reads stdin would keep the process from a gentle end.
        signal.signal(number, (lambda *ignored: sys.exit(0)) if http else signal.SIG_DFL)

    async def run(served: Served) -> None:
        if login is None:
            await served.on_stdio()
            return
        authorize, token, credentials = login
        with listener_on(host, port, credentials is not None) as listener:
            address = f"{address_of(host, listener.getsockname()[1])}/mcp"

            def say() -> None:
                how = credentials or f"the header `Authorization: Bearer {token}`"
                click.echo(f"the MCP server is at {address}; log in with {how}")
                sys.stdout.flush()

            await served.on_http(listener, host, authorize, say)

    with session.database() as dsn:
        asyncio.run(
            serve(
                dsn,
                session.schema,
                run,
                actions=allow,
                packages=packages,
                version=version("conduit-async"),
            )
        )
