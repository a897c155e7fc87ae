"""The conditions under which a hook enqueues its jobs, and whether a write may meet them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ... import ast
from ...analyses.walk import children, walk
from ...program import ChangeCall, Facts, FunctionCall, Local, SelfColumn
from ..constants import UNKNOWN, constant_of
from .decisions import diverges
from .footprint import RecordWrite

Guards = tuple[tuple[ast.Expr, bool], ...]
"""Conditions, each with whether it holds."""


def guards_of(body: ast.Block) -> Iterator[tuple[ast.Async, Guards]]:
    """The jobs that a hook enqueues directly, each with the conditions that lead to it."""
    pending: list[tuple[ast.Node, Guards]] = [(body, ())]
    while pending:
        node, guards = pending.pop()
        match node:
            case ast.Async():
                yield node, guards
            case ast.Block(statements=statements):
                inside = []
                for each in statements:
                    inside.append((each, guards))
                    guards += _after(each)
                pending += reversed(inside)
            case ast.If(branches=branches, otherwise=otherwise, negated=negated):
                for branch in branches:
                    pending.append((branch.body, (*guards, (branch.condition, not negated))))
                    guards = (*guards, (branch.condition, negated))
                pending += [(otherwise, guards)] if otherwise is not None else []
            case ast.Ternary(condition=condition, then=then, otherwise=other):
                pending += [(other, (*guards, (condition, False)))]
                pending += [(then, (*guards, (condition, True)))]
            case _:
                pending += [(each, guards) for each in reversed(children(node))]


def _after(statement: ast.Statement) -> Guards:
    """The conditions that hold after a statement, because it leaves the hook otherwise."""
    match statement:
        case ast.If(branches=(branch, *_), negated=negated) if diverges(branch.body):
            return ((branch.condition, negated),)
    return ()


@dataclass(frozen=True)
class _Part:
    """A part of a condition, and whether it holds."""

    node: ast.Expr
    holds: bool


def may_pass(facts: Facts, guards: Guards, write: RecordWrite) -> bool:
    """Whether a write may lead to a job, if the hooks of its resource run.

    It cannot if a condition requires a change of fields that it does not write. If a condition
    reads a field that it writes, the write is assumed to end the cycle.
    """
    if write.columns is None:
        return True
    for part in (part for condition, holds in guards for part in _parts(condition, holds)):
        changes = _required_changes(facts, part.node) if part.holds else None
        if changes is not None and not any(_changes(call, write) for call in changes):
            return False
        if not _read_columns(facts, part.node).isdisjoint(write.columns):
            return False
    return True


def _parts(condition: ast.Expr, holds: bool) -> Iterator[_Part]:
    """The parts of a condition whose value is known from the value of the whole."""
    pending = [(condition, holds)]
    while pending:
        node, holds = pending.pop()
        match node:
            case ast.Unary(operator="not", operand=operand):
                pending.append((operand, not holds))
            case ast.Binary(operator="and", left=left, right=right) if holds:
                pending += [(right, True), (left, True)]
            case ast.Binary(operator="or", left=left, right=right) if not holds:
                pending += [(right, False), (left, False)]
            case _:
                yield _Part(node, holds)


def _required_changes(facts: Facts, condition: ast.Expr) -> list[ChangeCall] | None:
    """The changes of which a condition needs at least one; None if it may hold without them."""
    found: list[ChangeCall] = []
    pending = [condition]
    while pending:
        match pending.pop():
            case ast.Binary(operator="or", left=left, right=right):
                pending += [right, left]
            case part:
                uses = (facts.resolutions.get(node) for node in _with_locals(facts, part))
                changes = [use for use in uses if isinstance(use, ChangeCall)]
                if not changes:
                    return None
                found += changes
    return found


def _changes(call: ChangeCall, write: RecordWrite) -> bool:
    """Whether a write may make the change that a condition requires."""
    columns = write.columns or {}
    if call.column.name not in columns:
        return False
    given = columns[call.column.name]
    if call.kind != "changed_to" or given is None or call.argument is None:
        return True
    known = constant_of(given), constant_of(call.argument)
    return UNKNOWN in known or known[0] == known[1]


def _read_columns(facts: Facts, condition: ast.Expr) -> set[str]:
    """The fields of the record whose current values a condition depends on."""
    found: set[str] = set()
    for node in _with_locals(facts, condition):
        match facts.resolutions.get(node):
            case SelfColumn(column=column):
                found.add(column.name)
            case FunctionCall(function=function):
                own = (read for read in function.reads if read.kind == "self_path")
                found.update(read.path[0] for read in own)
    return found


def _with_locals(facts: Facts, condition: ast.Expr) -> Iterable[ast.Node]:
    """The nodes of a condition, and of the values of the locals in it."""
    pending: list[ast.Node] = [condition]
    seen: set[object] = set()
    while pending:
        for node in walk(pending.pop(), ast.Async):
            yield node
            local = facts.resolutions.get(node)
            if isinstance(local, Local) and local not in seen:
                seen.add(local)
                pending += facts.values_of(local)
