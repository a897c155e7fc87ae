"""What services, their methods and their arguments are called in Python."""

from collections import defaultdict

from ... import ast
from ...diagnostics import Problems, Related
from ...names import argument_name, python_name, service_name, snake_case
from ...program import CALL, MethodInfo, Program, ServiceCall, ServiceInfo

_Calls = dict[MethodInfo, list[tuple[ast.Node, ServiceCall]]]


def name_services(program: Program, problems: Problems) -> None:
    """Give every service and method its Python name; report two that would have one."""
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
        _name_methods(service, calls, problems)


def _name_methods(service: ServiceInfo, calls: _Calls, problems: Problems) -> None:
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
        given: dict[str, str] = {}
        for name in sorted({name for _, call in uses for name, _ in call.named}):
            argument = argument_name(name)
            if (known := given.setdefault(argument, name)) != name:
                _report_clash(
                    f"named arguments of `{service.name}.{method.name}`", name, known, argument,
                    _first(uses), None, problems,
                )  # fmt: skip


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
    message = f"the {what} `{other}` and `{name}` would both be `{python}` in Python"
    problems.error("GEN603", node.span, message, "rename one of them", *related)
