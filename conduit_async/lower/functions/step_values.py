"""What steps and turns keep of variables, and how a later attempt gets it back."""

from collections.abc import Mapping

from ...program import Local, StepInfo
from ...python.code import Code, Line, assignment, compound
from ...python.literals import string
from .function_builder import FunctionBuilder


def turns_of(fn: FunctionBuilder, step: StepInfo) -> tuple[list[Line], list[Line]]:
    """What precedes a loop whose turns are stored, and what ends each turn."""
    if not step.kept:
        return [], []
    kept = {each.local: each.python for each in step.kept if each.local is not None}
    names = {local: fn.names.local(local) for local in kept}
    values = ", ".join(f"{kept[each]}={kept_of(fn, step, each, n)}" for each, n in names.items())
    reached = f"if await {fn.handle}.reached({string(step.name)}):"
    return (
        [compound(reached, restored(fn, step, names))],
        [Line(f"{fn.handle}.keep({step.record}({values}))")],
    )


def restored(fn: FunctionBuilder, step: StepInfo, names: Mapping[Local, str]) -> list[Line]:
    """Give variables what a step has kept of them."""
    lines, stored = [], f"{fn.handle}.kept({step.record})"
    if len(names) > 1:
        variable = fn.names.fresh("kept")
        lines, stored = [assignment(variable, stored)], variable
    return lines + [
        assignment(names[each.local], f"{stored}.{each.python}")
        for each in step.kept
        if each.local is not None
    ]


def kept_of(fn: FunctionBuilder, step: StepInfo, local: Local, name: str) -> str:
    """Build what a step keeps of a variable."""
    members = step.members.get(local)
    if members is None:
        return name
    return fn.operator("only", [Code(name), *(Code(string(each)) for each in members)]).text
