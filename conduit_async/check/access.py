"""`.name`, `?.name`, `[i]` and `!`."""

from collections.abc import Iterable

from .. import ast
from ..diagnostics import Related
from ..library import LIBRARY, methods
from ..program import (
    ComputedUse,
    ErrorField,
    KeyAccess,
    LibraryCall,
    RecordColumn,
    RelationUse,
    SelfColumn,
    StructField,
)
from ..suggest import nearest
from ..types import (
    ANY,
    ERROR,
    INT,
    STRING,
    Array,
    Hash,
    NilType,
    Query,
    Record,
    Struct,
    Type,
    is_nullable,
    optional,
    required,
)
from .body import Body, Steps, Target, rule
from .changes import change_predicate, is_change_predicate
from .lattice import BROKEN, fits, is_unknown
from .lookup import meaning
from .narrow import narrowed
from .records import QUERY_STEPS, query_member, resource_member
from .require import article, origin, shorten


@rule(ast.Member)
def member(body: Body, node: ast.Member) -> Steps:
    """`target.name` that is not called."""
    target = node.target
    if isinstance(target, ast.NameRef):
        match meaning(body, target.name):
            case "namespace":
                return _library_value(body, node, target.name)
            case "resource":
                return resource_member(body, node, target.name)
            case "service":
                body.problems.error(
                    "SEM201",
                    node.span,
                    f"`{shorten(node)}` is a method of the service `{target.name}`",
                    f"call it: `{shorten(node)}(…)`",
                )
                return BROKEN
    if isinstance(target, ast.SelfRef) and is_change_predicate(body, node.name.text):
        yield target
        return change_predicate(body, node, node, ())
    kind = yield Target(target)
    kind = through(body, node, kind)
    return narrowed(body, node, _read(body, node, kind))


def through(body: Body, node: ast.Member, kind: Type) -> Type:
    """The type that a dot works on: nil is reported, or ends the chain at a `?.`."""
    target = node.target
    if target in body.short:
        body.short.add(node)
    if node.safe:
        gone = isinstance(body.facts.resolutions.get(target), RelationUse)
        if is_nullable(kind) or is_unknown(kind) or gone:
            body.short.add(node)
        elif target not in body.short:
            body.problems.warning(
                "TYP103",
                node.name.span,
                f"`{shorten(target)}` is never nil, so `?.` does nothing here",
                f"write `{shorten(target)}.{node.name.text}`",
            )
        return required(kind)
    if isinstance(kind, NilType):
        body.problems.error("TYP101", target.span, f"nil has no `{node.name.text}`")
        return BROKEN
    if is_nullable(kind):
        shown = shorten(target)
        body.problems.error(
            "TYP101",
            target.span,
            f"`{shown}` may be nil, which has no `{node.name.text}`",
            f"write `{shown}?.` to get nil then, check `{shown} != nil` first, "
            f"or write `{shown}!.` to fail",
            *origin(body, target),
        )
    return required(kind)


def _read(body: Body, node: ast.Member, kind: Type) -> Type:
    name = node.name.text
    resolutions = body.facts.resolutions
    if is_unknown(kind):
        resolutions[node] = KeyAccess(name)
        return kind
    match kind:
        case Hash(value=value):
            resolutions[node] = KeyAccess(name)
            return optional(value)
        case Struct():
            fields = body.world.structs[kind.name].fields
            if (column := fields.get(name)) is not None:
                resolutions[node] = StructField(column)
                return column.type
            _no_field(body, node, shorten(node.target), fields)
            return BROKEN
        case Record():
            return _of_record(body, node, kind)
        case Query(resource=resource):
            return query_member(body, node, resource)
        case _ if kind == ERROR and name in ("message", "type"):
            resolutions[node] = ErrorField("message" if name == "message" else "type")
            return STRING
        case Array(item=Record(resource=resource)) if name in QUERY_STEPS:
            return query_member(body, node, resource)
    names = ["message", "type"] if kind == ERROR else []
    _no_field(body, node, article(kind), names)
    return BROKEN


