"""Sensitive fields that functions read of a record, which a job's snapshot of it is without."""

from .. import ast
from ..program import FunctionCall, FunctionInfo, Local, Program, RecordColumn
from ..walk import walk


def sensitive_read(program: Program, function: FunctionInfo, position: int) -> str | None:
    """The sensitive field that a function, or one that it calls, reads of a parameter's record.

    `position` is the parameter's, from 0; the field is given as `Resource.field`.
    """
    pending, seen = [(function, position)], {(id(function), position)}
    while pending:
        current, index = pending.pop()
        name = current.parameters[index].name
        for node in walk(current.body):
            match program.facts.resolutions.get(node):
                case RecordColumn(resource=resource, column=column) if (
                    column.sensitive
                    and isinstance(node, ast.Member)
                    and _is_parameter(program, node.target, name)
                ):
                    return f"{resource}.{column.name}"
                case FunctionCall(function=other, arguments=arguments):
                    for place, argument in enumerate(arguments):
                        key = (id(other), place)
                        if _is_parameter(program, argument, name) and key not in seen:
                            seen.add(key)
                            pending.append((other, place))
    return None


def _is_parameter(program: Program, node: ast.Node | None, name: str) -> bool:
    local = program.facts.resolutions.get(node) if node is not None else None
    return isinstance(local, Local) and local.kind == "parameter" and local.name == name
