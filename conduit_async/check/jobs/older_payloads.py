"""How payloads of an older shape are read, and what each new field can have in their place."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from itertools import product

from ... import ast
from ...config import Config
from ...diagnostics import Problems
from ...lock.model import Unreadable
from ...lock.upcast import Load, NewField, NewFields
from ...lock.upcasting import plan_upcast
from ...names import ENTRY_POINTS, unclashed
from ...program import (
    Capture,
    Column,
    Facts,
    HookInfo,
    JobInfo,
    Local,
    OlderPayload,
    Program,
    ResourceInfo,
    SelfColumn,
    StructField,
    Upcasters,
)
from ...python.older_classes import class_names
from ...python.skeleton import skeleton
from ...types import (
    Record,
    Struct,
    Type,
    innermost,
    is_nullable,
    required,
)
from ..declarations.defaults import constant_default
from .payload_fields import field_type, fields_of, key_table


def plan_older_payloads(
    program: Program,
    config: Config,
    problems: Problems,
    upcasters: Upcasters,
    outside: Collection[str] = (),
) -> None:
    """Decide how each older shape of each job is read, and name its class.

    `outside` are the names of other classes. If the configuration names a module of upcasters, a
    shape that nothing reads is reported (ASY906).
    """
    classes = program.classes().union(outside)
    for resource in program.resources.values():
        jobs = [(hook, job) for hook in resource.hooks for job in hook.jobs if job.older]
        if not jobs:
            continue
        taken = {*classes, *ENTRY_POINTS, *(each.python for each in resource.functions.values())}
        taken |= {name for job in resource.jobs for name in (job.python, job.payload)}
        program.resources.work_on(resource)
        for hook, job in jobs:
            _plan(program, resource, hook, job, upcasters, taken)
            for fingerprint, older in job.older_payloads.items():
                if config.upcasters and isinstance(older.upcast, Unreadable) and not older.by_hand:
                    _report(job, fingerprint, older, resource, config, problems)


def _plan(
    program: Program,
    resource: ResourceInfo,
    hook: HookInfo,
    job: JobInfo,
    upcasters: Upcasters,
    taken: set[str],
) -> None:
    job.new_fields = new_fields(job.captures, program, resource, hook.node.event)
    for fingerprint, fields in job.older.items():
        classes: dict[str, str] = {}
        for path, wanted in class_names(job.payload, fingerprint, fields):
            classes[path] = unclashed(wanted, taken)
            taken.add(classes[path])
        job.older_payloads[fingerprint] = OlderPayload(
            fields,
            classes,
            plan_upcast(fields, job.new_fields),
            not upcasters.isdisjoint(
                (module, job.python, fingerprint) for module in ("", resource.module)
            ),
        )


def _report(
    job: JobInfo,
    fingerprint: str,
    older: OlderPayload,
    resource: ResourceInfo,
    config: Config,
    problems: Problems,
) -> None:
    assert isinstance(older.upcast, Unreadable)
    message = f"nothing reads the older payload {fingerprint} of `{job.name}`"
    message += f": `{older.upcast.field}` {older.upcast.reason}"
    text = skeleton(job, fingerprint, resource, config)
    hint = f"write an upcaster in {config.upcasters}:\n\n{text}"
    problems.error("ASY906", job.block.header, message, hint)


def new_fields(
    captures: Iterable[Capture], program: Program, owner: ResourceInfo, event: str
) -> NewFields:
    """The fields of the payload of a job of `owner`, by their names in JSON.

    If `event` is "delete", they are not loaded from the row of the record.
    """
    captures = list(captures)
    named = {each.name: each for each in captures}
    types = fields_of(captures, program, owner)
    rows = _ColumnFields(program, owner.name if event == "delete" else None)
    return {
        each.name: _of_column(
            NewField(
                types[each.name],
                fields=rows.inside(each.type),
                variable=_variable(each, named),
            ),
            each,
            rows,
            owner,
            named,
        )
        for each in captures
    }


def _variable(capture: Capture, named: Mapping[str, Capture]) -> str:
    """The name of a captured variable without the `_` of a clash; "" for other captures."""
    if capture.kind not in ("local", "local_path"):
        return ""
    plain = capture.name.rstrip("_")
    return plain if plain in named else capture.name


def _of_column(
    field: NewField,
    capture: Capture,
    rows: "_ColumnFields",
    owner: ResourceInfo,
    named: Mapping[str, Capture],
) -> NewField:
    """Add the earlier names of a captured value, its default, and where to load it from."""
    program, resource, path, prefix = rows.program, owner, capture.path, ""
    match capture.kind:
        case "snapshot":
            return replace(field, load=_by_key(rows.load(owner, (), ()), owner, capture, named))
        case "change":
            column = owner.columns[path[0]]
            form = "previous_{}" if path[1] == "previous" else "{}_changed"
            was, others = map(form.format, column.was), map(form.format, owner.columns)
            return replace(field, was=tuple(was), others=frozenset(others))
        case "local" if path := _copied(capture.local, program.facts):
            return replace(field, same=("_".join(path),), others=_names(program, owner.columns))
        case "local_path" if capture.local is not None:
            record = required(capture.local.type)
            if not isinstance(record, Record):
                return field
            resource = program.resources[record.resource]
            path, prefix = capture.path[1:], f"{capture.path[0]}_"
        case "self_path":
            pass
        case _:
            return field
    columns = [*program.columns(resource, path)]
    names = ("_".join(parts) for parts in product(*((c.name, *c.was) for c in columns)))
    load = rows.load(resource, path, columns, prefix)
    if not is_nullable(capture.type) and any(is_nullable(column.type) for column in columns):
        load = None  # the captured value is not nil, but the row may have nil now
    return replace(
        field,
        was=tuple(f"{prefix}{name}" for name in names)[1:],
        others=_names(program, resource.columns, prefix),
        default=constant_default(columns[-1]),
        load=_by_key(load, resource, capture, named),
    )


def _copied(local: Local | None, facts: Facts) -> tuple[str, ...]:
    """The path of `self` whose value a `let` holds, and no other value; () if there is none."""
    values = facts.values_of(local) if local is not None and local.kind == "let" else []
    value, path = values[0] if len(values) == 1 else None, tuple[str, ...]()
    while isinstance(value, ast.Member):
        match facts.resolutions.get(value):
            case StructField(column=column):
                value, path = value.target, (column.name, *path)
            case SelfColumn(column=column):
                return (column.name, *path)
            case _:
                return ()
    return ()


def _names(program: Program, columns: Mapping[str, Column], prefix: str = "") -> frozenset[str]:
    """The names that the values of a record have when they are captured."""
    found: set[str] = set()
    for column in columns.values():
        name = f"{prefix}{column.name}"
        found.add(name)
        if isinstance(required(column.type), Struct):
            found |= _names(program, program.members(column.type), f"{name}_")
    return frozenset(found)


def _by_key(
    load: Load | None, resource: ResourceInfo, capture: Capture, named: Mapping[str, Capture]
) -> Load | None:
    """Return a load without the keys that name another value of the payload, as a variable `id`."""
    if load is None:
        return None
    local = capture.local if capture.kind == "local_path" else None
    path = (resource.primary_key,) if local is None else (local.name, resource.primary_key)
    keys = tuple(
        name
        for name in load.keys
        if name not in named or (named[name].local, named[name].path) == (local, path)
    )
    return replace(load, keys=keys)


class _ColumnFields:
    """The columns of a program; rows of the resource `deleted` are not loaded."""

    def __init__(self, program: Program, deleted: str | None) -> None:
        self.program = program
        self._deleted = deleted

    def load(
        self,
        resource: ResourceInfo,
        path: tuple[str, ...],
        columns: Iterable[Column],
        prefix: str = "",
    ) -> Load | None:
        """Return where to load a value from, None if the row cannot be found."""
        key = resource.columns.get(resource.primary_key or "")
        if key is None or key in columns or resource.name == self._deleted:
            return None
        names = tuple(f"{prefix}{name}" for name in (key.name, *key.was))
        return Load(resource.name, names, field_type(key.type, self.program), path)

    def inside(self, kind: Type) -> NewFields:
        """The fields of the struct or the snapshot in a type."""
        match innermost(kind):
            case Struct(name):
                fields = self.program.structs[name].fields.values()
                return {each.name: self._field(each, None) for each in fields}
            case Record(name):
                resource = self.program.resources[name]
                key = resource.columns.get(resource.primary_key or "")
                return {
                    each.name: self._field(
                        each,
                        None
                        if key and key.sensitive
                        else self.load(resource, (each.name,), [each]),
                        key_table(resource, each.name, self.program),
                    )
                    for each in resource.columns.values()
                    if not each.sensitive
                }
        return {}

    def _field(self, column: Column, load: Load | None, table: str = "") -> NewField:
        kind = replace(field_type(column.type, self.program), table=table)
        return NewField(kind, column.was, constant_default(column), load, self.inside(column.type))
