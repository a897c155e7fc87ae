"""Calls: of functions, of the standard library, of services, of methods on values."""

from ... import ast
from ...diagnostics import Related
from ...hints.foreign_names import CALLS, function_hint, self_hint
from ...hints.queue_words import queue_hint
from ...library import LIBRARY, methods
from ...program import FunctionCall, FunctionInfo, LambdaCall, RaiseCall, RecordCall, ResourceInfo
from ...suggest import did_you_mean, listed, nearest
from ...types import ANY, Array, Function, Query, Record, Type, required
from ..body import Body, Inference, Receiver, rule
from ..expressions.access import receiver_type
from ..expressions.lookup import resolve_name
from ..lattice import INVALID, is_unknown
from ..queries.aggregates import AGGREGATES, aggregate
from ..queries.records import QUERY_STEPS, record_call, takes_conditions
from ..queries.writes import USAGE
from ..unparsed import is_unparsed_local, is_unparsed_member
from ..wording import describe, snippet
from .arguments import bind, check_order, infer_arguments
from .changes import change_predicate, is_change_predicate, previous_value
from .library_calls import library_call, method_call
from .parameters import bind_parameters
from .service_calls import extern_call, service_call


@rule(ast.Call)
def call(body: Body, node: ast.Call) -> Inference:
    """What is called decides how."""
    kind = yield from _call(body, node)
    found = body.facts.resolutions.get(node)
    if not (isinstance(found, RecordCall) and takes_conditions(found.operation)):
        check_order(body, node)
    return kind


def _call(body: Body, node: ast.Call) -> Inference:
    callee = node.callee
    if isinstance(callee, ast.NameRef):
        return (yield from _call_name(body, node, callee))
    if not isinstance(callee, ast.Member):
        yield callee
        yield from infer_arguments(node)
        return body.error("SEM201", callee, f"`{snippet(callee)}` cannot be called")
    target = callee.target
    if isinstance(target, ast.NameRef):
        match resolve_name(body, target.name):
            case "namespace":
                return (yield from _namespace_call(body, node, callee, target.name))
            case "resource":
                return (yield from record_call(body, node, callee, target.name, None))
            case "service" | "extern":
                return (yield from service_call(body, node, callee, target))
    if isinstance(target, ast.SelfRef) and body.kind != "scope":
        name = callee.name.text
        if is_change_predicate(body, name) or name == "previous_value":
            yield target
            if name != "previous_value":
                yield from infer_arguments(node)
            check = previous_value if name == "previous_value" else change_predicate
            return check(body, node, callee, node.arguments)
    kind = yield Receiver(target)
    return (yield from _method(body, node, callee, kind))


def _call_name(body: Body, node: ast.Call, callee: ast.NameRef) -> Inference:
    name = callee.name
    if (local := body.scope.find(name)) is not None:
        body.facts.resolutions[callee] = local
        yield from infer_arguments(node)
        if isinstance(local.type, Function):
            body.facts.resolutions[node] = LambdaCall(local)
            return local.type.result
        if not is_unknown(local.type):
            return body.error(
                "SEM201", callee, f"`{name}` is {describe(local.type)}, it cannot be called"
            )
        return local.type
    if name in body.env.config.externs:
        return (yield from extern_call(body, node, callee))
    function = body.resource.functions.get(name)
    if function is not None and not function.computed and body.kind != "scope":
        return (yield from _function_call(body, node, body.resource, function))
    if name == "error":
        yield from infer_arguments(node)
        message = bind(body, node, name, [("message", True)])[0]
        if message is None:
            return INVALID
        body.facts.resolutions[node] = RaiseCall(message)
        return ANY
    if name in AGGREGATES:
        return (yield from aggregate(body, node, name))
    yield from infer_arguments(node)
    _undefined_function(body, callee)
    return INVALID


