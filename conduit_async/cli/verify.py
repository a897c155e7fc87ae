"""Checks before writing that the output is valid Python: one bad module breaks its package."""

import warnings
from collections.abc import Iterable

from ..incremental.output import Output
from .files import shown
from .project import Project

_MAX_LENGTH = 80


def invalid_module(output: Output, names: Iterable[str], project: Project) -> str | None:
    """Return the error in the first file that is not Python, and the statement that it comes from.

    None if all the named files are valid.
    """
    for name in names:
        text = output.files.get(name, "") if name.endswith(".py") else ""
        try:
            with warnings.catch_warnings(action="ignore"):
                compile(text, name, "exec", dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = error.lineno or 0 if isinstance(error, SyntaxError) else 0
            reason = error.msg if isinstance(error, SyntaxError) else type(error).__name__
            return f"{_origin(output, name, line, project)} is not valid Python ({reason})"
    return None


def _origin(output: Output, name: str, line: int, project: Project) -> str:
    """Describe the source statement from which a line was generated, if it is known."""
    for path, module in ((p, m) for p, each in output.emitted.items() for m in each.modules):
        if f"{module.facts.name}.py" == name:
            place = project.shown[path]
            before = [start for start in module.lines if start <= line]
            if not before:
                return f"what was generated from {place}"
            start = module.lines[max(before)]
            if isinstance(start, str):
                path, _, number = start.rpartition(":")
                place, start = project.shown[path], int(number)
            statement = project.sources[path].split("\n")[start - 1].strip()
            text = statement if len(statement) <= _MAX_LENGTH else f"{statement[:_MAX_LENGTH]}…"
            return f"what was generated from `{shown(text)}` at {place}:{start}"
    return f"{shown(name)}, line {line}, which was generated,"
