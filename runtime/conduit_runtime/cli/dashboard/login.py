"""Who may see the dashboard: a token, or users of the environment."""

import os
import secrets
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from conduit_dashboard.access.login import BasicLogin, TokenLogin

TOKEN, USERS = "CONDUIT_DASHBOARD_TOKEN", "CONDUIT_DASHBOARD_USERS"
_READERS = "CONDUIT_DASHBOARD_READERS"
_SHORTEST_TOKEN, _SHORTEST_PASSWORD = 16, 8


def login_of(extra: str) -> "tuple[TokenLogin | BasicLogin, str | None, str | None]":
    """The login, the token to print, and in words the secret that the environment sets instead.

    `extra` is what installs the command. Raises ClickException if it is not installed, and
    UsageError for invalid settings.
    """
    try:
        from conduit_dashboard.access.login import BasicLogin, TokenLogin
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"the command needs {error.name}: pip install 'conduit-async[{extra}]'"
        ) from None
    token = os.environ.get(TOKEN)
    users, readers = _passwords(USERS), _passwords(_READERS)
    given = [name for name, known in ((USERS, users), (_READERS, readers)) if known]
    if token and given:
        raise click.UsageError(f"{TOKEN} and {given[0]} exclude each other: set one of them")
    if both := users.keys() & readers.keys():
        raise click.UsageError(f"{min(both)} is in {USERS} and in {_READERS}: name a user once")
    if given:
        where = " or ".join(given)
        return BasicLogin(users, readers), None, f"a user and a password of {where}"
    if token:
        if len(token) < _SHORTEST_TOKEN:
            raise click.UsageError(
                f"{TOKEN} is too short: use {_SHORTEST_TOKEN} characters or more, as "
                "`python -c 'import secrets; print(secrets.token_urlsafe())'` prints them"
            )
        return TokenLogin(token), None, f"the token in {TOKEN}"
    token = secrets.token_urlsafe()
    return TokenLogin(token), token, None


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
