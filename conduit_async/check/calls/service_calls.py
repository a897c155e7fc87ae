"""Calls of external services: `Email.send(…)`."""

from ... import ast
from ...hints.queue_words import ENQUEUES, queue_hint
from ...names import CALL
from ...program import Extern, ServiceCall
from ...types import ANY, FunctionType, Query, Type
from ..body import Body
from ..lattice import INVALID
from ..names.typos import misspelt
from ..wording import describe, snippet
from .arguments import infer_arguments


def service_call(body: Body, node: ast.Call, callee: ast.Member, target: ast.NameRef) -> Type:
    """Check a call of a method of a service; services are declared only by their calls."""
    infer_arguments(body, node)
    if target.name not in body.env.config.externs:
        if misspelt(body, target, callee.name.text):
            return INVALID
        if callee.name.text in ENQUEUES:
            message = f"`{snippet(callee)}` is a method of a service, which is called at once"
            body.warning("PAT410", callee.name, message, queue_hint(callee.name.text))
    return _note_call(body, node, target.name, callee.name.text.rstrip("?!"))


def extern_call(body: Body, node: ast.Call, callee: ast.NameRef) -> Type:
    """Check a call of a function that the application binds: a service that is a function."""
    infer_arguments(body, node)
    return _note_call(body, node, callee.name, CALL)


def extern_value(body: Body, node: ast.NameRef) -> Type:
    """Check a value that the application binds: an attribute beside the services."""
    return body.resolve(node, Extern(node.name), ANY)


def _note_call(body: Body, node: ast.Call, service: str, method: str) -> Type:
    positional: list[ast.Expr] = []
    named: dict[str, ast.Expr] = {}
    for argument in node.arguments:
        kind = body.type_of(argument.value)
        if isinstance(kind, Query | FunctionType):
            message = f"a service cannot be given {describe(kind)}"
            hint = "run it first: `.all`" if isinstance(kind, Query) else None
            body.error("TYP131", argument.value, message, hint)
        if argument.name is None:
            positional.append(argument.value)
        elif named.setdefault(argument.name.text, argument.value) is not argument.value:
            body.error("TYP130", argument.name, f"`{argument.name.text}` is given twice")
    found = ServiceCall(service, method, tuple(positional), tuple(named.items()))
    return body.resolve(node, found, ANY)
