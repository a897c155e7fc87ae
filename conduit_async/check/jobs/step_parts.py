"""Finds statements whose first part may end a step: of loops, of values with a `rescue`, of `if`.

A step that ends so stores the rows of a loop, the error of what a `rescue` tries, or which one of
its blocks an `if` or a `match` has chosen.
"""

from collections.abc import Sequence

import inflection

from ... import ast
from ...analyses.walk import own_nodes, walk
from ...names import local_name
from ...program import Chosen, Facts, Items, JobInfo, Local, Program, Tried
from ...types import (
    ANY,
    BOOL,
    ERROR,
    INT,
    JSON,
    Array,
    Optional,
    Query,
    Record,
    Type,
    is_nullable,
)
from .hashes import hash_of
from .kept_values import KeptValues
from .second_runs import Kind, Kinds
from .unrecorded import blocks_of


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


def chosen_in(
    statement: ast.Statement, program: Program, job: JobInfo, kinds: Kinds, values: KeptValues
) -> Chosen | None:
    """What an `if` or a `match` chooses by, if another attempt may choose another block.

    None if code reads a value as not nil since a condition says so: the generated code has to test
    that again.
    """
    facts = program.facts
    nodes: tuple[ast.Expr, ...]
    kind: Type
    match statement:
        case ast.If(branches=branches):
            nodes = tuple(each.condition for each in branches)
            name, python, kind = ("if", "chosen", INT) if nodes[1:] else ("if", "holds", BOOL)
        case ast.ExprStatement(value=ast.Match(subject=subject, arms=arms)) if (
            kinds.of(*(each for arm in arms for each in arm.patterns)) is Kind.SAME
        ):
            nodes = (subject,)
            name, python, kind = "match", "subject", facts.types.get(subject, ANY)
        case _:
            return None
    if kinds.of(*nodes) is Kind.SAME or narrow(nodes, facts, job):
        return None
    # Its name tells the conditions from others, by which new code would choose another block.
    name = f"{name} {hash_of(*map(job.original, nodes))}"
    local = Local(name, local_name(python), kind, "let", statement.span, job, nodes[0])
    return Chosen(statement, local, nodes) if values.may_keep(local) else None


def narrow(conditions: Sequence[ast.Expr], facts: Facts, job: JobInfo) -> bool:
    """Whether code behind some conditions may read a value as not nil because of them."""
    inside = {each for root in conditions for each in walk(root)}
    tested = {
        each.span.in_one_line
        for each in inside
        if is_nullable(facts.types.get(each, ANY)) and each not in facts.narrowed
    }
    others = (each for each in walk(job.body) if each in facts.narrowed and each not in inside)
    return any(each.span.in_one_line in tested for each in others)


def has_effects(statement: ast.Statement, kinds: Kinds) -> bool:
    """Whether an effect in a block of an `if` or a `match` may follow another effect of it."""
    before = 0 if kinds.of(*conditions_of(statement)) is not Kind.EFFECT else 1
    for block in blocks_of(statement):
        effects = before + len([*kinds.effects(block)])
        bodies = (each.body for each in own_nodes(block) if isinstance(each, ast.For))
        if effects > before and (effects > 1 or Kind.EFFECT in map(kinds.of, bodies)):
            return True
    return False


def conditions_of(statement: ast.Statement) -> list[ast.Node]:
    """The conditions of an `if`, or the subject and the patterns of a `match`."""
    match statement:
        case ast.If(branches=branches):
            return [each.condition for each in branches]
        case ast.ExprStatement(value=ast.Match(subject=subject, arms=arms)):
            return [subject, *(each for arm in arms for each in arm.patterns)]
    return []
