"""The results of tools. docs/reference/dashboard-json.md describes the keys of each page."""

from typing import Any, TypeVar, cast, get_type_hints

from typing_extensions import TypedDict

from .small import small

Object = dict[str, Any]
Objects = list[Object]
R = TypeVar("R")


class Page(TypedDict):
    """What every page has: the paths in it whose text, list or object was cut."""

    cut: list[str]


class OverviewPage(Page):
    """What needs attention, the queues that are the furthest behind, and the workers."""

    concerns: Objects
    more_concerns: int
    not_checked: list[Any]
    queues: Objects
    more_queues: int
    workers: dict[str, int]


class Overview(TypedDict):
    from_jobs: OverviewPage


class MetricsPage(Page):
    """Attempts by minute, hour or day."""

    attempts: Objects


class Metrics(TypedDict):
    from_jobs: MetricsPage


class JobsPage(Page):
    """Jobs, how many match, and the cursor of the next page."""

    jobs: Objects
    count: Object | None
    count_in_words: str
    sorts: list[str]
    next: str | None
    searched_back_to: str | None


class Jobs(TypedDict):
    from_jobs: JobsPage


class JobPage(Page):
    """A job, why it waits, what it did, and where its code is."""

    job: Object
    reasons: list[str]
    waits: Objects
    payload: Any
    payload_bytes: int | None
    hidden: str | None
    attempts: Objects
    steps: Objects
    source: Object | None
    children: Object
    neighbours: Object
    unique: Object | None
    headers: Object
    trace: Object | None
    may: dict[str, bool]


class Job(TypedDict):
    from_jobs: JobPage


class ErrorsPage(Page):
    """Groups of failed jobs."""

    groups: Objects
    more_groups: int
    read: int
    searched_back_to: str | None
    older: str | None


class Errors(TypedDict):
    from_jobs: ErrorsPage


class QueuesPage(Page):
    """Queues, and the limits of types."""

    queues: Objects
    is_cut: bool
    type_limits: Objects


class Queues(TypedDict):
    from_jobs: QueuesPage


class TypesPage(Page):
    """Job types with their attempts in the period."""

    types: Objects
    more_types: int


class Types(TypedDict):
    from_jobs: TypesPage


class TypePage(Page):
    """All about one job type."""

    type: Object
    hooks: Objects
    enqueued_by: list[str]
    enqueues: list[str]
    calls: list[str]
    options: Object
    source: Object
    shapes: Objects
    activity: Objects


class Type(TypedDict):
    from_jobs: TypePage


class WorkersPage(Page):
    """Workers and, if one was named, the types that it handles."""

    workers: Objects
    more_workers: int
    lanes: Objects


class Workers(TypedDict):
    from_jobs: WorkersPage


class SchedulesPage(Page):
    """Schedules."""

    schedules: Objects
    more_schedules: int


class Schedules(TypedDict):
    from_jobs: SchedulesPage


class FlowPage(Page):
    """The jobs of a flow, and those that the others wait for."""

    flow: str
    status: str
    counts: dict[str, int]
    blockers: Objects
    more_blockers: int
    jobs: Objects
    more_jobs: int
    is_cut: bool


class Flow(TypedDict):
    from_jobs: FlowPage


class AuditPage(Page):
    """Actions, the newest first."""

    entries: Objects
    older: int | None


class Audit(TypedDict):
    from_jobs: AuditPage


class DoctorReport(Page):
    """What `conduit-jobs doctor` found."""

    findings: Objects
    checked: Any
    not_checked: Objects


class Doctor(TypedDict):
    from_jobs: DoctorReport


class PreflightReport(Page):
    """What `conduit-jobs preflight` found."""

    stranded: int
    findings: Objects


class Preflight(TypedDict):
    from_jobs: PreflightReport


class Checked(TypedDict):
    """What `conduitc check` found."""

    files: int
    diagnostics: Objects


class Explained(TypedDict):
    """Pages of `conduitc explain`."""

    pages: Objects


class Changed(TypedDict):
    """What an action changes. After a dry run, `count` says how many things it would change.

    With `is_at_least`, there may be more.
    """

    action: str
    dry_run: bool
    count: int
    is_at_least: bool
    note: str


def changed(
    action: str, dry_run: bool, count: int, note: str = "", is_at_least: bool = False
) -> Changed:
    """What an action changes."""
    return {
        "action": action,
        "dry_run": dry_run,
        "count": count,
        "is_at_least": is_at_least,
        "note": note,
    }


def result(kind: type[R], data: Object) -> R:
    """A result of this kind with those keys of the data that the kind has."""
    keys = get_type_hints(get_type_hints(kind)["from_jobs"])
    found, cut = small({key: data[key] for key in keys if key != "cut"})
    return cast("R", {"from_jobs": {**found, "cut": cut}})
