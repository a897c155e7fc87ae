"""The service calls that jobs would have made, and that the code of packages does not make."""

from collections.abc import Callable

from ..job_types.description.uses import Uses, uses_of
from ..statements import preflight
from ..worker.run.handlers import HandlerRegistry
from .reading import Snapshot


class LostCalls:
    """Compares the code of packages with what workers have described of theirs."""

    def __init__(self, database: Snapshot, handlers: HandlerRegistry) -> None:
        self._handlers = handlers
        self._described: dict[tuple[str, str], Uses] = {}
        self._latest: dict[str, Uses] = {}
        for each in database.read(preflight.described_uses()):
            uses = Uses(frozenset(each.enqueues), frozenset(each.calls))
            self._described[each.type, each.fingerprint] = uses
            if not each.is_older:
                self._latest[each.type] = uses

    def of(self, type: str, fingerprint: str) -> list[str]:
        """The calls that the package does not make for such jobs, nor for jobs that they enqueue.

        The list is empty if no worker has described the type.
        """
        described = self._described.get((type, fingerprint)) or self._latest.get(type)
        if described is None:
            return []
        before = _all_calls({**self._latest, type: described}.get, type)
        return sorted(before - _all_calls(self._present, type))

    def _present(self, type: str) -> Uses | None:
        handler = self._handlers.by_type.get(type)
        return None if handler is None or handler.job_type is None else uses_of(handler.function)


def _all_calls(uses: Callable[[str], Uses | None], type: str) -> set[str]:
    """The calls of jobs of a type, and of the jobs that they enqueue."""
    seen, next_ = {type}, [type]
    calls: set[str] = set()
    while next_:
        found = uses(next_.pop())
        if found is not None:
            calls |= found.calls
            next_ += found.enqueues - seen
            seen |= found.enqueues
    return calls
