"""Older payloads: a class and an upcaster for each."""

from collections.abc import Iterator

from ...lock.upcast import Upcast
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
        if isinstance(older.upcast, Upcast) and not older.by_hand:
            yield _upcaster(module, job, fingerprint, older, older.upcast)


def _upcaster(
    module: Module, job: JobInfo, fingerprint: str, older: OlderPayload, upcast: Upcast
) -> PythonFunction:
    taken = module.defined | module.imports.records
    code = upcast_code(module.program, job, older.fields, upcast, module.imports, taken)
    own = older.classes[""]
    parameters = [f"{code.old}: {own}"]
    if code.job is not None:
        parameters.append(f"{code.job}: {module.job_context}")
    return PythonFunction(
        f"_{snake_case(own)}" if "_" in module.defined else "_",
        tuple(parameters),
        job.payload,
        tuple(Line(text, span=job.block.header) for text in code.statements),
        decorator=f"{module.imports.runtime('upcast')}"
        f"({job.python}, {literals.quoted(fingerprint)})",
        is_async=code.job is not None,
        span=job.block.header,
    )
