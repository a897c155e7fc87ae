"""The compiler: sources in, a Python package and diagnostics out. It reads and writes no files."""

from collections.abc import Mapping

from . import ast
from .check import check
from .check.async_blocks import all_jobs
from .config import Config
from .diagnostics import Diagnostic, Problems
from .output import Output, Progress
from .parse import parse
from .program import Program
from .source import Source

__all__ = ["Output", "Progress", "compile", "diagnose"]


def _quietly(what: str, done: int, total: int) -> None:
    pass


def compile(
    sources: Mapping[str, str],
    config: Config | None = None,
    progress: Progress = _quietly,
) -> Output:
    """Compile sources, given as paths and texts, into the files of a Python package."""
    config = config or Config()
    program, problems = _understand(sources, config, progress)
    if program is None or problems.has_errors:
        return Output({}, problems.sorted())

    from .emit import emit  # templates are slow to import, and only needed here
    from .plan import plan

    files = emit(plan(program, config), lambda *counts: progress("writing", *counts))
    hooks = [hook for resource in program.resources.values() for hook in resource.hooks]
    jobs = sum(1 for hook in hooks for _ in all_jobs(hook))
    return Output(files, problems.sorted(), jobs)


def diagnose(sources: Mapping[str, str], config: Config | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with sources, given as paths and texts."""
    _, problems = _understand(sources, config or Config(), _quietly)
    return problems.sorted()


def _understand(
    sources: Mapping[str, str], config: Config, progress: Progress
) -> tuple[Program | None, Problems]:
    problems = Problems()
    files: list[ast.File] = []
    for path, text in sorted(sources.items()):
        progress("reading", len(files), len(sources))
        files.append(parse(Source(path, text), problems))
    return check(files, config, problems), problems
