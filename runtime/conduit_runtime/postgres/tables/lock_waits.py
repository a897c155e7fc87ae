"""Reports the sessions that another session waits for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from psycopg.rows import tuple_row

PATIENCE = 1.0
"""Seconds of waiting after which the blocking sessions are looked up."""

# The columns of pg_stat_activity that every role can see.
_BLOCKERS = """
SELECT pid, usename::text, application_name, pg_catalog.date_trunc(
         'second', pg_catalog.clock_timestamp() - xact_start)::text
FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(%(pid)s)) AS blocking (pid)
LEFT JOIN pg_catalog.pg_stat_activity USING (pid)
ORDER BY pid
"""


@contextmanager
def reported_waits(dsn: str, pid: int, report: Callable[[str], object]) -> Iterator[None]:
    """While the block runs, report which sessions the server process `pid` waits for.

    Each new set of blockers is reported once. A thread queries them every second, over its own
    connection.
    """
    ended = threading.Event()
    watch = threading.Thread(target=_watch, args=(dsn, pid, report, ended), daemon=True)
    watch.start()
    try:
        yield
    finally:
        ended.set()
        watch.join()


def _watch(dsn: str, pid: int, report: Callable[[str], object], ended: threading.Event) -> None:
    reported: list[int] = []
    try:
        while not ended.wait(PATIENCE):
            with psycopg.connect(dsn, row_factory=tuple_row, connect_timeout=5) as connection:
                rows = connection.execute(_BLOCKERS, {"pid": pid}).fetchall()
            pids = [row[0] for row in rows]
            if pids and pids != reported:
                reported = pids
                report("; ".join(_described(*row) for row in rows))
    except psycopg.Error:
        pass  # the block itself raises what is wrong with the database


def _described(pid: int, user: str | None, application: str | None, age: str | None) -> str:
    if pid == 0:
        return "a prepared transaction (see pg_prepared_xacts)"
    known = [
        f"user {user}" if user else "",
        f"application {application!r}" if application else "",
        f"in a transaction for {age}" if age else "",
    ]
    details = ", ".join(filter(None, known))
    return f"pid {pid} ({details})" if details else f"pid {pid}"
