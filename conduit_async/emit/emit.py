"""Writes planned and lowered code as text, by templates and in black's format."""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from ..package import EmittedModule, EmittedRow, EmittedSource, ModuleCode, Plan
from .layout import Formatted
from .templates import render_template

Format: TypeAlias = Callable[[Iterable[str]], Iterator[Formatted]]
"""Formats texts with marks, in their order."""

Progress: TypeAlias = Callable[[str, int, int], None]
"""Takes the current step, how much of the step is done, and its total."""

_BETWEEN_ROWS = re.compile(r"\n+_\n+")


def emit(
    plan: Plan, modules: Iterable[ModuleCode], form: Format, progress: Progress
) -> dict[str, EmittedSource]:
    """Return the modules and rows of each planned source, by its path.

    Modules are passed one by one, so that `form` formats some while others are lowered.
    """
    lowered: deque[ModuleCode] = deque()

    def texts() -> Iterator[str]:
        for rows in plan.rows.values():
            yield render_template("rows.py.jinja", rows=[row for _, row in rows])
        for module in modules:
            lowered.append(module)
            yield render_template("resource.py.jinja", module=module)

    formatted = form(texts())
    rows: dict[str, tuple[EmittedRow, ...]] = {}
    for path, planned in plan.rows.items():
        parts = _BETWEEN_ROWS.split(next(formatted).text)
        rows[path] = tuple(map(EmittedRow, (head for head, _ in planned), parts))
    emitted: dict[str, list[EmittedModule]] = {path: [] for path in plan.rows}
    for done, result in enumerate(formatted):
        progress("writing", done, len(plan.modules))
        code = lowered.popleft()
        emitted[code.source].append(EmittedModule(code.facts, result.text, result.lines))
    return {path: EmittedSource(tuple(emitted[path]), rows[path]) for path in plan.rows}
