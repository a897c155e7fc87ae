"""Builds the files of a package from its emitted sources."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from ..config import Config
from ..emit.layout import format_marked
from ..emit.templates import render_template
from ..lock.model import Lock, LockedJob
from ..lock.text import LOCK_FILE, write
from ..lock.update import updated
from ..names import unclashed
from ..package import EmittedSource, ModuleFacts, reserved_names
from ..python import literals
from ..python.imports import Imports
from .current_lock import current_lock
from .services import ServiceCalls, merged
from .services_module import services_module

PACKAGE_VERSION = "0.1.0"
"""The generator's version, which a package records."""


def link(
    emitted: Mapping[str, EmittedSource],
    calls: Iterable[ServiceCalls],
    config: Config,
    lock: Lock,
    jobs: Mapping[str, LockedJob],
) -> dict[str, str]:
    """Return the files that bind all modules together.

    `calls` are the calls of services in each source, `lock` is the package's previous lock, `jobs`
    are the job types of the sources that were compiled again.
    """
    modules = [(path, module) for path, each in emitted.items() for module in each.modules]
    own = [module.facts for _, module in modules]
    job_services = {name for module in own for name in module.job_services}
    called = merged(calls)
    services = services_module(called, job_services)
    wanted = services.rows.union(*(module.rows for module in own))
    tables = [(module.facts.name, path, module.lines) for path, module in modules]
    has_others = any(isinstance(at, str) for _, _, table in tables for at in table.values())
    found: dict[str, tuple[str, int]] = {}
    for module in own:
        for call, place in module.job_calls.items():
            found[call] = min(place, found.get(call, place))
    current = current_lock(own, {**lock.jobs, **jobs}, called, job_services, config)
    package = _package(own, services.protocols, config)
    return {
        "__init__.py": format_marked(package).text,
        LOCK_FILE: write(updated(lock, current)),
        "_lines.py": render_template(
            "lines.py.jinja",
            modules=tables,
            line="int | str" if has_others else "int",
            calls=sorted(found.items()),
        ),
        "records.py": _records(emitted.values(), wanted),
        "services.py": format_marked(services.text).text,
    }


def _package(modules: Sequence[ModuleFacts], services: Mapping[str, str], config: Config) -> str:
    """Return `__init__.py`, whose imports avoid the names of its modules."""
    names = [*(module.name for module in modules), "services"]
    imports = Imports(names)
    older = [
        f"{module.name}.{job}: {literals.tuple_of([*map(literals.quoted, shapes)])}"
        for module in modules
        for job, shapes in module.older.items()
        if config.upcasters
    ]
    return render_template(
        "package.py.jinja",
        job_type=imports.runtime("JobType"),
        any=imports.use("typing", "Any"),
        builtins={each: imports.use("builtins", each) for each in ("tuple", "dict", "str", "type")},
        generated_by=imports.runtime("generated_by"),
        upcasters=config.upcasters,
        upcasters_name=unclashed("upcasters", names),
        older=older,
        require_upcasts=imports.runtime("require_upcasts") if older else "",
        imports=imports.groups(),
        modules=sorted(names),
        version=PACKAGE_VERSION,
        schema=config.schema,
        jobs=[f"{module.name}.{job}" for module in modules for job in module.jobs],
        services=services,
    )


def _records(sources: Iterable[EmittedSource], wanted: Collection[str]) -> str:
    """Return `records.py`, given the names that other modules import from it."""
    rows = {row.head.name: row for each in sources for row in each.rows}
    heads = [row.head for row in rows.values()]
    needed: set[str] = set()
    for head in reversed(heads):  # a class comes before those that contain it
        if head.name in wanted or not needed.isdisjoint(head.within):
            needed.add(head.name)
    imports = Imports(reserved_names(heads))
    found = [head for head in heads if head.name in needed]
    for module, name in (used for head in found for used in head.imports):
        imports.use(module, name)
    found.sort(key=lambda head: (head.rank, head.name if head.rank == 0 else ""))
    texts = [format_marked(render_template("records.py.jinja", imports=imports.groups())).text]
    between = "\n"  # black's blank lines between classes and aliases
    for text in (rows[each.name].text for each in found):
        is_class = text.startswith(("@", "class "))
        texts += ["\n\n" if is_class else between, text, "\n"]
        between = "\n\n" if is_class else ""
    return "".join(texts)
