"""Where `@async` is allowed. The parser reports those where no statement is."""

from collections.abc import Sequence

from ... import ast
from ...analyses.walk import walk
from ...diagnostics import Problems
from ...source import Span

_PLACES = {
    ast.Function: "a `@function`",
    ast.Computed: "a `@computed` field",
    ast.Rule: "a rule",
    ast.Scope: "a `@scope`",
}


def check_placement(files: Sequence[ast.File], problems: Problems) -> None:
    """Report `@async` outside `@after` hooks (SEM217)."""
    for file in files:
        for resource in file.resources:
            for member in resource.members:
                _check_member(member, problems)


def _check_member(member: ast.ResourceMember, problems: Problems) -> None:
    if isinstance(member, ast.Field):
        return
    for node in walk(member):
        if isinstance(node, ast.Lambda):
            for inner in walk(node.body):
                if isinstance(inner, ast.Async):
                    _report_async(inner.header, "a lambda", problems)
        elif isinstance(node, ast.Async) and not _may_hold_async(member):
            _report_async(node.header, _place(member), problems)


def _may_hold_async(member: ast.ResourceMember) -> bool:
    return isinstance(member, ast.Hook) and member.timing == "after"


def _place(member: ast.ResourceMember) -> str:
    if isinstance(member, ast.Hook):
        return f"a `@before {member.event}` hook"
    if isinstance(member, ast.Rule):
        return f"a `@{member.kind}`"
    return _PLACES.get(type(member), "this place")


def _report_async(span: Span, place: str, problems: Problems) -> None:
    problems.error(
        "SEM217",
        span,
        f"`@async` is not allowed in {place}: only an `@after` hook can enqueue a job",
        "move it into an `@after` hook, whose transaction stores the job",
    )
