"""The meaning of a bare name: a local, a resource, a namespace, a service, or nothing."""

from typing import Literal, TypeAlias

from ... import ast
from ...hints.foreign_names import NAMES, WORDS
from ...hints.foreign_words import OWN_STATEMENTS
from ...hints.name_typos import without_dot
from ...hints.queue_words import queue_hint
from ...library import LIBRARY
from ...names import snake_case
from ...program import RecordCall
from ...suggest import nearest
from ...types import Query, Type
from ..body import Body, rule
from ..calls.service_calls import extern_value
from ..lattice import INVALID
from ..unparsed import is_nameless_resource, is_unparsed_local
from .narrow import narrowed

_VALUES = ("self", "true", "false")

NameKind: TypeAlias = Literal["local", "extern", "namespace", "resource", "service", "nothing"]


def resolve_name(body: Body, name: str) -> NameKind:
    """The kind of a name before a dot."""
    if body.scope.find(name) is not None:
        return "local"
    if name in body.env.config.externs:
        return "extern"
    if name in body.env.resources:
        return "resource"
    if name in LIBRARY:
        return "namespace"
    return "service" if name[:1].isupper() else "nothing"


@rule(ast.SelfRef)
def self_ref(body: Body, node: ast.SelfRef) -> Type:
    """Check `self`, which is the record of the hook."""
    if body.kind == "scope":
        hint = "give the scope a parameter, and pass the value to it"
        return body.error("SEM208", node, "a scope has no `self`: it selects among all rows", hint)
    return body.record


@rule(ast.NameRef)
def name_ref(body: Body, node: ast.NameRef) -> Type:
    """A bare name as a value."""
    name = node.name
    if (local := body.scope.find(name)) is not None:
        body.facts.resolutions[node] = local
        return narrowed(body, node, local.type)
    match resolve_name(body, name):
        case "extern":
            return extern_value(body, node)
        case "resource":
            return body.resolve(node, RecordCall(name, "query", None, ()), Query(name))
        case "namespace":
            hint = f"call one of its functions: `{name}.{next(iter(LIBRARY[name]))}(…)`"
            return body.error("SEM200", node, f"`{name}` is a namespace, not a value", hint)
    return _undefined(body, node)


def _undefined(body: Body, node: ast.NameRef) -> Type:
    name = node.name
    lost = name[:1].isupper() and is_nameless_resource(body.env)
    if lost or is_unparsed_local(body.env, node.span.source, name):
        return INVALID
    info = body.resource
    message = f"`{name}` is not declared"
    fields = {*info.columns, *info.relations}
    functions = {f.name for f in info.functions.values() if not f.computed}
    computed = info.functions.keys() - functions
    if (name.endswith("?") and "_changed" in name) or name in fields | computed:
        hint = f"write `self.{name}`"
    elif name in functions:
        hint = f"call it: `{name}(…)`"
    elif name == snake_case(info.name):
        hint = "write `self`"
    elif (meant := without_dot(name, fields | computed, LIBRARY)) is not None:
        hint = f"a dot is missing: write `{meant}`"
    elif name in WORDS:
        message, hint = f"Conduit has no `{name}`", WORDS[name]
    elif name in NAMES:
        hint = NAMES[name]
    elif (found := _near(body, node)) is not None:
        hint = f"did you mean `{found}`?"
    elif (found := queue_hint(name)) is not None:
        hint = found
    elif (found := nearest(name, fields | computed)) is not None:
        hint = f"did you mean `self.{found}`?"
    elif name[:1].isupper() and (found := nearest(name, [*body.env.resources, *LIBRARY])):
        hint = f"did you mean `{found}`?"
    elif name.isupper() and len(name) > 1:
        hint = f'write it as a string: `"{name}"`'
    elif name[:1].isupper():
        hint = f"a service is called with a dot: `{name}.method(…)`"
    elif node.span.source.text.startswith('"', node.span.end):
        hint = "a string has no letter before it, and interpolates with `#{…}`"
    else:
        hint = f"declare it first: `let {name} = …`"
        if node.span.source.text.startswith(".", node.span.end) and "?" not in name:
            hint += f"; a service begins with a capital: `{name[0].upper()}{name[1:]}.…`"
    return body.error("SEM200", node, message, hint, cause=body.cause(name))


def _near(body: Body, node: ast.NameRef) -> str | None:
    """The local or the keyword that was probably meant."""
    after = node.span.source.text[node.span.end : node.span.end + 2]
    goes_on = after[:1] == " " and (after[1:].isalpha() or after[1:] == "{")  # as after a keyword
    found = nearest(node.name, {*body.scope.visible(), *_VALUES})
    return found or (nearest(node.name, OWN_STATEMENTS) if goes_on else None)
