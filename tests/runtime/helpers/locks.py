"""Who waits for a lock in a database."""

import psycopg


def waits_for_a_lock(dsn: str, pid: int | None = None) -> bool:
    """Whether a session of the database waits for a lock, or the session with the process id."""
    sql = (
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
        "AND datname = current_database() AND pid = coalesce(%s, pid)"
    )
    with psycopg.connect(dsn) as connection:
        return connection.execute(sql, (pid,)).fetchone() == (True,)
