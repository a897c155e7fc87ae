"""The reads, writes and service calls of a hook or a job and of the functions it calls."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ... import ast
from ...analyses.reached import function_roots, reached_from
from ...analyses.walk import field_path, own_nodes, walk
from ...names import CALL
from ...program import (
    FunctionCall,
    FunctionInfo,
    Program,
    RecordCall,
    RelationUse,
    ResourceInfo,
    ServiceCall,
)
from ..queries.writes import WRITES

_MOST_PLACES = 9
"""How many places of one call are counted."""


@dataclass(frozen=True)
class RecordWrite:
    """A write to a resource; `event` is the event of its hooks, which the write does not run.

    `columns` are the written columns, with the expressions of their values, None for values that no
    expression gives. `columns` is None if they are unknown.
    """

    node: ast.Node
    resource: str
    event: str
    columns: Mapping[str, ast.Expr | None] | None


@dataclass
class Footprint:
    """The writes, and the first place of each resource read and of each service call."""

    reads: dict[str, ast.Node] = field(default_factory=dict)
    writes: list[RecordWrite] = field(default_factory=list)
    calls: dict[tuple[str, str], ast.Node] = field(default_factory=dict)


def footprint(program: Program, info: ResourceInfo, body: ast.Block) -> Footprint:
    """The footprint of a hook or a job of a resource, without that of the jobs in it."""
    found = Footprint()
    for node in _reached_nodes(program, body):
        _note(program, info, node, found)
    return found


def find_calls(program: Program) -> None:
    """Give every job its calls, with those of the jobs that it enqueues."""
    for resource in program.resources.values():
        program.resources.work_on(resource)
        for job in reversed(resource.jobs):  # inner before outer
            found = calls_in(program, resource, job.block.body)
            for inner in (each for each in resource.jobs if each.parent is job):
                found.update(inner.calls)
            job.calls = tuple(sorted(_bounded(found).elements()))


def calls_in(program: Program, resource: ResourceInfo, body: ast.Block) -> Counter[str]:
    """Count the places of each call and write, without the jobs in it: `Email.send`, `Post.create`.

    A place in a function counts once for each call of the function.
    """
    return _counted(program, resource, own_nodes(body), {})


def _counted(
    program: Program,
    info: ResourceInfo,
    nodes: Iterable[ast.Node],
    known: dict[FunctionInfo, Counter[str]],
) -> Counter[str]:
    """Count the places of each call and write among nodes; `known` has those of functions."""
    total: Counter[str] = Counter()
    for node in nodes:
        found = Footprint()
        _note(program, info, node, found)
        total.update(_names(found))
        match program.facts.resolutions.get(node):
            case FunctionCall(function=function):
                if function not in known:
                    known[function] = Counter()  # for calls of itself
                    inner = (each for root in function_roots(function) for each in walk(root))
                    known[function] = _counted(program, info, inner, known)
                total.update(known[function])
    return _bounded(total)


def _bounded(counts: Counter[str]) -> Counter[str]:
    return Counter({call: min(count, _MOST_PLACES) for call, count in counts.items()})


def _note(program: Program, info: ResourceInfo, node: ast.Node, found: Footprint) -> None:
    """Note what one node reads, writes and calls."""
    match node, program.facts.resolutions.get(node):
        case ast.Assign(target=target, value=value), _:
            root, names = field_path(program.facts, target)
            if isinstance(root, ast.SelfRef) and names:
                given = {names[0]: value if len(names) == 1 else None}
                found.writes.append(RecordWrite(node, info.name, "update", given))
        case ast.Call(), RecordCall(operation=operation) as call if operation in WRITES:
            found.writes.append(_write(program, node, call))
        case _, RecordCall(resource=resource):
            found.reads.setdefault(resource, node)
        case _, RelationUse(relation=relation):
            for resource in filter(None, (relation.through, relation.target)):
                if resource in program.resources:
                    found.reads.setdefault(resource, node)
        case _, ServiceCall(service=service, method=method):
            found.calls.setdefault((service, method), node)


def _names(found: Footprint) -> Iterator[str]:
    for service, method in found.calls:
        yield service if method == CALL else f"{service}.{method}"
    for write in found.writes:
        what = f"{write.resource}.{write.event}"
        if write.event == "update" and write.columns:
            yield from (f"{what}({column})" for column in write.columns)
        else:
            yield what


def _reached_nodes(program: Program, body: ast.Block) -> Iterator[ast.Node]:
    roots: dict[ast.Node, None] = {}
    for node in own_nodes(body):
        yield node
        match program.facts.resolutions.get(node):
            case FunctionCall(function=function):
                roots |= dict.fromkeys(function_roots(function))
            case RecordCall(resource=resource, operation=operation):
                scope = program.resources[resource].scopes.get(operation)
                roots |= {scope: None} if scope is not None else {}
    if roots:
        yield from reached_from(program, roots).nodes()


def _write(program: Program, node: ast.Node, call: RecordCall) -> RecordWrite:
    event = WRITES[call.operation].event
    values = [each.value for each in call.arguments if each.name is None]
    columns: dict[str, ast.Expr | None] | None = None
    match call.operation, values:
        case "delete!", _:
            columns = {}
        case "increment!" | "decrement!", [_, name]:
            columns = _columns(program, call.resource, [(name, None)])
        case ("update!", [_, ast.HashLiteral(entries=entries)]) | (
            "create!",
            [ast.HashLiteral(entries=entries)],
        ):
            columns = _columns(program, call.resource, [(e.key, e.value) for e in entries])
    return RecordWrite(node, call.resource, event, columns)


def _columns(
    program: Program, resource: str, given: list[tuple[ast.Expr, ast.Expr | None]]
) -> dict[str, ast.Expr | None] | None:
    found: dict[str, ast.Expr | None] = {}
    for name, value in given:
        column = program.resources[resource].column(ast.constant_text(name) or "")
        if column is None:
            return None
        found[column.name] = value
    return found
