"""`conduit-jobs dashboard`."""

import asyncio
import ipaddress
import os
import secrets
import signal
import socket
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import click

from .session import Session, database_options

if TYPE_CHECKING:
    from conduit_dashboard.access.login import BasicLogin, TokenLogin

_TOKEN, _USERS = "CONDUIT_DASHBOARD_TOKEN", "CONDUIT_DASHBOARD_USERS"
_READERS = "CONDUIT_DASHBOARD_READERS"
_SHORTEST_TOKEN, _SHORTEST_PASSWORD = 16, 8


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
    login, token, credentials = _login()
    _check_trace_url(trace_url)
    listener = _listener(host, port, credentials is not None)
    prefix = quote("/" + prefix.strip("/"), safe="/%") if prefix.strip("/") else ""
    address = f"{_address(host, listener.getsockname()[1])}{prefix}/"
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

        from ..logging import configure

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


def _login() -> "tuple[TokenLogin | BasicLogin, str | None, str | None]":
    """The login, the token to print, and in words the secret that the environment sets instead."""
    try:
        from conduit_dashboard.access.login import BasicLogin, TokenLogin
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the dashboard needs {error.name}: pip install 'conduit-async[dashboard]'"
        ) from None
    token = os.environ.get(_TOKEN)
    users, readers = _passwords(_USERS), _passwords(_READERS)
    given = [name for name, known in ((_USERS, users), (_READERS, readers)) if known]
    if token and given:
        raise click.UsageError(f"{_TOKEN} and {given[0]} exclude each other: set one of them")
    if both := users.keys() & readers.keys():
        raise click.UsageError(f"{min(both)} is in {_USERS} and in {_READERS}: name a user once")
    if given:
        where = " or ".join(given)
        return BasicLogin(users, readers), None, f"a user and a password of {where}"
    if token:
        if len(token) < _SHORTEST_TOKEN:
            raise click.UsageError(
                f"{_TOKEN} is too short: use {_SHORTEST_TOKEN} characters or more, as "
                "`python -c 'import secrets; print(secrets.token_urlsafe())'` prints them"
            )
        return TokenLogin(token), None, f"the token in {_TOKEN}"
    token = secrets.token_urlsafe()
    return TokenLogin(token), token, None


def _check_trace_url(url: str | None) -> None:
    from conduit_dashboard.settings import Settings

    try:
        Settings(trace_url=url)
    except ValueError as error:
        raise click.UsageError(f"--{error}".replace("_", "-", 1)) from None


def _passwords(name: str) -> dict[str, str]:
    """The users with their passwords in this variable of the environment."""
    return dict(_user(name, pair) for pair in os.environ.get(name, "").split())


def _user(name: str, pair: str) -> tuple[str, str]:
    user, _, password = pair.partition(":")
    if not user or not password:
        raise click.UsageError(f"{name} has an entry that is not user:password")
    if len(password) < _SHORTEST_PASSWORD:
        raise click.UsageError(
            f"{name}: the password of {user} is too short: use {_SHORTEST_PASSWORD} characters "
            "or more"
        )
    return user, password


def _listener(host: str, port: int, may_be_open: bool) -> socket.socket:
    """A listening socket. Raises UsageError if the address is not allowed or not available."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, place = min(found, key=lambda each: each[0] != socket.AF_INET)
        is_loopback = ipaddress.ip_address(str(place[0]).partition("%")[0]).is_loopback
        if not is_loopback and not may_be_open:
            raise click.UsageError(
                f"--host {host} lets other machines in: set {_USERS} (user:password …) or {_TOKEN} "
                "first, or leave --host out to listen on this machine only"
            )
        return socket.create_server(place[:2], family=family)
    except (OSError, UnicodeError) as error:
        number = getattr(error, "errno", None) or 0
        reason = os.strerror(number) if number > 0 else "there is no such address"
        raise click.UsageError(
            f"{host} port {port} cannot be used ({reason}): give another --host or --port; "
            "--port 0 picks a free one"
        ) from None


def _address(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
