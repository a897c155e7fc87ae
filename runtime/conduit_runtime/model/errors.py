"""The exceptions of the queue."""


class QueueError(Exception):
    """The base of all errors that the queue raises on purpose; people read their texts."""


class PayloadError(QueueError, ValueError):
    """A payload or an option of a job cannot be stored unchanged; the text names the path."""


class TooLarge(PayloadError):
    """A value is larger than one job may hold."""


class OutcomeTooLarge(TooLarge):
    """The result or the child jobs of a job are too large for the statement that completes it."""


class StepNotStored(PayloadError):
    """What a step returned cannot be stored exactly; the text names the path.

    Its effect is made, and another attempt would make it again: the job ends failed.
    """


class NotRepeatable(QueueError):
    """A job cannot run again from a step, or be copied there; the text says why."""


# Not an Exception, so that a `rescue` in the source lets it pass.
class StepsMismatch(BaseException):
    """What an earlier attempt has stored of its steps does not fit this code; the text says why.

    A worker leaves such a job pending and marks it unreadable, until another worker can go on.
    """


class JobLost(QueueError):
    """The job is no longer held: it was cancelled, retried by hand or taken over."""


class ProcessDied(QueueError):
    """The process of an isolated job died: a crash, `os._exit`, a signal, too little memory."""


class UnknownJob(QueueError, LookupError):
    """The job does not exist: it was never committed, or it was purged."""


class JobFailed(QueueError):
    """The awaited job ended failed. `error` is the text of its last error."""

    def __init__(self, message: str, error: str) -> None:
        super().__init__(message)
        self.error = error


class JobCancelled(QueueError):
    """The awaited job was cancelled."""


class WorkerStuck(QueueError):
    """Plain functions that do not end after their timeouts hold every slot of the worker."""


class NoHandler(QueueError, LookupError):
    """No handler is registered for a job's type."""


class ScheduleError(QueueError, ValueError):
    """A schedule has no ticks; the text says why."""


class MigrationError(QueueError):
    """The database is not at the schema that this version needs, or cannot be migrated to it."""


class PayloadMismatch(PayloadError):
    """A payload does not fit this code; the message names the field.

    A worker leaves such a job pending and marks it unreadable, until a worker that can read it
    registers.
    """
