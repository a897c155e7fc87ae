"""The compiler: sources in, a Python package and diagnostics out. It reads and writes no files."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from . import ast
from .check import check
from .config import Config
from .diagnostics import Diagnostic, Problems
from .incremental.output import Output
from .lock_file import read_lock
from .package import locked_jobs, row_heads
from .parse import parse
from .settings import check_config
from .source import Source
from .upcasters import read_upcasters

if TYPE_CHECKING:
    from .emit.emit import Format, Progress
    from .graph.model import Graph
    from .package import EmittedSource, ModuleCode, Plan
    from .program import Program

__all__ = ["Output", "compile", "diagnose", "graph"]


def _quietly(what: str, done: int, total: int) -> None:
    pass


def compile(
    sources: Mapping[str, str],
    config: Config | None = None,
    progress: "Progress" = _quietly,
    previous: Output | None = None,
    form: "Format | None" = None,
    lock: str | None = None,
    upcasters: Source | None = None,
) -> Output:
    """Compile sources, given as paths and texts, into the files of a Python package.

    `previous` is the output of an earlier compilation by the same compiler with the same
    configuration: it saves time and does not change the result. `form` formats modules as black
    does; without `form`, this process formats them. `lock` is the text of the package's
    `jobs.lock`; the new lock is among the files. `upcasters` is the module that the configuration
    names.
    """
    config = config or Config()
    problems = Problems()
    check_config(config, problems)
    locked = read_lock(lock, problems)
    by_hand = read_upcasters(upcasters, config, problems)
    if problems.has_errors:
        return Output(problems.sorted())
    from .emit.emit import emit  # `diagnose` needs none of these imports
    from .emit.layout import format_all
    from .incremental.recheck import Checked, recheck
    from .incremental.summarize import summaries_of
    from .link.link import link
    from .lower.lower import lower
    from .plan.plan import plan_package

    checked = None
    if previous is not None and (previous.lock, previous.upcasters) == (lock, by_hand):
        checked = recheck(sources, config, locked, previous)
    if checked is None:
        files: list[ast.File] = _parsed(sources, progress, problems)
        program: Program | None = check(files, config, problems, lock=locked, upcasters=by_hand)
        if program is None:
            return Output(problems.sorted())
        summaries = summaries_of(program, files, program.resources.keys())
        checked = Checked(program, frozenset(summaries), summaries, problems.sorted())
    plan: Plan = plan_package(checked.program, config, checked.paths, row_heads(checked.kept))
    if checked.reserved not in (None, plan.reserved):
        # the rows of the previous output do not fit
        return compile(sources, config, progress, form=form, lock=lock, upcasters=upcasters)
    modules: Iterator[ModuleCode] = lower(plan)
    emitted: dict[str, EmittedSource] = emit(plan, modules, form or format_all, progress)
    emitted = dict(sorted({**checked.kept, **emitted}.items()))
    calls = (each.services for each in checked.summaries.values())
    linked: dict[str, str] = link(emitted, calls, config, locked, locked_jobs(plan))
    return Output(checked.diagnostics, linked, checked.summaries, emitted, by_hand)


def diagnose(
    sources: Mapping[str, str],
    config: Config | None = None,
    lock: str | None = None,
    upcasters: Source | None = None,
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of `compile` for sources, given as paths and texts."""
    return _checked(sources, config or Config(), lock, upcasters)[1].sorted()


def graph(
    sources: Mapping[str, str],
    config: Config | None = None,
    lock: str | None = None,
    upcasters: Source | None = None,
) -> "tuple[Graph | None, tuple[Diagnostic, ...]]":
    """Return the graph of what enqueues what, None after an error; and the diagnostics."""
    from .graph.build import build

    program, problems = _checked(sources, config or Config(), lock, upcasters)
    return build(program) if program is not None else None, problems.sorted()


def _checked(
    sources: Mapping[str, str], config: Config, lock: str | None, upcasters: Source | None
) -> "tuple[Program | None, Problems]":
    problems = Problems()
    check_config(config, problems)
    locked = read_lock(lock, problems)
    by_hand = read_upcasters(upcasters, config, problems)
    if problems.has_errors:
        return None, problems
    files = _parsed(sources, _quietly, problems)
    return check(files, config, problems, lock=locked, upcasters=by_hand), problems


def _parsed(sources: Mapping[str, str], progress: "Progress", problems: Problems) -> list[ast.File]:
    files: list[ast.File] = []
    for path, text in sorted(sources.items()):
        progress("reading", len(files), len(sources))
        files.append(parse(Source(path, text), problems))
    return files
