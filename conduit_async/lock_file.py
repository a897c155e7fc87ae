"""Reads the text of a lock for the compiler and reports its errors as diagnostics."""

from .diagnostics import Problems
from .lock.model import Lock
from .lock.text import LOCK_FILE, LockError, read, read_on_demand
from .source import Source, Span


def read_lock(text: str | None, problems: Problems, *, on_demand: bool = False) -> Lock:
    """Return the lock, empty if there is none; report a text that cannot be read (GEN614).

    With `on_demand`, it reads a job type when that is looked up, which may raise `EntryError`.
    """
    parse = read_on_demand if on_demand else read
    try:
        return parse(text) if text is not None else Lock()
    except LockError as error:
        source = Source(LOCK_FILE, text or "")
        start = source.offset(error.line)
        span = Span(source, start, source.line_end(start))
        problems.error("GEN614", span, f"this lock cannot be read: {error.reason}", error.hint)
        return Lock()