def _undefined_function(body: Body, callee: ast.NameRef) -> None:
    name, env = callee.name, body.env
    lost = is_unparsed_member(env, body.resource.name, name)
    if lost or is_unparsed_local(env, callee.span.source, name):
        return
    functions = [f.name for f in body.resource.functions.values() if not f.computed]
    hint: str | None
    if (found := CALLS.get(name) or queue_hint(name)) is not None:
        hint = found
    elif name.endswith("?") and is_change_predicate(body, name):
        hint = f"write `self.{name}(…)`"
    elif (found := nearest(name, [*functions, *AGGREGATES])) is not None:
        hint = f"did you mean `{found}`?"
    elif name[:1].isupper():
        hint = f"a service is called with a dot: `{name}.method(…)`"
    elif (namespaces := [space for space, known in LIBRARY.items() if name in known]) != []:
        hint = f"write `{namespaces[0]}.{name}(…)`"
    else:
        hint = f"declare it in `{body.resource.name}` with `@function {name}(…) {{ … }}`"
    body.error("SEM201", callee, f"there is no function `{name}`", hint)


def _function_call(
    body: Body, node: ast.Call, owner: ResourceInfo, function: FunctionInfo
) -> Inference:
    yield from infer_arguments(node)
    body.env.reach_function(owner, function)
    found = bind_parameters(body, node, function.name, function.parameters)
    body.facts.resolutions[node] = FunctionCall(function, found)
    return function.result


def _namespace_call(body: Body, node: ast.Call, callee: ast.Member, namespace: str) -> Inference:
    functions = LIBRARY[namespace]
    signature = functions.get(callee.name.text)
    if signature is None:
        yield from infer_arguments(node)
        return body.error(
            "SEM201",
            callee.name,
            f"`{namespace}` has no function `{callee.name.text}`",
            function_hint(namespace, callee.name.text)
            or did_you_mean(callee.name.text, functions, f"`{namespace}.{{}}`")
            or listed(functions),
        )
    return (yield from library_call(body, node, signature))


def _method(body: Body, node: ast.Call, callee: ast.Member, kind: Type) -> Inference:
    """`value.name(…)`."""
    name = callee.name.text
    match required(kind):
        case Record(resource=resource):
            info = body.env.resources[resource]
            function = info.functions.get(name)
            if function is not None and not function.computed:
                _through(body, node, callee, kind)
                return (yield from _function_call(body, node, info, function))
            if not methods(name):
                yield from infer_arguments(node)
                _no_function(body, callee, info)
                return INVALID
        case Query(resource=resource):
            _through(body, node, callee, kind)
            return (yield from record_call(body, node, callee, resource, callee.target))
        case Array(item=Record(resource=resource)) if name in QUERY_STEPS and not methods(name):
            _through(body, node, callee, kind)
            return (yield from record_call(body, node, callee, resource, callee.target))
    return (yield from method_call(body, node, callee, kind))


def _no_function(body: Body, callee: ast.Member, info: ResourceInfo) -> None:
    name = callee.name.text
    if is_unparsed_member(body.env, info.name, name):
        return
    functions = [f.name for f in info.functions.values() if not f.computed]
    if name in (*info.columns, *info.relations, *info.functions):
        message = f"`{name}` is a field, not a function"
        hint: str | None = f"write `{snippet(callee)}`"
    else:
        message = f"`{info.name}` has no function `{name}`"
        hint = did_you_mean(name, functions)
        if isinstance(callee.target, ast.SelfRef):
            hint = self_hint(name, info) or hint or queue_hint(name)
        elif name in USAGE and info.primary_key is not None:
            key = f"{snippet(callee.target)}.{info.primary_key}"
            hint = f"write `{info.name}.{USAGE[name].replace('key', key)}`"
    declared = Related(info.node.name.span, f"`{info.name}` is declared here")
    body.error("SEM201", callee.name, message, hint, declared)


def _through(body: Body, node: ast.Call, callee: ast.Member, kind: Type) -> None:
    receiver_type(body, callee, kind)
    if callee in body.short_circuits:
        body.short_circuits.add(node)
