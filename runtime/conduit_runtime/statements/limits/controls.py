"""The settings of operators for queues. Statements without IO."""

from datetime import timedelta
from typing import Literal, TypeAlias

from ...model.arguments import describe_argument
from ...model.payload import check_name
from ...model.queues.controls import check_count
from ...model.queues.retention import check_age, in_seconds
from ...postgres.statement import Statement, nothing
from ...postgres.steps import Steps
from .type_limits import apply_source

Fair: TypeAlias = bool | Literal["source"]
"""Whether the keys of a queue take turns, or that its job types decide."""


def pause(queue: str) -> Statement[None]:
    """Pause a queue: no job is claimed from it until it is resumed."""
    check_name(queue, "queue")
    return Statement("limit/pause", {"queue": queue}, nothing)


def resume(queue: str) -> Statement[None]:
    """Resume a paused queue."""
    check_name(queue, "queue")
    return Statement("limit/resume", {"queue": queue}, nothing)


def limit(queue: str, concurrency: int | None, *, per_key: bool = False) -> Statement[None]:
    """Limit how many jobs of a queue, or of each key in it, run at once; None lifts the limit."""
    check_name(queue, "queue")
    if concurrency is not None:
        check_count(concurrency, "concurrency", "to run none of its jobs, pause the queue")
    parameters = {"queue": queue, "concurrency": concurrency}
    column = "key_concurrency" if per_key else "concurrency"
    return Statement("limit/limit", parameters, nothing, {"column": column})


def share(queue: str, fair: Fair) -> Steps[None]:
    """Let the keys of a queue take turns or not, as the statements of one transaction.

    "source" leaves it to the source of its job types.
    """
    check_name(queue, "queue")
    if fair == "source":
        yield Statement("limit/share_to_source", {"queue": queue}, nothing)
        yield from apply_source()
        return
    if not isinstance(fair, bool):
        raise ValueError(describe_argument("fair", fair, 'True, False or "source"'))
    yield Statement("limit/share", {"queue": queue, "fair": fair}, nothing)


def retention(
    queue: str,
    keep_completed: timedelta | None,
    keep_failed: timedelta | None,
    keep_steps: timedelta | None,
) -> Statement[None]:
    """Set how long the ended jobs of a queue are kept; None leaves the choice to its workers.

    `keep_steps` is how long the steps of completed jobs are kept; None keeps none.
    """
    check_name(queue, "queue")
    parameters: dict[str, str | float | None] = {"queue": queue}
    ages = {"keep_completed": keep_completed, "keep_failed": keep_failed, "keep_steps": keep_steps}
    for name, age in ages.items():
        check_age(age, name)
        parameters[name] = in_seconds(age)
    return Statement("limit/retention", parameters, nothing)
