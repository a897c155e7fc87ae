"""Names the steps of jobs: a step of the lock keeps its name, wherever it stands now.

A job that was stopped behind a step goes on by the step's name. So a new step that does the same
work as a known one, such as a second mail, never takes the known one's name. A step that has an
earlier name by `steps_were` keeps it: records, and the idempotency keys of calls, are under it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from hashlib import sha256

from ... import ast
from ...analyses.walk import walk
from ...lock.model import Lock, LockedStep, Pause
from ...names import CALL, snake_case
from ...program import (
    FunctionCall,
    JobInfo,
    Local,
    Program,
    RecordCall,
    RelationUse,
    ServiceCall,
    StepInfo,
)
from .hashes import hash_of
from .second_runs import Kinds

_LONGEST = 60
"""The most characters of the name of some work: the loops around it and a number come with it."""


def name_steps(job: JobInfo, lock: Lock) -> Collection[str]:
    """Give the steps of a job, and its effects without records, distinct names.

    Returns the names in `steps_were` that no step has.
    """
    were: dict[str, str] = job.options.get("steps_were", {})
    unknown = {*were}
    for step in (*job.steps, *job.unrecorded):
        last = step.statements[-1:] if step.part is None else step.part.nodes
        source = map(job.original, last)
        step.hash = hash_of(*(e.iterable if isinstance(e, ast.For) else e for e in source))
    known = known_steps(job, lock)
    job.had_steps = known is not None
    steps = sorted((*job.steps, *job.unrecorded), key=lambda step: step.place)
    groups: dict[tuple[StepInfo | None, str, Pause], list[StepInfo]] = {}
    for step in steps:
        if step.pause != "wait":  # it has the name of its signal
            groups.setdefault((step.loop, step.name, step.pause), []).append(step)
    taken = {each.name for each in steps if each.pause == "wait"}.union(were.values())
    for (loop, name, pause), group in groups.items():  # a loop has its name before its steps
        work = name if loop is None else f"{loop.name}/{name}"
        same = [
            each
            for each in known or ()
            if _work(each) == work and each.pause == pause and each.name not in were.values()
        ]
        others = {each.name for each in known or () if each.pause != pause}
        _name(work, group, same, taken | others)
        for step in group:
            unknown.discard(step.name)
            step.name = were.get(step.name, step.name)
    return unknown


def known_steps(job: JobInfo, lock: Lock) -> tuple[LockedStep, ...] | None:
    """The steps that the lock has of a job; None if it never had any."""
    earlier = [lock.jobs[name].steps for name in (job.name, *job.was) if name in lock.jobs]
    return next((each for each in earlier if each is not None), None)


def _work(step: LockedStep) -> str:
    """The name of a step of the lock without its own number."""
    around, slash, own = step.name.rpartition("/")
    return f"{around}{slash}{own.partition('#')[0]}"


def _name(
    work: str, steps: list[StepInfo], known: list[LockedStep], others: Collection[str]
) -> None:
    """Name steps that do the same work: after unchanged ones, else after the only changed one.

    `others` are names of steps of another kind.
    """
    names: dict[StepInfo, str] = {}
    free = [*known]
    for step in steps:
        if (same := next((each for each in free if each.hash == step.hash), None)) is not None:
            names[step] = same.name
            free.remove(same)
    changed = [step for step in steps if step not in names]
    # A number of turns says nothing about another list.
    is_list = bool(changed) and changed[0].takes_turns and changed[0].items is None
    if len(changed) == len(free) == 1 and not is_list:
        names[changed[0]] = free[0].name
    taken = {each.name for each in known}.union(others)
    number = 1
    for step in steps:
        if step in names:
            step.name = names[step]
            continue
        while (name := work if number == 1 else f"{work}#{number}") in taken:
            number += 1
        step.name = name
        taken.add(name)


def branches(
    block: ast.Block, original: Callable[[ast.Node], ast.Node], around: str = ""
) -> Iterator[tuple[ast.Statement, str]]:
    """The statements of a block and of the branches in it, each with a hash of what leads to it.

    It depends on the conditions of the branches around it, and on earlier ones that may end the
    block; it is empty if there are none. `original` gives the node of the source.
    """

    def hashed(*nodes: ast.Node) -> str:
        return "".join(hash_of(original(each)) for each in nodes)

    def inside(block: ast.Block, around: str) -> Iterator[tuple[ast.Statement, str]]:
        return branches(block, original, _short(around))

    for statement in block.statements:
        yield statement, around
        if isinstance(statement, ast.For):
            yield from inside(statement.body, around + hashed(statement.iterable))
        elif (rescue := rescue_in(statement)) is not None:
            yield from inside(rescue.body, f"{around}{hashed(rescue.operand)} rescue")
        elif isinstance(statement, ast.ExprStatement) and isinstance(statement.value, ast.Match):
            conditions = around + hashed(statement.value.subject)
            for arm in statement.value.arms:
                conditions += hashed(*arm.patterns)
                yield from inside(arm.body, conditions)
        elif isinstance(statement, ast.If):
            conditions = around
            for branch in statement.branches:
                conditions += "not " * statement.negated + hashed(branch.condition)
                yield from inside(branch.body, conditions)
            if statement.otherwise is not None:
                yield from inside(statement.otherwise, f"{conditions} else")
            if any(isinstance(each, ast.Return | ast.Raise) for each in walk(statement, ast.Async)):
                around = _short(around + hashed(statement))


def rescue_in(statement: ast.Statement) -> ast.Rescue | None:
    """The `rescue` of a statement."""
    if isinstance(statement, ast.ExprStatement | ast.Let | ast.Assign):
        return statement.value if isinstance(statement.value, ast.Rescue) else None
    return None


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:8]


def work_of(program: Program, step: Sequence[ast.Node], kinds: Kinds) -> str:
    """The first effect, or else the first call, by its name in the source, which is cut."""
    return _work_of(program, step, kinds)[:_LONGEST]


def _work_of(program: Program, step: Sequence[ast.Node], kinds: Kinds) -> str:
    effects = [each for statement in step for each in kinds.effects(statement)]
    node = effects[0] if effects else _first_read(program, step[-1])
    match program.facts.resolutions.get(node), node:
        case ServiceCall() as call, _:
            return _service_name(call)
        case RecordCall(resource=resource, operation=operation), _:
            return f"{snake_case(resource)}.{operation.rstrip('!')}"
        case FunctionCall(function=function), _:
            return function.name
        case RelationUse(relation=relation), _:
            return relation.name
        case Local(name=name), _:
            return name
        case _, ast.Assign(target=ast.Member() as target):
            return ".".join(path_of(target))
    return "code"


def _first_read(program: Program, node: ast.Node) -> ast.Node:
    """The first query or relation in the value of a variable or in the items of a loop."""
    if isinstance(node, ast.Let):
        node = node.value
    reads = (
        each
        for each in walk(node, ast.Async)
        if isinstance(program.facts.resolutions.get(each), RecordCall | RelationUse)
    )
    return next(reads, node)


def _service_name(call: ServiceCall) -> str:
    method = "" if call.method == CALL else f".{call.method}"
    return f"{snake_case(call.service)}{method}"


def chain_of(target: ast.Expr) -> list[ast.Expr]:
    """The target of an assignment, and what it is a part of."""
    chain = [target]
    while isinstance(target, ast.Member):
        target = target.target
        chain.append(target)
    return chain


def path_of(target: ast.Expr) -> list[str]:
    """The names of the fields that an assignment reaches: `address`, `city`."""
    return [each.name.text for each in reversed(chain_of(target)) if isinstance(each, ast.Member)]
