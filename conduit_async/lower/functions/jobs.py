"""Jobs: a payload class and a handler for each."""

from ...config import Defaults
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

_PRIORITIES = {0: '"low"', 75: '"high"', 100: '"urgent"'}


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
    defaults, given = Defaults(), job.options
    texts = [literals.quoted(job.name), literals.quoted(job.fingerprint)]
    if job.queue != defaults.queue:
        texts.append(f"queue={literals.quoted(job.queue)}")
    if job.priority != defaults.priority:
        texts.append(f"priority={_PRIORITIES.get(job.priority, str(job.priority))}")
    if job.max_attempts != defaults.max_attempts:
        texts.append(f"max_attempts={job.max_attempts}")
    for name in ("timeout", "base"):
        if given.get(name) is not None:
            texts.append(f"{name}={_duration(module, given[name])}")
    if given.get("backoff", "exponential") != "exponential":
        texts.append(f"backoff={literals.quoted(given['backoff'])}")
    for name in ("concurrency", "rate_limit", "per", "batch", "wait"):
        if name in given:
            value = given[name]
            is_duration = isinstance(value, float)
            texts.append(f"{name}={_duration(module, value) if is_duration else value}")
    for name in ("retry_on", "discard_on"):
        if name in given:
            texts.append(f"{name}={literals.tuple_of([*map(literals.quoted, given[name])])}")
    if job.was:
        texts.append(f"was={literals.tuple_of([*map(literals.quoted, job.was)])}")
    return ", ".join(texts)


def _duration(module: Module, seconds: float) -> str:
    return literals.seconds(module.imports.use("datetime", "timedelta"), seconds)
