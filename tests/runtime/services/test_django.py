"""Jobs that query over Django's connections."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, JobStatus, Queue
from waiting import until

pytest.importorskip("django")
_SCRIPT = Path(__file__).parents[1] / "django_worker.py"


@pytest.fixture
def queue(dsn: str) -> Iterator[Queue]:
    """The queue of a worker of a Django application."""
    process = subprocess.Popen([sys.executable, _SCRIPT, dsn])
    with Queue(dsn) as queue:
        yield queue
    process.terminate()
    assert process.wait(30) == 0


@pytest.mark.parametrize("kind", ["plain", "coroutine", "service"])
def test_a_connection_that_the_server_ended_is_opened_again(
    queue: Queue, dsn: str, kind: str
) -> None:
    def run() -> Job:
        job = queue.enqueue(Job(type=kind))
        until(lambda: (queue.get(job.id) or job).status is JobStatus.COMPLETED)
        return queue.get(job.id) or job

    assert run().attempts == 1
    with psycopg.connect(dsn, autocommit=True) as connection:
        ending = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE application_name = 'django' AND datname = current_database()"
        )
        assert connection.execute(ending).fetchone() == (1,)
    # The first query finds out, as that of a request would.
    assert run().attempts == 2
    assert run().attempts == 1


def test_nothing_of_django_is_imported() -> None:
    code = (
        "import sys, conduit_runtime, conduit_runtime.worker.worker as w;"
        "assert not {'django', 'asgiref'} & {name.partition('.')[0] for name in sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
