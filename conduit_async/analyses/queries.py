"""Which expressions and locals stand for a query, whose SQL is written where it is run."""

from collections.abc import Iterator

from .. import ast
from ..program import Facts, Local, RecordCall, RelationUse
from ..types import ANY, Array, Query, Record, required
from .results import block_results
from .walk import walk

IN_MEMORY = frozenset({"count", "first", "all", "pluck"})
"""The operations that rows which are loaded already have as well, `exists?` without conditions."""


def query_locals(facts: Facts, body: ast.Node) -> frozenset[Local]:
    """The locals of one Python function that stand for a query.

    Each of their values is a query, and they are assigned in the block that declares them only,
    so that it is certain everywhere which one it is. A relation in a local stands for its query
    where one is made of it.
    """
    values: dict[Local, list[ast.Expr]] = {}
    elsewhere: set[Local] = set()
    blocks = [each for each in walk(body, into=_is_own) if isinstance(each, ast.Block)]
    for block in blocks:
        for statement in block.statements:
            if isinstance(statement, ast.Let):
                values.setdefault(facts.declared[statement], []).append(statement.value)
            elif isinstance(statement, ast.Assign):
                local = facts.resolutions.get(statement.target)
                if isinstance(local, Local) and local in values and _declares(facts, block, local):
                    values[local].append(statement.value)
                elif isinstance(local, Local):
                    elsewhere.add(local)
    queried = {facts.resolutions.get(node) for node in receivers(facts, body)}
    found = {
        local
        for local in values
        if local not in elsewhere
        and (isinstance(required(local.type), Query) or (local in queried and _has_rows(local)))
    }
    while True:
        kept = {each for each in found if all(is_query(facts, v, found) for v in values[each])}
        if kept == found:
            return frozenset(found)
        found = kept


def composed_locals(facts: Facts, body: ast.Node, certain: frozenset[Local]) -> frozenset[Local]:
    """The locals of a function that stand for a query of which it is not certain which one.

    Something continues them, and each of their values is a query, or nil.
    """
    continued, queried = set(), set()
    values: dict[Local, list[ast.Expr]] = {}
    for node in walk(body, into=_is_own):
        use = facts.resolutions.get(node)
        if isinstance(use, RecordCall) and use.receiver is not None:
            queried.add(facts.resolutions.get(use.receiver))
            if not runs_in_memory(use):
                continued.add(facts.resolutions.get(use.receiver))
        if isinstance(node, ast.Let):
            values.setdefault(facts.declared[node], []).append(node.value)
        elif isinstance(node, ast.Assign):
            local = facts.resolutions.get(node.target)
            if isinstance(local, Local) and local in values:
                values[local].append(node.value)
    found = {
        local
        for local in values.keys() - certain
        if (local in queried and isinstance(required(local.type), Query))
        or (local in continued and _has_rows(local))
    }
    while True:
        known = certain | found
        kept = {each for each in found if all(is_composed(facts, v, known) for v in values[each])}
        if kept == found:
            return frozenset(found)
        found = kept


def runs_in_memory(call: RecordCall) -> bool:
    """Whether an operation works on rows that are loaded as well."""
    return call.operation in IN_MEMORY or (call.operation == "exists?" and not call.arguments)


def is_composed(facts: Facts, node: ast.Expr, known: frozenset[Local] | set[Local]) -> bool:
    """Whether each value that an expression may give is a query; `known` locals are."""
    pending: list[ast.Expr | None] = [node]
    while pending:
        current = pending.pop()
        match current:
            case None:
                return False
            case ast.Nil():
                continue
            case ast.Unwrap(operand=operand):
                pending.append(operand)
            case ast.Ternary(then=then, otherwise=otherwise):
                pending += [then, otherwise]
            case ast.Binary(operator="??", left=left, right=right):
                pending += [left, right]
            case ast.Match(arms=arms):
                pending += [end for arm in arms for end in block_results(arm.body)]
            case _:
                use = facts.resolutions.get(current)
                if (
                    isinstance(use, RecordCall)
                    and use.receiver is not None
                    and (_gives_query(facts, current) or use.operation == "all")
                ):
                    pending.append(use.receiver)
                elif not is_query(facts, current, known):
                    return False
    return True


def receivers(facts: Facts, body: ast.Node) -> Iterator[ast.Expr]:
    """What the queries and operations of a function's own code continue."""
    for node in walk(body, into=_is_own):
        use = facts.resolutions.get(node)
        if isinstance(use, RecordCall) and use.receiver is not None:
            yield use.receiver


def is_query(facts: Facts, node: ast.Expr, known: frozenset[Local] | set[Local]) -> bool:
    """Whether it is certain which query an expression stands for; `known` locals do."""
    while True:
        use = facts.resolutions.get(node)
        if isinstance(node, ast.Unwrap):
            node = node.operand
        elif isinstance(use, RecordCall) and (_gives_query(facts, node) or use.operation == "all"):
            if use.receiver is None:
                return True
            node = use.receiver
        elif isinstance(use, RelationUse):
            return use.relation.kind == "to_many"
        else:
            return isinstance(use, Local) and use in known


def _gives_query(facts: Facts, node: ast.Expr) -> bool:
    return isinstance(required(facts.types.get(node, ANY)), Query)


def _has_rows(local: Local) -> bool:
    kind = required(local.type)
    return isinstance(kind, Array) and isinstance(kind.item, Record)


def _is_own(node: ast.Node) -> bool:
    return not isinstance(node, ast.Async)


def _declares(facts: Facts, block: ast.Block, local: Local) -> bool:
    return any(
        isinstance(each, ast.Let) and facts.declared[each] is local for each in block.statements
    )
