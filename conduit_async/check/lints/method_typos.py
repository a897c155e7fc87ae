"""Methods of services whose names are probably typos of others."""

from ... import ast
from ...config import Config
from ...diagnostics import Problems
from ...hints.name_typos import close_methods
from ...names import CALL
from ...program import Program, ServiceCall
from ...source import Span
from ..names.typos import warn_of_near_name

_Shape = tuple[int, frozenset[str]]
"""How many positional arguments a call gives, and the names of the others."""


def report_method_typos(program: Program, config: Config, problems: Problems) -> None:
    """Warn (PAT411) about methods with nearly the name of another method of the same service.

    The method with fewer calls is the typo, or the later one if they have as many. Its calls must
    have arguments like those of the other method.
    """
    services: dict[str, dict[str, list[tuple[Span, _Shape]]]] = {}
    for node, use in program.facts.resolutions.items():
        if not isinstance(use, ServiceCall) or use.service in config.externs or use.method == CALL:
            continue
        assert isinstance(node, ast.Call)
        assert isinstance(node.callee, ast.Member)
        shape = len(use.positional), frozenset(name for name, _ in use.named)
        methods = services.setdefault(use.service, {})
        methods.setdefault(use.method, []).append((node.callee.name.span, shape))
    for service, methods in services.items():
        for calls in methods.values():
            calls.sort(key=lambda call: call[0].place)
        names = sorted(methods, key=lambda name: (-len(methods[name]), methods[name][0][0].place))
        for name, others in close_methods(names):
            for meant in others:
                if _takes(methods[meant], methods[name]):
                    spans, known = ([at for at, _ in methods[each]] for each in (name, meant))
                    both = f"{service}.{name}", spans, f"{service}.{meant}", known
                    warn_of_near_name(problems, "PAT411", *both)
                    break


def _takes(known: list[tuple[Span, _Shape]], calls: list[tuple[Span, _Shape]]) -> bool:
    """Whether each call has the arguments of a known call, perhaps fewer named ones."""
    shapes = {shape for _, shape in known}
    return all(
        any(count == given and named <= names for given, names in shapes)
        for _, (count, named) in calls
    )
