"""Calls of external services: `Email.send(…)`."""

from collections.abc import Iterable

from .. import ast
from ..library import LIBRARY
from ..names import python_name, service_name
from ..program import CALL, Extern, MethodInfo, ServiceCall, ServiceInfo
from ..suggest import nearest
from ..types import ANY, Function, Query, Type
from .body import Body, Steps
from .lattice import BROKEN
from .records import OPERATIONS
from .require import article

_ONLY_OF_RESOURCES = ("find_by", "where", "order_by", "pluck", "bulk_create!", "increment!")


def service_call(body: Body, node: ast.Call, callee: ast.Member, target: ast.NameRef) -> Steps:
    """A call of a method of a service, which is created by its first call."""
    for argument in node.arguments:
        yield argument.value
    if target.name not in body.world.config.externs and _misspelt(body, target, callee.name.text):
        return BROKEN
    _note_call(body, node, target.name, callee.name.text)
    return ANY


def extern_call(body: Body, node: ast.Call, callee: ast.NameRef) -> Steps:
    """A call of a function that the application binds: a service that is called itself."""
    for argument in node.arguments:
        yield argument.value
    _note_call(body, node, callee.name, CALL)
    return ANY


def extern_value(body: Body, node: ast.NameRef) -> Type:
    """A value that the application binds: an attribute beside the services."""
    body.facts.resolutions[node] = Extern(_service(body, node.name))
    return ANY


def _service(body: Body, name: str) -> ServiceInfo:
    services = body.world.services
    if (service := services.get(name)) is None:
        service = services[name] = ServiceInfo(name, service_name(name), {})
    return service


def _note_call(body: Body, node: ast.Call, name: str, method_name: str) -> None:
    for argument in node.arguments:
        kind = body.type_of(argument.value)
        if isinstance(kind, Query | Function):
            body.problems.error(
                "TYP131",
                argument.value.span,
                f"a service cannot be given {article(kind)}",
                "run it first: `.all`" if isinstance(kind, Query) else None,
            )
    service = _service(body, name)
    plain = method_name.rstrip("?!")
    if (method := service.methods.get(plain)) is None:
        method = MethodInfo(plain, python_name(plain), [], 0, {})
        service.methods[plain] = method
    positional = tuple(a.value for a in node.arguments if a.name is None)
    named: dict[str, ast.Expr] = {}
    for argument in node.arguments:
        if argument.name is None:
            continue
        if argument.name.text in named:
            body.problems.error(
                "TYP130", argument.name.span, f"`{argument.name.text}` is given twice"
            )
        named[argument.name.text] = argument.value
    body.facts.resolutions[node] = ServiceCall(service, method, positional, tuple(named.items()))


def _misspelt(body: Body, target: ast.NameRef, method: str) -> bool:
    """Whether a "service" is a resource with a slip; what only may be one is a warning."""
    name = target.name
    likely = body.world.likely
    if name not in likely:
        likely[name] = likely_name(name, body.world.resources)
    resource = likely[name]
    if resource is not None:
        scopes = body.world.resources[resource].scopes
        if method in scopes or method in _ONLY_OF_RESOURCES:
            body.problems.error(
                "SEM204",
                target.span,
                f"there is no resource `{name}`",
                f"did you mean `{resource}`?",
            )
            return True
    namespace = likely_name(name, LIBRARY)
    meant = None
    if resource is not None and method in OPERATIONS:
        meant = resource
    elif namespace is not None and method in LIBRARY[namespace]:
        meant = namespace
    if meant is not None:
        body.problems.warning(
            "PAT404",
            target.span,
            f"`{name}` is nothing that is declared, so it is taken for a service",
            f"did you mean `{meant}.{method}`?",
        )
    return False


def likely_name(name: str, known: Iterable[str]) -> str | None:
    """The known name from which this one differs by a letter or two."""
    found = nearest(name, [k for k in known if k[0] == name[0] and abs(len(k) - len(name)) <= 1])
    if found is None:
        return None
    same = sum(1 for letter in set(name) if letter in found)
    return found if same >= len(set(name)) - 1 else None
