"""Names of services that are probably slips for something that is declared or used elsewhere."""

import re
from collections.abc import Iterable, Iterator

from .. import ast
from ..config import Config
from ..diagnostics import Problems, Related
from ..library import LIBRARY
from ..names import service_name
from ..program import Program, ServiceCall
from ..source import Span
from ..suggest import distance, nearest
from .body import Body
from .records import OPERATIONS

_ONLY_OF_RESOURCES = ("find_by", "where", "order_by", "pluck", "bulk_create!", "increment!")
_SHORT = 4
"""Of names with so few letters, two may differ by one and both be right: `Test` and `Text`."""


def misspelt(body: Body, target: ast.NameRef, method: str) -> bool:
    """Whether a "service" is a resource or a namespace with a slip; a likely one is a warning."""
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
    if not is_slip(name, namespace):
        if function == method:
            _doubt(body, target, f"{namespace}.{method}")
        return False
    body.problems.error(
        "SEM201",
        target.span,
        f"there is no namespace `{name}`",
        f"did you mean `{namespace}.{function}`? If it is a service, list it under `externs`",
    )
    return True


def _doubt(body: Body, target: ast.NameRef, meant: str) -> None:
    body.problems.warning(
        "PAT404",
        target.span,
        f"`{target.name}` is nothing that is declared, so it is taken for a service",
        f"did you mean `{meant}`?",
    )


def check_service_names(program: Program, config: Config, problems: Problems) -> None:
    """Warn (PAT406) about services that are nearly called like another one or one of the externs.

    The one with fewer calls is the slip, of two with as many the later one.
    """
    calls: dict[str, list[Span]] = {}
    for node, use in program.facts.resolutions.items():
        if isinstance(use, ServiceCall) and use.service.name not in config.externs:
            calls.setdefault(use.service.name, []).append(_name_in(node))
    for spans in calls.values():
        spans.sort(key=_place)
    names = sorted(calls, key=lambda name: (-len(calls[name]), _place(calls[name][0])))
    for name, others in _close((*config.externs, *names)):
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
        problems.warning(
            "PAT406",
            span,
            f"`{name}` is taken for a service of its own, beside `{meant}`",
            hint or f"did you mean `{meant}`?",
            *related,
        )


def may_be_slips(services: Iterable[str]) -> bool:
    """Whether any of these services may be a slip for another one."""
    return any(others for _, others in _close(services))


def _close(names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Each name, with those before it that it may be a slip for."""
    seen: dict[str, list[str]] = {}
    for name in names:
        lower = name.lower()
        variants = {lower, *(lower[:i] + lower[i + 1 :] for i in range(len(lower)))}
        others = dict.fromkeys(other for variant in variants for other in seen.get(variant, ()))
        yield name, [other for other in others if _is_near(name, other)]
        for variant in variants:
            seen.setdefault(variant, []).append(name)


def _is_near(name: str, other: str) -> bool:
    if service_name(name) == service_name(other):
        return False  # which is an error by itself
    return is_slip(name, other) or name == f"{other}s" or other == f"{name}s"


def is_slip(name: str, known: str) -> bool:
    """Whether a name is another one with a letter left out, added, wrong or swapped.

    One that only goes on, as `Timer` does after `Time`, or has another number is a name of its own.
    """
    written, meant = name.lower(), known.lower()
    if written == meant:
        return name != known
    shorter, longer = sorted((written, meant), key=len)
    if len(longer) - len(shorter) > 1 or len(shorter) < _SHORT or longer.startswith(shorter):
        return False
    if re.sub(r"\d", "", written) == re.sub(r"\d", "", meant):
        return False
    changed = len(shorter) == len(longer) and sorted(shorter) != sorted(longer)
    if changed and len(shorter) == _SHORT:
        return False
    return distance(written, meant) <= 1


def likely_name(name: str, known: Iterable[str]) -> str | None:
    """The known name from which this one differs by a letter or two."""
    found = nearest(name, [k for k in known if k[0] == name[0] and abs(len(k) - len(name)) <= 1])
    if found is None:
        return None
    same = sum(1 for letter in set(name) if letter in found)
    return found if same >= len(set(name)) - 1 else None


def _name_in(call: ast.Node) -> Span:
    """Where the name of the service stands in a call."""
    assert isinstance(call, ast.Call)
    return call.callee.target.span if isinstance(call.callee, ast.Member) else call.callee.span


def _place(span: Span) -> tuple[str, int]:
    return span.source.path, span.start
