"""Dead workers, running jobs that no live worker holds, and those that nothing stops."""

from collections.abc import Iterator

from ..model.text.durations import in_words
from ..model.workers.worker_info import WorkerInfo
from ..statements import doctor, worker_registry
from .checked_database import Database
from .finding import Finding, error, warning


def check(database: Database) -> Iterator[Finding]:
    """Look at the registered workers and the running jobs."""
    late = database.limits.late
    yield from judge(database.read(worker_registry.workers()), late)
    yield from judge_stuck(database.read(doctor.stuck(late)))
    yield from judge_kept_threads(database.read(doctor.kept_threads(database.limits.slot)))


def judge(workers: list[WorkerInfo], late: float) -> Iterator[Finding]:
    """Find the workers that are dead."""
    for worker in workers:
        if worker.heartbeat_age > late:
            yield warning(
                "dead-worker",
                f"the worker {worker.name} has sent no heartbeat for "
                f"{in_words(worker.heartbeat_age)}, and no live worker has removed it",
                f"host {worker.host}, process {worker.pid}",
                "start a worker on any host: it removes dead ones within a minute",
            )


def judge_stuck(stuck: list[doctor.Stuck]) -> Iterator[Finding]:
    """Find the holders of jobs that do not run."""
    for each in stuck:
        holder = each.holder or "no worker"
        yield error(
            "stuck-jobs",
            f"{_counted(each.jobs)} marked as running for {in_words(each.seconds)}, and no live "
            f"worker holds {'it' if each.jobs == 1 else 'them'}",
            f"held by {holder}",
            "start a worker: it rescues them within a minute. If one runs, its log says what "
            "Postgres refuses",
        )


def judge_kept_threads(types: list[doctor.KeptThreads]) -> Iterator[Finding]:
    """Find the types whose jobs may hang in threads."""
    for each in types:
        many = f"{each.jobs} jobs of {each.type} have run for up to"
        one = f"1 job of {each.type} has run for"
        yield warning(
            "kept-threads",
            f"{one if each.jobs == 1 else many} {in_words(each.seconds)}: the handler is a plain "
            "function without a timeout, so each keeps a slot until it returns",
            f"worker {each.worker}",
            "give the handler a timeout and isolated=True: then a process that hangs is killed. To "
            "free the slots now, restart the worker: it runs these jobs again",
            type=each.type,
        )


def _counted(jobs: int) -> str:
    return "1 job is" if jobs == 1 else f"{jobs} jobs are"
