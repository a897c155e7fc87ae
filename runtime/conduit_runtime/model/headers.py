"""The headers that a block of code gives to the jobs that it enqueues."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType

from .calls import entered_job
from .claimed import Claimed
from .stored_headers import check_headers, read_headers

NO_HEADERS: Mapping[str, str] = MappingProxyType({})

_Given = tuple[object, Mapping[str, str]]
_NOTHING: _Given = (None, NO_HEADERS)
# With the job that runs in the block, if one does: another job that inherits the context, such as
# those of a pool that the block starts, has headers of its own.
_given: ContextVar[_Given] = ContextVar("conduit_headers", default=_NOTHING)


@contextmanager
def headers(given: Mapping[str, str] = NO_HEADERS, /, **named: str) -> Iterator[None]:
    """Give headers to all jobs that the block enqueues, such as the tenant and a request's id.

    Headers are strings: `headers(tenant="acme")`, or a mapping for names with hyphens. An inner
    block adds to the outer one. A job's own `headers` come first. Use a plain `with`, in
    asynchronous code too. Raises PayloadError for headers that a job cannot have.
    """
    added = {**given, **named}
    check_headers(added)
    before, found = _given.get(), {**headers_here(), **added}
    check_headers(found)
    _given.set((entered_job.get(None), found))
    try:
        yield
    finally:
        _given.set(before)  # no reset: a framework may end the block in another context


def headers_here() -> Mapping[str, str]:
    """The headers of the blocks around, inside of the headers of the job that runs here."""
    job = entered_job.get(None)
    owner, found = _given.get()
    if owner is job:
        return found
    return read_headers(job.headers) if isinstance(job, Claimed) else NO_HEADERS
