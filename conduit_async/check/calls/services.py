"""What the application must provide: the union of all calls of each service."""

from collections import defaultdict
from collections.abc import Iterable

from ... import ast
from ...diagnostics import Problems, Related
from ...names import python_name, service_name, snake_case
from ...program import CALL, MethodInfo, Program, ServiceCall, ServiceInfo, ServiceParameter
from ...types import ANY, Type

_Calls = dict[MethodInfo, list[tuple[ast.Node, ServiceCall]]]


def unite_calls(program: Program, problems: Problems) -> None:
    """Give every service and method its Python name and the parameters of all its calls.

    Positional ones are required as far as every call gives them, named ones when every call does.
    """
    calls: _Calls = defaultdict(list)
    for node, resolution in program.facts.resolutions.items():
        if isinstance(resolution, ServiceCall):
            calls[resolution.method].append((node, resolution))
    first_call = {
        id(resolution.service): node
        for uses in reversed(calls.values())
        for node, resolution in reversed(uses)
    }
    program.services = {name: program.services[name] for name in sorted(program.services)}
    attributes: dict[str, ServiceInfo] = {}
    for service in program.services.values():
        service.python = service_name(service.name)
        if (other := attributes.setdefault(service.python, service)) is not service:
            _report_clash(
                "services", service.name, other.name, service.python,
                first_call.get(id(service)), first_call.get(id(other)), problems,
            )  # fmt: skip
        _unite_methods(service, calls, program, problems)


def _unite_methods(
    service: ServiceInfo, calls: _Calls, program: Program, problems: Problems
) -> None:
    service.methods = {name: service.methods[name] for name in sorted(service.methods)}
    names: dict[str, MethodInfo] = {}
    for method in service.methods.values():
        uses = calls[method]
        method.python = CALL if method.name == CALL else python_name(snake_case(method.name))
        if (other := names.setdefault(method.python, method)) is not method:
            _report_clash(
                "methods", f"{service.name}.{method.name}", f"{service.name}.{other.name}",
                method.python, _first(uses), _first(calls[other]), problems,
            )  # fmt: skip
        _unite_positional(method, uses, program)
        _unite_named(service, method, uses, program, problems)


def _unite_positional(
    method: MethodInfo, uses: list[tuple[ast.Node, ServiceCall]], program: Program
) -> None:
    counts = [len(call.positional) for _, call in uses]
    method.required_positional = min(counts, default=0)
    method.positional = [
        _distinct(
            program.facts.types.get(call.positional[index], ANY)
            for _, call in uses
            if index < len(call.positional)
        )
        for index in range(max(counts, default=0))
    ]


def _unite_named(
    service: ServiceInfo,
    method: MethodInfo,
    uses: list[tuple[ast.Node, ServiceCall]],
    program: Program,
    problems: Problems,
) -> None:
    types: dict[str, list[Type]] = defaultdict(list)
    for _, call in uses:
        for name, value in call.named:
            types[name].append(program.facts.types.get(value, ANY))
    taken: dict[str, str] = {}
    method.named = {}
    for name in sorted(types):
        python = python_name(name, taken=("self",))
        if (other := taken.setdefault(python, name)) != name:
            _report_clash(
                f"named arguments of `{service.name}.{method.name}`", name, other, python,
                _first(uses), None, problems,
            )  # fmt: skip
        given = types[name]
        method.named[name] = ServiceParameter(
            name, python, _distinct(given), optional=len(given) < len(uses)
        )


def _distinct(types: Iterable[Type]) -> tuple[Type, ...]:
    """The types without repeats, in an order that no reordering of calls changes."""
    return tuple(sorted(set(types), key=lambda kind: (str(kind), repr(kind))))


def _first(uses: list[tuple[ast.Node, ServiceCall]]) -> ast.Node | None:
    return uses[0][0] if uses else None


def _report_clash(
    what: str,
    name: str,
    other: str,
    python: str,
    node: ast.Node | None,
    other_node: ast.Node | None,
    problems: Problems,
) -> None:
    if node is None:
        return
    related = [Related(other_node.span, f"`{other}` is used here")] if other_node else []
    problems.error(
        "GEN603",
        node.span,
        f"the {what} `{other}` and `{name}` would both be `{python}` in Python",
        "rename one of them",
        *related,
    )
