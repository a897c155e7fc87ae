"""The connections of the application, by the names that generated code uses."""

from typing import Any, Protocol, TypeAlias

import psycopg

Connection: TypeAlias = psycopg.Connection[Any]
AsyncConnection: TypeAlias = psycopg.AsyncConnection[Any]


class RequestContext(Protocol):
    """What `Context` reads in a hook: the request that the hook runs in."""

    @property
    def current_user(self) -> Any:
        """The user who is signed in, or None."""
        ...

    @property
    def current_request(self) -> Any:
        """The request, or None."""
        ...
