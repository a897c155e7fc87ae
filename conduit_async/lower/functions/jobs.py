"""Jobs: a payload class and a handler for each."""

from collections.abc import Iterator, Sequence

from ...job_options import (
    TYPE_OPTIONS,
    Duration,
    Flag,
    Form,
    OptionValue,
    WholeNumber,
    locked_options,
)
from ...package import PayloadClass, PythonFunction
from ...program import Capture, JobInfo
from ...python import literals
from ...python.annotations import named, payload_type
from ...types import Record, innermost
from .assignment import bind_reassigned_captures
from .blocks import block, without_final_return
from .captured import Captured
from .function_builder import FunctionBuilder
from .locals import survey_locals
from .module import Module
from .naming import Naming


def job_items(module: Module, job: JobInfo) -> Iterator[PayloadClass | PythonFunction]:
    """Yield the payload class of a job, the classes of what its steps keep, and its handler."""
    yield _stored(module, job.payload, job.captures)
    for step in job.steps:
        if step.kept:
            yield _stored(module, step.record, step.kept, keeps_rows=True)
    yield _handler(module, job)


def _stored(
    module: Module, name: str, captures: Sequence[Capture], *, keeps_rows: bool = False
) -> PayloadClass:
    """The class of stored values; one that `keeps_rows` has rows, not snapshots of them."""

    def written(capture: Capture) -> str:
        if keeps_rows and isinstance(innermost(capture.type), Record):
            return module.annotation(capture.type)
        return payload_type(capture, module.imports)

    fields = tuple((each.python, written(each)) for each in captures)
    names = named(module.imports, {c.python: c.name for c in captures})
    return PayloadClass(name, module.imports.use("dataclasses", "dataclass"), fields, names)


def _handler(module: Module, job: JobInfo) -> PythonFunction:
    fn = FunctionBuilder(
        Naming(module, {"job"}),
        module.resource,
        "job",
        awaits=True,
        job=job,
        captured=Captured(job.captures),
        locals=survey_locals(module.facts, job.body),
    )
    fn.captured.payload = payload = _payload(fn, job)
    fn.names.used.add(payload)
    bind_reassigned_captures(fn)
    body = without_final_return(block(fn, job.body))
    return PythonFunction(
        job.python,
        _of_batch(module, job) if fn.is_batch else _of_job(module, job, payload),
        "None",
        (*fn.prologue, *body),
        job.block.doc,
        f"{module.imports.runtime('job_type')}({_options(module, job)})",
        is_async=True,
        span=job.block.span,
    )


def _of_job(module: Module, job: JobInfo, payload: str) -> tuple[str, ...]:
    return f"job: {module.job_context}", f"{payload}: {job.payload}"


def _of_batch(module: Module, job: JobInfo) -> tuple[str, ...]:
    context, of = module.imports.runtime("BatchContext"), module.imports.runtime("BatchJob")
    items = module.imports.use("builtins", "list")
    return f"batch: {context}[{module.services}]", f"jobs: {items}[{of}[{job.payload}]]"


def _payload(fn: FunctionBuilder, job: JobInfo) -> str:
    """Return how a handler reads its payload; a batch reads the payload of each job."""
    if fn.is_batch:
        return "job.payload"
    has_own = any(capture.kind == "self_path" for capture in job.captures)
    return fn.names.fresh(fn.module.record_variable) if has_own else "payload"


def _options(module: Module, job: JobInfo) -> str:
    """Return the options that differ from a job type's defaults."""
    texts = [literals.quoted(job.name), literals.quoted(job.fingerprint)]
    for name, value in locked_options(job.options).items():
        texts.append(f"{name}={_option(module, TYPE_OPTIONS[name].form, value)}")
    if job.was:
        texts.append(f"was={literals.tuple_of([*map(literals.quoted, job.was)])}")
    if job.stores_steps:
        steps = (f"{literals.quoted(each.name)}: {each.record or None}" for each in job.steps)
        texts.append(f"steps={{{', '.join(steps)}}}")
    return ", ".join(texts)


def _option(module: Module, form: Form, value: OptionValue) -> str:
    match form, value:
        case Duration(), float(seconds):
            return literals.seconds(module.imports.use("datetime", "timedelta"), seconds)
        case WholeNumber(names=names), int(number):
            named = (name for name, each in names.items() if each == number)
            return next(map(literals.quoted, named), str(number))
        case Flag(), bool(is_set):
            return str(is_set)
        case _, tuple(texts):
            return literals.tuple_of([*map(literals.quoted, texts)])
    return literals.quoted(str(value))
