"""Guarantees of the compiler for any text."""

import builtins
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import FrameType

from expressions import source, statements
from mutations import mutated, noise

from conduit_async.compiler import compile, diagnose
from conduit_async.config import Config
from conduit_async.diagnostics import MAX_DIAGNOSTICS
from conduit_async.render import as_text

LONGEST = 60
"""Seconds that one text may take on a busy machine; it usually takes hundredths."""


class TooSlow(Exception):
    """A text took longer than allowed."""


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TooSlow in the main thread if the block takes longer."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def check(text: str, connection: str = "sync") -> bool:
    """Compile a text: no crash, no hang, no file beside an error, and Python that compiles.

    Returns whether the text had no errors.
    """
    config = Config(connection="async" if connection == "async" else "sync", externs=("outside",))
    with within(LONGEST):
        output = compile({"a.conduit": text}, config)
        as_text(output.diagnostics, color=False)
        assert len(output.diagnostics) <= MAX_DIAGNOSTICS
        has_errors = any(each.severity == "error" for each in output.diagnostics)
        assert not (has_errors and output.files)
        for path, module in output.modules.items():
            builtins.compile(module, path, "exec")
    return not has_errors


def well_typed(random: Random, count: int) -> list[str]:
    """Random statements without those in which the checker finds an error."""
    lines = statements(random, count)
    for _ in range(4):
        text = source(lines, in_job=False)
        first = _first_line(text)
        wrong = {
            each.span.line - first
            for each in diagnose({"a.conduit": text})
            if each.severity == "error"
        }
        if not wrong:
            break
        lines = [line for number, line in enumerate(lines) if number not in wrong]
    return lines


def _first_line(text: str) -> int:
    """The line of the first statement, counted from 1."""
    before = text.index("let x = Search.get(self.title)\n")
    return text[:before].count("\n") + 2


def random_text(random: Random) -> str:
    """A random text of one of the kinds."""
    match random.randrange(4):
        case 0:
            return noise(random)
        case 1:
            return source(well_typed(random, 8), in_job=random.random() < 0.5)
        case _:
            return mutated(random)
