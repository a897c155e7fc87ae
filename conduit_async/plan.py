"""What each file of the generated package holds: all decisions about it are made here."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from .config import Config
from .lower import rules
from .lower.functions.function import Class, Function
from .lower.functions.functions import function
from .lower.functions.hooks import hook_functions
from .lower.functions.jobs import job_items
from .lower.package.module import Module, jobs_of, module_for, names_of_records
from .lower.package.rows import RowHead, needed_rows, reserved_names
from .lower.python import literals
from .lower.python.annotations import union_of
from .lower.python.imports import Imports
from .lower.python.outline import outlined
from .names import class_name, python_name, unclashed
from .program import MethodInfo, Program, ResourceInfo, ServiceInfo

__all__ = [
    "Frame",
    "plan_frame",
    "plan_modules",
    "plan_records",
    "rules",
]

_HOOKS_ONLY = '"called by hooks only"'
"""What the runtime reads in the type of a service that a worker can do without."""

VERSION = "0.1.0"
"""The generator's version, with which a package is stamped."""


@dataclass(frozen=True)
class ResourceModule:
    """The module of a resource: its items in the order in which they stand.

    `rows` are the names that it imports from `records.py`, `job_services` the services that its
    jobs call.
    """

    name: str
    source: str
    doc: str | None
    record: str
    imports: list[list[str]]
    exports: list[str]
    items: list[Class | Function]
    jobs: list[str]
    rows: frozenset[str]
    job_services: frozenset[str]


@dataclass(frozen=True)
class RecordsModule:
    """`records.py`: the names of its enums, structs, records and snapshots, in their order."""

    imports: list[list[str]]
    rows: list[str]


@dataclass(frozen=True)
class Method:
    """A method of a service's Protocol."""

    name: str
    named: str | None
    parameters: list[str]


@dataclass(frozen=True)
class Service:
    """A service: its attribute, its Protocol and its methods; one without methods is a value.

    `type` is the attribute's: one that only hooks call says so.
    """

    attribute: str
    name: str
    type: str
    named: str | None
    methods: list[Method]


@dataclass(frozen=True)
class ServicesModule:
    """`services.py`: what the application provides."""

    imports: list[list[str]]
    services: list[Service]
    protocol: str
    property: str
    result: str
    rows: frozenset[str]


@dataclass(frozen=True)
class PackageModule:
    """`__init__.py`: its modules, and what it writes `JobType`, `Any` … as."""

    imports: list[list[str]]
    modules: list[str]
    job_type: str
    any: str
    builtins: dict[str, str]
    generated_by: str


@dataclass(frozen=True)
class Frame:
    """What binds the modules of resources together."""

    package: PackageModule
    services: ServicesModule
    schema: str | None
    version: str = VERSION


def plan_modules(
    program: Program,
    config: Config,
    resources: Iterable[ResourceInfo],
    outside: Collection[str] = (),
) -> Iterator[ResourceModule]:
    """The modules of resources that have jobs.

    `outside` are names of `records.py` beside those of the program.
    """
    names = names_of_records(program).union(outside)
    awaits = config.connection == "async"
    for resource in resources:
        if resource.hooks:
            program.resources.work_on(resource)
            yield _resource(module_for(program, resource, awaits, names))


def plan_frame(
    modules: Iterable[str],
    services: Mapping[str, ServiceInfo],
    job_services: Collection[str],
    config: Config,
) -> Frame:
    """What binds the named modules together, and says which services they, or their jobs, need."""
    package = _package([*modules, "services"])
    return Frame(package, _services(services, job_services), config.schema)


def plan_records(heads: Collection[RowHead], wanted: Collection[str]) -> RecordsModule:
    """`records.py`, given all that it may have and the names that other modules import from it."""
    needed = needed_rows(heads, wanted)
    imports = Imports(reserved_names(heads))
    found = [head for head in heads if head.name in needed]
    for module, name in (used for head in found for used in head.imports):
        imports.use(module, name)
    found.sort(key=lambda head: (head.rank, head.name if head.rank == 0 else ""))
    return RecordsModule(imports.groups(), [head.name for head in found])


