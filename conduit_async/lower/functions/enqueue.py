"""`@async`: the enqueue of a job where control reaches it."""

from ... import ast
from ...program import JobInfo
from ..expressions.dispatch import lower
from ..python import literals
from ..python.code import Code, Line, Strength, made_of
from .blocks import rule
from .captures import value_of
from .destination import Into
from .function_builder import Frame


@rule(ast.Async)
def enqueue(frame: Frame, node: ast.Async, into: Into) -> list[Line]:
    """One job, with what it captures and its options."""
    job = frame.module.facts.jobs[node]
    codes = [value_of(frame, capture) for capture in job.captures]
    options = _options(frame, job)
    hints = [*(capture.python for capture in job.captures), *options]
    codes = frame.in_order([*codes, *options.values()], hints)
    before = [line for code in codes for line in code.before]
    options = dict(zip(options, codes[len(job.captures) :], strict=True))
    given = [
        f"{capture.python}={code.text}" for capture, code in zip(job.captures, codes, strict=False)
    ]
    arguments = [job.python, f"{job.payload}({', '.join(given)})"]
    arguments += [f"{name}={code.text}" for name, code in options.items()]
    return [*before, Line(f"{frame.handle}.enqueue({', '.join(arguments)})")]


def _options(frame: Frame, job: JobInfo) -> dict[str, Code]:
    """The options that are decided at the enqueue."""
    found: dict[str, Code] = {}
    for name, value in job.options.items():
        if name in ("delay", "unique_for"):
            found[name] = _duration(frame, value)
        elif name == "run_at":
            found[name] = lower(frame, value)
        elif name == "unique":
            found[name] = _unique(frame.in_order([lower(frame, node) for node in value]))
    return found


def _duration(frame: Frame, value: ast.Expr | float) -> Code:
    if isinstance(value, ast.Node):
        return lower(frame, value)
    timedelta = frame.module.imports.use("datetime", "timedelta")
    return Code(literals.seconds(timedelta, value), Strength.PRIMARY)


def _unique(codes: list[Code]) -> Code:
    if len(codes) == 1:
        return codes[0]
    text = ", ".join(code.at(Strength.TERNARY) for code in codes)
    return made_of(f"({text})", Strength.ATOM, codes)
