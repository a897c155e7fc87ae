"""Calls all that queues, workers, schedulers, commands and pages do, on own connections."""

import warnings
from uuid import uuid4

from click.testing import CliRunner
from conduit_runtime import Job, Queue, WorkerPool
from conduit_runtime.cli import commands
from conduit_runtime.doctor.checkup import examine
from conduit_runtime.preflight.reading import snapshot
from conduit_runtime.statements import preflight
from conduit_runtime.testing import Jobs, UnhandledJobs
from dashboard_use import show
from queue_use import be_refused, enqueue, lease, operate, schedule, work
from worker_use import rescue_and_sweep


def do_everything(dsn: str) -> None:
    """Call all that queues, workers, schedulers, commands and pages do, on own connections."""
    with Queue(dsn) as queue:
        enqueue(queue)
        work(queue)
        operate(queue)
        be_refused(queue)
        schedule(queue)
        lease(queue)
    rescue_and_sweep(dsn)
    read_reports(dsn)
    show(dsn)
    use_in_tests(dsn)
    for line in COMMANDS.strip().splitlines():
        done = CliRunner().invoke(commands, [*line.split(), "--dsn", dsn])
        assert done.exit_code == 0, (line, done.output)


COMMANDS = """
migrate
jobs list --type t --status pending --older-than 0s
jobs stats --last 1h
jobs stats --last 2d
jobs cancel --type t --older-than 0s
jobs retry --all
jobs purge --older-than 0s --status failed
queues retention other --keep-completed 1d --keep-failed 1d --keep-steps 1d
workers list
queues list
queues pause other
queues resume other
queues limit other --none
queues rate-limit other --starts 1
queues rate-limits
queues rate-limit other --none
queues limit other --type --concurrency 1
queues limit other --type --source
queues rate-limit other --source
schedules list
"""


def read_reports(dsn: str) -> None:
    """Read what `preflight` and `doctor` read."""
    with snapshot(dsn, None) as database:
        database.read(preflight.pending())
        database.read(preflight.pending(most=100))
        database.read(preflight.blocked_and_running())
        database.read(preflight.payloads([uuid4()]))
        database.read(preflight.described_uses())
        database.read(preflight.stopped(["job"]))
        database.read(preflight.finished_steps([uuid4()]))
    report = examine(dsn, None)
    assert report.unread.keys() <= {"schedules"}, report.unread  # no worker is alive


def use_in_tests(dsn: str) -> None:
    """Call the functions of the testing kit, on its own connections."""
    jobs = Jobs(dsn)
    with Queue(dsn) as queue, jobs.spy() as spy, warnings.catch_warnings():
        warnings.simplefilter("ignore", UnhandledJobs)
        pool = WorkerPool(queue, ["kit"])
        pool.register("kit", lambda context, payload: None)
        job = queue.enqueue(Job(type="kit", queue="kit"))
        jobs.assert_enqueued("kit", queue="kit")
        jobs.advance(hours=1)
        assert len(jobs.run(pool=pool)) == 1
        spy.wait(job)
