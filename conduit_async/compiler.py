"""The compiler: sources in, a Python package and diagnostics out. It reads and writes no files."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from . import ast
from .check import check
from .config import Config
from .diagnostics import Diagnostic, Problems
from .incremental.output import Output, Previous, Progress
from .parse import parse
from .settings import check_config
from .source import Source

if TYPE_CHECKING:
    from .incremental.package import Format

__all__ = ["Output", "Previous", "Progress", "compile", "diagnose"]


def _quietly(what: str, done: int, total: int) -> None:
    pass


def compile(
    sources: Mapping[str, str],
    config: Config | None = None,
    progress: Progress = _quietly,
    previous: Previous | None = None,
    form: "Format | None" = None,
) -> Output:
    """Compile sources, given as paths and texts, into the files of a Python package.

    What is known of a previous compilation of the package, by the same compiler and configuration,
    saves time and changes nothing. `form` gives modules black's form; here, without it.
    """
    config = config or Config()
    problems = Problems()
    check_config(config, problems)
    if problems.has_errors:
        return Output({}, problems.sorted())
    from .emit.marks import format_all  # none of this is needed by `diagnose`
    from .incremental.package import assembled, emit_sources
    from .incremental.rebuild import rebuild
    from .incremental.summarize import summaries_of

    form = form or format_all
    if previous is not None:
        output = rebuild(sources, config, previous, form, progress)
        if output is not None:
            return output
    files = _parsed(sources, progress, problems)
    program = check(files, config, problems)
    if program is None:
        return Output({}, problems.sorted())
    summaries = summaries_of(program, files, program.resources.keys())
    texts = emit_sources(program, config, summaries, (), form, progress)
    return assembled(summaries, texts, problems.sorted(), config)


def diagnose(sources: Mapping[str, str], config: Config | None = None) -> tuple[Diagnostic, ...]:
    """What is wrong with sources, given as paths and texts."""
    config = config or Config()
    problems = Problems()
    check_config(config, problems)
    if not problems.has_errors:
        check(_parsed(sources, _quietly, problems), config, problems)
    return problems.sorted()


def _parsed(sources: Mapping[str, str], progress: Progress, problems: Problems) -> list[ast.File]:
    files: list[ast.File] = []
    for path, text in sorted(sources.items()):
        progress("reading", len(files), len(sources))
        files.append(parse(Source(path, text), problems))
    return files
