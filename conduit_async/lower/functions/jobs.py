"""Jobs: for each a payload class and its handler."""

from collections.abc import Sequence

from ...config import Defaults
from ...package import Class, Function
from ...program import JobInfo
from ...python import literals
from ...python.annotations import payload_type
from .assignment import prepare
from .blocks import block, without_final_return
from .function_builder import FunctionBuilder
from .locals import survey_locals
from .module import Module

_PRIORITIES = {0: '"low"', 75: '"high"', 100: '"urgent"'}


def job_items(module: Module, job: JobInfo) -> tuple[Class, Function]:
    """The payload class and the handler of a job."""
    fields = tuple((c.python, payload_type(c, module.imports)) for c in job.captures)
    renamed = [f"{c.python}={literals.string(c.name)}" for c in job.captures if c.python != c.name]
    named = f"{module.imports.runtime('named')}({', '.join(renamed)})" if renamed else None
    payload = Class(job.payload, module.imports.use("dataclasses", "dataclass"), fields, named)
    return payload, _handler(module, job)


def _handler(module: Module, job: JobInfo) -> Function:
    fn = FunctionBuilder(
        module,
        module.resource,
        "job",
        awaits=True,
        job=job,
        captures=job.captures,
        locals=survey_locals(module.facts, job.block.body),
        used={"job"},
    )
    if fn.is_batch:
        return _batch_handler(module, job, fn)
    has_own = any(capture.kind == "self_path" for capture in job.captures)
    fn.payload = fn.fresh(module.record_variable) if has_own else "payload"
    fn.used.add(fn.payload)
    prepare(fn)
    body = without_final_return(block(fn, job.block.body))
    return Function(
        job.python,
        (f"job: {module.job_context}", f"{fn.payload}: {job.payload}"),
        "None",
        (*fn.prologue, *body),
        job.block.doc,
        f"{module.imports.runtime('job_type')}({_options(module, job)})",
        is_async=True,
        span=job.block.span,
    )


def _batch_handler(module: Module, job: JobInfo, fn: FunctionBuilder) -> Function:
    """A handler of several jobs, which makes one call with their values."""
    fn.payload = "job.payload"
    context, of = module.imports.runtime("BatchContext"), module.imports.runtime("BatchJob")
    items = module.imports.use("builtins", "list")
    return Function(
        job.python,
        (f"batch: {context}[{module.services}]", f"jobs: {items}[{of}[{job.payload}]]"),
        "None",
        tuple(without_final_return(block(fn, job.block.body))),
        job.block.doc,
        f"{module.imports.runtime('job_type')}({_options(module, job)})",
        is_async=True,
        span=job.block.span,
    )


def _options(module: Module, job: JobInfo) -> str:
    """What differs from a job type's defaults."""
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
            texts.append(f"{name}={_tuple(given[name])}")
    if job.was:
        texts.append(f"was={_tuple(job.was)}")
    return ", ".join(texts)


def _duration(module: Module, seconds: float) -> str:
    return literals.seconds(module.imports.use("datetime", "timedelta"), seconds)


def _tuple(texts: Sequence[str]) -> str:
    return f"({', '.join(map(literals.quoted, texts))}{',' if len(texts) == 1 else ''})"
