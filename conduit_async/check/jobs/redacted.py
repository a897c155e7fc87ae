"""Sensitive fields that are read of a record which a job has stored without them."""

from collections.abc import Iterator
from dataclasses import dataclass

from ... import ast
from ...diagnostics import Problems
from ...program import (
    ComputedUse,
    Facts,
    FunctionCall,
    FunctionInfo,
    Local,
    Program,
    RecordCall,
    RecordColumn,
    RelationUse,
    ResourceInfo,
)
from ...types import ANY, Record, required
from ..coercion import constant_text
from ..wording import snippet
from .async_blocks import all_jobs
from .stored_records import Section, StoredRecords, is_outside


@dataclass(frozen=True)
class SensitiveRead:
    """A read of a sensitive field; `function` is the one that reads it, when it was called."""

    node: ast.Expr
    record: ast.Expr
    resource: str
    field: str
    function: FunctionInfo | None = None


def report_redacted(program: Program, problems: Problems) -> None:
    """Report (ASY903) each read of a sensitive field that its record will be without."""
    resources = program.resources.values()
    if not any(column.sensitive for info in resources for column in info.columns.values()):
        return
    for info in resources:
        for function in info.functions.values():
            if function.reached:
                _report(program, [Section(function.body)], info, problems)
        for hook in info.hooks:
            sections = [Section(job.block.body, job) for job in all_jobs(hook)]
            _report(program, [Section(hook.node, stores=False), *sections], info, problems)


def _report(
    program: Program, sections: list[Section], info: ResourceInfo, problems: Problems
) -> None:
    stored = StoredRecords(program.facts, sections)
    stored.settle()
    for section in sections:
        for read in _reads(program, stored, section):
            name = f"{read.resource}.{read.field}"
            if read.function is not None:
                message = (
                    f"a job stores `{snippet(read.record)}` without the sensitive field `{name}`, "
                    f"which `{read.function.name}` reads"
                )
            else:
                message = (
                    f"`{snippet(read.record)}` may be a record that a job has stored, "
                    f"without its sensitive field `{name}`"
                )
            problems.error("ASY903", read.node.span, message, _hint(stored, read, section, info))


def _hint(stored: StoredRecords, read: SensitiveRead, section: Section, info: ResourceInfo) -> str:
    load = f"load the record inside: `{read.resource}.find(…)`"
    if read.function is None and read.resource == info.name:
        return f"read `self.{read.field}`, which is stored by itself, or {load}"
    local = stored.facts.resolutions.get(read.record)
    is_there = isinstance(local, Local) and is_outside(local, section.job)
    if is_there or isinstance(read.record, ast.SelfRef):
        example = f"`let {read.field} = {snippet(read.record)}.{read.field}`"
        return f"read it before the block ({example}), or {load}"
    return f"read the field before the block, or {load}"


def _reads(program: Program, stored: StoredRecords, section: Section) -> Iterator[SensitiveRead]:
    for node in section.nodes():
        use = program.facts.resolutions.get(node)
        match node, use:
            case ast.Member(target=target), RecordColumn(resource=resource, column=column):
                if column.sensitive and _lacks(stored, target, section):
                    yield SensitiveRead(node, target, resource, column.name)
            case ast.Member(target=target), RelationUse(owner=owner, relation=relation):
                key = program.resources[owner].columns.get(relation.key)
                is_key = relation.kind == "to_one" and key is not None and key.sensitive
                is_own = isinstance(target, ast.SelfRef)
                if is_key and not is_own and _lacks(stored, target, section):
                    yield SensitiveRead(node, target, owner, relation.key)
            case ast.Call() | ast.Member(), RecordCall(operation="pluck", receiver=receiver):
                if receiver is not None and stored.may_be(receiver, section):
                    yield from _plucked(program, node, use, receiver)
            case ast.Call() | ast.Member() | ast.NameRef(), FunctionCall() | ComputedUse():
                yield from _called(program, stored, section, node)


def _lacks(stored: StoredRecords, target: ast.Expr, section: Section) -> bool:
    """Whether a record may lack its sensitive fields; of a variable outside, each is captured."""
    local = stored.facts.resolutions.get(target)
    return local in stored.held if isinstance(local, Local) else stored.may_be(target, section)


def _plucked(
    program: Program, node: ast.Expr, call: RecordCall, receiver: ast.Expr
) -> Iterator[SensitiveRead]:
    columns = program.resources[call.resource].columns
    for argument in call.arguments:
        column = columns.get(constant_text(argument.value) or "")
        if column is not None and column.sensitive:
            yield SensitiveRead(node, receiver, call.resource, column.name)


def _called(
    program: Program, stored: StoredRecords, section: Section, node: ast.Expr
) -> Iterator[SensitiveRead]:
    """What a function reads of its record and of its arguments."""
    call = program.facts.resolutions[node]
    assert isinstance(call, FunctionCall | ComputedUse)
    callee = node.callee if isinstance(node, ast.Call) else node
    if isinstance(callee, ast.Member) and not isinstance(callee.target, ast.SelfRef):
        field = _own_sensitive(program.facts, callee.target, call.function, program)
        if field is not None and stored.may_be(callee.target, section):
            yield SensitiveRead(node, callee.target, *field, call.function)
    for position, argument in enumerate(call.arguments if isinstance(call, FunctionCall) else ()):
        if argument is not None and stored.may_be(argument, section):
            found = _read_of(program, stored, call.function, position, set())
            if found is not None:
                yield SensitiveRead(argument, argument, *found, call.function)


def _own_sensitive(
    facts: Facts, target: ast.Expr, function: FunctionInfo, program: Program
) -> tuple[str, str] | None:
    """The sensitive field of its own record that a function reads."""
    record = required(facts.types.get(target, ANY))
    columns = program.resources[record.resource].columns if isinstance(record, Record) else {}
    for read in function.reads:
        column = columns.get(read.path[0]) if read.kind in ("self_path", "change") else None
        if column is not None and column.sensitive and isinstance(record, Record):
            return record.resource, column.name
    return None


def _read_of(
    program: Program,
    stored: StoredRecords,
    function: FunctionInfo,
    position: int,
    seen: set[tuple[int, int]],
) -> tuple[str, str] | None:
    """The sensitive field that a function, or one that it calls, reads of a parameter's record."""
    seen.add((id(function), position))
    section, inner = stored.inside(function, {position})
    alone = stored.inside(function, ())[1]
    for node in section.nodes():
        match node, program.facts.resolutions.get(node):
            case ast.Member(target=target), RecordColumn(resource=resource, column=column):
                if column.sensitive and _differs(inner, alone, target, section):
                    return resource, column.name
            case _, FunctionCall(function=other, arguments=arguments):
                for place, argument in enumerate(arguments):
                    if argument is None or (id(other), place) in seen:
                        continue
                    if _differs(inner, alone, argument, section):
                        found = _read_of(program, stored, other, place, seen)
                        if found is not None:
                            return found
    return None


def _differs(inner: StoredRecords, alone: StoredRecords, node: ast.Expr, section: Section) -> bool:
    return inner.may_be(node, section) and not alone.may_be(node, section)
