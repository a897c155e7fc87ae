"""Jobs that query over Django's connections."""

import itertools
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from conduit_runtime import Job, JobStatus, Queue
from django_worker import AGES, MISHAPS
from waiting import until

pytestmark = pytest.mark.slow

pytest.importorskip("django")
_SCRIPT = Path(__file__).parents[1] / "processes" / "django_worker.py"
_KINDS = ("plain", "coroutine", "service")
_SETTINGS = [*itertools.product(AGES, ("", "1"))]


@pytest.fixture
def queue(dsn: str, request: pytest.FixtureRequest) -> Iterator[Queue]:
    """The queue of a Django application's worker, whose connections have the given settings."""
    process = subprocess.Popen([sys.executable, _SCRIPT, dsn, *request.param])
    with Queue(dsn) as queue:
        yield queue
    process.terminate()
    assert process.wait(60) == 0


def run(queue: Queue, kind: str, mishap: str | None = None) -> Job:
    """Run a job that has one attempt, with a mishap if one is given; return the ended job."""
    payload = {} if mishap is None else {"mishap": mishap}
    job = queue.enqueue(Job(type=kind, payload=payload, max_attempts=1))
    until(lambda: (queue.get(job.id) or job).status in (JobStatus.COMPLETED, JobStatus.FAILED))
    return queue.get(job.id) or job


def end_all(dsn: str) -> None:
    """End every connection of Django to the database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE application_name = 'django' AND datname = current_database()"
        )


@pytest.mark.parametrize("queue", _SETTINGS, indirect=True)
def test_a_connection_that_the_server_ended_fails_no_job(queue: Queue, dsn: str) -> None:
    for kind in (*_KINDS, *_KINDS):
        assert run(queue, kind).error is None, kind
        end_all(dsn)


@pytest.mark.parametrize("queue", _SETTINGS, indirect=True)
def test_what_a_job_does_to_its_connections_harms_no_later_job(queue: Queue, dsn: str) -> None:
    for kind, mishap in itertools.product(_KINDS, MISHAPS):
        run(queue, kind, mishap)
        for other in _KINDS:
            assert run(queue, other).error is None, f"{other} after {mishap} of {kind}"
    with psycopg.connect(dsn) as connection:
        left = connection.execute("SELECT to_regclass('left_open')::text").fetchone()
        assert left == (None,)


@pytest.mark.parametrize("queue", [("None",)], indirect=True)
@pytest.mark.parametrize("kind", _KINDS)
def test_a_transaction_that_a_job_left_open_holds_no_lock(
    queue: Queue, dsn: str, kind: str
) -> None:
    run(queue, kind, "leave_atomic_open")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '20s'")
        connection.execute("CREATE TABLE left_open (id integer)")


@pytest.mark.parametrize("queue", [("None",)], indirect=True)
def test_a_query_that_hangs_holds_up_no_other_coroutine(queue: Queue, dsn: str) -> None:
    job = queue.enqueue(Job(type="coroutine", payload={"mishap": "hang"}, max_attempts=1))
    until(lambda: (queue.get(job.id) or job).status is JobStatus.RUNNING)
    queue.cancel(job.id)
    assert run(queue, "coroutine").error is None
    end_all(dsn)


def test_the_setup_of_django_in_the_services_does_not_silence_the_worker(dsn: str) -> None:
    process = subprocess.Popen([sys.executable, _SCRIPT, dsn], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    timer = threading.Timer(60, process.kill)
    timer.start()
    assert any("works on default" in line for line in process.stderr)
    process.terminate()
    process.communicate()
    timer.cancel()


def test_nothing_of_django_is_imported() -> None:
    code = (
        "import sys, conduit_runtime, conduit_runtime.worker.worker as w;"
        "assert not {'django', 'asgiref'} & {name.partition('.')[0] for name in sys.modules}"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
