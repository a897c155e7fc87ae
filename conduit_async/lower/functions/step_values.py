"""What steps and turns keep of variables, and how a later attempt gets it back."""

from ...program import Capture, StepInfo
from ...python.code import Code, Line, assignment, compound
from ...python.literals import string
from .function_builder import FunctionBuilder


def turns_of(fn: FunctionBuilder, step: StepInfo) -> tuple[list[Line], list[Line]]:
    """What precedes a loop whose turns are stored, and what ends each turn."""
    if not step.kept:
        return [], []
    reached = f"if await {fn.handle}.reached({string(step.name)}):"
    return (
        [compound(reached, restored(fn, step))],
        [Line(f"{fn.handle}.keep({record_of(fn, step)})")],
    )


def variable_of(fn: FunctionBuilder, kept: Capture) -> str:
    """The variable that holds a kept value: of a local, or of a field that the code has set."""
    if kept.local is not None:
        return fn.names.local(kept.local)
    field = fn.captured.find("self_path", kept.path)
    assert field is not None
    return fn.reassign_capture(field)


def restored(fn: FunctionBuilder, step: StepInfo) -> list[Line]:
    """Give variables what a step has kept of them."""
    lines, stored = [], f"{fn.handle}.kept({step.record})"
    if len(step.kept) > 1:
        variable = fn.names.fresh("kept")
        lines, stored = [assignment(variable, stored)], variable
    return lines + [
        assignment(variable_of(fn, each), f"{stored}.{each.python}") for each in step.kept
    ]


def record_of(fn: FunctionBuilder, step: StepInfo) -> str:
    """Build what a step keeps of the variables."""
    values = (f"{each.python}={_kept_of(fn, step, each)}" for each in step.kept)
    return f"{step.record}({', '.join(values)})" if step.kept else ""


def _kept_of(fn: FunctionBuilder, step: StepInfo, kept: Capture) -> str:
    members = step.members.get(kept.local) if kept.local is not None else None
    name = variable_of(fn, kept)
    if members is None:
        return name
    return fn.operator("only", [Code(name), *(Code(string(each)) for each in members)]).text
