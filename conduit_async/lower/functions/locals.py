"""Which locals the code of a function reads and assigns, and which hold a query."""

from dataclasses import dataclass

from ... import ast
from ...analyses.queries import composed_locals, query_locals, receivers
from ...analyses.walk import walk
from ...program import Facts, Local
from ...types import ANY, Struct, required


@dataclass(frozen=True)
class Locals:
    """Which locals the code of a function reads, and which it assigns after their `let`.

    `queries` are locals that hold a query; a local that only other queries continue is not read.
    `composed` are locals whose query is known only at run time. `assigns_fields`: the code assigns
    fields of the row. `shares_structs`: it uses structs as values, which must not change when a
    field of the struct is assigned. `nil_tests` are the texts of values that it compares with nil.
    """

    read: frozenset[Local] = frozenset()
    assigned: frozenset[Local] = frozenset()
    queries: frozenset[Local] = frozenset()
    composed: frozenset[Local] = frozenset()
    assigns_fields: bool = False
    shares_structs: bool = False
    nil_tests: frozenset[str] = frozenset()


def survey_locals(facts: Facts, body: ast.Node) -> Locals:
    """Find the locals that are read, and the locals that are assigned."""
    read: set[Local] = set()
    assigned: set[Local] = set()
    targets: set[ast.Node] = set()
    nil_tests: set[str] = set()
    queries = query_locals(facts, body)
    composed = composed_locals(facts, body, queries)
    continued = set(receivers(facts, body)) if queries else set()
    for node in walk(body):
        if isinstance(node, ast.Assign):
            targets.add(node.target)
        nil_tests |= {each.span.in_one_line for each in _compared_with_nil(node)}
        local = facts.resolutions.get(node)
        if isinstance(local, Local):
            if not (local in queries and node in continued):
                (assigned if node in targets else read).add(local)
        elif (called := getattr(local, "local", None)) is not None:
            read.add(called)
    fields = any(isinstance(target, ast.Member) for target in targets)
    shares = fields and _shares_structs(facts, body, targets)
    return Locals(
        frozenset(read),
        frozenset(assigned),
        queries,
        composed,
        fields,
        shares,
        frozenset(nil_tests),
    )


def _compared_with_nil(node: ast.Node) -> list[ast.Expr]:
    match node:
        case ast.Member(target=target, safe=True):
            return [target]
        case ast.Binary(operator="??", left=left):
            return [left]
        case ast.Binary(operator="==" | "!=", left=left, right=right):
            sides = (left, right)
            return list(sides) if any(isinstance(each, ast.Nil) for each in sides) else []
    return []


def _shares_structs(facts: Facts, body: ast.Node, targets: set[ast.Node]) -> bool:
    nodes = list(walk(body, ast.Async))
    owners = {node.target for node in nodes if isinstance(node, ast.Member)} | targets
    return any(
        isinstance(node, ast.SelfRef) or isinstance(required(facts.types.get(node, ANY)), Struct)
        for node in nodes
        if node not in owners and not isinstance(node, ast.HashLiteral)
    )
