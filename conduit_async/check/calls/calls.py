"""Calls: of functions, of the standard library, of services, of methods on values."""

from ... import ast
from ...diagnostics import Related
from ...hints.foreign_names import CALLS, self_hint
from ...hints.name_typos import without_dot
from ...hints.queue_words import queue_hint
from ...library import LIBRARY, methods
from ...program import FunctionCall, FunctionInfo, LambdaCall, RaiseCall, RecordCall, ResourceInfo
from ...suggest import did_you_mean, nearest
from ...types import ANY, Array, FunctionType, Query, Record, Type, required
from ..body import Body, Inference, Receiver, rule
from ..expressions.access import no_library_function, receiver_type
from ..expressions.lookup import resolve_name
from ..lattice import INVALID, InvalidType, is_unknown, result_of_unknown
from ..queries.records import (
    AGGREGATES,
    OPERATIONS,
    QUERY_STEPS,
    aggregate,
    record_call,
    takes_conditions,
)
from ..queries.writes import WRITES
from ..unparsed import is_nameless_resource, is_unparsed_function, is_unparsed_local
from ..wording import describe, snippet
from .arguments import bind, bind_parameters, check_order, infer_arguments
from .changes import change_predicate, is_change_predicate, previous_value
from .library_calls import library_call, method_call
from .service_calls import extern_call, service_call


@rule(ast.Call)
def call(body: Body, node: ast.Call) -> Inference:
    """Check a call by the kind of its callee."""
    callee = node.callee
    if isinstance(callee, ast.NameRef):
        kind = _call_name(body, node, callee)
    elif not isinstance(callee, ast.Member):
        yield callee
        infer_arguments(body, node)
        kind = body.error("SEM201", callee, f"`{snippet(callee)}` cannot be called")
    elif (found := _call_of_name(body, node, callee)) is not None:
        kind = found
    else:
        kind = yield Receiver(callee.target)
        name = callee.name.text
        if isinstance(required(kind), InvalidType) and name in QUERY_STEPS and not methods(name):
            return _step_of_invalid(body, node, name)
        kind = _method(body, node, callee, kind)
    use = body.facts.resolutions.get(node)
    of_conditions = isinstance(use, RecordCall) and takes_conditions(use.operation)
    if not (of_conditions or isinstance(kind, InvalidType)):
        check_order(body, node)
    return kind


def _call_of_name(body: Body, node: ast.Call, callee: ast.Member) -> Type | None:
    """`String.trim(…)`, `Post.where(…)`, `Email.send(…)`, `self.x_changed?(…)`; None for others."""
    target, name = callee.target, callee.name.text
    if isinstance(target, ast.NameRef):
        match resolve_name(body, target.name):
            case "namespace" if (signature := LIBRARY[target.name].get(name)) is not None:
                return library_call(body, node, signature)
            case "namespace":
                infer_arguments(body, node)
                return no_library_function(body, callee, target.name)
            case "resource":
                return record_call(body, node, callee, target.name, None)
            case "service" if name in OPERATIONS and is_nameless_resource(body.env):
                return _step_of_invalid(body, node, name)
            case "service" | "extern":
                return service_call(body, node, callee, target)
    if isinstance(target, ast.SelfRef) and body.kind != "scope":
        if name == "previous_value":
            body.infer(target)
            return previous_value(body, node, callee, node.arguments)
        if is_change_predicate(body, name):
            body.infer(target)
            infer_arguments(body, node)
            return change_predicate(body, node, callee, node.arguments)
    return None


def _call_name(body: Body, node: ast.Call, callee: ast.NameRef) -> Type:
    name = callee.name
    if (local := body.scope.find(name)) is not None:
        body.facts.resolutions[callee] = local
        infer_arguments(body, node)
        if isinstance(local.type, FunctionType):
            return body.resolve(node, LambdaCall(local), local.type.result)
        if is_unknown(local.type):
            return result_of_unknown(local.type)
        message = f"`{name}` is {describe(local.type)}, it cannot be called"
        return body.error("SEM201", callee, message)
    if name in body.env.config.externs:
        return extern_call(body, node, callee)
    function = body.resource.functions.get(name)
    if function is not None and not function.computed and body.kind != "scope":
        return _function_call(body, node, body.resource, function)
    if name in AGGREGATES:
        return aggregate(body, node, name)
    infer_arguments(body, node)
    if name == "error":
        given = bind(body, node, name, [("message", True)], node.arguments)[0]
        if given is None:
            return INVALID
        return body.resolve(node, RaiseCall(given), ANY)
    return _undefined_function(body, callee)