def _package(modules: list[str]) -> PackageModule:
    """Its imports give way to its modules."""
    imports = Imports(modules)
    job_type, any_ = imports.runtime("JobType"), imports.use("typing", "Any")
    builtins = {name: imports.use("builtins", name) for name in ("tuple", "dict", "str", "type")}
    generated_by = imports.runtime("generated_by")
    modules = sorted(modules)
    return PackageModule(imports.groups(), modules, job_type, any_, builtins, generated_by)


def _resource(module: Module) -> ResourceModule:
    resource = module.resource
    hooks = hook_functions(module)
    items: list[Class | Function] = [*hooks]
    jobs = jobs_of(resource)
    for job in jobs:
        items += job_items(module, job)
    done = 0
    while done < len(module.variants):
        variants = list(module.variants)[done:]
        done = len(module.variants)
        items += [function(module, variant) for variant in variants]
    items = [
        outlined(item, module.imports) if isinstance(item, Function) else item for item in items
    ]
    public = [each.name for each in hooks if not each.name.startswith("_")]
    return ResourceModule(
        resource.module,
        resource.node.span.source.path,
        resource.doc,
        module.record,
        module.imports.groups(),
        sorted([module.record, *public]),
        items,
        [job.python for job in jobs],
        frozenset(module.imports.used(".records")),
        frozenset(module.job_services),
    )


def _services(found: Mapping[str, ServiceInfo], of_jobs: Collection[str]) -> ServicesModule:
    taken = {method.python for service in found.values() for method in service.methods.values()}
    taken |= {service.python for service in found.values()} | {"Services"}
    classes: dict[str, str] = {}
    for name in sorted(found, key=lambda name: (not name[:1].isupper(), name)):
        classes[name] = unclashed(_class_name(name), {"Services", *classes.values()})
    imports = Imports(taken | set(classes.values()))
    any_ = imports.use("typing", "Any") if found else "Any"
    services = [
        _service(imports, service, classes[name] if service.methods else any_, name in of_jobs)
        for name, service in sorted(found.items(), key=lambda each: each[1].python)
    ]
    protocol = imports.use("typing", "Protocol")
    result = imports.use("typing", "Any") if services else "Any"
    property_ = imports.use("builtins", "property")
    used = frozenset(imports.used(".records"))
    return ServicesModule(imports.groups(), services, protocol, property_, result, used)


def _class_name(service: str) -> str:
    return python_name(service) if service[:1].isupper() else class_name(service)


def _service(imports: Imports, service: ServiceInfo, name: str, is_for_jobs: bool) -> Service:
    kind = name
    if not is_for_jobs:
        kind = f"{imports.use('typing', 'Annotated')}[{name}, {_HOOKS_ONLY}]"
    if not service.methods:
        return Service(service.python, name, kind, None, [])
    methods = sorted(service.methods.values(), key=lambda method: method.python)
    named = _named(imports, service.name if name != service.name else None, [])
    return Service(service.python, name, kind, named, [_method(imports, each) for each in methods])


def _method(imports: Imports, method: MethodInfo) -> Method:
    parameters = ["self"]
    names = {parameter.python for parameter in method.named.values()}
    for number, types in enumerate(method.positional, 1):
        optional = " = ..." if number > method.required_positional else ""
        parameters.append(
            f"{unclashed('arg' + str(number), names)}: {union_of(types, imports)}{optional}"
        )
    if method.positional:
        parameters.append("/")
    if method.named:
        parameters.append("*")
    for parameter in method.named.values():
        optional = " = ..." if parameter.optional else ""
        parameters.append(f"{parameter.python}: {union_of(parameter.types, imports)}{optional}")
    renamed = [(p.python, p.name) for p in method.named.values() if p.python != p.name]
    plain = method.name.rstrip("?!")
    own = plain if plain != method.python else None
    return Method(method.python, _named(imports, own, renamed), parameters)


def _named(imports: Imports, own: str | None, renamed: list[tuple[str, str]]) -> str | None:
    if own is None and not renamed:
        return None
    texts = [literals.quoted(own)] if own is not None else []
    texts += [f"{python}={literals.quoted(name)}" for python, name in renamed]
    return f"{imports.runtime('named')}({', '.join(texts)})"
