"""Which bodies of code are checked, and in which order: hooks first, then what they reach."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace

from ... import ast
from ...analyses.walk import walk
from ...diagnostics import Problems
from ...program import FunctionInfo, HookInfo, ResourceInfo
from ...types import ANY, Type
from ..body import Body, BodyKind, ReturnTarget, Scope
from ..calls.arguments import declare_parameters
from ..declarations.scopes import check_scope
from ..environment import Environment
from ..expressions.returns import check_result
from ..expressions.statements import check_block

_MAX_PASSES = 4


def check_bodies(env: Environment) -> None:
    """Check the code of all resources; code that no job or hook reaches gets warnings only."""
    reached = _Reached(env)
    for info in env.resources.values():
        env.resources.work_on(info)
        hooks = [member for member in info.node.members if isinstance(member, ast.Hook)]
        after = [hook for hook in hooks if hook.timing == "after"]
        has_jobs = any(_has_async(hook) for hook in after)
        for hook in hooks:
            if hook.timing == "after" and has_jobs:
                info.hooks.append(found := HookInfo(hook, []))
                _hook(env, info, hook, found)
                reached.check_pending()
                env.resources.work_on(info)
            else:
                _hook(env.for_unreached_code(), info, hook, None)
    reached.check_rest()


def _has_async(hook: ast.Hook) -> bool:
    return any(isinstance(node, ast.Async) for node in walk(hook.body))


class _Reached:
    """The functions and scopes that are used, each checked once."""

    def __init__(self, env: Environment) -> None:
        self._env = env
        self._pending: deque[tuple[ResourceInfo, FunctionInfo | ast.Scope]] = deque()
        self._seen: set[FunctionInfo | ast.Scope] = set()
        env.reach_function = self._add
        env.reach_scope = lambda owner, name: self._add(owner, owner.scopes[name])

    def _add(self, owner: ResourceInfo, what: FunctionInfo | ast.Scope) -> None:
        if what not in self._seen:
            self._seen.add(what)
            self._pending.append((owner, what))

    def check_pending(self) -> None:
        """Check what was reached since the last time, and what that reaches in turn."""
        while self._pending:
            owner, what = self._pending.popleft()
            self._env.resources.work_on(owner)
            if isinstance(what, FunctionInfo):
                what.reached = True
                _function(self._env, owner, what)
            else:
                check_scope(self._env, owner, what)

    def check_rest(self) -> None:
        """Check what nothing reached, for warnings."""
        aside = self._env.for_unreached_code()
        for info in self._env.resources.values():
            self._env.resources.work_on(info)
            for function in (*info.functions.values(), *_undeclared(info)):
                if function not in self._seen:
                    _function(aside, info, function)
            for scope in info.scopes.values():
                if scope not in self._seen:
                    check_scope(aside, info, scope)


def _undeclared(info: ResourceInfo) -> Iterator[FunctionInfo]:
    """The functions that cannot be called, since their headers are wrong."""
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
    """Check a body, again when a local turned out to hold values of several types."""
    widened: dict[ast.Let, Type] = {}
    for _ in range(_MAX_PASSES):
        problems = Problems()
        inner = replace(env, problems=problems)
        body = Body(inner, info, kind, Scope(None, set()), ReturnTarget("hook"), widened=widened)
        check(body)
        if body.stable:
            break
    for diagnostic in problems.sorted():
        env.problems.add(diagnostic)
