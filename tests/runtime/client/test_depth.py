"""The depth of a queue: what waits and what runs."""

from datetime import timedelta

import psycopg
import pytest
from conduit_runtime import Job, Queue


def test_the_depth_of_a_queue_counts_what_is_due_and_what_runs(queue: Queue, dsn: str) -> None:
    hour = timedelta(hours=1)
    queue.enqueue_many([Job(type="t"), Job(type="t", priority=1), Job(type="t", delay=hour)])
    queue.enqueue(Job("mail", "t", delay=-hour))
    queue.dequeue("w", "default")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (type, refusals, run_at) VALUES ('t', 1, now() + interval '1 minute')"
        )
    depth = queue.depth()
    assert (depth.queue, depth.due, depth.running) == ("default", 1, 1)
    assert (depth.unreadable, depth.refused) == (0, 1)
    with psycopg.connect(dsn) as connection:
        mail = queue.depth("mail", conn=connection)
        assert (mail.due, round(mail.oldest / 3600)) == (1, 1)
    assert queue.depth("none") == ("none", 0, 0, 0.0, 0, 0)
    with pytest.raises(TypeError, match="queue"):
        queue.depth(None)  # type: ignore[arg-type]


def test_the_depth_reads_no_ended_jobs(queue: Queue, dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO jobs (type, status, completed_at)"
            " SELECT 't', 'completed', now() FROM generate_series(1, 20000)"
        )
        connection.execute("ANALYZE jobs")
        queue.enqueue(Job(type="t"))
        with connection.transaction():
            read = "SELECT coalesce(pg_stat_get_xact_tuples_returned('jobs'::regclass), 0)"
            assert queue.depth(conn=connection).due == 1
            assert connection.execute(read).fetchone() == (0,)  # none by a sequential scan
