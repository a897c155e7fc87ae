"""The service calls of a job in their order, with the code that leads to each."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from ... import ast
from ...analyses.walk import children, walk
from ...program import Facts, FunctionCall, FunctionInfo, RaiseCall, ServiceCall
from ...types import NIL
from .decisions import diverges

Frames = tuple[ast.Node, ...]
"""The calls of functions that lead to some code, the one in the job first."""


@dataclass(frozen=True, eq=False)
class Arm:
    """One of the alternatives of a `choice`, or the body of a loop.

    `leaves`: control never reaches its end.
    """

    choice: ast.Node
    number: int
    outer: "Arm | None"
    frames: Frames
    leaves: bool
    is_loop: bool = False

    def outward(self) -> Iterator["Arm"]:
        """This arm and those around it."""
        arm: Arm | None = self
        while arm is not None:
            yield arm
            arm = arm.outer


@dataclass(frozen=True)
class Calling:
    """A call of a service.

    `is_used`: its result is used. `is_handled`: a `rescue` handles its failure. `arm` is the
    innermost arm around it.
    """

    node: ast.Node
    call: ServiceCall
    is_used: bool
    is_handled: bool
    arm: Arm | None
    frames: Frames

    @property
    def at(self) -> ast.Node:
        """Its place in the job: the call, or the call of the function that makes it."""
        return self.frames[0] if self.frames else self.node


@dataclass(frozen=True)
class _Step:
    """A node to search; `is_done`: its parts are searched already."""

    node: ast.Node
    is_used: bool = False
    is_handled: bool = False
    arm: Arm | None = None
    frames: Frames = ()
    is_done: bool = False


def service_calls(facts: Facts, body: ast.Block) -> Iterator[Calling]:
    """The calls that a job makes, in order, without those of the jobs in it.

    They do not include the calls in a `rescue`, which run only after a failure. The search follows
    each function at most twice: the second call shows what a repetition repeats.
    """
    pending = [_Step(body)]
    followed = Counter[FunctionInfo]()
    while pending:
        step = pending.pop()
        use = facts.resolutions.get(step.node)
        if not isinstance(use, ServiceCall | FunctionCall):
            pending += reversed([*_parts(step, facts)])
        elif not step.is_done:
            pending.append(replace(step, is_done=True))
            pending += (
                replace(step, node=each, is_used=True) for each in reversed(children(step.node))
            )
        elif isinstance(use, ServiceCall):
            yield Calling(step.node, use, step.is_used, step.is_handled, step.arm, step.frames)
        elif followed[use.function] < 2:
            followed[use.function] += 1
            pending.append(
                _Step(
                    use.function.body,
                    use.function.result != NIL,
                    step.is_handled,
                    step.arm,
                    (*step.frames, step.node),
                )
            )


def _parts(step: _Step, facts: Facts) -> Iterator[_Step]:
    """The nodes that are evaluated for a node, in order."""

    def value(node: ast.Node) -> _Step:
        return replace(step, node=node, is_used=True)

    def arm(node: ast.Node, number: int) -> _Step:
        leaves = isinstance(node, ast.Block) and diverges(node)
        return replace(step, node=node, arm=Arm(step.node, number, step.arm, step.frames, leaves))

    def loop(node: ast.Block, *, is_used: bool) -> _Step:
        around = Arm(step.node, 0, step.arm, step.frames, diverges(node), is_loop=True)
        return replace(step, node=node, arm=around, is_used=is_used)

    match step.node:
        case ast.Block(statements=statements):
            for each in statements:
                is_value = step.is_used and each is statements[-1]
                yield replace(step, node=each, is_used=is_value)
        case ast.ExprStatement(value=node) | ast.Unwrap(operand=node):
            yield replace(step, node=node)
        case ast.If(branches=branches, otherwise=otherwise):
            yield from (value(each.condition) for each in branches)
            yield from (arm(each.body, number) for number, each in enumerate(branches))
            if otherwise is not None:
                yield arm(otherwise, len(branches))
        case ast.Ternary(condition=condition, then=then, otherwise=otherwise):
            yield from (value(condition), arm(then, 0), arm(otherwise, 1))
        case ast.Match(subject=subject, arms=arms):
            yield value(subject)
            yield from (arm(each.body, number) for number, each in enumerate(arms))
        case ast.Binary(operator="and" | "or" | "??", left=left, right=right):
            yield from (value(left), replace(step, node=right))
        case ast.For(iterable=iterable, body=body):
            yield from (value(iterable), loop(body, is_used=False))
        case ast.Lambda(body=body):
            yield loop(body, is_used=True)
        case ast.Rescue(operand=operand, body=fallback):
            is_handled = step.is_handled or not _raises(facts, fallback)
            yield replace(step, node=operand, is_handled=is_handled)
        case ast.Async(options=options):
            yield from map(value, options)
        case _:
            yield from map(value, children(step.node))


def _raises(facts: Facts, fallback: ast.Block) -> bool:
    return any(
        isinstance(node, ast.Raise) or isinstance(facts.resolutions.get(node), RaiseCall)
        for node in walk(fallback)
    )
