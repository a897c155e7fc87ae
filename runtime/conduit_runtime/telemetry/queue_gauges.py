"""The state of queues, for gauges: cheap however long they are."""

import threading
import time
from collections.abc import Callable, Sequence

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ..model.queues.stats import QueueDepth
from ..model.text.logs import get_logger
from ..postgres.backoff import Backoff
from ..postgres.connection import connect
from ..postgres.execute import run
from ..statements.metrics import DEEPEST, queue_gauges

_log = get_logger("conduit.metrics")

FRESH = 5.0
"""Seconds for which the last reading is reused."""
PATIENCE = 2
"""Seconds that the database may take to return the state."""

# For one transaction, since a pooler may hand the session to others. They make the plan independent
# of the statistics.
_SETTINGS = """
SELECT pg_catalog.set_config('statement_timeout', %(limit)s, true),
       pg_catalog.set_config('enable_seqscan', 'off', true),
       pg_catalog.set_config('enable_bitmapscan', 'off', true),
       pg_catalog.set_config('jit', 'off', true)
"""


class QueueReader:
    """Reads the state of queues, at most once in `FRESH` seconds, in any thread."""

    def __init__(self, dsn: str, schema: Callable[[], str | None], queues: Sequence[str]) -> None:
        given = "connect_timeout" in conninfo_to_dict(dsn)
        self._dsn = dsn if given else make_conninfo(dsn, connect_timeout=PATIENCE)
        self._schema = schema
        self._queues = queues
        self._lock = threading.Lock()
        self._until = 0.0
        self._backoff = Backoff(_log, "the state of the queues cannot be read for a scrape")
        self._known: list[QueueDepth] | None = None

    def read(self) -> list[QueueDepth] | None:
        """The state of the queues; None when the database does not respond in time."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._known = self._ask()
                self._until = time.monotonic() + FRESH
            return self._known

    def _ask(self) -> list[QueueDepth] | None:
        limit = f"{PATIENCE}s"
        try:
            with connect(self._dsn, "conduit metrics", limit) as conn, conn.transaction():
                conn.execute(_SETTINGS, {"limit": limit})
                known = run(conn, queue_gauges(self._queues, DEEPEST), self._schema())
        except psycopg.Error as error:
            self._backoff.next_delay(error)
            return None
        self._backoff.reset()
        return known
