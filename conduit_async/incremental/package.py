"""The files of a package: some are emitted, then all are put together from the summaries."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

from ..config import Config
from ..diagnostics import Diagnostic
from ..emit.marks import Formatted, format_marked
from ..emit.render import frame_texts, lines_text, module_text, rows_text
from ..lower.package.rows import Row, RowHead, reserved_names, rows
from ..plan import ResourceModule, plan_frame, plan_modules, plan_records
from ..program import Program
from .output import Output, Progress
from .services import merged
from .summary import EmittedModule, EmittedRow, SourceSummary

Format: TypeAlias = Callable[[Iterable[str]], Iterator[Formatted]]
"""Gives texts with marks their form, in their order."""

_BETWEEN_ROWS = re.compile(r"\n+_\n+")


def emit_sources(
    program: Program,
    config: Config,
    summaries: Mapping[str, SourceSummary],
    outside: Iterable[SourceSummary],
    form: Format,
    progress: Progress,
) -> dict[str, str]:
    """The modules of sources; their summaries are told of them, and of the rows.

    `outside` are the summaries of the package's further sources.
    """
    outside = [*outside]
    found = _rows(program, summaries, [row.head for each in outside for row in each.rows])
    classes = {name for each in outside for name in each.classes}
    resources = [r for r in program.resources.values() if r.node.span.source.path in summaries]
    planned: list[ResourceModule] = []

    def texts() -> Iterator[str]:
        for each in found.values():
            yield rows_text([row for _, row in each])
        for module in plan_modules(program, config, resources, classes):
            planned.append(module)
            yield module_text(module)

    formatted = form(texts())
    for path, each in found.items():
        parts = _BETWEEN_ROWS.split(next(formatted).text)
        heads = [head for head, _ in each]
        summaries[path].rows[:] = map(EmittedRow, heads, parts[: len(heads)])
    files: dict[str, str] = {}
    total = sum(1 for resource in resources if resource.hooks)
    for done, result in enumerate(formatted):
        progress("writing", done, total)
        module, files[f"{planned[done].name}.py"] = planned[done], result.text
        services = sorted(module.job_services)
        summaries[module.source].modules.append(
            EmittedModule(module.name, module.jobs, result.lines, sorted(module.rows), services)
        )
    return files


def _rows(
    program: Program, paths: Iterable[str], outside: list[RowHead]
) -> dict[str, list[tuple[RowHead, Row]]]:
    found = rows(program)
    reserved = reserved_names([*outside, *(head for each in found.values() for head, _ in each)])
    if reserved:
        found = rows(program, reserved)
    return {path: found[path] for path in paths if path in found}


def assembled(
    summaries: Mapping[str, SourceSummary],
    texts: Mapping[str, str],
    diagnostics: tuple[Diagnostic, ...],
    config: Config,
) -> Output:
    """The package of sources, by path in their order, whose modules have these texts."""
    modules = [(path, module) for path, each in summaries.items() for module in each.modules]
    names = [module.name for _, module in modules]
    job_services = {name for _, module in modules for name in module.job_services}
    services = merged(each.services for each in summaries.values())
    frame = plan_frame(names, services, job_services, config)
    wanted = frame.services.rows.union(*(module.rows for _, module in modules))
    all_rows = {row.head.name: row for each in summaries.values() for row in each.rows}
    records = plan_records([row.head for row in all_rows.values()], wanted)
    jobs = [f"{module.name}.{job}" for _, module in modules for job in module.jobs]
    files = {name: format_marked(t).text for name, t in frame_texts(frame, records, jobs).items()}
    files["records.py"] += _joined([all_rows[name].text for name in records.rows])
    files["_lines.py"] = lines_text([(m.name, path, m.lines) for path, m in modules])
    files |= {f"{name}.py": texts[f"{name}.py"] for name in names}
    return Output(dict(sorted(files.items())), diagnostics, len(jobs), summaries)


def _joined(texts: Iterable[str]) -> str:
    """Rows below the imports, with black's blank lines between classes and aliases."""
    joined: list[str] = []
    between = "\n"
    for text in texts:
        is_class = text.startswith(("@", "class "))
        joined += ["\n\n" if is_class else between, text, "\n"]
        between = "\n\n" if is_class else ""
    return "".join(joined)
