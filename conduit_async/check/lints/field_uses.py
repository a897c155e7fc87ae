"""The fields of records that a body uses and assigns."""

from collections.abc import Collection

from ... import ast
from ...analyses.walk import children, field_path, is_on_self, walk
from ...program import ChangeCall, Facts, FunctionCall, Local, RelationUse

WHOLE = ("self", "")
"""Stands for every field of `self` among used fields."""


def used_fields(
    facts: Facts, body: ast.Block, left_out: Collection[ast.Node]
) -> frozenset[tuple[str, str]]:
    """The fields that a body reads outside of some nodes: the record's name and the field's."""
    found: set[tuple[str, str]] = set()
    pending: list[ast.Node] = [body]
    while pending:
        node = pending.pop()
        if node in left_out:
            continue
        root, names = field_path(facts, node)
        match node, facts.resolutions.get(node):
            case _ if names:
                local = facts.resolutions.get(root)
                found.add((local.name if isinstance(local, Local) else "self", names[0]))
                pending += children(root)
            case ast.SelfRef(), _:
                found.add(WHOLE)
            case ast.Assign(value=value), _:
                pending.append(value)
            case ast.Call() | ast.Member(), FunctionCall(function=function, arguments=arguments):
                if is_on_self(node):
                    found |= {("self", read.path[0]) for read in function.reads if read.path}
                pending += filter(None, arguments)
            case _, ChangeCall(argument=argument):
                pending += [argument] if argument is not None else []
            case ast.Member(target=ast.SelfRef()), RelationUse():
                pass
            case _:
                pending += children(node)
    return frozenset(found)


def assigned_fields(facts: Facts, body: ast.Block) -> dict[str, list[ast.Assign]]:
    """The assignments to the fields of `self` in a body, those in its jobs included."""
    found: dict[str, list[ast.Assign]] = {}
    for node in walk(body):
        if isinstance(node, ast.Assign):
            root, names = field_path(facts, node.target)
            if isinstance(root, ast.SelfRef) and names:
                found.setdefault(names[0], []).append(node)
    return found
