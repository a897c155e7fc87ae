"""What gateways and remote workers tell each other: JSON, version 1; nothing here does IO."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType, json

from ..model.arguments import LONGEST
from ..model.attempts.failed_job import FailedJob
from ..model.attempts.outcome import Outcome
from ..model.new_job import Count, NewJob, Seconds
from ..model.queues.controls import OnFailure, SourceLimits
from ..model.type_description import DescribedType
from ..worker.run.handler import MAX_WAIT

VERSION = 1
"""The version of all messages. A reader refuses others."""
LARGEST = 15_000_000
"""The most bytes of a message: a broker takes 16 MiB unless it is configured to take more."""

# Bounded, since a gateway calculates with these and Postgres stores them, whatever a worker sends.
Integer: TypeAlias = Annotated[int, Meta(ge=-(2**31), le=2**31)]
Microseconds: TypeAlias = Annotated[int, Meta(ge=-(2**62), le=2**62)]
Positive: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Period: TypeAlias = Annotated[float, Meta(ge=0.001, le=31_536_000)]
Wait: TypeAlias = Annotated[float, Meta(ge=0, le=MAX_WAIT)]
LongWait: TypeAlias = Annotated[float, Meta(ge=0, le=LONGEST.total_seconds())]
Name: TypeAlias = Annotated[str, Meta(max_length=500)]

Claim: TypeAlias = tuple[UUID, UUID]
"""The id of a job, and the token of its claim."""


class JobEntry(Struct, omit_defaults=True):
    """A claimed job, as `model.claimed.Claimed` describes it; `payload` is JSON.

    `expires` says that the job may expire before its start, so a worker asks whether it may begin.
    A payload that may be nested too deeply for a reader comes as JSON text in `nested` instead:
    only what runs the job has to read it.
    """

    id: UUID
    token: UUID
    attempts: int
    max_attempts: int
    priority: int
    run_at: int
    seq: int
    rescues: int = 0
    key: str | None = None
    timeout: float | None = None
    expires: float | None = None
    flow: UUID | None = None
    headers: str | None = None
    fingerprint: str = ""
    began: bool = False
    weight: int = 1
    payload: Raw | UnsetType = UNSET
    nested: str = ""


class Jobs(Struct):
    """Claimed jobs of one type, in the order in which they start. To a worker.

    Their outcomes go to `gateway`, which numbers its messages.
    """

    version: int
    database: str
    gateway: str
    number: int
    queue: str
    type: str
    jobs: list[JobEntry]


class OutcomeEntry(Struct, omit_defaults=True):
    """The outcome of an attempt; without an `outcome` the attempt completed.

    `elapsed` and `ago`, the time since it began, are in seconds; `ago` is None if it did not begin.
    `result` is the kept return value as JSON text, with the seconds until it expires. A failed
    attempt comes with the job's `payload` and `headers` as JSON text. `has_steps` and `waits` are
    those of `statements.outcomes.Attempt`.
    """

    id: UUID
    token: UUID
    type: str
    queue: str
    run_at: Microseconds
    attempts: Integer
    max_attempts: Integer
    elapsed: Seconds = 0.0
    ago: Seconds | None = None
    flow: UUID | None = None
    outcome: Outcome | None = None
    children: list[NewJob] = []
    result: tuple[str, Seconds] | None = None
    payload: str | None = None
    headers: str | None = None
    has_steps: bool = False
    waits: bool = False


class Outcomes(Struct):
    """The outcomes of attempts. To the gateway that published the jobs."""

    version: int
    worker: str
    outcomes: list[OutcomeEntry]


class Begin(Struct, tag=True):
    """Asks whether a job may begin that was rescued before, or that may have expired.

    Its start is written. Reply: a bool.
    """

    version: int
    worker: str
    question: int
    claim: Claim


class Progress(Struct, tag=True):
    """How far a job is. Reply: a bool, whether the job is still held."""

    version: int
    worker: str
    question: int
    claim: Claim
    note: dict[str, Any]


class Used(Struct, tag=True):
    """For how many a job counts. Reply: a bool, whether the job is still held."""

    version: int
    worker: str
    question: int
    claim: Claim
    weight: Positive


class Results(Struct, tag=True):
    """Asks for the results of the jobs that this job of a flow waited for. Reply: a list."""

    version: int
    worker: str
    question: int
    id: UUID


class ReadSteps(Struct, tag=True):
    """Asks for the stored steps of a job. Reply: False if it is not held, else `StoredSteps`."""

    version: int
    worker: str
    question: int
    claim: Claim


StoredSteps: TypeAlias = tuple[Mapping[str, str], list[str]]
"""The values of finished steps by name, as JSON, and the names of sleeps that go on."""


class StoreStep(Struct, tag=True):
    """The record of a step. Reply: a bool, whether it is stored: the job is still held."""

    version: int
    worker: str
    question: int
    claim: Claim
    attempt: Integer
    name: Name
    value: str
    elapsed: Seconds
    is_loop: bool


class WaitInStep(Struct, tag=True):
    """Begins or ends a sleep or a wait. Reply: as `statements.steps.Waited`."""

    version: int
    worker: str
    question: int
    claim: Claim
    attempt: Integer
    name: Name
    seconds: LongWait
    is_signal: bool


class Holding(Struct, tag=True):
    """Jobs that have run for a while, each with the seconds since it began.

    To all gateways of the database. Reply: the ids of the jobs that are still held.
    """

    version: int
    worker: str
    question: int
    jobs: list[tuple[UUID, UUID, Seconds]]


class Redelivered(Struct, tag=True):
    """The broker delivered these jobs twice: their worker may be dead. To all gateways."""

    version: int
    worker: str
    jobs: list[Claim]


OfStep: TypeAlias = ReadSteps | StoreStep | WaitInStep
Question: TypeAlias = Begin | Progress | Used | Results | Holding | OfStep
Request: TypeAlias = Question | Redelivered
CANNOT_SAY = None
"""The answer of a gateway whose database is away, or that is busy with this question already."""


@dataclass(frozen=True, slots=True)
class Limits(SourceLimits):
    """Limits that a worker sends, such that Postgres can store them."""

    concurrency: Positive | None = None
    starts: Positive | None = None
    seconds: Period | None = None
    key_concurrency: Positive | None = None
    key_starts: Positive | None = None
    key_seconds: Period | None = None
    key_order: OnFailure | None = None
    fair: Name | None = None

    def __post_init__(self) -> None:
        if (self.starts is None) is not (self.seconds is None) or (self.key_starts is None) is not (
            self.key_seconds is None
        ):
            raise ValueError("a rate has starts and seconds")


class Hello(Struct, omit_defaults=True):
    """What a worker runs. To all gateways, every few seconds.

    `readers` names, by type, the reader that marks jobs as unreadable; `batches` has, by type, the
    size of a batch and the seconds that jobs wait for it. `descriptions` come now and then.
    """

    version: int
    worker: str
    host: str
    pid: Count
    package: str | None
    queues: Mapping[str, Count | None]
    concurrency: Count
    lanes: list[tuple[Name, Name]]
    readers: Mapping[str, str] = {}
    batches: Mapping[str, tuple[Count, Wait]] = {}
    limits: Mapping[str, Limits] = {}
    descriptions: list[DescribedType] | None = None
    reports_failures: bool = False
    is_stopping: bool = False


class Reply(Struct, tag=True, omit_defaults=True):
    """The answer to a question of this worker, or the `problem` for which there will be none."""

    question: int
    answer: Any
    problem: str = ""


class Stop(Struct, tag=True):
    """Stop or drop these jobs: they are no longer held. To all workers."""

    jobs: list[Claim]


class Release(Struct, tag=True):
    """Release jobs that have not begun: operators changed something. To all workers.

    It concerns this gateway's messages up to a number, also those that arrive later.
    """

    gateway: str
    up_to: int


class Failed(Struct, tag=True):
    """A job of this worker's types ended failed."""

    job: FailedJob


Control: TypeAlias = Reply | Stop | Release | Failed

encode = json.Encoder().encode
