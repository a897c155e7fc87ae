"""Finds the sensitive column that a variable holds, or of which its value is made."""

from collections.abc import Iterator

from ... import ast
from ...analyses.results import body_results
from ...analyses.walk import children
from ...program import (
    ChangeCall,
    FunctionCall,
    LibraryCall,
    Local,
    Program,
    RecordCall,
    RecordColumn,
    RelationUse,
    ResourceInfo,
    SelfColumn,
    ServiceCall,
)
from ...types import BOOL

_DIGESTS = ("Crypto.hash", "Crypto.encrypt")
_PICKING = ("pluck", "sum", "avg", "min", "max")


def sensitive_column(program: Program, resource: ResourceInfo, local: Local) -> str | None:
    """The sensitive column, as `Resource.column`, that a local of a resource's code holds.

    The value may hold it unchanged, as a part, or changed. A bool, a digest, the result of a
    service and a record, which is stored without such columns, do not hold it.
    """
    infos = program.resources.values()
    if not any(column.sensitive for info in infos for column in info.columns.values()):
        return None
    pending: list[ast.Node] = [*_values(program, local)]
    seen: set[object] = {local}
    while pending:
        node = pending.pop()
        use = program.facts.resolutions.get(node)
        if (found := _named(program, resource, node, use)) is not None:
            return found
        pending += _parts(program, node, use, seen)
    return None


def _values(program: Program, local: Local) -> Iterator[ast.Node]:
    """The expressions that give a local its values; for a loop's variable, what it runs over."""
    yield from program.facts.values_of(local)
    if local.kind == "loop":
        for node, declared in program.facts.declared.items():
            if declared is local and isinstance(node, ast.For):
                yield node.iterable


def _named(program: Program, resource: ResourceInfo, node: ast.Node, use: object) -> str | None:
    """The sensitive column that an expression reads."""
    match use:
        case SelfColumn(column=column) if column.sensitive:
            return f"{resource.name}.{column.name}"
        case RecordColumn(resource=owner, column=column) if column.sensitive:
            return f"{owner}.{column.name}"
        case ChangeCall(kind="previous_value", column=column) if column.sensitive:
            return f"{resource.name}.{column.name}"
        case RecordCall(resource=owner, operation=operation) if operation in _PICKING:
            columns = program.resources[owner].columns
            names = (ast.constant_text(each.value) for each in use.arguments)
            picked = (columns[name] for name in names if name in columns)
            return next((f"{owner}.{each.name}" for each in picked if each.sensitive), None)
    return None


def _parts(program: Program, node: ast.Node, use: object, seen: set[object]) -> list[ast.Node]:
    """The nodes whose values may be in the value of a node."""
    if program.facts.types.get(node) == BOOL:
        return []
    match use:
        case Local():
            is_new = use not in seen
            seen.add(use)
            return [*_values(program, use)] if is_new else []
        case FunctionCall(function=function, arguments=arguments):
            is_new = function not in seen
            seen.add(function)
            results = body_results(function.body) if is_new else []
            return [each for each in (*results, *arguments) if each is not None]
        case LibraryCall(signature=signature, arguments=arguments):
            if signature.call in _DIGESTS:
                return []
            return [each for each in arguments if each is not None]
        case RecordCall(receiver=receiver):
            return [receiver] if receiver is not None else []
        case SelfColumn() | RecordColumn() | ChangeCall() | RelationUse() | ServiceCall():
            return []
    match node:
        case ast.Ternary(then=then, otherwise=otherwise):
            return [then, otherwise]
    return children(node)
