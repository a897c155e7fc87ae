"""Words of other job queues and schedulers, and their equivalents here."""

_CLOCK = (
    "what runs by the clock is a `Schedule` in Python: "
    "`conduit-jobs worker --schedules module:object` enqueues it"
)
_WAIT = "let the job wait instead: `@async(delay: 10.minutes) { … }`"
_AT = "say when the job is due: `@async(run_at: Time.now() + 1.day) { … }`"
_ENQUEUE = "what runs later is a block: `@async { … }`"
JOB = "a service can ask for it, in Python: `conduit_runtime.current_job()` has id and attempt"
_KEY = "a service can ask for it, in Python: `conduit_runtime.current_call().key`"
_RETRY = "a failed job is retried, as its options say: `@async(max_attempts: 5) { … }`"
_OUTCOME = "raise it in a service, in Python: `Retry`, `Snooze` and `Discard` of `conduit_runtime`"
_FAILED = "`conduit-jobs worker --on-failed module:function` calls a function for each failed job"
_QUEUE = 'name the queue of the block: `@async(queue: "mail") { … }`'
_PRIORITY = 'give it to the block: `@async(priority: "high") { … }`'
_TIMEOUT = "give it to the block: `@async(timeout: 30.seconds) { … }`"
_LIMIT = "give it to the block: `@async(concurrency: 5) { … }`"
_RATE = "give it to the block: `@async(rate_limit: 100, per: 1.minute) { … }`"
_RETRY_ON = 'give it to the block: `@async(retry_on: ["TimeoutError"]) { … }`'
_DISCARD_ON = 'give it to the block: `@async(discard_on: ["ValueError"]) { … }`'
_COMMIT = "a job is stored in the caller's transaction and runs after its commit: `@async { … }`"
_UNIQUE = "say what is unique: `@async(unique: self.id) { … }`"

_HINTS = {
    _CLOCK: "cron crontab schedule scheduled schedules every each_day daily hourly weekly monthly "
    "nightly periodic periodically periodic_task recurring recurrence repeat_every interval timer",
    _WAIT: "sleep sleep_until wait wait_for pause usleep delay delay_for countdown retry_later "
    "settimeout set_timeout after later in_time timeout_after",
    _AT: "run_at eta at_time run_later_at scheduled_at schedule_at",
    _ENQUEUE: "perform perform_later perform_now perform_async perform_in perform_at perform_bulk "
    "apply_async deliver_later deliver_now enqueue enqueue_in enqueue_at enqueue_all push_job job "
    "worker task shared_task background background_job run_async spawn dispatch send_later",
    JOB: "attempt attempts attempt_number retry_count retries_count executions job_id jid task_id "
    "current_job job_context current_attempt max_attempts provider_job_id",
    _KEY: "idempotency_key idempotent_key dedup_key",
    _RETRY: "retry retries retry_job max_retries sidekiq_options backoff",
    _RETRY_ON: "retry_on autoretry_for",
    _DISCARD_ON: "discard_on dont_autoretry_for",
    _OUTCOME: "retry_in retry_after snooze discard discard_job cancel_job give_up "
    "reschedule requeue",
    _FAILED: "on_failed on_failure on_error failed sidekiq_retries_exhausted after_discard "
    "rescue_from dead_letter",
    _QUEUE: "queue queue_as queue_name",
    _PRIORITY: "priority queue_with_priority",
    _TIMEOUT: "timeout time_limit soft_time_limit job_timeout",
    _LIMIT: "concurrency limits_concurrency max_concurrency concurrency_limit throttle",
    _RATE: "rate_limit ratelimit rate",
    _COMMIT: "after_commit after_create_commit after_update_commit after_save_commit on_commit "
    "commit after_rollback",
    _UNIQUE: "unique unique_for unique_until lock_job uniqueness",
}
_BY_WORD = {word: hint for hint, words in _HINTS.items() for word in words.split()}

ENQUEUES = frozenset({
    "perform_later", "perform_async", "perform_in", "perform_at", "apply_async", "deliver_later",
})  # fmt: skip
"""Methods that enqueue a job elsewhere; here they would be called at once."""


def queue_hint(name: str) -> str | None:
    """Return the equivalent of another queue's word, None if it is not such a word."""
    return _BY_WORD.get(name.rstrip("?!").lower())
