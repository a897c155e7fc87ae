"""Whether the code of generated packages reads the payloads of jobs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..job_types.upcast import Upcast
from ..model.errors import PayloadMismatch
from ..model.lanes import is_unreadable, marked, original
from ..worker.run.handler import Handler
from ..worker.run.handlers import HandlerRegistry

Reads = Literal["yes", "upcast", "lossy", "no"]
"""`lossy`: they run, but some fields do not get the values that were captured, or some calls of
theirs are not made."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether payloads can be read, and by what, or why not."""

    reads: Reads
    message: str = ""


class Readers:
    """The job types of packages, as far as they read payloads."""

    def __init__(
        self,
        handlers: HandlerRegistry,
        missing_columns: Mapping[Callable[..., Any], str] | None = None,
        lost_calls: Callable[[str, str], Sequence[str]] = lambda type, fingerprint: (),
    ) -> None:
        """`missing_columns` has the column that an upcaster reads and that its table lacks.

        `lost_calls` gives the calls that jobs of a type and shape lose.
        """
        self._handlers = handlers
        self._lost_calls = lost_calls
        self._missing_columns = missing_columns or {}

    def merged(self, type: str, fingerprint: str) -> str:
        """The fingerprint; for an unreadable job, without the marks of other code's readers."""
        shape = original(fingerprint)
        if not is_unreadable(fingerprint):
            return shape
        is_own = not self._handlers.may_read((type, fingerprint))
        handler = self._handlers.by_type.get(type)
        return marked(shape, handler.reader if handler is not None and is_own else "")

    def knows(self, type: str, fingerprint: str) -> bool:
        """Whether the fingerprint is enough to know if payloads are read."""
        handler = self._handlers.by_type.get(type)
        return handler is None or fingerprint in _shapes(handler)

    def verdict(self, type: str, fingerprint: str, payloads: Iterable[str]) -> Verdict:
        """Whether jobs of this type and fingerprint are read, given payloads of some of them.

        The payloads matter only if the fingerprint is not enough. An unreadable job is judged by
        the shape with which it was enqueued, unless this same code found it unreadable.
        """
        found = self._fit(type, fingerprint, payloads)
        if found.reads == "no" or not (lost := self._lost_calls(type, original(fingerprint))):
            return found
        message = f"the package no longer calls {', '.join(lost)} for these jobs"
        return Verdict("lossy", "; ".join(filter(None, [found.message, message])))

    def _fit(self, type: str, fingerprint: str, payloads: Iterable[str]) -> Verdict:
        handler = self._handlers.by_type.get(type)
        if handler is None:
            return Verdict("no", "no job type of the package has this name")
        shape = original(fingerprint)
        upcast = handler.upcasts.get(shape)
        if upcast is not None and upcast.refuses:
            return Verdict("no", upcast.refuses)
        decode = handler.decode if upcast is None else upcast.decode
        problems = []
        texts = [] if self.knows(type, fingerprint) else [*payloads]
        for text in texts:
            try:
                decode(text)
            except PayloadMismatch as mismatch:
                problems.append(str(mismatch))
        if problems:
            share = f"{len(problems)} of {len(texts)} payloads do not fit" if texts[1:] else ""
            return Verdict("no", ": ".join(filter(None, [share, problems[0]])))
        if not self._handlers.may_read((type, fingerprint)):
            return Verdict("no", "this code could not read them before: `jobs retry` tries again")
        if upcast is not None and (column := self._missing_columns.get(upcast.function)):
            reason = f"the upcaster in {_place(upcast)} reads {column}, which the table lacks"
            return Verdict("no", f"{reason}: if it was renamed, say so by `@was`")
        if upcast is not None:
            by = f"by the upcaster in {_place(upcast)}"
            if upcast.lossy:
                lost = ", ".join(f"{new} may be {old}" for new, old in upcast.lossy.items())
                return Verdict("lossy", f"{by}, without captured values: {lost}")
            return Verdict("upcast", by)
        is_own = shape in ("", *_shapes(handler))
        return Verdict("yes", "" if is_own else "the package lacks this shape, but payloads fit")


def _shapes(handler: Handler) -> set[str]:
    return {handler.fingerprint or "", *handler.upcasts}


def _place(upcast: Upcast[Any, Any]) -> str:
    function = upcast.function
    return f"{function.__module__}, line {function.__code__.co_firstlineno}"
