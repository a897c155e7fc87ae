"""Whether a session of a database waits for a lock."""

import psycopg


def waits_for_a_lock(dsn: str, pid: int | None = None) -> bool:
    """Return whether any session, or the one with the process id `pid`, waits for a lock."""
    sql = (
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database() AND pid = coalesce(%s, pid)"
    )
    with psycopg.connect(dsn) as connection:
        return connection.execute(sql, (pid,)).fetchone() == (True,)
