"""A progress bar for long compilations, on a terminal."""

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

    from ..emit.emit import Progress

_DELAY = 0.7  # seconds before the bar appears


@contextmanager
def shown_progress() -> "Iterator[Progress]":
    """Yield a callback for progress; a terminal shows a bar if the compilation takes long."""
    started = time.monotonic()
    is_terminal = sys.stderr.isatty()
    bar: Bar | None = None
    with ExitStack() as stack:

        def progress(what: str, done: int, total: int) -> None:
            nonlocal bar
            if bar is None and is_terminal and time.monotonic() - started > _DELAY:
                bar = stack.enter_context(_new_bar())
                bar.add_task(what)
            if bar is not None:
                bar.update(bar.task_ids[0], description=what, completed=done, total=total)

        yield progress


def _new_bar() -> "Bar":
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()
    return Bar(*columns, console=Console(stderr=True), transient=True)
