"""Finds statements whose first part may end a step: loops over rows, and values with a `rescue`."""

import inflection

from ... import ast
from ...analyses.walk import walk
from ...names import local_name
from ...program import Facts, Items, JobInfo, Local, Program, Tried
from ...types import ANY, ERROR, JSON, Array, Optional, Query, Record, is_nullable
from .kept_values import KeptValues


def items_of(loop: ast.For, program: Program, job: JobInfo, values: KeptValues) -> Items | None:
    """The items of a loop, if what gives them may give others each time, and they can be stored."""
    kind = program.facts.types.get(loop.iterable, ANY)
    match kind:
        case Query(resource):
            kind = Array(Record(resource))
        case Array():
            pass
        case _ if kind not in (ANY, JSON):
            return None
    name = inflection.pluralize(loop.name.text)
    span = loop.iterable.span
    local = Local(name, local_name(name), kind, "let", span, job, loop.iterable)
    return Items(loop, local) if values.may_keep_items(local) else None


def tried_in(statement: ast.Statement, facts: Facts, job: JobInfo) -> Tried | None:
    """What a `rescue` in a statement tries, if the code behind it can run as a statement.

    The value that the statement sets is nil after a failure, until its block sets it.
    """
    match statement:
        case ast.ExprStatement(value=ast.Rescue() as rescue):
            local: object = None
        case ast.Let(value=ast.Rescue() as rescue):
            local = facts.declared.get(statement)
        case ast.Assign(target=ast.NameRef() as target, value=ast.Rescue() as rescue):
            local = facts.resolutions.get(target)
        case _:
            return None
    name = rescue.error.text if rescue.error is not None else "error"
    error = Local(name, local_name(name), Optional(ERROR), "error", rescue.span, job)
    if _is_read_in_lambda(rescue, facts):
        return None
    if not isinstance(local, Local):
        return Tried(statement, rescue, rescue.body, error)
    last = rescue.body.statements[-1] if rescue.body.statements else None
    if (
        not isinstance(last, ast.ExprStatement)
        or any(isinstance(each, ast.Return) for each in walk(rescue.body, ast.Lambda | ast.Async))
        or not (local.type in (ANY, JSON) or is_nullable(local.type))
    ):
        return None
    target = ast.NameRef(last.span, local.name)
    facts.resolutions[target] = local
    facts.types[target] = local.type
    sets = ast.Assign(last.span, target, last.value)
    body = ast.Block(rescue.body.span, (*rescue.body.statements[:-1], sets))
    return Tried(statement, rescue, body, error, local)


def _is_read_in_lambda(rescue: ast.Rescue, facts: Facts) -> bool:
    """Whether a lambda reads the error; type checkers forget there that it is not nil."""
    local = facts.declared.get(rescue)
    lambdas = (each for each in walk(rescue.body, ast.Async) if isinstance(each, ast.Lambda))
    return local is not None and any(
        facts.resolutions.get(each) is local for function in lambdas for each in walk(function)
    )
