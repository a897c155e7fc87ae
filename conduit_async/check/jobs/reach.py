"""Checks the bodies of code: hooks first, then the code that they reach."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from ... import ast
from ...analyses.reached import function_roots
from ...analyses.walk import walk
from ...diagnostics import Problems
from ...program import (
    Extern,
    FunctionCall,
    FunctionInfo,
    HookInfo,
    RecordCall,
    RelationUse,
    ResourceInfo,
    ServiceCall,
)
from ...types import ANY, Type
from ..body import Body, BodyKind, ReturnTarget, Scope
from ..calls.arguments import declare_parameters
from ..declarations.functions import check_scope
from ..environment import Environment
from ..expressions.returns import check_result
from ..expressions.statements import check_block

_MAX_PASSES = 4

_FunctionOrScope: TypeAlias = FunctionInfo | ast.Scope


def check_bodies(env: Environment) -> None:
    """Check the code of all resources; code that no job or hook reaches gets warnings only."""
    for info in env.resources.values():
        env.resources.work_on(info)
        hooks = [member for member in info.node.members if isinstance(member, ast.Hook)]
        after = [hook for hook in hooks if hook.timing == "after"]
        has_jobs = any(isinstance(node, ast.Async) for hook in after for node in walk(hook.body))
        for hook in hooks:
            if hook.timing == "after" and has_jobs:
                info.hooks.append(found := HookInfo(hook, []))
                _hook(env, info, hook, found)
                _check_pending(env)
                env.resources.work_on(info)
            else:
                aside = env.for_unreached_code()
                _hook(aside, info, hook, None)
                env.uncompiled[hook] = aside
    _mark_uses(env)
    aside = env.for_unreached_code()
    for info in env.resources.values():
        env.resources.work_on(info)
        for function in (*info.functions.values(), *_undeclared(info)):
            if function not in env.reached:
                _function(aside, info, function)
        for scope in info.scopes.values():
            if scope not in env.reached:
                check_scope(aside, info, scope)


def _mark_uses(env: Environment) -> None:
    """Mark the functions that need services or the database, directly or by their calls."""
    services: list[_FunctionOrScope] = []
    database: list[_FunctionOrScope] = []
    callers: dict[_FunctionOrScope, list[_FunctionOrScope]] = {}
    for code in env.reached:
        roots = function_roots(code) if isinstance(code, FunctionInfo) else [code]
        for node in (node for root in roots for node in walk(root)):
            match env.facts.resolutions.get(node):
                case ServiceCall() | Extern():
                    services.append(code)
                case RelationUse():
                    database.append(code)
                case RecordCall(resource=owner, operation=name):
                    database.append(code)
                    if (scope := env.resources[owner].scopes.get(name)) is not None:
                        callers.setdefault(scope, []).append(code)
                case FunctionCall(function=called):
                    callers.setdefault(called, []).append(code)
    for function in _with_callers(services, callers):
        function.uses_services = True
    for function in _with_callers(database, callers):
        function.uses_database = True


def _with_callers(
    pending: list[_FunctionOrScope], callers: Mapping[_FunctionOrScope, Sequence[_FunctionOrScope]]
) -> Iterator[FunctionInfo]:
    """Yield the functions among some code, and the functions that reach it, each once."""
    found: set[_FunctionOrScope] = set()
    while pending:
        code = pending.pop()
        if code not in found:
            found.add(code)
            pending += callers.get(code, ())
            if isinstance(code, FunctionInfo):
                yield code


def _check_pending(env: Environment) -> None:
    """Check the reached code, and the code that it reaches in turn."""
    while env.pending:
        owner, what = env.pending.popleft()
        env.resources.work_on(owner)
        if isinstance(what, FunctionInfo):
            what.reached = True
            _function(env, owner, what)
        else:
            check_scope(env, owner, what)


def _undeclared(info: ResourceInfo) -> Iterator[FunctionInfo]:
    """The functions that cannot be called because their headers have errors."""
    declared = {function.body for function in info.functions.values()}
    for member in info.node.members:
        if isinstance(member, ast.Function | ast.Computed) and member.body not in declared:
            name = member.name.text
            computed = isinstance(member, ast.Computed)
            yield FunctionInfo(name, name, (), ANY, member.body, member.doc, computed)


def _hook(env: Environment, info: ResourceInfo, hook: ast.Hook, found: HookInfo | None) -> None:
    def check(body: Body) -> None:
        if found is not None:
            found.jobs.clear()
        body.hook, body.event = found, hook.event
        check_block(body, hook.body)

    _check_until_stable(env, info, "hook", check)


def _function(env: Environment, info: ResourceInfo, function: FunctionInfo) -> None:
    def check(body: Body) -> None:
        body.function, body.return_target = function, ReturnTarget("function", function.result)
        declare_parameters(body, function.parameters)
        flow = check_block(body, function.body, value=True)
        check_result(body, function.body, flow.diverges)

    _check_until_stable(env, info, "computed" if function.computed else "function", check)


def _check_until_stable(
    env: Environment, info: ResourceInfo, kind: BodyKind, check: Callable[[Body], None]
) -> None:
    """Check a body, and again while a local turns out to hold values of several types."""
    widened: dict[ast.Let, Type] = {}
    for _ in range(_MAX_PASSES):
        problems = Problems()
        inner = replace(env, problems=problems)
        body = Body(inner, info, kind, Scope(None, set()), ReturnTarget("hook"), widened=widened)
        check(body)
        if body.stable:
            break
    for diagnostic in problems.found:
        env.problems.add(diagnostic)
