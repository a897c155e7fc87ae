"""What can go wrong with a queue, as exceptions."""


class QueueError(Exception):
    """Base of every error that the queue raises on purpose; its text is meant for people."""


class PayloadError(QueueError, ValueError):
    """A payload or an option of a job cannot be stored as it is; the text names the path."""


class TooLarge(PayloadError):
    """A value is larger than what one job may hold."""


class OutcomeTooLarge(TooLarge):
    """What a job returned or enqueued is more than the statement that completes it may hold."""


class JobLost(QueueError):
    """The job is no longer held: it was cancelled, retried by hand or taken over."""


class UnknownJob(QueueError, LookupError):
    """There is no such job: it was never committed, or it is purged."""


class JobFailed(QueueError):
    """The job whose result is awaited ended failed. `error` is the text of its last error."""

    def __init__(self, message: str, error: str) -> None:
        super().__init__(message)
        self.error = error


class JobCancelled(QueueError):
    """The job whose result is awaited was cancelled."""


class WorkerStuck(QueueError):
    """Plain functions that do not end after their timeouts hold every slot of a worker."""


class NoHandler(QueueError, LookupError):
    """No handler is registered for a job's type."""


class ScheduleError(QueueError, ValueError):
    """A schedule has no ticks; the text says why."""


class MigrationError(QueueError):
    """The database cannot be brought to, or is not at, the schema that this version needs."""


class PayloadMismatch(PayloadError):
    """A payload that does not fit this code; the message names the field.

    A worker leaves such a job pending, marked unreadable, until one that reads it registers.
    """
