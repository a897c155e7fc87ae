"""Whether programs do what the language says; the first difference is reported."""

import builtins
import importlib
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from probe import as_written, check_types

from conduit_async.compiler import compile

from .evaluation.execute import Outcome
from .program import PLACES, Program, source_of
from .running import Result, load, plain, run

_MYPY = re.compile(r"^\w+/(\w+)\.py:(\d+): error: (.*?)  (\[.*\])$", re.MULTILINE)


@dataclass(frozen=True)
class Fault:
    """An error in a program; faults with the same `what` count as the same."""

    what: str
    detail: str


Faults = dict[int, Fault]
"""The faults of programs, by their numbers."""


def judge(programs: list[Program], folder: Path, dsn: str, *, crashes: bool = False) -> Faults:
    """Find the faults of programs. The folder and the tables in the database must not exist yet.

    With `crashes`, each job crashes once behind each of its stored steps.
    """
    faults: Faults = {}
    programs, files = _compiled(programs, faults)
    if programs:
        folder.mkdir()
        for name, text in files.items():
            (folder / name).write_text(text, "utf-8")
        results = run(load(folder), dsn, programs, crashes=crashes)
        faults |= _badly_typed(programs, folder) | _different(programs, results)
    return faults


def _compiled(programs: list[Program], faults: Faults) -> tuple[list[Program], dict[str, str]]:
    """The programs that compile, and the files of their package; adds the faults of the others."""
    while programs:
        try:
            files, refused = _compile(programs)
            with warnings.catch_warnings(action="error"):
                for name, text in files.items():
                    builtins.compile(text, name, "exec")
        except Exception as error:
            return _by_halves(programs, faults, error)
        if not refused:
            return programs, files
        faults |= refused
        programs = [each for each in programs if each.number not in refused]
    return [], {}


def _by_halves(
    programs: list[Program], faults: Faults, error: Exception
) -> tuple[list[Program], dict[str, str]]:
    """Find the programs that crash the compiler, or for which it writes invalid Python."""
    if len(programs) == 1:
        faults[programs[0].number] = Fault(type(error).__name__, str(error))
        return [], {}
    half = len(programs) // 2
    halves = programs[:half], programs[half:]
    sound = [each for part in halves for each in _compiled(part, faults)[0]]
    return _compiled(sound, faults)


def _compile(programs: list[Program]) -> tuple[dict[str, str], Faults]:
    """The files of a package, and the compiler's errors by program."""
    sources = _sources(programs)
    output = compile(sources, form=as_written)
    refused: Faults = {}
    for each in output.diagnostics:
        if each.severity == "error":
            fault = Fault(f"refused: {each.code}", f"{each.message}\n  {each.span.text}")
            path, line = each.span.source.path, each.span.line
            refused |= dict.fromkeys(_at(programs, sources, path, line), fault)
    return dict(output.modules), refused


def _sources(programs: list[Program]) -> dict[str, str]:
    groups: dict[str, list[Program]] = {}
    for program in programs:
        groups.setdefault(program.resource.path, []).append(program)
    return {path: source_of(ours[0].resource, ours) for path, ours in groups.items()}


def _at(programs: list[Program], sources: dict[str, str], path: str, line: int) -> Iterator[int]:
    """The program at a line of a source; all programs of the source if the line is in no hook."""
    found = None
    for text in sources[path].splitlines()[:line]:
        if text.startswith("unless self.id == ") and text.endswith("{ return }"):
            found = (int(text.split()[3]) - 1) // 2
    ours = (each.number for each in programs if each.resource.path == path)
    return (number for number in ours if found in (number, None))


def _badly_typed(programs: list[Program], folder: Path) -> Faults:
    """The errors of mypy in the package."""
    try:
        check_types(folder)
    except AssertionError as error:
        reported = str(error)
    else:
        return {}
    faults: Faults = {}
    sources = _sources(programs)
    lines = importlib.import_module(f"{folder.name}._lines").LINES
    for module, number, message, code in _MYPY.findall(reported):
        path, starts = lines[module]
        written = (folder / f"{module}.py").read_text("utf-8").splitlines()[: int(number)]
        start = next((each for each in range(int(number), 0, -1) if each in starts), 0)
        shown = "\n  ".join(line.strip() for line in written[start - 1 :])
        for each in _at(programs, sources, path, starts.get(start, 0)):
            faults.setdefault(each, Fault(f"mypy {code}", f"{message}\n  {shown}"))
    assert faults, reported
    return faults


def _different(programs: list[Program], results: dict[int, Result]) -> Faults:
    """The programs whose outcome differs from the expected one."""
    faults: Faults = {}
    for program in programs:
        for place in PLACES:
            result = results[program.key(place)]
            for what, wanted, got in _compared(program, place, result):
                if _with_classes(wanted) != _with_classes(got):
                    shown = f"in a {place}, expected {what}\n  {wanted}\ngot\n  {got}"
                    error = f"\nits error: {result.error}" if result.error else ""
                    faults.setdefault(program.number, Fault(f"{what} differ", shown + error))
                    break
    return faults


def _compared(program: Program, place: str, result: Result) -> list[tuple[str, Any, Any]]:
    outcome = program.expected[place]
    jobs = [job for each in outcome.jobs for job in _flat(each)]
    row = plain(program.written(place))
    columns = [name for name in row if _with_classes(row[name]) != _with_classes(result.row[name])]
    return [
        ("calls", outcome.calls, result.calls),
        ("failures", outcome.failed, result.failed),
        ("jobs", sorted(jobs, key=repr), sorted(result.jobs, key=repr)),
        ("columns", {name: row[name] for name in columns}, {n: result.row[n] for n in columns}),
    ]


def _flat(outcome: Outcome) -> list[tuple[int, bool, list[tuple[str, Any]]]]:
    jobs = [job for each in outcome.jobs for job in _flat(each)]
    return [(outcome.key, outcome.failed, outcome.calls), *jobs]


def _with_classes(value: Any) -> Any:
    """A value with its classes, since `True == 1` in Python."""
    match value:
        case dict():
            return {key: _with_classes(each) for key, each in value.items()}
        case list() | tuple():
            return [_with_classes(each) for each in value]
    return type(value), value
