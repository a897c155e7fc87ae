"""The options of `@async(…)`, each declared once.

Sources, the configuration, the lock, `conduitc breaking`, hints and generated code read `OPTIONS`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

OptionValue: TypeAlias = str | int | float | tuple[str, ...]
"""The value of an option of a job type; a duration is a float of seconds."""

_SIZE = re.compile(r"[1-9]\d{0,8}(\.\d{1,3})? ?([kKMG]B|[KMG]iB)")
MAX_NAME_BYTES = 200
"""Bytes of UTF-8 that the name of a queue or of a job type may have."""


@dataclass(frozen=True)
class Text:
    """A string of printable characters and at most `MAX_NAME_BYTES`; `what` names it."""

    what: str


@dataclass(frozen=True)
class TypeName:
    """The last part of a job type's name."""


@dataclass(frozen=True)
class TypeNames:
    """Earlier names of a job type."""


@dataclass(frozen=True)
class StepNames:
    """The earlier names of steps, by their names now."""


@dataclass(frozen=True)
class ErrorNames:
    """The names of Python's error classes."""


@dataclass(frozen=True)
class WholeNumber:
    """A whole number; sources and the configuration may give one of its `names`."""

    least: int
    most: int
    names: Mapping[str, int] = field(default_factory=dict)

    def __contains__(self, value: object) -> bool:
        return type(value) is int and self.least <= value <= self.most

    def __str__(self) -> str:
        number = f"number from {self.least:,} to {self.most:,}"
        names = ", ".join(f'"{name}"' for name in self.names)
        return f"{names}, or a {number}" if names else f"a whole {number}"


@dataclass(frozen=True)
class Choice:
    """One of several strings."""

    values: tuple[str, ...]

    def __contains__(self, value: object) -> bool:
        return value in self.values

    def __str__(self) -> str:
        *most, last = (f'"{value}"' for value in self.values)
        return f"{', '.join(most)} or {last}"


@dataclass(frozen=True)
class Size:
    """A number of bytes as a string, such as "512MB"."""

    def __contains__(self, value: object) -> bool:
        return isinstance(value, str) and _SIZE.fullmatch(value) is not None

    def __str__(self) -> str:
        return 'a number of bytes such as "512MB"'


@dataclass(frozen=True)
class Duration:
    """A duration in seconds, from `least` (0: more than nothing) to `most`.

    `bounds` completes "a duration …" where the bounds are the option's own. `may_be_zero` allows
    none at all.
    """

    least: float = 0
    most: float = 100 * 366 * 86_400.0
    bounds: str = ""
    may_be_zero: bool = False

    def __contains__(self, seconds: float) -> bool:
        return self.least <= seconds <= self.most and (seconds > 0 or self.may_be_zero)


@dataclass(frozen=True)
class Flag:
    """`true` or `false`."""


@dataclass(frozen=True)
class Moment:
    """A timestamp, computed when the job is enqueued."""


@dataclass(frozen=True)
class Values:
    """One expression or several, computed when the job is enqueued."""


Form: TypeAlias = (
    Text
    | TypeName
    | TypeNames
    | StepNames
    | ErrorNames
    | WholeNumber
    | Choice
    | Size
    | Duration
    | Flag
    | Moment
    | Values
)  # fmt: skip

Role: TypeAlias = Literal["identity", "queue", "stored", "worker", "limit", "batch", "enqueue"]
"""What an option is for.

`identity`: which type a block is. `queue`: who runs it. `stored`: each job stores it. `worker`: a
worker applies it when it runs a job. `limit`: it limits all jobs of the type together. `batch`: it
says how jobs share a call. `enqueue`: each enqueue decides it.
"""


@dataclass(frozen=True)
class Needs:
    """The option without which another means nothing, and how to give it."""

    option: str
    hint: str


@dataclass(frozen=True)
class Call:
    """Calls of other queues that ask for an option, and the advice to those who write one."""

    words: str
    example: str
    advice: str = "give it to the block"

    @property
    def hint(self) -> str:
        """The advice, with an example."""
        return f"{self.advice}: `@async({self.example}) {{ … }}`"


@dataclass(frozen=True)
class Option:
    """An option of `@async(…)`.

    `default` holds where nothing sets the option. `defaults` of the configuration may set it if
    `is_configurable`. `elsewhere` are its names in other queues.
    """

    name: str
    form: Form
    role: Role
    default: OptionValue | None = None
    is_configurable: bool = False
    needs: Needs | None = None
    elsewhere: str = ""
    call: Call | None = None

    @property
    def is_of_type(self) -> bool:
        """Whether it belongs to the job type: the lock has it, and `@job_type` takes it."""
        return self.role not in ("identity", "enqueue")

    def of(self, options: Mapping[str, Any]) -> Any:
        """Return its value among the options of a job, or its default."""
        return options.get(self.name, self.default)


