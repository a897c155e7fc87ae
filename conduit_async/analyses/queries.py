"""Which expressions and locals are queries, whose SQL is written where it is run."""

from collections.abc import Callable, Collection, Container, Iterator

from .. import ast
from ..program import Facts, Local, RecordCall, RelationUse
from ..types import ANY, Array, Query, Record, required
from .results import block_results
from .walk import walk

IN_MEMORY = frozenset({"count", "first", "all", "pluck"})
"""The operations that rows which are loaded already have as well, `exists?` without conditions."""


def query_locals(facts: Facts, body: ast.Node) -> frozenset[Local]:
    """The locals of one Python function of which it is certain which query they hold.

    Each of their values is a query, and only the block that declares them assigns them. A relation
    is a query as well where another one is made of it.
    """
    found: set[Local] = set()
    elsewhere: set[object] = set()
    queried = {facts.resolutions.get(node) for node in receivers(facts, body)}
    for block in walk(body, ast.Async):
        if isinstance(block, ast.Block):
            lets = (each for each in block.statements if isinstance(each, ast.Let))
            assigns = (each for each in block.statements if isinstance(each, ast.Assign))
            declared = {facts.declared[each] for each in lets}
            elsewhere |= {facts.resolutions.get(each.target) for each in assigns} - declared
            found |= {local for local in declared if _may_be_query(local, queried)}
    return _by_values(facts, found - elsewhere, lambda value, known: is_query(facts, value, known))


def composed_locals(facts: Facts, body: ast.Node, certain: frozenset[Local]) -> frozenset[Local]:
    """The locals of a function that hold a query, of which it is not certain which one.

    Something continues them, and each of their values is a query, or nil.
    """
    continued, queried = set(), set()
    found: set[Local] = set()
    for node in walk(body, ast.Async):
        use = facts.resolutions.get(node)
        if isinstance(use, RecordCall) and use.receiver is not None:
            queried.add(facts.resolutions.get(use.receiver))
            if not runs_in_memory(use):
                continued.add(facts.resolutions.get(use.receiver))
        if isinstance(node, ast.Let):
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
    """The locals all of whose values are queries, given that the other locals are."""
    given = {local: facts.values_of(local) for local in found}
    while True:
        kept = {each for each in found if all(holds(value, found) for value in given[each])}
        if kept == found:
            return frozenset(found)
        found = kept


def runs_in_memory(call: RecordCall) -> bool:
    """Whether an operation works on rows that are loaded as well."""
    return call.operation in IN_MEMORY or (call.operation == "exists?" and not call.arguments)


def is_composed(facts: Facts, node: ast.Expr, known: Collection[Local]) -> bool:
    """Whether each value that an expression may give is a query; `known` locals are."""
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
    """What the queries and operations of a function's own code continue."""
    for node in walk(body, ast.Async):
        use = facts.resolutions.get(node)
        if isinstance(use, RecordCall) and use.receiver is not None:
            yield use.receiver


def is_query(facts: Facts, node: ast.Expr, known: Collection[Local]) -> bool:
    """Whether it is certain which query an expression is; of `known` locals, it is."""
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
    """What a `!` or a step of a query continues."""
    if isinstance(node, ast.Unwrap):
        return node.operand
    use = facts.resolutions.get(node)
    return use.receiver if isinstance(use, RecordCall) and _gives_query(facts, node, use) else None


def _gives_query(facts: Facts, node: ast.Expr, call: RecordCall) -> bool:
    return isinstance(required(facts.types.get(node, ANY)), Query) or call.operation == "all"
