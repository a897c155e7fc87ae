"""Checks the places of `@async`. The parser reports it where no statement can be."""

from collections.abc import Sequence

from ... import ast
from ...analyses.walk import walk
from ...diagnostics import Problems


def check_placement(files: Sequence[ast.File], problems: Problems) -> None:
    """Report `@async` outside `@after` hooks (SEM217)."""
    members = [m for file in files for resource in file.resources for m in resource.members]
    for member in members:
        construct = _construct(member)
        for node in walk(member) if not isinstance(member, ast.Field) else ():
            if isinstance(node, ast.Lambda):
                for inner in walk(node.body):
                    _report(inner, "a lambda", problems)
            elif construct is not None:
                _report(node, construct, problems)


def _construct(member: ast.ResourceMember) -> str | None:
    """The name in messages of a member that takes no `@async`; None for an `@after` hook."""
    match member:
        case ast.Hook(timing="after"):
            return None
        case ast.Hook(event=event):
            return f"a `@before {event}` hook"
        case ast.Rule(kind=kind):
            return f"a `@{kind}`"
        case ast.Function():
            return "a `@function`"
        case ast.Computed():
            return "a `@computed` field"
        case ast.Scope():
            return "a `@scope`"
    return "this place"


def _report(node: ast.Node, construct: str, problems: Problems) -> None:
    # Where a brace is missing, a block may be in a lambda that should have ended before it.
    if isinstance(node, ast.Async) and node.header.source not in problems.unparsed.unbalanced:
        problems.error(
            "SEM217",
            node.header,
            f"`@async` is not allowed in {construct}: only an `@after` hook can enqueue a job",
            "move it into an `@after` hook, whose transaction stores the job",
        )
