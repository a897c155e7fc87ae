"""What meets limits, order and fairness by key, and which pairs of values cannot meet."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pair_axes import each_of


class KeyCase(NamedTuple):
    """One row of the table of keys: a value of each axis."""

    held: str
    turns: str
    extra: str
    enqueue: str
    worker: str
    does: str
    meanwhile: str
    around: str

    def __str__(self) -> str:
        return ", ".join(self)


AXES: Mapping[str, Sequence[str]] = {
    "held": ("limit", "limit of queue", "rate", "weight", "order"),
    "turns": ("any", "fair"),
    "extra": ("plain", "expiring", "replacing"),
    "enqueue": ("queue", "asyncpg", "insert", "children", "flow"),
    "worker": (
        "coroutine",
        "thread",
        "isolated",
        "shared child",
        "two pools",
        "behind a broker",
        "test kit",
        "dequeue",
    ),
    "does": ("completes", "retries", "sleeps", "waits", "fails", "uses"),
    "meanwhile": (
        "nothing",
        "pause",
        "run now",
        "move",
        "prioritize",
        "cancel",
        "retry all",
        "delete",
    ),
    "around": ("no schema", "schema"),
}

APART = each_of(
    ("replacing", ("insert",), "a plain INSERT gives no unique value"),
    ("replacing", ("flow",), "the jobs of a flow replace none"),
    (
        "dequeue",
        ("sleeps", "waits", "uses", "children", "flow"),
        "a loop of one's own runs no handler",
    ),
    ("run now", ("children", "flow"), "the children are due when their parents have run"),
    (
        "delete",
        ("completes", "retries", "sleeps", "waits", "uses"),
        "only a failed job holds others",
    ),
    ("delete", ("replacing",), "the failed job is replaced behind it"),
)
"""The pairs of values that cannot meet, with the reason."""


def may_meet(one: str, other: str) -> bool:
    """Whether a case may have both values."""
    return frozenset((one, other)) not in APART
