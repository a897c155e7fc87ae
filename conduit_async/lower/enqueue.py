"""`@async`: the enqueue of a job where control reaches it."""

from .. import ast
from ..program import JobInfo
from . import literals
from .captures import value_of
from .code import Code, Line, Strength
from .drive import lower
from .frame import Frame


def enqueue(frame: Frame, job: JobInfo) -> list[Line]:
    """One job, with what it captures and its options."""
    codes = [value_of(frame, capture) for capture in job.captures]
    codes = frame.in_order(codes, [capture.python for capture in job.captures])
    given = [
        f"{capture.python}={code.text}" for capture, code in zip(job.captures, codes, strict=True)
    ]
    options = _options(frame, job)
    before = [line for code in [*codes, *options.values()] for line in code.before]
    arguments = [job.python, f"{job.payload}({', '.join(given)})"]
    arguments += [f"{name}={code.text}" for name, code in options.items()]
    return [*before, Line(f"{frame.handle}.enqueue({', '.join(arguments)})")]


def _options(frame: Frame, job: JobInfo) -> dict[str, Code]:
    """The options that are decided at the enqueue."""
    found: dict[str, Code] = {}
    given = job.options
    if "delay" in given:
        found["delay"] = _duration(frame, given["delay"])
    if "run_at" in given:
        found["run_at"] = lower(frame, given["run_at"])
    if "unique" in given:
        found["unique"] = _unique([lower(frame, node) for node in given["unique"]])
    if "unique_for" in given:
        found["unique_for"] = _duration(frame, given["unique_for"])
    return found


def _duration(frame: Frame, value: ast.Expr | float) -> Code:
    if isinstance(value, ast.Node):
        return lower(frame, value)
    timedelta = frame.module.imports.use("datetime", "timedelta")
    return Code(literals.seconds(timedelta, value), Strength.PRIMARY)


def _unique(codes: list[Code]) -> Code:
    before = tuple(line for code in codes for line in code.before)
    texts = [code.at(Strength.TERNARY) for code in codes]
    if len(texts) == 1:
        return Code(texts[0], before=before)
    return Code(f"({', '.join(texts)})", before=before)