def _undefined_function(body: Body, callee: ast.NameRef) -> Type:
    name, env = callee.name, body.env
    lost = is_unparsed_function(env, body.resource, name)
    if lost or is_unparsed_local(env, callee.span.source, name):
        return INVALID
    functions = [f.name for f in body.resource.functions.values() if not f.computed]
    hint: str | None
    if (found := CALLS.get(name) or queue_hint(name)) is not None:
        hint = found
    elif name.endswith("?") and is_change_predicate(body, name):
        hint = f"write `self.{name}(…)`"
    elif (found := nearest(name, [*functions, *AGGREGATES])) is not None:
        hint = f"did you mean `{found}`?"
    elif (meant := without_dot(name, (), LIBRARY)) is not None:
        hint = f"a dot is missing: write `{meant}`"
    elif name[:1].isupper():
        hint = f"a service is called with a dot: `{name}.method(…)`"
    elif (namespaces := [space for space, known in LIBRARY.items() if name in known]) != []:
        hint = f"write `{namespaces[0]}.{name}(…)`"
    else:
        hint = f"declare it in `{body.resource.name}` with `@function {name}(…) {{ … }}`"
    cause = f"{body.resource.name}.{name}"
    return body.error("SEM201", callee, f"there is no function `{name}`", hint, cause=cause)


def _function_call(body: Body, node: ast.Call, owner: ResourceInfo, function: FunctionInfo) -> Type:
    infer_arguments(body, node)
    body.env.reach(owner, function)
    found = bind_parameters(body, node, function.name, function.parameters)
    return body.resolve(node, FunctionCall(function, found), function.result)


def _step_of_invalid(body: Body, node: ast.Call, name: str) -> Type:
    """Check a step of an invalid query, but not the names in its conditions."""
    for argument in node.arguments:
        value = argument.value
        is_condition = takes_conditions(name) and argument.name is None
        body.infer(value.right if is_condition and isinstance(value, ast.Binary) else value)
    return INVALID


def _method(body: Body, node: ast.Call, callee: ast.Member, kind: Type) -> Type:
    """`value.name(…)`."""
    name = callee.name.text
    match required(kind):
        case Record(resource=resource):
            info = body.env.resources[resource]
            function = info.functions.get(name)
            if function is not None and not function.computed:
                receiver_type(body, callee, kind, node)
                return _function_call(body, node, info, function)
            if not methods(name):
                infer_arguments(body, node)
                return _no_function(body, callee, info)
        case Query(resource=resource):
            receiver_type(body, callee, kind, node)
            return record_call(body, node, callee, resource, callee.target)
        case Array(item=Record(resource=resource)) if name in QUERY_STEPS and not methods(name):
            receiver_type(body, callee, kind, node)
            return record_call(body, node, callee, resource, callee.target)
    return method_call(body, node, callee, kind)


def _no_function(body: Body, callee: ast.Member, info: ResourceInfo) -> Type:
    name = callee.name.text
    if is_unparsed_function(body.env, info, name):
        return INVALID
    functions = [f.name for f in info.functions.values() if not f.computed]
    cause = ""
    if name in (*info.columns, *info.relations, *info.functions):
        message = f"`{name}` is a field, not a function"
        hint: str | None = f"write `{snippet(callee)}`"
    else:
        message, cause = f"`{info.name}` has no function `{name}`", f"{info.name}.{name}"
        hint = did_you_mean(name, functions)
        if isinstance(callee.target, ast.SelfRef):
            hint = self_hint(name, info) or hint or queue_hint(name)
        if hint is None and name in WRITES and info.primary_key is not None:
            key = f"{snippet(callee.target)}.{info.primary_key}"
            hint = f"write `{info.name}.{WRITES[name].usage.replace('key', key)}`"
    declared = Related(info.node.name.span, f"`{info.name}` is declared here")
    return body.error("SEM201", callee.name, message, hint, declared, cause=cause)
