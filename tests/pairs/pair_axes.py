"""What varies from case to case, and which pairs of values cannot meet."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Case(NamedTuple):
    """One row of the table: a value of each axis."""

    kind: str
    worker: str
    enqueue: str
    what: str
    around: str

    def __str__(self) -> str:
        return ", ".join(self)


AXES: Mapping[str, Sequence[str]] = {
    "kind": (
        "coroutine",
        "thread",
        "batch",
        "generated",
        "Django task",
        "isolated coroutine",
        "isolated thread",
    ),
    "worker": ("one", "several processes", "idle beside", "behind a broker", "test kit"),
    "enqueue": (
        "hook",
        "queue",
        "conn",
        "asyncpg",
        "insert",
        "flow",
        "unique",
        "replacing",
        "second of a key",
        "in turn",
        "schedule",
    ),
    "what": (
        "completes",
        "retries",
        "fails behind steps",
        "sleeps",
        "times out",
        "is cancelled",
        "kills its worker",
        "dies behind steps",
        "claim refused",
        "outcome refused",
        "unreadable",
        "expires",
    ),
    "around": ("nothing", "pooler", "schema", "constraints", "older lock"),
}

UNTYPED = ("thread", "Django task", "isolated thread")
"""Kinds whose handlers take any payload: their jobs have no fingerprint."""
ISOLATED = ("isolated coroutine", "isolated thread")
"""Kinds whose jobs run in processes of their own."""
BEHIND_STEPS = ("fails behind steps", "dies behind steps")
"""What happens to jobs whose first attempt has finished steps."""
KILLS = ("kills its worker", "dies behind steps")
"""What happens to jobs whose first attempt ends with its process."""
WRITES_LAST = ("coroutine", "isolated coroutine", "generated")
"""Kinds whose jobs end with a write, which commits together with their end."""


def each_of(*pairs: tuple[str, Sequence[str], str]) -> dict[frozenset[str], str]:
    """The reason for each pair of one value and others."""
    return {frozenset((one, other)): why for one, others, why in pairs for other in others}


APART: Mapping[frozenset[str], str] = each_of(
    (
        "hook",
        ("coroutine", "batch", "isolated coroutine", *UNTYPED),
        "a hook enqueues the jobs of its own package",
    ),
    ("hook", ("unreadable",), "a hook checks what it enqueues"),
    ("hook", ("older lock",), "the hooks of an older package are not imported beside a newer one"),
    ("schedule", ("older lock",), "a schedule stores no fingerprint"),
    ("schedule", ("expires",), "a schedule says nothing of it"),
    ("batch", ("sleeps", *BEHIND_STEPS), "the jobs of a batch have no steps"),
    ("Django task", ("sleeps", *BEHIND_STEPS), "Django's tasks have no steps"),
    ("unreadable", UNTYPED, "these take any payload"),
    ("older lock", UNTYPED, "their jobs have no fingerprint"),
    ("test kit", ("Django task",), "Django's own runner calls it: tests/runtime/django_project"),
    ("test kit", ("is cancelled",), "it runs jobs in the thread of the test"),
    ("test kit", KILLS, "its worker is the process of the test"),
)
"""The pairs of values that cannot meet, with the reason."""


def may_meet(one: str, other: str) -> bool:
    """Whether a case may have both values."""
    return frozenset((one, other)) not in APART