PRIORITIES = {"low": 0, "normal": 50, "high": 75, "urgent": 100}
_COUNT = WholeNumber(1, 2**31 - 1)


def _of_process(example: str) -> Needs:
    hint = f"say that jobs run in processes of their own: `isolated: true, {example}`"
    return Needs("isolated", hint)


_DECLARED = (
    Option("name", TypeName(), "identity"),
    Option(
        "queue",
        Text("the name of a queue"),
        "queue",
        default="default",
        is_configurable=True,
        elsewhere="queue_as queue_name",
        call=Call("queue queue_as queue_name", 'queue: "mail"', "name the queue of the block"),
    ),
    Option(
        "priority",
        WholeNumber(0, 100, PRIORITIES),
        "stored",
        default=50,
        is_configurable=True,
        call=Call("priority queue_with_priority", 'priority: "high"'),
    ),
    Option(
        "max_attempts",
        WholeNumber(1, 1000),
        "stored",
        default=3,
        is_configurable=True,
        elsewhere="retries retry max_retries attempts tries",
        call=Call(
            "retry retries retry_job max_retries sidekiq_options backoff",
            "max_attempts: 5",
            "a failed job is retried, as its options say",
        ),
    ),
    Option(
        "timeout",
        Duration(),
        "stored",
        is_configurable=True,
        elsewhere="max_time time_limit soft_time_limit",
        call=Call("timeout time_limit soft_time_limit job_timeout", "timeout: 30.seconds"),
    ),
    Option(
        "expires",
        Duration(),
        "stored",
        elsewhere="ttl expires_in expire_in expires_after expiration time_to_live deadline",
        call=Call(
            "ttl expires expires_in expires_at expire_in expiration time_to_live",
            "expires: 1.hour",
            "say how late the job may start",
        ),
    ),
    Option(
        "base",
        Duration(),
        "worker",
        is_configurable=True,
        elsewhere="retry_in retry_after retry_delay interval",
    ),
    Option(
        "backoff",
        Choice(("exponential", "linear", "constant")),
        "worker",
        default="exponential",
        is_configurable=True,
    ),
    Option(
        "max_backoff",
        Duration(),
        "worker",
        is_configurable=True,
        elsewhere="retry_backoff_max max_interval max_delay",
    ),
    Option(
        "concurrency",
        _COUNT,
        "limit",
        is_configurable=True,
        elsewhere="limit max_concurrency concurrency_limit parallel",
        call=Call(
            "concurrency limits_concurrency max_concurrency concurrency_limit throttle",
            "concurrency: 5",
        ),
    ),
    Option(
        "key_concurrency",
        _COUNT,
        "limit",
        needs=Needs("key", "say whose the job is: `key: self.customer_id, key_concurrency: 2`"),
        elsewhere="per_key_concurrency concurrency_per_key key_limit",
    ),
    Option(
        "key_rate_limit",
        _COUNT,
        "limit",
        needs=Needs("key", "say whose the job is: `key: self.customer_id, key_rate_limit: 100`"),
        elsewhere="rate_limit_per_key",
    ),
    Option(
        "key_per",
        Duration(0.001, 365 * 86_400.0, "from a millisecond to 365 days"),
        "limit",
        needs=Needs(
            "key_rate_limit",
            "say how many jobs of a key may start: `key_rate_limit: 100, key_per: 1.minute`",
        ),
    ),
    Option(
        "ordered",
        Flag(),
        "limit",
        needs=Needs("key", "say which jobs keep their order: `key: self.id, ordered: true`"),
        elsewhere="fifo sequential serial in_order",
    ),
    Option(
        "on_failure",
        Choice(("hold", "skip")),
        "limit",
        needs=Needs(
            "ordered", 'say that jobs keep their order: `ordered: true, on_failure: "hold"`'
        ),
    ),
    Option(
        "fair",
        Flag(),
        "limit",
        needs=Needs("key", "say whose turn it is: `key: self.customer_id, fair: true`"),
        elsewhere="fairness fair_share round_robin",
    ),
    Option(
        "rate_limit",
        _COUNT,
        "limit",
        is_configurable=True,
        elsewhere="rate ratelimit throttle max_rate starts",
        call=Call("rate_limit ratelimit rate", "rate_limit: 100, per: 1.minute"),
    ),
    Option(
        "per",
        Duration(0.001, 365 * 86_400.0, "from a millisecond to 365 days"),
        "limit",
        is_configurable=True,
        needs=Needs("rate_limit", "say how many jobs may start: `rate_limit: 100, per: 1.minute`"),
        elsewhere="period window rate_period",
    ),
    Option(
        "batch",
        WholeNumber(2, 10_000),
        "batch",
        elsewhere="batch_size size bulk flush_every",
    ),
    Option(
        "wait",
        Duration(most=300.0, bounds="of at most 5 minutes"),
        "batch",
        needs=Needs(
            "batch",
            "say how many jobs one call takes, `batch: 100`; to start later: `delay: 10.minutes`",
        ),
        elsewhere="batch_timeout flush_interval linger max_wait",
    ),
    Option(
        "retry_on",
        ErrorNames(),
        "worker",
        default=(),
        elsewhere="autoretry_for retry_for retry_if retry_errors",
        call=Call("retry_on autoretry_for", 'retry_on: ["TimeoutError"]'),
    ),
    Option(
        "discard_on",
        ErrorNames(),
        "worker",
        default=(),
        elsewhere="discard discard_if dont_autoretry_for fail_on",
        call=Call("discard_on dont_autoretry_for", 'discard_on: ["ValueError"]'),
    ),
    Option(
        "isolated",
        Flag(),
        "worker",
        elsewhere="isolation fork subprocess in_process sandboxed",
    ),
    Option(
        "memory",
        Size(),
        "worker",
        needs=_of_process('memory: "512MB"'),
        elsewhere="max_memory memory_limit max_memory_per_child mem ram",
    ),
    Option(
        "jobs_per_process",
        _COUNT,
        "worker",
        needs=_of_process("jobs_per_process: 100"),
        elsewhere="max_tasks_per_child max_jobs_per_process",
    ),
    Option(
        "process_concurrency",
        _COUNT,
        "worker",
        needs=_of_process("process_concurrency: 10"),
        elsewhere="worker_concurrency coroutines_per_process jobs_at_once",
    ),
    Option(
        "was",
        TypeNames(),
        "identity",
        elsewhere="old_name renamed_from previously formerly aliases",
    ),
    Option("steps_were", StepNames(), "identity", elsewhere="renamed_steps step_names"),
    Option(
        "delay",
        Duration(may_be_zero=True),
        "enqueue",
        elsewhere="after in wait_for countdown run_in",
        call=Call(
            "sleep sleep_until wait wait_for pause usleep delay delay_for countdown retry_later "
            "settimeout set_timeout after later in_time timeout_after",
            "delay: 10.minutes",
            "let the job wait instead",
        ),
    ),
    Option(
        "run_at",
        Moment(),
        "enqueue",
        elsewhere="at when scheduled_at schedule_at wait_until eta",
        call=Call(
            "run_at eta at_time run_later_at scheduled_at schedule_at",
            "run_at: Time.now() + 1.day",
            "say when the job is due",
        ),
    ),
    Option(
        "key",
        Values(),
        "enqueue",
        elsewhere="group_key group_by partition_key shard_key tenant concurrency_key",
    ),
    Option("weight", WholeNumber(1, 2**31 - 1), "enqueue", elsewhere="cost points tokens units"),
    Option(
        "unique",
        Values(),
        "enqueue",
        elsewhere="unique_by dedupe idempotency_key unique_key",
        call=Call(
            "unique unique_for unique_until lock_job uniqueness",
            "unique: self.id",
            "say what is unique",
        ),
    ),
    Option(
        "unique_for",
        Duration(),
        "enqueue",
        needs=Needs("unique", "say what is unique: `unique: self.id`"),
    ),
    Option(
        "replace",
        Flag(),
        "enqueue",
        needs=Needs("unique", "say which job is replaced: `unique: self.id, replace: true`"),
        elsewhere="replace_args overwrite upsert",
    ),
    Option(
        "debounce",
        Duration(),
        "enqueue",
        needs=Needs("unique", "say which job is put off: `unique: self.id, debounce: 10.seconds`"),
        elsewhere="debounce_for quiet_period",
    ),
    Option(
        "at_most",
        Duration(),
        "enqueue",
        needs=Needs("debounce", "say how long a job waits for the next: `debounce: 10.seconds`"),
        elsewhere="max_debounce debounce_max_wait",
    ),
)

OPTIONS: Mapping[str, Option] = {option.name: option for option in _DECLARED}
"""All options by name; those of a job type in the order of its generated decorator."""

TYPE_OPTIONS: Mapping[str, Option] = {
    name: option for name, option in OPTIONS.items() if option.is_of_type
}
"""The options of a job type."""

ELSEWHERE: Mapping[str, str] = {
    word: option.name for option in _DECLARED for word in option.elsewhere.split()
}
"""Our options by their names in other queues."""


def locked_options(options: Mapping[str, Any]) -> dict[str, OptionValue]:
    """Return the options of a job type that differ from their defaults."""
    given = {name: options[name] for name in TYPE_OPTIONS if name in options}
    return {name: value for name, value in given.items() if value != TYPE_OPTIONS[name].default}
