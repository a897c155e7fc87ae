"""Reports names that differ in a source but are equal in Python or as files on disk."""

from collections.abc import Callable, Collection, Iterable, Iterator
from operator import itemgetter
from typing import TypeVar

from ...diagnostics import Problems, Related
from ...names import (
    argument_name,
    method_name,
    python_name,
    record_name,
    service_name,
    snapshot_name,
)
from ...program import Extern, Facts, Program, ResourceInfo, ServiceCall
from ...source import Span

_OWN_MODULES = frozenset({"records", "services", "_lines"})
_RENAME = "give one of the two another name"
_KEEP_TABLE = "and keep its table with `tables` in the configuration"
_OTHER_TABLE = (
    "set another `schema` for the queue in the configuration, or name the resource's table in "
    "`tables`"
)

Item = TypeVar("Item")


def check_clashes(program: Program, schema: str | None, problems: Problems) -> None:
    """Report clashes of names.

    They are modules and classes (GEN601), members (GEN602), services (GEN603) and tables (GEN604).
    """
    resources = program.resources.values()
    _check_resources(resources, problems)
    for resource in resources:
        if resource.table.rpartition(".")[::2] == (schema or "", "jobs"):
            message = f"`{resource.table}` is the table of `{resource.name}` and of the queue"
            problems.error("GEN604", resource.node.name.span, message, _OTHER_TABLE)
        if resource.hooks:
            columns = [(column.name, column.span) for column in resource.columns.values()]
            _check_members("fields", columns, resource, problems)
            functions = [(name, None) for name in resource.functions]
            _check_members("functions", functions, resource, problems)
    for struct in program.structs.values():
        owners = (each for each in resources if struct.type.name.startswith(each.name))
        if (owner := next((each for each in owners if each.hooks), None)) is not None:
            fields = [(column.name, column.span) for column in struct.fields.values()]
            _check_members("fields", fields, owner, problems)
    _check_services(program.facts, problems)


def _clashing(
    items: Iterable[Item], name: Callable[[Item], str]
) -> Iterator[tuple[Item, Item, str]]:
    """Each item that has the name of an earlier item, with the earlier item and the name."""
    first: dict[str, Item] = {}
    for item in items:
        earlier = first.setdefault(name(item), item)
        if earlier != item:
            yield item, earlier, name(item)


def _check_resources(resources: Collection[ResourceInfo], problems: Problems) -> None:
    """Report resources whose modules or classes would have the same name."""

    def report(
        resource: ResourceInfo, earlier: ResourceInfo, what: str, hint: str = _RENAME
    ) -> None:
        message = f"`{earlier.name}` and `{resource.name}` {what}"
        related = Related(earlier.node.name.span, f"`{earlier.name}` is declared here")
        problems.error("GEN601", resource.node.name.span, message, hint, related)

    for resource, earlier, _ in _clashing(resources, lambda each: each.name.lower()):
        if earlier.hooks or resource.hooks:
            report(resource, earlier, "differ only in capitals")
    hooked = [resource for resource in resources if resource.hooks]
    for resource in hooked:
        if resource.module.lower() in _OWN_MODULES:
            module = f"the module of `{resource.name}` would be `{resource.module}.py`"
            message = f"{module}, which the generated package needs for itself"
            hint = f"give the resource another name, {_KEEP_TABLE}"
            problems.error("GEN601", resource.node.name.span, message, hint)
    for resource, earlier, _ in _clashing(hooked, lambda each: each.module.lower()):
        if earlier.name.lower() != resource.name.lower():
            report(resource, earlier, f"would both be the module `{resource.module}.py`")
    naming = (record_name, snapshot_name)
    classes = [(each, name(each.name)) for each in resources for name in naming]
    for (resource, _), (earlier, _), name in _clashing(classes, itemgetter(1)):
        if earlier is not resource and (earlier.hooks or resource.hooks):
            what = f"would both have the class `{name}`"
            report(resource, earlier, what, f"{_RENAME}, {_KEEP_TABLE}")


def _check_members(
    what: str,
    names: Iterable[tuple[str, Span | None]],
    resource: ResourceInfo,
    problems: Problems,
) -> None:
    for (name, span), (earlier, earlier_span), python in _clashing(
        names, lambda e: python_name(e[0])
    ):
        both = f"`{earlier}` and `{name}` of `{resource.name}`"
        message = f"the {what} {both} would both be `{python}` in Python"
        related = [Related(earlier_span, f"`{earlier}` is declared here")] if earlier_span else []
        at = span or resource.node.name.span
        problems.error("GEN602", at, message, "rename one of the two", *related)


def _check_services(facts: Facts, problems: Problems) -> None:
    """Report services, their methods and named arguments that would have one Python name."""
    services: dict[str, dict[str, set[str]]] = {}  # named arguments by method
    spans: dict[tuple[str, ...], Span] = {}
    for node, use in facts.resolutions.items():
        if isinstance(use, ServiceCall | Extern):
            methods = services.setdefault(use.service, {})
            if isinstance(use, ServiceCall):
                spans.setdefault((use.service,), node.span)
                spans.setdefault((use.service, use.method), node.span)
                methods.setdefault(use.method, set()).update(name for name, _ in use.named)

    def report(
        what: str,
        name: str,
        earlier: str,
        python: str,
        at: Span | None,
        earlier_at: Span | None = None,
    ) -> None:
        if at is not None:
            message = f"the {what} `{earlier}` and `{name}` would both be `{python}` in Python"
            related = [Related(earlier_at, f"`{earlier}` is used here")] if earlier_at else []
            problems.error("GEN603", at, message, "rename one of them", *related)

    for service, earlier, python in _clashing(sorted(services), service_name):
        report("services", service, earlier, python, spans.get((service,)), spans.get((earlier,)))
    for service, methods in sorted(services.items()):
        for method, known, python in _clashing(sorted(methods), method_name):
            pair = f"{service}.{method}", f"{service}.{known}"
            report("methods", *pair, python, spans[service, method], spans[service, known])
        for method, named in sorted(methods.items()):
            what = f"named arguments of `{service}.{method}`"
            for name, first, python in _clashing(sorted(named), argument_name):
                report(what, name, first, python, spans[service, method])
