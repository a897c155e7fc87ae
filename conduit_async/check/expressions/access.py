"""Member access: `.name` and `?.name` without a call."""

from collections.abc import Collection

from ... import ast
from ...diagnostics import Related
from ...hints.foreign_names import WORDS, function_hint, method_hint, self_hint
from ...hints.queue_words import queue_hint
from ...library import LIBRARY, Signature, methods
from ...program import (
    ErrorField,
    FunctionCall,
    KeyAccess,
    LibraryCall,
    RecordColumn,
    RelationUse,
    SelfColumn,
    StructField,
)
from ...suggest import did_you_mean, listed
from ...types import (
    ERROR,
    STRING,
    Array,
    Enum,
    Hash,
    NilType,
    Query,
    Record,
    Scalar,
    Struct,
    Type,
    is_nullable,
    optional,
    required,
)
from ..body import Body, Inference, Receiver, rule
from ..calls.changes import change_predicate, is_change_predicate
from ..lattice import INVALID, is_unknown, result_of_unknown
from ..queries.records import QUERY_STEPS, record_member
from ..unparsed import is_unparsed_member
from ..wording import describe, snippet
from .indexing import entry
from .lookup import resolve_name
from .narrow import narrowed, reads_nil
from .nil import report_nil_target

_FEW = 6
"""A hint lists at most so many fields."""


@rule(ast.Member)
def member(body: Body, node: ast.Member) -> Inference:
    """`target.name` without a call."""
    target = node.target
    if isinstance(target, ast.NameRef):
        match resolve_name(body, target.name):
            case "namespace":
                return _library_value(body, node, target.name)
            case "resource":
                return record_member(body, node, target.name, None)
            case "service" if target.name in WORDS:
                yield target
                return INVALID
            case "service":
                message = f"`{snippet(node)}` is a method of the service `{target.name}`"
                kinds = [required(column.type) for column in body.resource.columns.values()]
                hint = f"call it: `{snippet(node)}(…)`"
                if any(isinstance(k, Enum) and node.name.text in k.values for k in kinds):
                    hint = f'a value of an enum is a string: `"{node.name.text}"`'
                return body.error("SEM201", node, message, hint)
    if isinstance(target, ast.SelfRef) and is_change_predicate(body, node.name.text):
        yield target
        return change_predicate(body, node, node, ())
    kind = yield Receiver(target)
    kind = receiver_type(body, node, kind)
    return narrowed(body, node, _read(body, node, kind))


def receiver_type(body: Body, node: ast.Member, kind: Type, call: ast.Call | None = None) -> Type:
    """Return the type of a receiver without nil; report nil unless a `?.` skips the chain.

    `call` is the call of the member, if there is one.
    """
    target, name = node.target, node.name.text
    chained = body.continues_chain(target)
    if chained or (node.safe and reads_nil(body, target)):
        body.short_circuits |= {node} if call is None else {node, call}
    elif node.safe:
        message = f"`{snippet(target)}` is never nil, so `?.` does nothing here"
        body.warning("TYP103", node.name, message, f"write `{snippet(target)}.{name}`")
    if isinstance(kind, NilType) and not node.safe:
        return body.error("TYP101", target, f"nil has no `{name}`")
    if is_nullable(kind) and not node.safe:
        report_nil_target(body, node)
    return required(kind)


def _read(body: Body, node: ast.Member, kind: Type) -> Type:
    name = node.name.text
    if is_unknown(kind):
        return body.resolve(node, KeyAccess(name), result_of_unknown(kind))
    match kind:
        case Hash():
            value = entry(body, node, node.target, kind, name, node.name)
            return body.resolve(node, KeyAccess(name), value)
        case Struct():
            fields = body.env.structs[kind.name].fields
            if (column := fields.get(name)) is not None:
                return body.resolve(node, StructField(column), column.type)
            if is_unparsed_member(body.env, body.resource, name):
                return INVALID
            owner = f"`{snippet(node.target)}`"
            return _no_field(body, node, owner, [*fields], cause=f"{kind.name}.{name}")
        case Record():
            return _of_record(body, node, kind)
        case Query(resource=resource):
            return record_member(body, node, resource, node.target)
        case Scalar("error") if name in ("message", "type"):
            part = ErrorField("message" if name == "message" else "type")
            return body.resolve(node, part, STRING)
        case Array(item=Record(resource=resource)) if name in QUERY_STEPS:
            return record_member(body, node, resource, node.target)
        case Array(item=Record() | Struct()) if not methods(name):
            hint = f"read it of each item: `{snippet(node.target)}.map(|item| {{ item.{name} }})`"
            return body.error("SEM203", node.name, f"an array has no field `{name}`", hint)
    return _no_field(body, node, describe(kind), ["message", "type"] if kind == ERROR else [])


