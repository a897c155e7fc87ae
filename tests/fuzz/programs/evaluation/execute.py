"""Executes the tree of statements."""

from typing import Any

from ..source.tree import (
    Alone,
    Assign,
    Async,
    Block,
    Expr,
    For,
    If,
    Let,
    Local,
    Match,
    Member,
    Node,
    Rescue,
    Return,
)
from .evaluate import Run, evaluate, value_of
from .meaning import Error, Failure, Range, Struct, contains, equal, truthy


class _Return(Exception):
    """A `return` from a function, a lambda, a hook, or a rescue that gives a value."""

    def __init__(self, value: Any) -> None:
        self.value = value


def result_of(body: Block, run: Run) -> Any:
    """The value of a body, by a `return` or by its end."""
    try:
        return block(body, run)
    except _Return as left:
        return left.value


def block(body: Block, run: Run) -> Any:
    """Run statements in a scope of their own; return the value of the last one."""
    run.scopes.append({})
    value = None
    try:
        for statement in body.statements:
            value = _execute(statement, run)
    finally:
        run.scopes.pop()
    return value


def _execute(node: Node, run: Run) -> Any:
    match node:
        case Let():
            run.scopes[-1][node.name] = evaluate(node.value, run)
        case Assign():
            _assign(node.target, evaluate(node.value, run), run)
        case Alone():
            return evaluate(node.value, run)
        case If():
            return _branch(node, run)
        case For():
            _repeat(node, run)
        case Return():
            raise _Return(None if node.value is None else evaluate(node.value, run))
        case Async():
            _enqueue(node, run)
    return None


def _assign(target: Expr, value: Any, run: Run) -> None:
    if isinstance(target, Local):
        run.scope_of(target.name)[target.name] = value
        return
    path: list[str] = []
    while isinstance(target, Member):
        path.insert(0, target.name)
        target = target.target
    run.record = replaced(run.record, path, value)
    run.writes.append((tuple(path), value))


def replaced(record: dict[str, Any], path: list[str], value: Any) -> Any:
    """A record or struct with another value at a path."""
    first, *rest = path
    inner = replaced(record[first], rest, value) if rest else value
    return type(record)({**record, first: inner})


def _branch(node: If, run: Run) -> Any:
    for condition, body in node.branches:
        if truthy(evaluate(condition, run)) != node.negated:
            return block(body, run)
    return block(node.otherwise, run) if node.otherwise else None


def _repeat(node: For, run: Run) -> None:
    value = evaluate(node.value, run)
    if not isinstance(value, list | dict | Range):
        raise Failure("for")
    for item in value.items() if isinstance(value, Range) else list(value):
        run.scopes.append({node.name: item})
        try:
            block(node.body, run)
        finally:
            run.scopes.pop()


@value_of.register
def _(node: Match, run: Run) -> Any:
    subject = evaluate(node.subject, run)
    for arm in node.arms:
        patterns = [evaluate(pattern, run) for pattern in arm.patterns]
        if not patterns or any(_matches(subject, pattern) for pattern in patterns):
            return block(arm.body, run)
    return None


def _matches(subject: Any, pattern: Any) -> bool:
    return contains(subject, pattern) if isinstance(pattern, Range) else equal(subject, pattern)


@value_of.register
def _(node: Rescue, run: Run) -> Any:
    depth = len(run.scopes)
    try:
        return evaluate(node.operand, run)
    except Failure as failure:
        del run.scopes[depth:]
        run.scopes.append({node.error: Error(failure)} if node.error else {})
        try:
            return (result_of if node.value else block)(node.body, run)
        finally:
            run.scopes.pop()


def _enqueue(node: Async, run: Run) -> None:
    """Store what the block sees now: it runs after the code around it has completed."""
    job = Run(
        run.functions,
        stored(run.record),
        run.previous,
        run.record if run.tracked is None else run.tracked,
        [stored(scope) for scope in run.scopes],
        steps=run.steps,
    )
    run.jobs.append((node.key, job, node.body))


def stored(value: Any) -> Any:
    """A value as the database returns it: its keys are in the order of jsonb."""
    match value:
        case list():
            return [stored(each) for each in value]
        case Struct():
            return Struct({key: stored(each) for key, each in value.items()})
        case dict():
            keys = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
            return {key: stored(value[key]) for key in keys}
    return value


class Outcome:
    """The outcome of a body, and those of the jobs that it enqueued."""

    def __init__(self, key: int, run: Run, body: Block) -> None:
        self.key, self.calls = key, run.calls
        self.failed = False
        try:
            result_of(body, run)
        except Failure:
            self.failed = True
        self.jobs = [] if self.failed else [Outcome(*each) for each in run.jobs]
        self.writes = run.writes + [write for job in self.jobs for write in job.writes]


def applied(record: dict[str, Any], outcome: Outcome) -> dict[str, Any]:
    """A row with all writes applied."""
    for path, value in outcome.writes:
        record = replaced(record, list(path), value)
    return record
