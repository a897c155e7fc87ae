"""Deletes ended jobs that are not kept any longer, beside the heartbeat."""

import time
from collections.abc import Sequence
from uuid import UUID

import psycopg

from ...postgres.steps import Run, run_steps
from ...statements.many import retention
from ...statements.many.purge import PAGE, START, Rule, purge_blocked, purge_page
from ...statements.many.refused import Refused
from ..every import Every
from ..timing import Timing

STEP = 0.05
"""Seconds after which a step deletes no further page."""
SMALLEST = 2
"""The fewest jobs of a page: the last job of a page begins the next page."""
AT_ONCE = 20
"""A step ends after so many jobs that Postgres refuses to delete: each takes many statements."""
LOGGED = 100
"""How many such jobs a worker logs, each once."""


class Pruner:
    """Walks through the jobs, a few pages a heartbeat, in one worker of a database at a time.

    That is the worker whose name sorts first. The database has the rules of retention, so any
    worker can apply them. If there are none, the worker asks for them as often as walks begin. A
    page has at most `page` jobs. At most `logged` jobs that Postgres refuses to delete are logged.
    """

    def __init__(self, timing: Timing, *, page: int | None = None, logged: int = LOGGED) -> None:
        self._seconds = timing.pruning
        self._next_walk = time.monotonic()
        self._delete = Every(0.0, self._pages, share=timing.pruning_share)
        self._rules: Sequence[Rule] = ()
        self._after = START
        self._young = (START, START)
        self._kept = _Kept(logged)
        self._most = self._limit = page or PAGE

    def step(self, run: Run, *, is_first: bool) -> None:
        """Delete a few pages, if there are any to delete and this worker `is_first`."""
        if not is_first:
            self._rules = ()
            return
        if not self._rules and time.monotonic() >= self._next_walk:
            self._begin(run)
        if self._rules:
            self._delete.if_due(run)

    def _pages(self, run: Run) -> None:
        end = time.monotonic() + STEP
        while self._rules and time.monotonic() < end:
            self._page(run)

    def _begin(self, run: Run) -> None:
        # The next walk begins then even if a step fails.
        self._next_walk = time.monotonic() + self._seconds
        self._rules = run(retention.rules())
        self._after = START
        if self._rules:
            self._young = retention.too_young(self._rules)

    def _page(self, run: Run) -> None:
        rules, self._rules = self._rules, ()
        limit, began = self._limit, time.monotonic()
        self._kept.count = 0
        try:
            page = run_steps(purge_page(rules, self._after, self._kept, limit), run)
        except psycopg.Error as error:
            if self._kept.count == AT_ONCE:
                self._after = self._kept.last
            elif limit == SMALLEST or not isinstance(error, psycopg.errors.QueryCanceled):
                raise
            self._limit = max(SMALLEST, limit // 8)
            self._rules = rules
            return
        if page.jobs < limit:
            run_steps(purge_blocked(rules), run)
            self._next_walk = time.monotonic() + self._seconds
            return
        if time.monotonic() < began + STEP:
            self._limit = min(self._most, 2 * limit)
        self._rules = rules
        self._after = self._skipped(page.last)

    def _skipped(self, last: UUID) -> UUID:
        """Where the walk goes on: it skips the jobs that are too young."""
        first, end = self._young
        return end if first <= last < end else last


class _Kept(Refused):
    """The jobs that Postgres refuses to delete, `count` of them in the present step."""

    def __init__(self, most: int) -> None:
        super().__init__("delete")
        self._most = most
        self.last = START
        self._logged: set[UUID] = set()

    def note(self, id: UUID, error: Exception) -> None:
        self.last = id
        self.count += 1
        if id not in self._logged and len(self._logged) < self._most:
            self._logged.add(id)
            self.log(id, error)
        if self.count == AT_ONCE:
            raise error
