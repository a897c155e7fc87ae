"""Reports the faults of programs, each with the smallest program that shows it."""

import shutil
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import uuid4

from .judging import Fault, Faults, judge
from .program import Program
from .shrink import shrunk
from .source.show import show

_SHRINKING = 120.0
"""Seconds for shrinking programs."""

_MOST = 5
"""How many faults are reported at most."""


def faults_of(
    programs: list[Program],
    folder: Path,
    new_database: Callable[[], AbstractContextManager[str]],
    *,
    crashes: bool = False,
) -> list[str]:
    """The faults, with the source and the seed of each program; packages go to the folder.

    With `crashes`, each job crashes once behind each of its stored steps.
    """

    def judged(some: list[Program]) -> Faults:
        package = folder / f"random_{uuid4().hex}"
        with new_database() as dsn:
            try:
                return judge(some, package, dsn, crashes=crashes)
            finally:
                shutil.rmtree(package, ignore_errors=True)

    faults = judged(programs)
    end = time.monotonic() + _SHRINKING
    reported: dict[str, str] = {}
    for program in programs:
        fault = faults.get(program.number)
        if fault is not None and fault.what not in reported and len(reported) < _MOST:
            reported[fault.what] = _reported(program, fault, judged, end)
    rest = len(faults) - len(reported)
    return [*reported.values(), *([f"and {rest} more"] if rest else [])]


def _reported(
    program: Program, fault: Fault, judged: Callable[[list[Program]], Faults], end: float
) -> str:
    details = {program: fault}

    def failing(smaller: list[Program]) -> list[Program]:
        if time.monotonic() > end:
            return []
        faults = judged(smaller)
        found = [each for each in smaller if _same(faults.get(each.number), fault)]
        details.update((each, faults[each.number]) for each in found)
        return found

    small = shrunk(program, failing)
    functions = [show(each) for each in small.resource.functions if each.name in show(small.body)]
    return "\n".join(
        [
            f"seed {program.seed}, after {small.resource.event}: {fault.what}",
            details[small].detail,
            f"row {small.row}",
            *([f"before {small.previous}"] if small.previous else []),
            *functions,
            show(small.body),
        ]
    )


def _same(one: Fault | None, other: Fault) -> bool:
    return one is not None and one.what == other.what