def _of_record(body: Body, node: ast.Member, kind: Record) -> Type:
    name = node.name.text
    info = body.world.resources[kind.resource]
    resolutions = body.facts.resolutions
    if (column := info.columns.get(name)) is not None:
        own = isinstance(node.target, ast.SelfRef)
        resolutions[node] = SelfColumn(column) if own else RecordColumn(info.name, column)
        return column.type
    if (relation := info.relations.get(name)) is not None:
        resolutions[node] = RelationUse(info.name, relation)
        if relation.target not in body.world.resources:
            return BROKEN
        target = Record(relation.target)
        if relation.kind == "to_many":
            return Array(target)
        return optional(target) if relation.nullable else target
    function = info.functions.get(name)
    if function is not None and function.computed:
        body.world.reach_function(info, function)
        resolutions[node] = ComputedUse(function)
        return function.result
    if function is not None:
        body.problems.error(
            "SEM203",
            node.name.span,
            f"`{name}` is a function",
            f"call it: `{shorten(node)}(…)`",
        )
        return BROKEN
    computed = [f.name for f in info.functions.values() if f.computed]
    _no_field(
        body,
        node,
        f"`{info.name}`",
        [*info.columns, *info.relations, *computed],
        Related(info.node.name.span, f"`{info.name}` is declared here"),
    )
    return BROKEN


def _no_field(
    body: Body, node: ast.Member, owner: str, fields: Iterable[str], *related: Related
) -> None:
    name = node.name.text
    found = nearest(name, fields)
    hint = f"did you mean `{found}`?" if found else None
    if hint is None and methods(name):
        hint = f"call it: `{shorten(node)}(…)`"
    shown = owner if owner.startswith(("`", "a ", "an ", "nil")) else f"`{owner}`"
    body.problems.error("SEM203", node.name.span, f"{shown} has no field `{name}`", hint, *related)


def _library_value(body: Body, node: ast.Member, namespace: str) -> Type:
    """`Context.current_user`, without parentheses."""
    functions = LIBRARY[namespace]
    signature = functions.get(node.name.text)
    if signature is not None and not signature.parameters:
        body.facts.resolutions[node] = LibraryCall(signature, ())
        return signature.result
    if signature is not None:
        hint: str | None = f"call it: `{shorten(node)}(…)`"
    else:
        found = nearest(node.name.text, functions)
        hint = f"did you mean `{namespace}.{found}`?" if found else None
    message = (
        f"`{signature.call}` is a function"
        if signature
        else f"`{namespace}` has no function `{node.name.text}`"
    )
    body.problems.error("SEM201", node.name.span, message, hint)
    return BROKEN


@rule(ast.Index)
def index(body: Body, node: ast.Index) -> Steps:
    """`target[index]`: nil past the end of an array, and for a key that is missing."""
    kind = yield Target(node.target)
    if node.target in body.short:
        body.short.add(node)
    before = body.known
    position = yield node.index
    body.known = before
    if is_nullable(kind):
        shown = shorten(node.target)
        body.problems.error(
            "TYP101",
            node.target.span,
            f"`{shown}` may be nil, which has no items",
            f"check `{shown} != nil` first, or write `{shown}![…]` to fail",
            *origin(body, node.target),
        )
        kind = required(kind)
    if is_unknown(kind):
        return kind
    match kind:
        case Array(item=item):
            if not fits(position, INT):
                body.problems.error(
                    "TYP122",
                    node.index.span,
                    f"an array is indexed with an int, this is {article(position)}",
                )
            return optional(item)
        case Hash(key=key, value=value):
            if not fits(position, key):
                body.problems.error(
                    "TYP122",
                    node.index.span,
                    f"this hash has keys of type {key}, this is {article(position)}",
                )
            return optional(value)
    body.problems.error("TYP122", node.span, f"{article(kind)} has no items to index")
    return BROKEN


@rule(ast.Unwrap)
def unwrap(body: Body, node: ast.Unwrap) -> Steps:
    """`operand!`: an error at run time when it is nil."""
    kind = yield node.operand
    related = isinstance(body.facts.resolutions.get(node.operand), RelationUse)
    if not (is_nullable(kind) or is_unknown(kind) or related):
        body.problems.warning(
            "TYP103",
            node.span,
            f"`{shorten(node.operand)}` is never nil, so `!` does nothing here",
            f"write `{shorten(node.operand)}`",
        )
    return ANY if isinstance(kind, NilType) else required(kind)
