"""Names of services that are probably typos of something that is declared or used elsewhere."""

from ... import ast
from ...config import Config
from ...diagnostics import Problems, Related
from ...hints.name_typos import close_names, is_typo, likely_name
from ...library import LIBRARY
from ...program import Program, ServiceCall
from ...source import Span
from ...suggest import nearest
from ..body import Body
from ..queries.records import OPERATIONS

_ONLY_OF_RESOURCES = ("find_by", "where", "order_by", "pluck", "bulk_create!", "increment!")


def misspelt(body: Body, target: ast.NameRef, method: str) -> bool:
    """Whether a "service" is a resource or a namespace with a typo; a likely one is a warning."""
    name = target.name
    likely = body.env.likely
    if name not in likely:
        likely[name] = likely_name(name, body.env.resources)
    resource = likely[name]
    if resource is not None:
        scopes = body.env.resources[resource].scopes
        if method in scopes or method in _ONLY_OF_RESOURCES:
            body.error(
                "SEM204", target, f"there is no resource `{name}`", f"did you mean `{resource}`?"
            )
            return True
    if resource is not None and method in OPERATIONS:
        _doubt(body, target, f"{resource}.{method}")
    elif (namespace := likely_name(name, LIBRARY)) is not None:
        return _misspelt_namespace(body, target, namespace, method)
    return False


def _misspelt_namespace(body: Body, target: ast.NameRef, namespace: str, method: str) -> bool:
    name = target.name
    functions = LIBRARY[namespace]
    function = method if method in functions else nearest(method, functions)
    if function is None:
        return False
    if not is_typo(name, namespace):
        if function == method:
            _doubt(body, target, f"{namespace}.{method}")
        return False
    hint = f"did you mean `{namespace}.{function}`? If it is a service, list it under `externs`"
    body.error("SEM201", target, f"there is no namespace `{name}`", hint)
    return True


def _doubt(body: Body, target: ast.NameRef, meant: str) -> None:
    message = f"`{target.name}` is nothing that is declared, so it is taken for a service"
    body.warning("PAT404", target, message, f"did you mean `{meant}`?")


def check_service_names(program: Program, config: Config, problems: Problems) -> None:
    """Warn (PAT406) about services that are nearly called like another one or one of the externs.

    The one with fewer calls is the typo, of two with as many the later one.
    """
    calls: dict[str, list[Span]] = {}
    for node, use in program.facts.resolutions.items():
        if isinstance(use, ServiceCall) and use.service.name not in config.externs:
            calls.setdefault(use.service.name, []).append(_name_in(node))
    for spans in calls.values():
        spans.sort(key=_place)
    names = sorted(calls, key=lambda name: (-len(calls[name]), _place(calls[name][0])))
    for name, others in close_names((*config.externs, *names)):
        if name not in calls:
            continue
        methods = program.services[name].methods.keys()
        for meant in others:
            if meant in config.externs or methods <= program.services[meant].methods.keys():
                _warn(name, calls[name], meant, calls.get(meant, []), problems)
                break


def _warn(
    name: str, calls: list[Span], meant: str, calls_meant: list[Span], problems: Problems
) -> None:
    related = [Related(calls_meant[0], f"`{meant}` is called here")] if calls_meant else []
    alike = len(calls) == len(calls_meant)
    hint = "if they are one, write the same name in both places" if alike else None
    for span in calls:
        message = f"`{name}` is taken for a service of its own, beside `{meant}`"
        problems.warning("PAT406", span, message, hint or f"did you mean `{meant}`?", *related)


def _name_in(call: ast.Node) -> Span:
    """The span of the service's name in a call."""
    assert isinstance(call, ast.Call)
    return call.callee.target.span if isinstance(call.callee, ast.Member) else call.callee.span


def _place(span: Span) -> tuple[str, int]:
    return span.source.path, span.start
