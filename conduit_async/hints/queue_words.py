"""Words of other job queues and schedulers, and their equivalents here."""

from ..job_options import OPTIONS

_CLOCK = (
    "what runs by the clock is a `Schedule` in Python: "
    "`conduit-jobs worker --schedules module:object` enqueues it"
)
_ENQUEUE = "what runs later is a block: `@async { … }`"
JOB = "a service can ask for it, in Python: `conduit_runtime.current_job()` has id and attempt"
_KEY = "a service can ask for it, in Python: `conduit_runtime.current_call().key`"
_OUTCOME = "raise it in a service, in Python: `Retry`, `Snooze` and `Discard` of `conduit_runtime`"
_FAILED = "`conduit-jobs worker --on-failed module:function` calls a function for each failed job"
_COMMIT = "a job is stored in the caller's transaction and runs after its commit: `@async { … }`"

_HINTS = {
    _CLOCK: "cron crontab schedule scheduled schedules every each_day daily hourly weekly monthly "
    "nightly periodic periodically periodic_task recurring recurrence repeat_every interval timer",
    _ENQUEUE: "perform perform_later perform_now perform_async perform_in perform_at perform_bulk "
    "apply_async deliver_later deliver_now enqueue enqueue_in enqueue_at enqueue_all push_job job "
    "worker task shared_task background background_job run_async spawn dispatch send_later",
    JOB: "attempt attempts attempt_number retry_count retries_count executions job_id jid task_id "
    "current_job job_context current_attempt max_attempts provider_job_id",
    _KEY: "idempotency_key idempotent_key dedup_key",
    _OUTCOME: "retry_in retry_after snooze discard discard_job cancel_job give_up "
    "reschedule requeue",
    _FAILED: "on_failed on_failure on_error failed sidekiq_retries_exhausted after_discard "
    "rescue_from dead_letter",
    _COMMIT: "after_commit after_create_commit after_update_commit after_save_commit on_commit "
    "commit after_rollback",
}
_BY_WORD = {
    word: hint
    for hint, words in (
        *((option.call.hint, option.call.words) for option in OPTIONS.values() if option.call),
        *_HINTS.items(),
    )
    for word in words.split()
}

ENQUEUES = frozenset({
    "perform_later", "perform_async", "perform_in", "perform_at", "apply_async", "deliver_later",
})  # fmt: skip
"""Methods that enqueue a job elsewhere; here they would be called at once."""


def queue_hint(name: str) -> str | None:
    """Return the equivalent of another queue's word, None if it is not such a word."""
    return _BY_WORD.get(name.rstrip("?!").lower())
