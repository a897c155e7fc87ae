"""What a worker clears away: keys that are held no more, results whose time is over."""

from typing import Any

import psycopg

from . import results, unique
from .execute import run

__all__ = ["Sweep"]


class Sweep:
    """Deletes what has served its time, a page a step, over and over.

    A step takes so long as its pages do, however much there is.
    """

    def __init__(self) -> None:
        self._key: tuple[str, str] | None = None

    def step(self, connection: psycopg.Connection[Any], schema: str | None) -> None:
        """Look at the next page."""
        self._key = run(connection, unique.sweep(self._key, schema))
        run(connection, results.sweep(schema))
