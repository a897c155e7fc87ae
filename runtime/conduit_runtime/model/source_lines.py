"""From a line of generated code back to the line of the source."""

import importlib
from bisect import bisect_right
from functools import lru_cache
from types import TracebackType
from typing import Any

from .package import is_generated


def location(error: BaseException) -> str | None:
    """The innermost statement of a source that an exception passed, as "order.conduit:43"."""
    found = None
    trace: TracebackType | None = error.__traceback__
    while trace is not None:
        module = trace.tb_frame.f_globals.get("__name__", "")
        found = source_line(module, trace.tb_lineno) or found
        trace = trace.tb_next
    return found


def source_line(module: str, line: int) -> str | None:
    """The source and its line for a line of a generated module; None for any other module."""
    package, _, name = module.rpartition(".")
    entry = _table(package).get(name) if package else None
    if entry is None:
        return None
    source, lines, starts = entry
    index = bisect_right(starts, line)
    return f"{source}:{lines[starts[index - 1]]}" if index else source


@lru_cache(maxsize=256)
def _table(package: str) -> dict[str, tuple[str, dict[int, int], list[int]]]:
    """The lines of a generated package, with the sorted lines of each module; {} without any."""
    if not is_generated(package):
        return {}
    try:
        lines: Any = importlib.import_module(f"{package}._lines").LINES
        return {name: (source, table, sorted(table)) for name, (source, table) in lines.items()}
    except (ImportError, AttributeError):
        return {}
