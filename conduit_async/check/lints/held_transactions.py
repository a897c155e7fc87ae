"""Calls of services inside the transaction of a hook."""

from collections.abc import Iterator

from ... import ast
from ...analyses.walk import children
from ...config import Config
from ...diagnostics import Problems, Related
from ...program import FunctionCall, FunctionInfo, Program, ServiceCall
from ..wording import snippet

_HINT = (
    "call it in a job: `@async { … }`; if it must be called here, say what happens when it fails: "
    "`… rescue |err| { … }`"
)


def report_held_transactions(
    program: Program, hook: ast.Hook, config: Config, problems: Problems
) -> None:
    """Warn (ASY908) about services that an `@after` hook calls directly or by a function.

    It does not warn about a call with a `rescue`, which is intended, or about an extern, which may
    be a function of the application.
    """
    for node in _unrescued_calls(program, hook.body):
        match program.facts.resolutions[node]:
            case ServiceCall(service=service) if service not in config.externs:
                name = snippet(node.callee if isinstance(node, ast.Call) else node)
                message = f"`{name}` is called while the transaction of the hook is open"
                problems.warning("ASY908", node.span, message, _HINT)
            case FunctionCall(function=function) if function.uses_services:
                called = _first_call(program, function, config)
                if called is not None:
                    message = (
                        f"`{function.name}` calls a service while the transaction of the hook is "
                        "open"
                    )
                    related = Related(called.span, "it is called here")
                    problems.warning("ASY908", node.span, message, _HINT, related)


def _first_call(program: Program, function: FunctionInfo, config: Config) -> ast.Node | None:
    """The first service call of a function or of the functions that it calls."""
    pending, seen = [function], {function}
    while pending:
        for node in _unrescued_calls(program, pending.pop(0).body):
            match program.facts.resolutions[node]:
                case ServiceCall(service=service) if service not in config.externs:
                    return node
                case FunctionCall(function=called) if called not in seen:
                    seen.add(called)
                    pending.append(called)
    return None


def _unrescued_calls(program: Program, body: ast.Block) -> Iterator[ast.Node]:
    """The calls of services and functions outside of jobs and without a `rescue`."""
    pending: list[ast.Node] = [body]
    while pending:
        node = pending.pop()
        match node:
            case ast.Async(options=options):
                pending += reversed(options)
                continue
            case ast.Rescue(body=fallback):
                pending.append(fallback)
                continue
        if isinstance(program.facts.resolutions.get(node), ServiceCall | FunctionCall):
            yield node
        pending += reversed(children(node))
