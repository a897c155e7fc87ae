"""Calls of external services: `Email.send(…)`."""

from ... import ast
from ...hints.queue_words import ENQUEUES, queue_hint
from ...names import python_name, service_name
from ...program import CALL, Extern, MethodInfo, ServiceCall, ServiceInfo
from ...types import ANY, Function, Query, Type
from ..body import Body, Inference
from ..lattice import INVALID
from ..names.service_typos import misspelt
from ..wording import describe, snippet
from .arguments import infer_arguments


def service_call(body: Body, node: ast.Call, callee: ast.Member, target: ast.NameRef) -> Inference:
    """A call of a method of a service, which is created by its first call."""
    yield from infer_arguments(node)
    if target.name not in body.env.config.externs and misspelt(body, target, callee.name.text):
        return INVALID
    if target.name not in body.env.config.externs and callee.name.text in ENQUEUES:
        message = f"`{snippet(callee)}` is a method of a service, which is called at once"
        body.warning("PAT410", callee.name, message, queue_hint(callee.name.text))
    _note_call(body, node, target.name, callee.name.text)
    return ANY


def extern_call(body: Body, node: ast.Call, callee: ast.NameRef) -> Inference:
    """A call of a function that the application binds: a service that is called itself."""
    yield from infer_arguments(node)
    _note_call(body, node, callee.name, CALL)
    return ANY


def extern_value(body: Body, node: ast.NameRef) -> Type:
    """A value that the application binds: an attribute beside the services."""
    body.facts.resolutions[node] = Extern(_service(body, node.name))
    return ANY


def _service(body: Body, name: str) -> ServiceInfo:
    services = body.env.services
    if (service := services.get(name)) is None:
        service = services[name] = ServiceInfo(name, service_name(name), {})
    return service


def _note_call(body: Body, node: ast.Call, name: str, method_name: str) -> None:
    for argument in node.arguments:
        kind = body.type_of(argument.value)
        if isinstance(kind, Query | Function):
            message = f"a service cannot be given {describe(kind)}"
            hint = "run it first: `.all`" if isinstance(kind, Query) else None
            body.error("TYP131", argument.value, message, hint)
    service = _service(body, name)
    plain = method_name.rstrip("?!")
    if (method := service.methods.get(plain)) is None:
        method = MethodInfo(plain, python_name(plain))
        service.methods[plain] = method
    positional = tuple(a.value for a in node.arguments if a.name is None)
    named: dict[str, ast.Expr] = {}
    for argument in node.arguments:
        if argument.name is None:
            continue
        if argument.name.text in named:
            body.error("TYP130", argument.name, f"`{argument.name.text}` is given twice")
        named[argument.name.text] = argument.value
    body.facts.resolutions[node] = ServiceCall(service, method, positional, tuple(named.items()))
