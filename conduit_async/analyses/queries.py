"""Finds the expressions and locals that are queries; their SQL is written where it runs."""

from collections.abc import Callable, Collection, Container, Iterator

from .. import ast
from ..program import Facts, Local, RecordCall, RelationUse
from ..types import ANY, Array, Query, Record, required
from .results import block_results
from .walk import walk

IN_MEMORY = frozenset({"count", "first", "all", "pluck"})
"""Operations that loaded rows have too; so has `exists?` without conditions."""


def query_locals(facts: Facts, body: ast.Node) -> frozenset[Local]:
    """Return the locals of one Python function whose query is known for certain.

    Each of their values is a query, and only the block that declares them assigns them. A relation
    counts as a query if another query continues it.
    """
    found: set[Local] = set()
    elsewhere: set[object] = set()
    queried = {facts.resolutions.get(node) for node in receivers(facts, body)}
    for block in walk(body, ast.Async):
        if isinstance(block, ast.Block):
            lets = (each for each in block.statements if isinstance(each, ast.Let))
            assigns = (each for each in block.statements if isinstance(each, ast.Assign))
            declared = {facts.declared[each] for each in lets if each in facts.declared}
            elsewhere |= {facts.resolutions.get(each.target) for each in assigns} - declared
            found |= {local for local in declared if _may_be_query(local, queried)}
    return _by_values(facts, found - elsewhere, lambda value, known: is_query(facts, value, known))


def composed_locals(facts: Facts, body: ast.Node, certain: frozenset[Local]) -> frozenset[Local]:
    """Return the locals of a function that hold a query which is known only at run time.

    Another query or operation continues them, and each of their values is a query or nil.
    """
    continued, queried = set(), set()
    found: set[Local] = set()
    for node in walk(body, ast.Async):
        use = facts.resolutions.get(node)
        if isinstance(use, RecordCall) and use.receiver is not None:
            queried.add(facts.resolutions.get(use.receiver))
            if not runs_in_memory(use):
                continued.add(facts.resolutions.get(use.receiver))
        if isinstance(node, ast.Let) and node in facts.declared:
            found.add(facts.declared[node])
    return _by_values(
        facts,
        {each for each in found - certain if each in queried and _may_be_query(each, continued)},
        lambda value, known: is_composed(facts, value, certain | known),
    )


def _may_be_query(local: Local, continued: Container[object]) -> bool:
    kind = required(local.type)
    is_rows = isinstance(kind, Array) and isinstance(kind.item, Record)
    return isinstance(kind, Query) or (is_rows and local in continued)


def _by_values(
    facts: Facts, found: set[Local], holds: Callable[[ast.Expr, set[Local]], bool]
) -> frozenset[Local]:
    """Return the largest set of locals whose values are all queries, if its locals are."""
    given = {local: facts.values_of(local) for local in found}
    while True:
        kept = {each for each in found if all(holds(value, found) for value in given[each])}
        if kept == found:
            return frozenset(found)
        found = kept


def runs_in_memory(call: RecordCall) -> bool:
    """Whether an operation also works on loaded rows."""
    return call.operation in IN_MEMORY or (call.operation == "exists?" and not call.arguments)


def is_composed(facts: Facts, node: ast.Expr, known: Collection[Local]) -> bool:
    """Whether each possible value of an expression is a query; `known` locals are queries."""
    pending: list[ast.Expr | None] = [node]
    while pending:
        current = pending.pop()
        match current:
            case None:
                return False
            case ast.Nil():
                continue
            case ast.Ternary(then=then, otherwise=otherwise):
                pending += [then, otherwise]
            case ast.Binary(operator="??", left=left, right=right):
                pending += [left, right]
            case ast.Match(arms=arms):
                pending += [end for arm in arms for end in block_results(arm.body)]
            case _ if (inner := _continued(facts, current)) is not None:
                pending.append(inner)
            case _ if not is_query(facts, current, known):
                return False
    return True


def receivers(facts: Facts, body: ast.Node) -> Iterator[ast.Expr]:
    """Find the expressions that queries and operations in a function's own code continue."""
    for node in walk(body, ast.Async):
        use = facts.resolutions.get(node)
        if isinstance(use, RecordCall) and use.receiver is not None:
            yield use.receiver


def is_query(facts: Facts, node: ast.Expr, known: Collection[Local]) -> bool:
    """Whether the query of an expression is known for certain; it is for `known` locals."""
    while (inner := _continued(facts, node)) is not None:
        node = inner
    match facts.resolutions.get(node):
        case RecordCall(receiver=None) as call:
            return _gives_query(facts, node, call)
        case RelationUse(relation=relation):
            return relation.kind == "to_many"
        case Local() as local:
            return local in known
    return False


def _continued(facts: Facts, node: ast.Expr) -> ast.Expr | None:
    """Return the expression that a `!` or a step of a query continues."""
    if isinstance(node, ast.Unwrap):
        return node.operand
    use = facts.resolutions.get(node)
    return use.receiver if isinstance(use, RecordCall) and _gives_query(facts, node, use) else None


def _gives_query(facts: Facts, node: ast.Expr, call: RecordCall) -> bool:
    return isinstance(required(facts.types.get(node, ANY)), Query) or call.operation == "all"
