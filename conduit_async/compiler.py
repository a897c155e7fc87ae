"""The compiler: sources in, a Python package and diagnostics out. It reads and writes no files."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from .config import Config
from .diagnostics import Diagnostic, Problems
from .front_end import check_sources, quietly, read_inputs
from .incremental.output import Output
from .lock.entries import EntryError
from .source import Source

if TYPE_CHECKING:
    from .emit.emit import Format, Progress
    from .graph.model import Graph
    from .incremental.planned import Planned
    from .package import EmittedSource, ModuleCode

__all__ = ["Output", "compile", "diagnose", "graph"]


def compile(
    sources: Mapping[str, str],
    config: Config | None = None,
    progress: "Progress" = quietly,
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
    problems = Problems()
    inputs = read_inputs(config, lock, upcasters, problems)
    if problems.has_errors:
        return Output(problems.sorted())
    from .emit.emit import emit  # `diagnose` needs none of these imports
    from .emit.layout import format_all
    from .incremental.planned import plan_all
    from .incremental.recheck import recheck
    from .link.link import link
    from .lower.lower import lower
    from .package import locked_jobs

    planned: Planned | None = None
    if previous is not None and (previous.lock, previous.upcasters) == (lock, inputs.upcasters):
        planned = recheck(sources, inputs, previous)
    planned = planned or plan_all(sources, inputs, problems, progress)
    if planned is None:
        return Output(problems.sorted())
    modules: Iterator[ModuleCode] = lower(planned.plan)
    new: dict[str, EmittedSource] = emit(planned.plan, modules, form or format_all, progress)
    emitted = dict(sorted({**planned.kept, **new}.items()))
    calls = (each.services for each in planned.summaries.values())
    jobs = locked_jobs(planned.plan)
    linked: dict[str, str] = link(emitted, calls, inputs.config, inputs.lock, jobs)
    return Output(planned.diagnostics, linked, planned.summaries, emitted, inputs.upcasters)


def diagnose(
    sources: Mapping[str, str],
    config: Config | None = None,
    lock: str | None = None,
    upcasters: Source | None = None,
    *,
    on_demand: bool = False,
) -> tuple[Diagnostic, ...]:
    """Return the diagnostics of `compile` for sources, given as paths and texts.

    With `on_demand`, job types of the lock that the sources do not look up may be invalid.
    """
    problems = Problems()
    inputs = read_inputs(config, lock, upcasters, problems, on_demand=on_demand)
    try:
        check_sources(sources, inputs, problems)
    except EntryError:
        return diagnose(sources, config, lock, upcasters)
    return problems.sorted()


def graph(
    sources: Mapping[str, str],
    config: Config | None = None,
    lock: str | None = None,
    upcasters: Source | None = None,
) -> "tuple[Graph | None, tuple[Diagnostic, ...]]":
    """Return the graph of what enqueues what, None after an error; and the diagnostics."""
    from .graph.build import build

    problems = Problems()
    checked = check_sources(sources, read_inputs(config, lock, upcasters, problems), problems)
    return build(checked.program) if checked is not None else None, problems.sorted()