def _of_record(body: Body, node: ast.Member, kind: Record) -> Type:
    name = node.name.text
    info = body.env.resources[kind.resource]
    if (column := info.columns.get(name)) is not None:
        own = isinstance(node.target, ast.SelfRef)
        read = SelfColumn(column) if own else RecordColumn(info.name, column)
        return body.resolve(node, read, column.type)
    if (relation := info.relations.get(name)) is not None:
        if relation.target not in body.env.resources:
            return body.resolve(node, RelationUse(info.name, relation), INVALID)
        row = Record(relation.target)
        to_one = optional(row) if relation.nullable else row
        related = Array(row) if relation.kind == "to_many" else to_one
        return body.resolve(node, RelationUse(info.name, relation), related)
    function = info.functions.get(name)
    if function is not None and function.computed:
        body.env.reach(info, function)
        return body.resolve(node, FunctionCall(function), function.result)
    if function is not None:
        needed = ", ".join(p.name for p in function.parameters if p.default is None)
        usage = f"call it: `{snippet(node)}({needed})`"
        return body.error("SEM203", node.name, f"`{name}` is a function", usage)
    if is_unparsed_member(body.env, info, name):
        return INVALID
    computed = [f.name for f in info.functions.values() if f.computed]
    if isinstance(node.target, ast.SelfRef) and (hint := self_hint(name, info)) is not None:
        message = f"`{info.name}` has no field `{name}`"
        return body.error("SEM203", node.name, message, hint, cause=message)
    fields = [*info.columns, *info.relations, *computed]
    declared = Related(info.node.name.span, f"`{info.name}` is declared here")
    cause = f"`{info.name}` has no field `{name}`"
    return _no_field(body, node, f"`{info.name}`", fields, declared, cause=cause)


def _no_field(
    body: Body,
    node: ast.Member,
    owner: str,
    fields: Collection[str],
    *declared: Related,
    cause: str = "",
) -> Type:
    name, target, shown = node.name.text, node.target, snippet(node.target)
    if name.rstrip("?") == "changed" and isinstance(target, ast.Member):
        message = "a value does not know its changes"
        return body.error("SEM203", node.name, message, f"write `{shown}_changed?`")
    if not declared and (found := methods(name)):
        return body.error("SEM203", node.name, f"`{name}` is a function", _call(node, found[0], 1))
    hint = method_hint(shown, name) or did_you_mean(name, fields)
    if isinstance(target, ast.SelfRef):
        hint = hint or queue_hint(name)
    hint = hint or listed(fields, _FEW)
    if hint is None and name == "self":
        hint = 'strings are joined by interpolation: `"… #{self.…}"`'
    message = f"{owner} has no field `{name}`"
    return body.error("SEM203", node.name, message, hint, *declared, cause=cause)


def _call(node: ast.Member, signature: Signature, given: int) -> str:
    """The hint to call a function that is written like a field, after `given` parameters."""
    needed = [p.name for p in signature.parameters[given:] if p.required]
    return f"call it: `{snippet(node)}({', '.join(needed)})`"


def _library_value(body: Body, node: ast.Member, namespace: str) -> Type:
    """`Context.current_user`, without parentheses."""
    signature = LIBRARY[namespace].get(node.name.text)
    if signature is None:
        return no_library_function(body, node, namespace)
    if signature.parameters:
        message = f"`{signature.call}` is a function"
        return body.error("SEM201", node.name, message, _call(node, signature, 0))
    return body.resolve(node, LibraryCall(signature, ()), signature.result)


def no_library_function(body: Body, node: ast.Member, namespace: str) -> Type:
    """Report a function that a namespace does not have."""
    name, known = node.name.text, LIBRARY[namespace]
    hint = function_hint(namespace, name) or did_you_mean(name, known, f"`{namespace}.{{}}`")
    message = f"`{namespace}` has no function `{name}`"
    return body.error("SEM201", node.name, message, hint or listed(known))
