"""Decides the values that each job captures when it is enqueued."""

from collections.abc import Mapping
from dataclasses import replace

from ...analyses.results import origins
from ...diagnostics import Problems
from ...names import python_name, unclashed
from ...program import Capture, Column, Facts, Local, Program, ResourceInfo
from ...types import (
    ANY,
    ERROR,
    JSON,
    Array,
    FunctionType,
    Hash,
    Optional,
    Query,
    Range,
    Record,
    Scalar,
    Struct,
    Type,
    innermost,
    required,
)
from ..lattice import InvalidType
from ..wording import describe
from .capture_finder import CaptureFinder, CaptureUse
from .payload_fields import fields_of, fingerprint, shape_of


def capture(program: Program, problems: Problems) -> None:
    """Decide the payload of every job, and what every `@function` reads of `self`."""
    for resource in program.resources.values():
        program.resources.work_on(resource)
        _settle_reads(resource, CaptureFinder(program, problems, resource))
        for hook in resource.hooks:
            for job in hook.jobs:
                known = program.facts.known_at.get(job.block, frozenset())
                on_create = hook.node.event in ("create", "save")
                finder = CaptureFinder(program, problems, resource, job, known, on_create)
                uses = list(finder.uses(job.block.body))
                for use in {use.key: use for use in reversed(uses)}.values():
                    _check(use, program, problems)
                fields = _fields(uses, resource, program)
                job.captures = tuple(
                    replace(each, type=_stored(each, resource, program), shape=shape_of(each))
                    for each in fields
                )
                job.fields = fields_of(job.captures, program, resource)
                job.fingerprint = fingerprint(job.fields)


def _stored(capture: Capture, resource: ResourceInfo, program: Program) -> Type:
    """The type in the payload: that of a nullable `json` says so, as an older job may lack it."""
    if capture.kind == "self_path" and capture.type == JSON:
        *_, column = program.columns(resource, capture.path)
        return Optional(JSON) if column.is_nullable else JSON
    return capture.type


def _settle_reads(resource: ResourceInfo, finder: CaptureFinder) -> None:
    """Give every function its reads and those of the functions it calls, until none grows."""
    functions = [function for function in resource.functions.values() if function.reached]
    pending = True
    while pending:
        pending = False
        for function in functions:
            defaults = [each.default for each in function.parameters if each.default]
            uses = list(finder.uses(*defaults, function.body))
            reads = _fields(uses, resource, finder.program)
            if reads != function.reads:
                function.reads = reads
                pending = True


def _fields(
    uses: list[CaptureUse], resource: ResourceInfo, program: Program
) -> tuple[Capture, ...]:
    """One capture for each value, those of the record first, with distinct names."""
    distinct = {use.key: use.capture for use in reversed(uses)}
    distinct |= {use.key: replace(use.capture, is_sensitive=True) for use in uses if use.sensitive}
    paths = {(each.local, each.path) for each in distinct.values() if each.kind in _VALUES}
    captures: list[Capture] = []
    names: set[str] = set()
    attributes: set[str] = set()
    for found in sorted(distinct.values(), key=lambda found: _order(found, resource, program)):
        around = {(found.local, found.path[:end]) for end in range(1, len(found.path))}
        is_left_out = found.kind == "local_path" and found.is_sensitive  # the snapshot lacks it
        if found.kind in _VALUES and not is_left_out and not around.isdisjoint(paths):
            continue
        name = unclashed(found.name, names)
        python = python_name(name, attributes)
        names.add(name)
        attributes.add(python)
        captures.append(replace(found, name=name, python=python))
    return tuple(captures)


_VALUES = frozenset({"self_path", "local", "local_path"})


# The fields of the record come first and keep their names.
_RANKS = {
    "self_path": 0, "change": 1, "snapshot": 2, "local": 3, "local_path": 3, "error": 3,
    "context": 4,
}  # fmt: skip


def _order(
    found: Capture, resource: ResourceInfo, program: Program
) -> tuple[int, int, list[int], tuple[str, ...]]:
    """The sort key of captures: fields in the order of declaration, then locals likewise."""
    declared = found.local.span.start if found.local is not None else 0
    path: tuple[str, ...] = found.path
    columns: Mapping[str, Column] = resource.columns
    if found.local is not None and isinstance(required(found.local.type), Record):
        path, columns = path[1:], program.members(found.local.type)
    positions: list[int] = []
    for name in path:
        if name not in columns:
            break
        positions.append(list(columns).index(name))
        columns = program.members(columns[name].type)
    return _RANKS[found.kind], declared, positions, found.path


def _check(use: CaptureUse, program: Program, problems: Problems) -> None:
    found = use.capture
    if use.sensitive:
        stored = f"the sensitive field `{use.sensitive}` will be stored in the job's payload"
        hint = f"load it when the job runs: `{use.sensitive.partition('.')[0]}.find(…)`"
        problems.warning("ASY902", use.span, f"{stored}, as `{found.name}`", hint)
    fault = _unstorable(found.type)
    if fault is None and (kind := _untyped_object(found, program.facts)) is not None:
        hint = "capture what the job needs of it, each in a variable of one type"
        fault = f"{describe(kind)} or a value of another type", hint
    if fault is not None:
        message = f"`{found.name}` holds {fault[0]}, which a job cannot store"
        problems.error("ASY903", use.span, message, fault[1])


def is_storable(program: Program, local: Local) -> bool:
    """Whether the value of a variable comes back from JSON as it is; rows do not."""
    kind = innermost(local.type)
    if _unstorable(local.type) is not None or isinstance(kind, Record):
        return False
    if isinstance(kind, Struct):
        return True
    return required(local.type) != ERROR and _held_object(local, program.facts, ERROR) is None


def _untyped_object(found: Capture, facts: Facts) -> Type | None:
    """The record or struct that an untyped variable may hold; JSON would make it a hash."""
    local = found.local
    if local is None or found.kind != "local" or isinstance(found.type, InvalidType):
        return None
    return None if _object_in(found.type) is not None else _held_object(local, facts)


def _held_object(local: Local, facts: Facts, *others: Type) -> Type | None:
    kinds = (facts.types.get(p, ANY) for each in facts.values_of(local) for p in origins(each))
    return next((found for each in kinds if (found := _object_in(each, *others))), None)


def _object_in(kind: Type, *others: Type) -> Type | None:
    """The record, the struct or one of the `others` in the values of a type, at any depth."""
    match required(kind):
        case Array(item, entries) | Hash(value=item, entries=entries):
            kinds = [item, *(each for _, each in (entries.types if entries is not None else ()))]
            return next((found for each in kinds if (found := _object_in(each, *others))), None)
        case Struct() | Record() as found:
            return found
        case found if found in others:
            return found
    return None


def _unstorable(kind: Type) -> tuple[str, str] | None:
    """Name the values of a type that a job cannot store, and say what to do instead."""
    match innermost(kind):
        case Query(resource=resource):
            hint = "run it inside the block, or store its result: `.all`, `.first`, `.pluck(…)`"
            return f"a query of `{resource}`", hint
        case FunctionType():
            return "a lambda", "write it inside the block"
        case Range():
            return "a range", "store its two ends instead"
        case Scalar("regex"):
            return "a regex", "write it inside the block"
    return None
