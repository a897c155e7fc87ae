"""`@async`: the enqueue of a job where control reaches it."""

from ... import ast
from ...program import JobInfo
from ...python import literals
from ...python.code import Code, Line, Precedence, combine
from ..expressions.dispatch import lower
from .blocks import rule
from .captures import value_of
from .destination import Destination
from .function_builder import FunctionBuilder


@rule(ast.Async)
def enqueue(fn: FunctionBuilder, node: ast.Async, dest: Destination) -> list[Line]:
    """One job, with what it captures and its options."""
    job = fn.module.facts.jobs[node]
    codes = [value_of(fn, capture) for capture in job.captures]
    options = _options(fn, job)
    hints = [*(capture.python for capture in job.captures), *options]
    codes = fn.in_order([*codes, *options.values()], hints)
    before = [line for code in codes for line in code.before]
    options = dict(zip(options, codes[len(job.captures) :], strict=True))
    given = [
        f"{capture.python}={code.text}" for capture, code in zip(job.captures, codes, strict=False)
    ]
    arguments = [job.python, f"{job.payload}({', '.join(given)})"]
    arguments += [f"{name}={code.text}" for name, code in options.items()]
    return [*before, Line(f"{fn.handle}.enqueue({', '.join(arguments)})")]


def _options(fn: FunctionBuilder, job: JobInfo) -> dict[str, Code]:
    """The options that are decided at the enqueue."""
    found: dict[str, Code] = {}
    for name, value in job.options.items():
        if name in ("delay", "unique_for", "run_at"):
            if isinstance(value, float | int):
                text = literals.seconds(fn.use("datetime", "timedelta"), value)
                found[name] = Code(text, Precedence.PRIMARY)
            else:
                found[name] = lower(fn, value)
        elif name == "unique":
            codes = fn.in_order([lower(fn, node) for node in value])
            text = ", ".join(code.at(Precedence.TERNARY) for code in codes)
            several = len(codes) > 1
            found[name] = combine(f"({text})", Precedence.ATOM, codes) if several else codes[0]
    return found
