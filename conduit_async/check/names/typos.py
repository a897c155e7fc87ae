"""Names of services, and names in the configuration, that are probably typos."""

import re
from collections.abc import Collection, Mapping, Sequence

from ... import ast
from ...config import Config
from ...diagnostics import Problems, Related
from ...hints.name_typos import close_names, is_typo, likely_name
from ...library import LIBRARY
from ...program import Program, ServiceCall
from ...source import Span
from ...suggest import did_you_mean, nearest
from ..body import Body
from ..queries.records import OPERATIONS

_ONLY_OF_RESOURCES = ("find_by", "where", "order_by", "pluck", "bulk_create!", "increment!")

_PROTECTS_NOTHING = "no value is withheld for it: correct the name, or remove it"


def misspelt(body: Body, target: ast.NameRef, method: str) -> bool:
    """Whether a "service" is a typo of a resource or a namespace; warn if it only may be one."""
    name, likely = target.name, body.env.likely
    if name not in likely:
        likely[name] = likely_name(name, body.env.resources)
    meant = None
    if (resource := likely[name]) is not None:
        if method in _ONLY_OF_RESOURCES or method in body.env.resources[resource].scopes:
            hint = f"did you mean `{resource}`?"
            body.error("SEM204", target, f"there is no resource `{name}`", hint)
            return True
        if method in OPERATIONS:
            meant = resource
    if meant is None and (namespace := likely_name(name, LIBRARY)) is not None:
        functions = LIBRARY[namespace]
        function = method if method in functions else nearest(method, functions)
        if function is not None and is_typo(name, namespace):
            meant = f"`{namespace}.{function}`"
            hint = f"did you mean {meant}? If it is a service, list it under `externs`"
            body.error("SEM201", target, f"there is no namespace `{name}`", hint)
            return True
        if function == method:
            meant = namespace
    if meant is not None:
        message = f"`{name}` is nothing that is declared, so it is taken for a service"
        body.warning("PAT404", target, message, f"did you mean `{meant}.{method}`?")
    return False


def check_service_names(program: Program, config: Config, problems: Problems) -> None:
    """Warn (PAT406) about services with nearly the name of another service or of an extern.

    The service with fewer calls is the typo, or the later one if they have as many.
    """
    calls: dict[str, list[Span]] = {}
    methods: dict[str, set[str]] = {}
    for node, use in program.facts.resolutions.items():
        if isinstance(use, ServiceCall) and use.service not in config.externs:
            assert isinstance(node, ast.Call)
            callee = node.callee
            called = callee.target if isinstance(callee, ast.Member) else callee
            calls.setdefault(use.service, []).append(called.span)
            methods.setdefault(use.service, set()).add(use.method)
    for spans in calls.values():
        spans.sort(key=lambda span: span.place)
    names = sorted(calls, key=lambda name: (-len(calls[name]), calls[name][0].place))
    for name, others in close_names((*config.externs, *names)):
        if name not in calls:
            continue
        for meant in others:
            if meant in config.externs or methods[name] <= methods[meant]:
                known = calls.get(meant, ())
                warn_of_near_name(problems, "PAT406", name, calls[name], meant, known)
                break


def warn_of_near_name(
    problems: Problems,
    code: str,
    name: str,
    calls: Sequence[Span],
    meant: str,
    known: Sequence[Span],
) -> None:
    """Warn of calls of a service or a method that probably mean another one."""
    what = "method" if "." in name else "service"
    message = f"`{name}` is taken for a {what} of its own, beside `{meant}`"
    hint = f"did you mean `{meant}`?"
    if len(calls) == len(known):
        hint = "if they are one, write the same name in both places"
    related = [Related(span, f"`{meant}` is called here") for span in known[:1]]
    for span in calls:
        problems.warning(code, span, message, hint, *related)


def check_config_names(
    resources: Mapping[str, Collection[str]], config: Config, problems: Problems
) -> None:
    """Warn (VAL513) about unknown names in `sensitive` and typos in `tables`.

    Other unknown tables pass, because a run may see only some of the sources. `resources` has the
    names of columns by the name of their resource.
    """
    origin = config.origin
    if origin is None:
        return

    def check(name: str, known: Collection[str], what: str, otherwise: str | None = None) -> None:
        hint = None if name in known else did_you_mean(name, known) or otherwise
        if hint is not None:
            found = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", origin.text)
            span = Span(origin, *(found.span() if found else (0, 0)))
            problems.warning("VAL513", span, f"no source has a {what} `{name}`", hint)

    for name in config.tables:
        check(name, resources.keys(), "resource")
    every = {column for columns in resources.values() for column in columns}
    for name in config.sensitive:
        owner = name.rpartition(".")[0]
        if owner and owner not in resources:
            check(owner, resources.keys(), "resource", _PROTECTS_NOTHING)
        else:
            known = {f"{owner}.{each}" for each in resources[owner]} if owner else every
            check(name, known, "field", _PROTECTS_NOTHING)
