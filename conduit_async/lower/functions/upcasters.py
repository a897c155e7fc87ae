"""Older payloads: a class and an upcaster for each."""

from collections.abc import Iterator

from ...lock.model import Unreadable
from ...lock.upcast import Upcast
from ...lock.upcasting import lost_values
from ...names import snake_case
from ...package import PayloadClass, PythonFunction
from ...program import JobInfo, OlderPayload
from ...python import literals
from ...python.annotations import named
from ...python.code import Line
from ...python.older_classes import older_classes
from ...python.upcast_code import upcast_code
from .module import Module


def older_items(module: Module, job: JobInfo) -> Iterator[PayloadClass | PythonFunction]:
    """Yield the classes of a job's older payloads, each with its upcaster if that is generated."""
    for fingerprint, older in job.older_payloads.items():
        for each in older_classes(module.program, job, older, module.imports):
            names = named(module.imports, each.renamed)
            yield PayloadClass(
                each.name, module.imports.use("dataclasses", "dataclass"), each.fields, names
            )
        if older.by_hand:
            continue
        if isinstance(older.upcast, Upcast):
            yield _upcaster(module, job, fingerprint, older, older.upcast)
        elif older.upcast.looks_readable:
            yield _refusal(module, job, fingerprint, older, older.upcast)


def _upcaster(
    module: Module, job: JobInfo, fingerprint: str, older: OlderPayload, upcast: Upcast
) -> PythonFunction:
    taken = module.defined | module.imports.records
    code = upcast_code(module.program, job, older.fields, upcast, module.imports, taken)
    parameters = [f"{code.old}: {older.classes['']}"]
    if code.job is not None:
        parameters.append(f"{code.job}: {module.job_context}")
    return _decorated(
        module, job, fingerprint, older, _lossy(job, older), tuple(parameters), code.statements
    )


def _refusal(
    module: Module, job: JobInfo, fingerprint: str, older: OlderPayload, why: Unreadable
) -> PythonFunction:
    """Return an upcaster that keeps payloads from being read as present ones."""
    refuses = f", refuses={literals.string(f'{why.field} {why.reason}')}"
    error = module.imports.use("builtins", "NotImplementedError")
    parameters = (f"old: {older.classes['']}",)
    return _decorated(module, job, fingerprint, older, refuses, parameters, (f"raise {error}",))


def _decorated(
    module: Module,
    job: JobInfo,
    fingerprint: str,
    older: OlderPayload,
    arguments: str,
    parameters: tuple[str, ...],
    statements: tuple[str, ...],
) -> PythonFunction:
    return PythonFunction(
        f"_{snake_case(older.classes[''])}" if "_" in module.defined else "_",
        parameters,
        job.payload,
        tuple(Line(text, span=job.block.header) for text in statements),
        decorator=f"{module.imports.runtime('upcast')}"
        f"({job.python}, {literals.quoted(fingerprint)}{arguments})",
        is_async=len(parameters) > 1,
        span=job.block.header,
    )


def _lossy(job: JobInfo, older: OlderPayload) -> str:
    """Return the argument that says which fields do not have the captured values."""
    lost: dict[str, list[str]] = {}
    for path, name in lost_values(older.fields, job.new_fields):
        lost.setdefault(path, []).append(name)
    items = (
        f"{literals.quoted(path)}: {literals.quoted(' or '.join(names))}"
        for path, names in lost.items()
    )
    return f", lossy={{{', '.join(items)}}}" if lost else ""
