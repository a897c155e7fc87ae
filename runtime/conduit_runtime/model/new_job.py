"""A job as an enqueue stores it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeAlias
from uuid import UUID

from msgspec import Meta, Struct

# Bounded, since Postgres stores these, whatever a remote worker sends.
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Weight: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Seconds: TypeAlias = Annotated[float, Meta(ge=0, le=1e11)]
Delay: TypeAlias = Annotated[float, Meta(ge=-1e11, le=1e11)]
Timeout: TypeAlias = Annotated[float, Meta(ge=0)]
JsonText: TypeAlias = Annotated[str, Meta(description="JSON")]


class NewJob(Struct, omit_defaults=True):
    """A job that was checked; times are in seconds.

    The fields are the columns that an enqueue sets. `digest`, `unique_for` and `at_most` are for a
    unique job; with `at_most`, it replaces an existing job, which is put off until then unless it
    is 0. `flow` and `on_failure` are for a job of a flow, which waits for the first job of each
    pair in `dependencies`.
    """

    id: UUID
    queue: str
    type: str
    payload: JsonText
    priority: Count
    max_attempts: Count
    fingerprint: str = ""
    key: str | None = None
    timeout: Timeout | None = None
    expires: Seconds | None = None
    weight: Weight | None = None
    run_at: datetime | None = None
    delay: Delay = 0.0
    headers: JsonText | None = None
    flow: UUID | None = None
    on_failure: str | None = None
    digest: str | None = None
    unique_for: Seconds | None = None
    at_most: Seconds | None = None
    dependencies: Sequence[tuple[UUID, UUID]] = ()


OPTIONAL = NewJob.__struct_fields__[-len(NewJob.__struct_defaults__) :]
"""The fields that have a default."""
_BESIDE = {"digest", "unique_for", "at_most", "dependencies"}
COLUMNS = tuple(name for name in NewJob.__struct_fields__ if name not in _BESIDE)
"""The columns of the Postgres type `conduit_new_job`, in its order."""
PLAIN = tuple(name for name in COLUMNS if name not in {"delay", "flow", "on_failure"})
"""The columns of `jobs` that an INSERT of a pending job sets; roles that enqueue may set them."""
