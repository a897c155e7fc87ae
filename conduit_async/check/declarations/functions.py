"""`@function`, `@computed` and `@scope` declarations, and the rows that a scope selects."""

from collections.abc import Sequence

from ... import ast
from ...analyses.walk import walk
from ...names import ENTRY_POINTS, local_name, python_name
from ...program import FunctionInfo, ParameterInfo, ResourceInfo
from ...suggest import did_you_mean
from ...types import ANY, INT, NIL, Type
from ..body import Body, ReturnTarget, Scope
from ..calls.arguments import declare_parameters
from ..environment import Environment
from ..fields import report_twice
from ..queries.filters import check_condition, check_filter, check_order
from ..require import require
from .type_refs import read_type

_CLAUSES = ("where", "order_by", "limit", "offset")


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
    """Return the parameters of a function or scope; report a name that is given twice."""
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


def check_scope(env: Environment, info: ResourceInfo, scope: ast.Scope) -> None:
    """Check the options of a scope."""
    body = Body(env, info, "scope", Scope(None, set()), ReturnTarget("function"))
    declare_parameters(body, env.scope_parameters[scope])
    for pair in scope.pairs:
        match pair.key.text:
            case "where":
                check_filter(body, info, pair.value)
            case "order_by":
                body.infer(pair.value)
                check_order(env, info, pair.value, [pair.value])
            case "limit" | "offset":
                body.infer(pair.value)
                require(body, pair.value, INT, f"`{pair.key.text}`")
            case unknown:
                hint = did_you_mean(unknown, _CLAUSES) or "it has `where`, `order_by` and `limit`"
                env.problems.warning("SYN012", pair.key.span, f"a scope has no `{unknown}`", hint)
    if scope.body is None or not scope.body.statements:
        return
    first, *others = scope.body.statements
    if others or not isinstance(first, ast.ExprStatement):
        hint = "write `where: …`, `order_by: …` and `limit: …`"
        body.error("SYN001", scope.body, "a scope selects rows and runs no statements", hint)
    elif not env.unparsed.touches(first.span):
        check_condition(body, info, first.value)
