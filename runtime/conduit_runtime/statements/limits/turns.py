"""Fair queues: their jobs start by turns of their keys, those of the highest priority first.

A claim finds whose turn it is under the lock of the queue's row, and notes where it ended.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, TypeVar
from uuid import UUID

from ...postgres.arrays import array, integers, uuids
from ...postgres.statement import Rows, Statement, nothing
from ...postgres.steps import Steps
from ..claims import J

T = TypeVar("T")

MOST_BY_TURNS = 100
"""The most jobs that a claim with turns takes: so many are before one whose key comes next."""
_HEADS = 100
"""How many due jobs of a lane are read before a walk looks for those of other keys."""
_PASSED = 1_000
"""How many keys without a due job a walk passes over."""


class _Found(NamedTuple):
    ids: list[UUID]
    is_flooded: bool
    ends: tuple[list[str], list[int], list[str], list[str], list[bool]]


@dataclass(slots=True)
class Turns:
    """The turns of a claim in its `fair` queues, of which it takes so many jobs at most.

    `more` says that there may be jobs behind those that it found.
    """

    fair: Mapping[str, int]
    more: bool = False
    _ids: list[UUID] = field(default_factory=list)
    _ends: tuple[list[str], list[int], list[str], list[str], list[bool]] | None = None

    def find(
        self, claim: Statement[Any], taken: Iterable[J] = (), parked: Collection[str] = ()
    ) -> Steps[None]:
        """Find the jobs that this claim takes from fair queues, beside the `taken` ones.

        Jobs of the `parked` keys were found before, and had no room.
        """
        if not self.fair:
            return
        parameters = {
            **claim.parameters,
            **self._had(taken),
            "fair": array(self.fair),
            "fair_sizes": integers(self.fair.values()),
            "parked_keys": array(parked),
            "heads": _HEADS,
            "passed": _PASSED,
        }
        finding = Statement("turns/find", parameters, _read, claim.fragments)
        found: _Found = yield finding
        self._ids, self.more, self._ends = found.ids, found.is_flooded, found.ends

    def of(self, claim: Statement[T]) -> Statement[T]:
        """The claim, which takes from fair queues the jobs that were found."""
        if not self.fair:
            return claim
        return replace(
            claim,
            parameters={**claim.parameters, "fair": array(self.fair), "turns": uuids(self._ids)},
            fragments={
                **claim.fragments,
                "unless_fair": "WHERE wanted.queue <> ALL (%(fair)s::text[])",
                "by_turns": "{turns/rows}",
            },
        )

    def note(self, jobs: Collection[J]) -> Steps[None]:
        """Note that these jobs had their turns."""
        self.more = self.more and bool(jobs or (self._ends and self._ends[0]))
        had = self._had(jobs)
        if self._ends is None or not (had["had_queues"] or self._ends[0]):
            return
        queues, priorities, rings, places, is_round = self._ends
        parameters = {
            **had,
            "end_queues": array(queues),
            "end_priorities": integers(priorities),
            "end_rings": array(rings),
            "end_places": array(places),
            "end_rounds": array(is_round),
        }
        yield Statement("turns/note", parameters, nothing)

    def _had(self, jobs: Iterable[J]) -> dict[str, Any]:
        """The parameters that say which keys had how many turns."""
        had = Counter((job.queue, job.priority, job.key) for job in jobs if job.queue in self.fair)
        return {
            "had_queues": array([queue for queue, _, _ in had]),
            "had_priorities": integers([priority for _, priority, _ in had]),
            "had_keys": array([key for _, _, key in had]),
            "had_turns": integers(had.values()),
        }


def forget_turns() -> Statement[None]:
    """Forget turns of an hour ago, a page at a time: their groups may have no more jobs."""
    return Statement("turns/forget", {}, nothing)


def _read(rows: Rows, count: int) -> _Found:
    [(ids, is_flooded, *ends)] = rows
    return _Found(ids, is_flooded, tuple(ends))
