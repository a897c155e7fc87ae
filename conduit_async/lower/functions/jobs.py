"""Jobs: a payload class and a handler for each."""

from ...job_options import (
    TYPE_OPTIONS,
    Duration,
    Form,
    OptionValue,
    WholeNumber,
    locked_options,
)
from ...package import PayloadClass, PythonFunction
from ...program import JobInfo
from ...python import literals
from ...python.annotations import named, payload_type
from .assignment import bind_reassigned_captures
from .blocks import block, without_final_return
from .captured import Captured
from .function_builder import FunctionBuilder
from .locals import survey_locals
from .module import Module
from .naming import Naming


def job_items(module: Module, job: JobInfo) -> tuple[PayloadClass, PythonFunction]:
    """Build the payload class and the handler of a job."""
    fields = tuple((c.python, payload_type(c, module.imports)) for c in job.captures)
    names = named(module.imports, {c.python: c.name for c in job.captures})
    payload = PayloadClass(
        job.payload, module.imports.use("dataclasses", "dataclass"), fields, names
    )
    return payload, _handler(module, job)


def _handler(module: Module, job: JobInfo) -> PythonFunction:
    fn = FunctionBuilder(
        Naming(module, {"job"}),
        module.resource,
        "job",
        awaits=True,
        job=job,
        captured=Captured(job.captures),
        locals=survey_locals(module.facts, job.block.body),
    )
    fn.captured.payload = payload = _payload(fn, job)
    fn.names.used.add(payload)
    bind_reassigned_captures(fn)
    body = without_final_return(block(fn, job.block.body))
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
    return ", ".join(texts)


def _option(module: Module, form: Form, value: OptionValue) -> str:
    match form, value:
        case Duration(), float(seconds):
            return literals.seconds(module.imports.use("datetime", "timedelta"), seconds)
        case WholeNumber(names=names), int(number):
            named = (name for name, each in names.items() if each == number)
            return next(map(literals.quoted, named), str(number))
        case _, tuple(texts):
            return literals.tuple_of([*map(literals.quoted, texts)])
    return literals.quoted(str(value))
