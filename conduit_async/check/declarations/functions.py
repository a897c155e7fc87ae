"""`@function`, `@computed` and `@scope` declarations."""

from collections.abc import Sequence

from ... import ast
from ...analyses.walk import walk
from ...names import ENTRY_POINTS, local_name, python_name
from ...program import FunctionInfo, ParameterInfo, ResourceInfo
from ...types import ANY, NIL, Type
from ..environment import Environment
from ..fields import report_twice
from .type_refs import read_type


def declare_functions(env: Environment, info: ResourceInfo) -> None:
    """Fill the functions, computed fields and scopes of a resource."""
    names: dict[str, ast.Name] = {}
    taken = {*ENTRY_POINTS, *env.resources}
    for member in info.node.members:
        if not isinstance(member, ast.Function | ast.Computed | ast.Scope):
            continue
        if env.unparsed.touches(member.name.span):
            continue
        name = member.name.text
        first = names.setdefault(name, member.name)
        if first is not member.name:
            report_twice(env.problems, "SYN013", member.name.span, f"`{name}`", first.span)
            continue
        if isinstance(member, ast.Scope):
            info.scopes[name] = member
            env.scope_parameters[member] = read_parameters(env, info, name, member.parameters)
            continue
        python = local_name(name, taken)
        taken.add(python)
        parameters = member.parameters if isinstance(member, ast.Function) else ()
        info.functions[name] = FunctionInfo(
            name=name,
            python=python,
            parameters=read_parameters(env, info, name, parameters),
            result=_result(env, info, member),
            body=member.body,
            doc=member.doc,
            computed=isinstance(member, ast.Computed),
        )


def read_parameters(
    env: Environment, info: ResourceInfo, function: str, parameters: Sequence[ast.Parameter]
) -> tuple[ParameterInfo, ...]:
    """The parameters of a function or scope; a name that is given twice is an error."""
    found: list[ParameterInfo] = []
    for parameter in parameters:
        name = parameter.name.text
        if any(other.name == name for other in found):
            first = next(other.name.span for other in parameters if other.name.text == name)
            report_twice(env.problems, "SEM206", parameter.name.span, f"`{name}`", first)
        kind = read_type(env, parameter.type, info.name, f"{function}_{name}")
        python = local_name(name, {*env.resources, *(other.python for other in found)})
        found.append(ParameterInfo(name, python, kind, parameter.default, parameter))
    return tuple(found)


def _result(env: Environment, info: ResourceInfo, member: ast.Function | ast.Computed) -> Type:
    if isinstance(member, ast.Computed):
        return read_type(env, member.type, info.name, member.name.text)
    if member.result is not None:
        return read_type(env, member.result, info.name, python_name(member.name.text))
    gives = any(isinstance(node, ast.Return) and node.value for node in walk(member.body))
    return ANY if gives else NIL
