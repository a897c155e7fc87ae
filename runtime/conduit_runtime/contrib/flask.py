"""An extension of Flask: the queue in an application.

Jobs run in workers of their own: `conduit-jobs worker`.
"""

import os
from typing import Any

from flask import Flask, current_app

from ..client.queue import Queue

__all__ = ["Conduit"]

_NAME = "conduit"
_VARIABLES = ("CONDUIT_DATABASE_URL", "DATABASE_URL")


class Conduit:
    """One Queue for each application and process, opened by its first use.

    Write `Conduit(app)`, or `conduit = Conduit()` and later `conduit.init_app(app)`. The database
    is CONDUIT_DATABASE_URL of the application's configuration, else CONDUIT_DATABASE_URL or
    DATABASE_URL of the environment. CONDUIT_SCHEMA of the configuration is the schema of the
    tables. The queue outlives requests. A forked process, as of `gunicorn --preload`, opens its own
    connections.
    """

    def __init__(self, app: Flask | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: Flask) -> None:
        """Make the queue known to an application; `app.extensions["conduit"]` holds it."""
        app.extensions[_NAME] = {}

    @property
    def queue(self) -> Queue:
        """The queue of the current application.

        Raises RuntimeError outside of an application's context, for an application that the
        extension does not know, and if no database is configured.
        """
        known: dict[str, Any] | None = current_app.extensions.get(_NAME)
        if known is None:
            raise RuntimeError(f"{current_app.name} has no queue: call conduit.init_app(app) first")
        queue: Queue | None = known.get("queue")
        if queue is None:  # two threads may both make one; only one of the two is used
            made = Queue(self._dsn(), current_app.config.get("CONDUIT_SCHEMA"))
            queue = known.setdefault("queue", made)
        return queue

    def _dsn(self) -> str:
        configured = current_app.config.get(_VARIABLES[0])
        for value in (configured, *map(os.environ.get, _VARIABLES)):
            if value:
                return str(value)
        raise RuntimeError(
            "no database is named: set CONDUIT_DATABASE_URL in app.config or in the environment"
        )
