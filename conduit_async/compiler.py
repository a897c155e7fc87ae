"""The compiler: sources in, a Python package and diagnostics out. It reads and writes no files."""

from collections.abc import Mapping

from . import ast
from .check import check
from .config import Config
from .diagnostics import Diagnostic, Problems
from .output import Layouts, Output, Previous, Progress
from .parse import parse
from .settings import check_config
from .source import Source

__all__ = ["Output", "Previous", "Progress", "compile", "diagnose"]


def _quietly(what: str, done: int, total: int) -> None:
    pass


def compile(
    sources: Mapping[str, str],
    config: Config | None = None,
    progress: Progress = _quietly,
    previous: Previous | None = None,
    layouts: Mapping[str, str] | None = None,
) -> Output:
    """Compile sources, given as paths and texts, into the files of a Python package.

    What is known of a previous compilation of the same sources, before some of them changed, by the
    same compiler and configuration, saves time and changes nothing. So do the layouts of an earlier
    one by the same compiler.
    """
    config = config or Config()
    problems = Problems()
    check_config(config, problems)
    if problems.has_errors:
        return Output({}, problems.sorted())
    known = Layouts(layouts or {})
    if previous is not None:
        from .increment import recompile  # not needed by `diagnose`

        if (output := recompile(sources, config, previous, known)) is not None:
            return output
    files = _parsed(sources, progress, problems)
    program = check(files, config, problems)
    if program is None:
        return Output({}, problems.sorted())

    from .emit import emit_frame, emit_module, emit_records  # templates are slow to import
    from .parts import parts_of
    from .plan import plan_frame, plan_modules, plan_records

    modules = plan_modules(program, config, program.resources.values())
    job_services = frozenset[str]().union(*(module.job_services for module in modules))
    names = [module.name for module in modules]
    frame = plan_frame(names, program.services, job_services, config)
    rows = frame.services.rows.union(*(module.rows for module in modules))
    texts = {"records.py": emit_records(plan_records(program, rows), known)}
    written = []
    for done, module in enumerate(modules):
        progress("writing", done, len(modules))
        one, texts[f"{module.name}.py"] = emit_module(module, known)
        written.append(one)
    texts |= emit_frame(frame, written, known)
    jobs = sum(len(module.jobs) for module in modules)
    parts = parts_of(program, files, written, program.resources)
    return Output(dict(sorted(texts.items())), problems.sorted(), jobs, parts, known.used)


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
