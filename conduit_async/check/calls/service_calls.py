"""Calls of external services: `Email.send(…)`."""

from ... import ast
from ...hints.queue_words import ENQUEUES, queue_hint
from ...names import python_name, service_name, snake_case
from ...program import CALL, Extern, MethodInfo, ServiceCall, ServiceInfo
from ...types import ANY, Function, Query, Type
from ..body import Body
from ..lattice import INVALID
from ..names.typos import misspelt
from ..wording import describe, snippet
from .arguments import infer_arguments


def service_call(body: Body, node: ast.Call, callee: ast.Member, target: ast.NameRef) -> Type:
    """A call of a method of a service, which is created by its first call."""
    infer_arguments(body, node)
    if target.name not in body.env.config.externs:
        if misspelt(body, target, callee.name.text):
            return INVALID
        if callee.name.text in ENQUEUES:
            message = f"`{snippet(callee)}` is a method of a service, which is called at once"
            body.warning("PAT410", callee.name, message, queue_hint(callee.name.text))
    plain = callee.name.text.rstrip("?!")
    return _note_call(body, node, target.name, plain, python_name(snake_case(plain)))


def extern_call(body: Body, node: ast.Call, callee: ast.NameRef) -> Type:
    """A call of a function that the application binds: a service that is called itself."""
    infer_arguments(body, node)
    return _note_call(body, node, callee.name, CALL, CALL)


def extern_value(body: Body, node: ast.NameRef) -> Type:
    """A value that the application binds: an attribute beside the services."""
    return body.resolve(node, Extern(_service(body, node.name)), ANY)


def _service(body: Body, name: str) -> ServiceInfo:
    return body.env.services.setdefault(name, ServiceInfo(name, service_name(name), {}))


def _note_call(body: Body, node: ast.Call, name: str, method: str, python: str) -> Type:
    service = _service(body, name)
    called = service.methods.setdefault(method, MethodInfo(method, python))
    positional: list[ast.Expr] = []
    named: dict[str, ast.Expr] = {}
    for argument in node.arguments:
        kind = body.type_of(argument.value)
        if isinstance(kind, Query | Function):
            message = f"a service cannot be given {describe(kind)}"
            hint = "run it first: `.all`" if isinstance(kind, Query) else None
            body.error("TYP131", argument.value, message, hint)
        if argument.name is None:
            positional.append(argument.value)
        elif named.setdefault(argument.name.text, argument.value) is not argument.value:
            body.error("TYP130", argument.name, f"`{argument.name.text}` is given twice")
    found = ServiceCall(service, called, tuple(positional), tuple(named.items()))
    return body.resolve(node, found, ANY)
