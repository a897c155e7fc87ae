"""Names that are different in a source and would be one in Python, or one file on disk."""

from collections.abc import Iterable

from ...diagnostics import Problems, Related
from ...names import python_name, record_name, snapshot_name
from ...program import Program, ResourceInfo
from ...source import Span

_OWN_MODULES = frozenset({"records", "services", "_lines"})


def check_clashes(program: Program, schema: str | None, problems: Problems) -> None:
    """Report clashes of modules and classes (GEN601), members (GEN602) and tables (GEN604)."""
    _check_modules(program.resources.values(), problems)
    _check_classes(program.resources.values(), problems)
    _check_tables(program.resources.values(), schema, problems)
    for resource in program.resources.values():
        if not resource.hooks:
            continue
        columns = [(c.name, c.span) for c in resource.columns.values()]
        _check_names("fields", columns, resource, problems)
        functions = [(name, None) for name in resource.functions]
        _check_names("functions", functions, resource, problems)
    for struct in program.structs.values():
        owner = next((r for r in program.resources.values() if _owns(r, struct.type.name)), None)
        if owner is not None:
            fields = [(c.name, c.span) for c in struct.fields.values()]
            _check_names("fields", fields, owner, problems)


def _owns(resource: ResourceInfo, struct: str) -> bool:
    return bool(resource.hooks) and struct.startswith(resource.name)


def _check_modules(resources: Iterable[ResourceInfo], problems: Problems) -> None:
    modules: dict[str, ResourceInfo] = {}
    names: dict[str, ResourceInfo] = {}
    for resource in resources:
        span = resource.node.name.span
        other = names.setdefault(resource.name.lower(), resource)
        if other is not resource and (other.hooks or resource.hooks):
            problems.error(
                "GEN601",
                span,
                f"`{other.name}` and `{resource.name}` differ only in capitals",
                "give one of the two another name",
                Related(other.node.name.span, f"`{other.name}` is declared here"),
            )
        if not resource.hooks:
            continue
        if resource.module.lower() in _OWN_MODULES:
            problems.error(
                "GEN601",
                span,
                f"the module of `{resource.name}` would be `{resource.module}.py`, "
                "which the generated package needs for itself",
                "give the resource another name, and keep its table with `tables` in the "
                "configuration",
            )
        other = modules.setdefault(resource.module.lower(), resource)
        if other is not resource and other.name.lower() != resource.name.lower():
            problems.error(
                "GEN601",
                span,
                f"`{other.name}` and `{resource.name}` would both be the module "
                f"`{resource.module}.py`",
                "give one of the two another name",
                Related(other.node.name.span, f"`{other.name}` is declared here"),
            )


def _check_tables(
    resources: Iterable[ResourceInfo], schema: str | None, problems: Problems
) -> None:
    for resource in resources:
        place, _, table = resource.table.rpartition(".")
        if table == "jobs" and place == (schema or ""):
            problems.error(
                "GEN604",
                resource.node.name.span,
                f"`{resource.table}` is the table of `{resource.name}` and of the queue",
                "set another `schema` for the queue in the configuration, or name the resource's "
                "table in `tables`",
            )


def _check_classes(resources: Iterable[ResourceInfo], problems: Problems) -> None:
    """The class of a resource's rows or snapshots may be that of another one's."""
    classes: dict[str, ResourceInfo] = {}
    for resource in resources:
        for name in (record_name(resource.name), snapshot_name(resource.name)):
            other = classes.setdefault(name, resource)
            if other is resource or not (other.hooks or resource.hooks):
                continue
            problems.error(
                "GEN601",
                resource.node.name.span,
                f"`{other.name}` and `{resource.name}` would both have the class `{name}`",
                "give one of the two another name, and keep its table with `tables` in the "
                "configuration",
                Related(other.node.name.span, f"`{other.name}` is declared here"),
            )


def _check_names(
    what: str,
    names: Iterable[tuple[str, Span | None]],
    resource: ResourceInfo,
    problems: Problems,
) -> None:
    seen: dict[str, tuple[str, Span | None]] = {}
    for name, span in names:
        python = python_name(name)
        other, other_span = seen.setdefault(python, (name, span))
        if other != name:
            problems.error(
                "GEN602",
                span or resource.node.name.span,
                f"the {what} `{other}` and `{name}` of `{resource.name}` would both be "
                f"`{python}` in Python",
                "rename one of the two",
                *([Related(other_span, f"`{other}` is declared here")] if other_span else []),
            )
