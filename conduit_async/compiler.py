"""The compiler: sources in, a Python package and diagnostics out. It reads and writes no files."""

from collections.abc import Mapping
from dataclasses import dataclass

from .check import check
from .check.async_blocks import all_jobs
from .config import Config
from .diagnostics import Diagnostic, Problems
from .parse import parse
from .program import Program
from .source import Source


@dataclass(frozen=True)
class Output:
    """What a compilation gives.

    `files` are the package's by path; there are none when a diagnostic is an error.
    """

    files: dict[str, str]
    diagnostics: tuple[Diagnostic, ...]
    job_types: int = 0


def compile(sources: Mapping[str, str], config: Config | None = None) -> Output:  # noqa: A001
    """Compile sources, given as paths and texts, into the files of a Python package."""
    config = config or Config()
    program, problems = _understand(sources, config)
    if program is None or problems.has_errors:
        return Output({}, problems.sorted())

    from .emit import emit  # the formatter is slow to import, and only needed here
    from .plan import plan

    files = emit(plan(program, config))
    hooks = [hook for resource in program.resources.values() for hook in resource.hooks]
    jobs = sum(1 for hook in hooks for _ in all_jobs(hook))
    return Output(files, problems.sorted(), jobs)


def diagnose(sources: Mapping[str, str], config: Config | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with sources, given as paths and texts."""
    _, problems = _understand(sources, config or Config())
    return problems.sorted()


def _understand(sources: Mapping[str, str], config: Config) -> tuple[Program | None, Problems]:
    problems = Problems()
    files = [parse(Source(path, text), problems) for path, text in sorted(sources.items())]
    return check(files, config, problems), problems
