"""The times of a worker."""

from dataclasses import dataclass

from ..model.workers.worker_state import LEASE
from ..statements import scan_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """How long the worker of a pool waits, in seconds. Applications have no others.

    Those of liveness depend on each other: others rescue the jobs of a worker `silence` after its
    last heartbeat, and by then each of its jobs has started or is claimed anew. So twice `fresh`,
    and a `heartbeat`, have to be shorter than `silence`.
    """

    fresh: float = 1.0
    """After a claim was sent, its jobs start within this time; later they are claimed anew.

    After the claim, a job may be cancelled, its queue paused, or its worker taken for dead.
    """
    patience: float = 0.25
    """How long a claimed job may wait here for a slot."""
    locked: float = 0.25
    """Until a job is claimed again that is due, and that a claim did not get."""
    poll: float = 2.0
    """Between polls, for delayed jobs, lost notifications and retries by hand."""
    head_start: float = 0.02
    """That the worker with the idle lock has for a new job before another worker claims it."""
    commits: float = 0.1
    """For commits in progress that hold the idle lock; the worker claims nothing meanwhile."""
    costly: float = scan_policy.COSTLY
    """More than a cursor scan takes, that make full scans rare."""
    share_of_rare: float = scan_policy.SHARE_OF_RARE
    """Share of the time that rare full scans may take."""
    full: float = 0.5
    """Until a full queue or type is claimed again, if none of its jobs ends here before."""

    heartbeat: float = 1.0
    """Between heartbeats. Each also checks the other workers."""
    silence: float = 3.0
    """Without a heartbeat, after which a worker whose session is gone is dead."""
    lease: float = LEASE
    """Without a heartbeat, after which a worker is dead whatever its session does."""

    watch: float = 1.0
    """Between checks that long jobs are still held."""
    long: float = 0.5
    """After which a running job's start is written."""
    stuck: float = 60.0
    """For which threads of stopped attempts may hold every slot."""
    audit: float = 10.0
    """Between comparisons of the jobs that a worker holds with what the database says."""
    audit_all: float = 600.0
    """Until these compare old jobs, too."""
    cancelling: float = 5.0
    """That cancelled coroutines, and the last outcomes, get at a stop."""
    retries: float = 1.0
    """From one line about retried attempts, or refused claims, of a job type to the next."""

    maintenance: float = 10.0
    """Between searches for orphans, failure notices and unhandled types."""
    maintenance_share: float = 0.02
    """Share of the time that maintenance may take: dead rows that vacuum keeps make it slow."""
    unserved: float = 60.0
    """Between searches for unserved queues."""
    descriptions: float = 10.0
    """Until descriptions of job types that Postgres refused are written again."""
    flush: float = 5.0
    """Between flushes of metrics; a flush without new counts sends nothing."""
    compaction: float = 600.0
    """Between compactions of metrics, in each worker."""
    pruning: float = 60.0
    """From the end of one walk through the ended jobs to the next."""
    pruning_share: float = 0.2
    """Share of the time that deleting ended jobs, and cancelling expired ones, may take."""
    pruning_statement: float = 1.0
    """That a statement may take that deletes ended jobs: an application's triggers may be slow."""

    apart: float = 5.0
    """That a statement may take that writes several outcomes beside the batches."""
    alone: float = 25.0
    """That a statement may take that writes one outcome beside the batches."""

    unheard: float = 60.0
    """After which a gateway reclaims a job if no remote worker says that it holds the job."""
    doubt: float = 3.0
    """In which a remote worker must say that it holds a job that the broker delivered twice."""
    forgotten: float = 10.0
    """Without a message, after which a remote worker counts as gone."""
    quiet: float = 5.0
    """Without a job, after which a remote worker that drains ends."""
    unread: float = 1.0
    """That a remote worker keeps a message of jobs that it cannot read, before it returns it.

    The gateway sends the jobs again at once, perhaps to the same worker.
    """
    answer: float = 5.0
    """That a gateway's answer to a remote worker may take."""
    unanswered: float = 60.0
    """Without any answer, after which a remote worker expects none over its connection."""
