"""Job types with the activity of their jobs, as rows of the page of types."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from conduit_runtime.model.dashboard.types import TypeActivity, TypeShape, present
from conduit_runtime.model.queues.controls import TypeLimits


@dataclass(frozen=True, slots=True)
class LimitsRow:
    """The limits of a job type, and where each comes from: at most `starts` in `per` seconds."""

    type: str
    concurrency: int | None
    concurrency_from: str | None
    starts: int | None
    per: float | None
    rate_from: str | None
    key_concurrency: int | None
    key_concurrency_from: str | None
    key_starts: int | None
    key_per: float | None
    key_rate_from: str | None
    key_order: str | None


def limits_row(limits: TypeLimits) -> LimitsRow:
    """The limits as pages show them."""
    return LimitsRow(
        limits.type,
        limits.concurrency,
        limits.concurrency_from,
        limits.starts,
        None if limits.per is None else limits.per.total_seconds(),
        limits.rate_from,
        limits.key_concurrency,
        limits.key_concurrency_from,
        limits.key_starts,
        None if limits.key_per is None else limits.key_per.total_seconds(),
        limits.key_rate_from,
        limits.key_order,
    )


@dataclass(frozen=True, slots=True)
class TypeSummary:
    """A job type: where it comes from, and its attempts in a period.

    `is_described` says whether a worker has described the type, `is_live` whether a live worker
    handles it. `source` is as in "order.conduit:31". `failure_rate` is the share of attempts that
    failed, `mean` the average duration of an attempt in seconds, `p95` that of the slow ones.
    """

    type: str
    queue: str
    source: str
    shapes: int
    is_described: bool
    is_live: bool
    running: int
    succeeded: int
    failed: int
    failure_rate: float | None
    mean: float | None
    p95: float | None
    limits: LimitsRow | None


def summaries(
    shapes: Sequence[TypeShape],
    activity: Sequence[TypeActivity],
    limits: Sequence[TypeLimits] = (),
) -> list[TypeSummary]:
    """The types that workers have described or that have jobs, by name."""
    described = {type_: [*each] for type_, each in groupby(shapes, lambda shape: shape.type)}
    active = {each.type: each for each in activity}
    limited = {each.type: each for each in limits}
    return [
        _summary(
            *(type_, described.get(type_, ()), active.get(type_, TypeActivity(type_))),
            limited.get(type_),
        )
        for type_ in sorted({*described, *active})
    ]


def _summary(
    type_: str, shapes: Sequence[TypeShape], activity: TypeActivity, limits: TypeLimits | None
) -> TypeSummary:
    known = present([*shapes]) if shapes else None
    return TypeSummary(
        type_,
        known.queue if known else "",
        place(known) if known else "",
        len(shapes),
        known is not None,
        any(each.is_live for each in shapes),
        activity.running,
        activity.succeeded,
        activity.failed,
        activity.failure_rate,
        activity.mean,
        activity.p95,
        limits_row(limits) if limits else None,
    )


def place(shape: TypeShape) -> str:
    """The place of a type's code, as in "order.conduit:31" or "shop.handlers.send"."""
    source = shape.description.source
    if source is None or not source.path:
        return ""
    return f"{source.path}:{source.line}" if shape.fingerprint else source.path
